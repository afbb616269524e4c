"""One command at a time changes an app's files."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from kfctl.errors import AppError
from kfctl.store.refusal import told

if TYPE_CHECKING:
    from collections.abc import Iterator

_held: ContextVar[frozenset[str]] = ContextVar("held", default=frozenset())
_NO_FOLDER_LOCKS = {errno.EBADF, errno.EINVAL, errno.EISDIR, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextlib.contextmanager
def locked(root: Path, patience: float = 30) -> Iterator[None]:
    """Keep other commands from changing the app meanwhile; may be nested. Waits `patience` seconds."""
    name = os.path.realpath(root)
    if name in _held.get():
        yield
        return
    with told("lock", str(root)):
        descriptor = _lock(Path(name), patience)
    token = _held.set(_held.get() | {name})
    try:
        yield
    finally:
        _held.reset(token)
        os.close(descriptor)


def _lock(root: Path, patience: float) -> int:
    """Return a descriptor that holds the lock of the app until it is closed or its process ends.

    The lock is on the app's own folder: that is always there, is never replaced (as files are by an edit),
    needs no right to write, and leaves nothing behind that Git would show. Some network file systems lock
    only what is open for writing, which a folder never is: there `kfctl.yaml` is locked instead.
    """
    try:
        return _held_descriptor(root, os.O_RDONLY | os.O_DIRECTORY, patience)
    except OSError as error:
        if error.errno not in _NO_FOLDER_LOCKS:
            raise
    return lock_file(root / "kfctl.yaml", patience)


def lock_file(file: Path, patience: float) -> int:
    """Return a descriptor that holds the lock of a file which an edit may replace at any time."""
    while True:
        descriptor = _held_descriptor(file, os.O_RDWR, patience)
        if os.path.samestat(os.fstat(descriptor), file.stat()):
            return descriptor
        os.close(descriptor)  # an edit has replaced the file while we waited: lock the new one


def _held_descriptor(path: Path, flags: int, patience: float) -> int:
    import fcntl

    descriptor = os.open(path, flags | os.O_CLOEXEC)
    deadline = time.monotonic() + patience
    try:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            if time.monotonic() > deadline:
                message = f"another kfctl has been changing this app for {patience:.0f} seconds"
                raise AppError(
                    message, hint="look for it with `ps`, it may be stopped; the lock ends with it"
                )
            time.sleep(0.01)
    except BaseException:
        os.close(descriptor)
        raise
