"""Paths below a directory, resolved without leaving it."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from kfctl.errors import AppError, Location

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINKS = 40  # as Linux allows, see path_resolution(7)

# O_PATH: a directory on the way needs no permission to read it.
_DIRECTORY = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_IS_LINK = {errno.ENOTDIR, errno.ELOOP, errno.EMLINK}  # what O_NOFOLLOW | O_DIRECTORY says of a link


@contextlib.contextmanager
def locate(
    root: str | os.PathLike[str], path: str, *, follow: bool = True, create: bool = False
) -> Iterator[tuple[int, str]]:
    """Yield the open directory and the name in it that `path` means.

    Every directory on the way is opened with O_NOFOLLOW, and links are resolved here, as
    openat2(RESOLVE_BENEATH) does: neither a link nor a change meanwhile leads out of `root`, which may be
    reached through links itself. The name is that of no link unless `follow` is false. With `create`,
    missing directories are created. Raises AppError for a link that leads out, OSError for other faults.
    """
    walk = _Walk(root)
    try:
        yield walk.to(path, follow=follow, create=create)
    finally:
        walk.close()


class _Walk:
    """The directories from the root down to where a path has led so far."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = root
        self._open = [os.open(root, _DIRECTORY)]
        self._names: list[str] = []  # of the directories below the root
        self._link = ""  # the last link that was followed
        self._links = 0

    def to(self, path: str, *, follow: bool, create: bool) -> tuple[int, str]:
        """Go to the directory of the last part of `path`, and return it with that part."""
        left = path.split("/")[::-1]
        while left:
            name = left.pop()
            if name == "..":
                self._up(path)
            elif name not in {"", "."}:
                is_last = not left
                target = self._enter(name, create=create) if left else self._target(name) if follow else None
                if target is not None:
                    left += self._parts(name, target)[::-1]
                elif is_last:
                    return self._open[-1], name
        return self._open[-1], "."

    def close(self) -> None:
        """Close all directories."""
        for directory in self._open:
            os.close(directory)

    def _up(self, path: str) -> None:
        if not self._names:
            raise _outside(self._link or path, self._root, os.path.dirname(os.path.realpath(self._root)))
        self._names.pop()
        os.close(self._open.pop())

    def _enter(self, name: str, *, create: bool) -> str | None:
        """Open a directory of the current one; of a link return what it leads to instead."""
        try:
            self._open.append(os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._open[-1]))
        except OSError as error:
            if error.errno == errno.ENOENT and create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=self._open[-1])
                return self._enter(name, create=False)
            target = self._target(name) if error.errno in _IS_LINK else None
            if target is None:
                raise
            return target
        self._names.append(name)
        return None

    def _target(self, name: str) -> str | None:
        """Return what a link leads to; None for what is no link, or missing."""
        try:
            return os.readlink(name, dir_fd=self._open[-1])
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ENOENT}:
                return None
            raise

    def _parts(self, name: str, target: str) -> list[str]:
        """Return the way that a link leads, from the current directory or, after a reset, from the root."""
        self._links += 1
        if self._links > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self._link = "/".join([*self._names, name])
        here = "/".join(self._names)
        if not os.path.normpath(f"./{here}/{target}").startswith("..") and not target.startswith("/"):
            return target.split("/")
        root = os.path.realpath(self._root)
        real = os.path.realpath(os.path.join(root, here, target))
        if not is_below(real, root):
            raise _outside(self._link, self._root, real)
        while self._names:
            self._up(self._link)
        return os.path.relpath(real, root).split("/")


def is_below(path: str, root: str) -> bool:
    """Whether an absolute, normalized path is `root` or below it."""
    return path == root or path.startswith(root.rstrip("/") + "/")


def _outside(link: str, root: str | os.PathLike[str], target: str) -> AppError:
    hint = "replace the link with a copy of what it leads to"
    return AppError(f"the link leads out of {os.fspath(root)}, to {target}", where=Location(link), hint=hint)
