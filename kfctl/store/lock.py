"""One command at a time changes an app's files."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from kfctl.errors import AppError
from kfctl.store.refusal import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE = ".kfctl-lock"  # there while a command holds the lock

_held: ContextVar[frozenset[str]] = ContextVar("held", default=frozenset())
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def locked(root: Path, patience: float = 30) -> Iterator[None]:
    """Keep other commands from changing the app meanwhile; may be nested. Waits `patience` seconds."""
    name = os.path.realpath(root)
    if name in _held.get():
        yield
        return
    with told("lock", str(root)):
        directory = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with told("lock", str(root)):
            descriptor = _acquire(directory, time.monotonic() + patience)
        token = _held.set(_held.get() | {name})
        try:
            yield
        finally:
            _held.reset(token)
            if descriptor is not None:
                with contextlib.suppress(OSError):
                    os.unlink(LOCK_FILE, dir_fd=directory)  # before it is released: who waits makes a new one
                os.close(descriptor)
    finally:
        os.close(directory)


def _acquire(directory: int, deadline: float) -> int | None:
    """Return the descriptor of the locked lock file; None where the directory itself is locked.

    Anyone who may read a file can hold a lock on it, see flock(2). So it is a file of its own, which nobody
    can open but those who may write to the directory. In a read-only directory there can be none.
    """
    allowed = 0o600 | (writable := os.fstat(directory).st_mode & 0o022) | writable << 1
    while True:
        try:
            descriptor = _open(directory, allowed)
        except OSError as error:
            if error.errno not in _NOT_WRITABLE or _exists(directory):
                raise
            _wait(directory, deadline)
            return None
        try:
            if _is_current(directory, descriptor, allowed):
                _wait(descriptor, deadline)
                if _is_current(directory, descriptor, allowed):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # another command has removed it meanwhile, or it was not made by kfctl


def _open(directory: int, allowed: int) -> int:
    """Open the lock file; one that kfctl can't have made, as a checkout may hold, is removed first."""
    old = _status(directory)
    if old and (not stat.S_ISREG(old.st_mode) or old.st_mode & 0o777 & ~allowed):
        os.unlink(LOCK_FILE, dir_fd=directory)
    descriptor = os.open(
        LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, allowed, dir_fd=directory
    )
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, allowed)  # whoever else may write to the directory, whatever the umask
    return descriptor


def _is_current(directory: int, descriptor: int, allowed: int) -> bool:
    """Whether the lock file is still the one that was opened, and nobody else can open it."""
    opened, current = os.fstat(descriptor), _status(directory)
    return (
        current is not None and os.path.samestat(opened, current) and not current.st_mode & 0o777 & ~allowed
    )


def _exists(directory: int) -> bool:
    return _status(directory) is not None


def _status(directory: int) -> os.stat_result | None:
    try:
        return os.stat(LOCK_FILE, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _wait(descriptor: int, deadline: float) -> None:
    """Lock what is open; AppError if somebody else still holds it at the deadline."""
    import fcntl

    begin = time.monotonic()
    while True:
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.monotonic() > deadline:
            waited = f"{time.monotonic() - begin:.0f} seconds"
            raise AppError(
                f"another kfctl{_holder(descriptor)} has been changing this app for {waited}",
                hint="look for it with `ps`, it may be stopped; the lock ends with it",
            )
        time.sleep(0.01)


def _holder(descriptor: int) -> str:
    """Return who holds the lock, as its file says; empty where it does not."""
    with contextlib.suppress(OSError):
        process = os.pread(descriptor, 20, 0).strip().decode("ascii", "replace")
        if process.isdigit():
            return f" (process {process})"
    return ""
