"""One control plane for all test sessions that run at a time: the last one ends what a session started."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.access import Cluster
from tests.cluster.controlplane import ControlPlane

STARTED_BY_A_SESSION = "started-by-a-session"


@contextmanager
def running(plane: ControlPlane | None = None) -> Iterator[Cluster]:
    """The control plane, up for as long as any session is in here, and longer if it was up before."""
    plane = plane or ControlPlane()
    with users(plane).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        mark = plane.folder / STARTED_BY_A_SESSION
        try:
            yield start(plane, mark)
        finally:
            if mark.exists() and nobody_else_in(lock.fileno()):
                plane.down()


def users(plane: ControlPlane) -> Path:
    """The file that sessions hold a lock on; beside the folder, which goes with the control plane."""
    file = plane.folder.with_name(f"{plane.name}.sessions.lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def start(plane: ControlPlane, mark: Path) -> Cluster:
    """Have it up, and remember if it was not."""
    ran = plane.is_healthy()
    cluster = plane.up()
    if not ran:
        mark.touch()
    return cluster


def nobody_else_in(lock: int) -> bool:
    """Does no other session hold the lock? (Of two that ask at once, one gets yes.)"""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
