"""Child processes with limits of CPU time and memory, for untrusted work."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SECONDS = "KFCTL_TEMPLATE_SECONDS"
MEMORY_MIB = "KFCTL_TEMPLATE_MEMORY_MIB"
MAX_REPLY_BYTES = 8 * 2**20  # an object that etcd accepts has at most 1.5 MiB
# -I: neither the environment nor the current directory can add modules. -B: no byte code is written.
BOOT = "import sys; sys.path.append(sys.argv[1]); from kfctl.renderchild import main; main()"
PACKAGES = str(Path(__file__).resolve().parent.parent)
MAX_CHILDREN = 2  # alive at once: one that is idle can hold on to all the memory that it may use
MAX_REQUESTS = 10  # that may take all their time, before none is answered any more
START_SECONDS = 1.0  # of a new child's first request, which count as its start
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # with which Python itself may have been started


class Limits(NamedTuple):
    """How much one request may use: time on the clock and of the CPU, and address space."""

    seconds: int = 10
    memory_mib: int = 1024


class IsolationError(Exception):
    """A child did not answer; `hint` says how to allow it more, where a limit is the cause."""

    def __init__(self, message: str, hint: str = "", *, is_slow: bool = False) -> None:
        """Take message and hint, and whether the child took too much time."""
        super().__init__(message)
        self.hint, self.is_slow = hint, is_slow


def read_limits(environ: Mapping[str, str]) -> Limits:
    """Return the limits that the user has set in the environment; UsageError for anything but numbers."""
    given = {}
    for field, name in (("seconds", SECONDS), ("memory_mib", MEMORY_MIB)):
        text = environ.get(name)
        if text:
            if not (text.isascii() and text.isdigit() and int(text[:10]) > 0 and len(text) < 10):
                raise UsageError(f"{name}: {text!r} is not a positive number", hint=f"for example {name}=60")
            given[field] = int(text)
    return Limits(**given)


class Account:
    """The children that are alive, and the seconds that all requests of this process have taken."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.seconds = 0.0
        self._alive: list[weakref.ref[IsolatedProcess]] = []

    def admit(self, process: IsolatedProcess) -> None:
        """Take in a process that starts a child; the oldest others lose theirs."""
        others = [each for each in self._alive if each() not in {None, process}]
        for excess in others[: max(0, len(others) + 1 - MAX_CHILDREN)]:
            if other := excess():
                other.close()
        self._alive = [*others[-MAX_CHILDREN + 1 :], weakref.ref(process)]


account = Account()


class IsolatedProcess:
    """A child that answers requests one after another; the first, or one after a failure, starts it."""

    def __init__(self, setup: Any) -> None:
        """Take what the child gets first; this and all requests and answers are JSON values."""
        self._setup = setup
        self._limits = read_limits(os.environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._ended: Callable[[], Any] = int  # there is nothing to end

    def ask(self, request: Any) -> Iterator[Any]:
        """Return the values that the child sends, until the caller has the answer and asks for no more.

        Raises IsolationError where the child exceeds a limit, ends, or sends anything but JSON, and where
        all requests together have taken the time of MAX_REQUESTS: an app can have any number of components.
        """
        total = self._limits.seconds * MAX_REQUESTS
        if account.seconds > total:
            raise self._time_error(total, " in all")
        begin = time.monotonic()
        try:
            process, is_new = self._running()
            begin += START_SECONDS * is_new
            _write(process, request)
            yield from self._values(process)
        except BaseException as error:  # KeyboardInterrupt too; GeneratorExit is the usual end
            if not isinstance(error, GeneratorExit):
                self.close()
            raise
        finally:
            account.seconds += max(0.0, time.monotonic() - begin)

    def close(self) -> None:
        """End the child, if there is one."""
        self._ended()
        self._process = None

    def _running(self) -> tuple[subprocess.Popen[bytes], bool]:
        """Return the child, and whether it is new."""
        is_new = self._process is None or self._owner != os.getpid()  # a fork must not use its parent's child
        if self._process is None or is_new:
            account.admit(self)
            self._owner = os.getpid()
            self._process = _start()
            self._ended = weakref.finalize(self, _end, self._process, self._owner)
            _write(self._process, {"limits": self._limits, "setup": self._setup})
        return self._process, is_new

    def _values(self, process: subprocess.Popen[bytes]) -> Iterator[Any]:
        assert process.stdout
        deadline = time.monotonic() + self._limits.seconds
        size, rest = 0, b""
        while True:
            ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise self._time_error(self._limits.seconds)
            some = os.read(process.stdout.fileno(), 2**20)
            size += len(some)
            if not some:
                raise self._death(process)
            if size > MAX_REPLY_BYTES:
                raise IsolationError(f"the objects are larger than {MAX_REPLY_BYTES // 2**20} MiB")
            *lines, rest = (rest + some).split(b"\n") if b"\n" in some else [rest + some]
            for line in lines:
                yield _loads(line)

    def _death(self, process: subprocess.Popen[bytes]) -> IsolationError:
        code = process.wait()
        if code == -signal.SIGXCPU:
            return self._time_error(self._limits.seconds)
        cause = f"signal {-code}" if code < 0 else f"exit code {code}"
        return IsolationError(f"the process that renders it ended unexpectedly ({cause})")

    def _time_error(self, seconds: int, scope: str = "") -> IsolationError:
        hint = f"{SECONDS}={self._limits.seconds * 6} allows more"
        return IsolationError(f"rendering took more than {seconds} s{scope}", hint, is_slow=True)

    def memory_error(self) -> IsolationError:
        """Return the error of a request that needs too much memory."""
        used = self._limits.memory_mib
        return IsolationError(
            f"rendering took more than {used} MiB of memory", f"{MEMORY_MIB}={used * 2} allows more"
        )


def _start() -> subprocess.Popen[bytes]:
    environ = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
    }
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", BOOT, PACKAGES], bufsize=0, cwd="/", env=environ, **pipes
        )
    except OSError as error:
        raise IsolationError(f"the process that renders it cannot be started: {error.strerror}") from None


def _write(process: subprocess.Popen[bytes], value: Any) -> None:
    assert process.stdin
    data = memoryview(json.dumps(value).encode() + b"\n")
    try:
        while data:
            data = data[process.stdin.write(data) or 0 :]
    except BrokenPipeError:
        pass  # it has ended: reading says how


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise IsolationError("the process that renders it sent something that is not JSON") from None


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() == owner:
        process.kill()
        process.wait()
    else:
        process.returncode = 0  # another process's child: it cannot be waited for
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
