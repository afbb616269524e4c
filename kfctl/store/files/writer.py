"""Changes files: whole or not at all, and never through a link that leads out."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from pathlib import Path

from kfctl.errors import AppError, Location
from kfctl.store.files.confined import is_below, locate
from kfctl.store.lock import locked
from kfctl.store.refusal import told

TEMPORARY = ".kfctl-tmp-"  # begins the name of every temporary file

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_file(root: Path, path: str, text: str) -> None:
    """Write a file of the app so that at any moment it is there whole: as it was before, or as `text`.

    A link to a file of the app stays one; AppError for a link that leads out.
    """
    with told("write", path), locked(root), locate(root, path, create=True) as (directory, name):
        _remove_leftovers(directory)
        _replace(directory, name, text.encode("utf-8"))


def write_new(root: Path, path: str, content: bytes) -> None:
    """Write a file that must not exist yet, with the directories above it."""
    with told("write", path), locate(root, path, follow=False, create=True) as (directory, name):
        _write(os.open(name, _CREATE, 0o666, dir_fd=directory), content)


def write_output(root: Path, path: str, content: bytes) -> bool:
    """Write a file that can be derived again, so without a sync; return whether it was another before."""
    with told("write", str(root / path)), locate(root, path, follow=False) as (directory, name):
        old = _status(directory, name)
        if old and stat.S_ISREG(old.st_mode) and old.st_size == len(content):
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            with open(descriptor, "rb") as stream:
                if stream.read(len(content) + 1) == content:
                    return False
        _refuse_link(old)
        _replace(directory, name, content, is_durable=False)
    return True


def write_private(root: Path, path: str, text: str) -> None:
    """Write a file that only its owner may read; OSError inside an AppError if it is a link."""
    with told("write", path), locate(root, path, follow=False) as (directory, name):
        _refuse_link(_status(directory, name))
        _replace(directory, name, text.encode("utf-8"), is_private=True)


def create_directory(root: Path, path: str, *, is_new: bool = False) -> None:
    """Create a directory with those above it; with `is_new` it must not exist yet."""
    with told("create", path), locate(root, path, follow=not is_new, create=True) as (directory, name):
        if name == ".":
            return
        try:
            os.mkdir(name, dir_fd=directory)
        except FileExistsError:
            if is_new or not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                raise


def remove(root: Path, path: str) -> None:
    """Remove a file, a link, or a directory with all that is in it; a missing one is no fault."""
    with told("remove", path), locate(root, path, follow=False) as (directory, name):
        old = _status(directory, name)
        if old is None:
            return
        if stat.S_ISDIR(old.st_mode):
            shutil.rmtree(name, dir_fd=directory)
        else:
            os.unlink(name, dir_fd=directory)
        _sync(directory)


def rename(root: Path, old: str, new: str) -> None:
    """Rename a file or a directory, never over another one."""
    with (
        told("rename", old),
        locate(root, old, follow=False) as (old_directory, old_name),
        locate(root, new, follow=False, create=True) as (new_directory, new_name),
    ):
        if _status(new_directory, new_name):
            raise AppError(f"{new} exists already", where=Location(new))
        os.rename(old_name, new_name, src_dir_fd=old_directory, dst_dir_fd=new_directory)
        _sync(new_directory)


def remove_leftovers(root: Path, path: str, prefix: str) -> None:
    """Remove what a killed command left in a directory, by the names' `prefix`; the caller holds the lock."""
    with told("remove", path), locate(root, path) as (directory, name):
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=directory)
        try:
            leftovers = [each for each in os.listdir(descriptor) if each.startswith(prefix)]
        finally:
            os.close(descriptor)
    for leftover in leftovers:
        remove(root, f"{path}/{leftover}")


def confined(root: Path | None, path: str | Path) -> tuple[Path, str]:
    """Return the directory that a path which the user named is confined to, and the path below that.

    Inside the app at `root` the app's author may have placed links: there it is confined to the app.
    Elsewhere every directory is the user's own choice, and only the last part may be no link.
    """
    absolute = os.path.normpath(Path(path).absolute())
    if root:
        for base in (os.path.normpath(root.absolute()), os.path.realpath(root)):
            if is_below(absolute, base) and absolute != base:
                return Path(base), os.path.relpath(absolute, base)
    parent = Path(absolute).parent
    while not parent.exists():
        parent = parent.parent
    return parent, os.path.relpath(absolute, parent)


def _remove_leftovers(directory: int) -> None:
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    try:
        for name in os.listdir(descriptor):
            if name.startswith(TEMPORARY):  # of a killed command: we hold the lock
                with contextlib.suppress(IsADirectoryError, PermissionError):  # kfctl makes only files
                    os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _replace(
    directory: int, name: str, content: bytes, *, is_private: bool = False, is_durable: bool = True
) -> None:
    old = _status(directory, name)
    if old and not stat.S_ISREG(old.st_mode):
        kind = errno.EISDIR if stat.S_ISDIR(old.st_mode) else errno.EINVAL
        raise OSError(kind, os.strerror(kind) if kind == errno.EISDIR else "it is no regular file")
    if old and not os.access(name, os.W_OK, dir_fd=directory):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # which a rename would pass over
    temporary = f"{TEMPORARY}{os.urandom(8).hex()}"
    descriptor = os.open(temporary, _CREATE, 0o600 if is_private else 0o666, dir_fd=directory)
    try:
        if old and not is_private:
            _copy_owner(descriptor, old)
        _write(descriptor, content, is_durable=is_durable)
        os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=directory)
        raise
    if is_durable:
        _sync(directory)


def _write(descriptor: int, content: bytes, *, is_durable: bool = True) -> None:
    with open(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        if is_durable:
            os.fsync(descriptor)


def _copy_owner(descriptor: int, old: os.stat_result) -> None:
    """Give a file the owner and the permissions of the one that it will replace."""
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):  # only root may give a file away
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)


def _status(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _refuse_link(old: os.stat_result | None) -> None:
    if old and stat.S_ISLNK(old.st_mode):
        raise OSError(errno.EINVAL, "it is a link")


def _sync(directory: int) -> None:
    """Make a rename last through a power cut, where the file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
