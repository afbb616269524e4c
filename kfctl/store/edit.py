"""Changes the user's files: only the lines an edit must, whole files or none, one command at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl import yamltext
from kfctl.errors import AppError, Location
from kfctl.model.absent import ABSENT
from kfctl.store.lock import locked
from kfctl.store.refusal import told

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEMPORARY = ".kfctl-tmp-"  # begins the name of every temporary file


@dataclass(frozen=True)
class Edit:
    """One value to set, or to remove if it is ABSENT, in one file of the app."""

    path: str  # relative to the app
    keys: tuple[str | int, ...]
    value: Any


def edit(root: Path, edits: Sequence[Edit]) -> tuple[str, ...]:
    """Carry out all `edits` or, if one of them can't be, none; return the paths of the files that changed."""
    with locked(root):
        before = {path: read_file(root, path) for path in dict.fromkeys(each.path for each in edits)}
        after = dict(before)
        for each in edits:
            after[each.path] = _edited(after[each.path], each)
        changed = tuple(path for path in before if after[path] != before[path])
        for path in changed:
            write_file(root, path, after[path])
    return changed


def read_file(root: Path, path: str) -> str:
    """Return the text of a file of the app as it is, its line ends and byte order mark too."""
    raw = read_bytes(root, path)
    mark = "\ufeff" if raw.startswith(b"\xef\xbb\xbf") else ""
    return mark + yamltext.decode(raw, path)


def read_bytes(root: Path, path: str) -> bytes:
    """Return the content of a file of the app; a pipe or a device, which may have no end, is refused."""
    with told("read", path):
        descriptor = os.open(root / path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:  # a folder fails here
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            return stream.read()


def write_file(root: Path, path: str, text: str) -> None:
    """Write a file of the app so that at any moment it is there whole: as it was before, or as `text`."""
    with told("write", path), locked(root):
        target = _target(root / path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.is_relative_to(os.path.realpath(root)):
            for leftover in target.parent.glob(f"{_TEMPORARY}*"):  # of a killed command: we hold the lock
                leftover.unlink(missing_ok=True)
        _replace(target, text.encode("utf-8"))


def make_folder(root: Path, path: str) -> None:
    """Make a folder of the app; one that is there stays as it is."""
    with told("make", path):
        (root / path).mkdir(parents=True, exist_ok=True)


def write_private(path: str, text: str) -> None:
    """Write a file, of the app or not, that only its owner may read; at any moment it is there whole."""
    with told("write", path):
        target = _target(Path(path))
        if target.exists() and not target.is_file():
            raise OSError(errno.EINVAL, "it is no regular file")
        _replace(target, text.encode("utf-8"), private=True)


def remove(root: Path, path: str) -> None:
    """Remove a file or a folder of the app; one that is not there is no fault."""
    with told("remove", path), locked(root):
        target = root / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        _sync(target.parent)


def rename(root: Path, old: str, new: str) -> None:
    """Rename a file or a folder of the app; never over another one."""
    with told("rename", old), locked(root):
        target = root / new
        if os.path.lexists(target):
            raise AppError(f"{new} exists already", where=Location(new))
        target.parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(target)
        _sync(target.parent)


def _edited(text: str, each: Edit) -> str:
    if each.value is ABSENT:
        return yamltext.unset_in(text, each.keys, each.path)
    return yamltext.set_in(text, each.keys, each.value, each.path)


def _target(path: Path) -> Path:
    """Return the file that is written for `path`: where a symbolic link leads to, never the link itself."""
    with contextlib.suppress(FileNotFoundError):  # a new file, or a link to one
        path.stat()  # here a loop of links is an error, that realpath would pass over
    return Path(os.path.realpath(path))


def _replace(target: Path, content: bytes, *, private: bool = False) -> None:
    old = target.stat() if target.exists() else None
    if old and not os.access(target, os.W_OK):  # the rename would replace a write-protected file
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    temporary = target.parent / f"{_TEMPORARY}{os.urandom(6).hex()}"
    mode = 0o600 if private else 0o666
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if old and not private:
                _make_like(descriptor, old)
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(target.parent)


def _make_like(descriptor: int, old: os.stat_result) -> None:
    """Give a file the owner and the permissions of the one that it will replace."""
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):  # only root may give a file away
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)


def _sync(folder: Path) -> None:
    """Make a rename in `folder` last through a power cut, where the file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
