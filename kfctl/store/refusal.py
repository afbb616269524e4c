"""Turns what the operating system refuses into errors that the user can act on."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from kfctl.errors import AppError, Location

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADVICE = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "your disk quota is used up: free some space",
    errno.EFBIG: "files may not become that large here (`ulimit -f`)",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "look at the permissions of the file and its folder",
    errno.EPERM: "look at the permissions of the file and its folder",
    errno.ELOOP: "a symbolic link there leads to itself",
    errno.EISDIR: "a folder is where a file should be",
    errno.EEXIST: "a file is where a folder should be",
    errno.ENAMETOOLONG: "take a shorter name",
    errno.ENOTDIR: "a file is where a folder should be",
}


@contextlib.contextmanager
def told(verb: str, path: str) -> Iterator[None]:
    """Raise an AppError for any OSError inside: that kfctl can't `verb` this path, why, and what to do."""
    try:
        yield
    except OSError as error:
        message = f"can't {verb} it: {error.strerror or error}"
        raise AppError(message, where=Location(path), hint=_ADVICE.get(error.errno or 0, "")) from None
