"""The folder on this machine where built programs and running clusters are kept."""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HarnessError(Exception):
    """The test cluster cannot be had, and why."""


def cache_folder() -> Path:
    """$KFCTL_CACHE, or kfctl in the user's cache."""
    return Path(os.environ.get("KFCTL_CACHE") or "~/.cache/kfctl").expanduser().absolute()


def say(message: str) -> None:
    """Tell the person who waits; stdout stays for results."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def locked(name: str, waiting: str) -> Iterator[None]:
    """One process at a time holds `name`; the others say what they wait for."""
    path = cache_folder() / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes `folder` when all went well, and else leaves nothing.

    Whoever calls this holds a lock on `folder`: an unfinished one found here was left by a killed process.
    """
    prefix = f".unfinished-{folder.name}-"
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(left)
    unfinished = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
