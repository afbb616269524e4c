"""kfctl as a process that is there at once: a server that has imported all of it forks for each command.

Run as a program it reads orders from its input, a line each, and answers with the pid and the exit code.
Locks are short here, so that a campaign of killed runs does not wait half a minute after each.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parent.parent.parent
LONGEST = 120.0  # seconds until a command counts as hanging, and is killed
LEASE = (6, 2, 0.2)  # seconds, renew, poll


class Brisk:
    """The server, as seen from a test."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        """Give orders to `process`; what the commands print is kept in `folder`."""
        self._process = process
        self._folder = folder

    def run(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        started: Callable[[int], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; `started` is told its pid."""
        out, err = self._folder / "out", self._folder / "err"
        order = {"words": list(words), "env": dict(env), "out": str(out), "err": str(err)}
        self._say(json.dumps(order))
        pid = int(self._answer())
        if started:
            started(pid)
        hanging = threading.Timer(LONGEST, os.kill, (pid, signal.SIGKILL))
        hanging.start()
        try:
            code = int(self._answer())
        finally:
            hanging.cancel()
        return subprocess.CompletedProcess(list(words), code, out.read_text(), err.read_text())

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@contextmanager
def brisk(folder: Path, clock: int = 0) -> Iterator[Brisk]:
    """Have a server for as long as this lasts; its clock is so many seconds ahead."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.proof.brisk", str(clock)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Brisk(process, folder)
        finally:
            assert process.stdin
            process.stdin.close()  # the end of its input is the end of it


def shift(seconds: int) -> None:
    """Have this process's wall clock go wrong by so much; Python has no other than these."""
    import datetime
    import time

    right = time.time

    class Shifted(datetime.datetime):
        """A datetime whose now is another."""

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Shifted:
            """Return the wrong time."""
            return cls.fromtimestamp(right() + seconds, tz)

    time.time = lambda: right() + seconds
    datetime.datetime = Shifted  # type: ignore[misc]


def serve() -> None:
    """Read orders and carry them out, one after the other."""
    import kfctl
    from kfctl.cluster.lock import Timing

    for module in pkgutil.walk_packages(kfctl.__path__, "kfctl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    Timing.__init__.__defaults__ = LEASE  # type: ignore[misc]
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            be_kfctl(order)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def be_kfctl(order: Mapping[str, object]) -> NoReturn:
    """Become the process of one command."""
    import random

    from kfctl.cli import main

    code = 70
    try:
        random.seed()
        streams = [os.devnull, str(order["out"]), str(order["err"])]
        for number, path in enumerate(streams):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
        os.environ.update(order["env"])  # type: ignore[call-overload]
        code = main(order["words"])  # type: ignore[arg-type]
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1] != "0":
        shift(int(sys.argv[1]))
    serve()
