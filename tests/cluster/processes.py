"""Programs that outlive the command that starts them, and are ended by it and by no other's mistake."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import HarnessError

# The program's own process writes who it is before it becomes the program: there is no moment in which it
# runs unknown. A process id is used again some day; together with boot and start time it is not.
LAUNCH = 'cat /proc/sys/kernel/random/boot_id /proc/$$/stat > "$0.new" && mv "$0.new" "$0" && exec "$@"'


@dataclass(frozen=True)
class Identity:
    """One process that ever was on this machine."""

    boot: str
    pid: int
    started: int


def identity(boot_and_stat: str) -> Identity | None:
    """Read what the kernel says of a process that lives; None of one that is dead."""
    boot, _, stat = boot_and_stat.partition("\n")
    number, _, rest = stat.partition(" (")
    fields = rest.rpartition(") ")[2].split()
    if not number.isdigit() or len(fields) < 20:
        return None
    # A zombie that still counts other threads has not let go of its ports yet.
    if fields[0] in "ZX" and int(fields[17]) <= 1:
        return None
    return Identity(boot, int(number), int(fields[19]))


@dataclass(frozen=True)
class Program:
    """A program in the background, with its log and the file that says which process it is."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What it printed since it was started first."""
        return self.folder / f"{self.name}.log"

    @property
    def record(self) -> Path:
        """Which process it is."""
        return self.folder / f"{self.name}.pid"

    def pid(self) -> int | None:
        """The process it runs as; None when it does not run."""
        try:
            recorded = identity(self.record.read_text())
        except FileNotFoundError:
            return None
        return recorded.pid if recorded and recorded == living(recorded.pid) else None

    def start(self, command: Sequence[str | Path]) -> None:
        """Run the command, free of this terminal and of our own end."""
        self.record.unlink(missing_ok=True)
        arguments = [str(word) for word in ("sh", "-c", LAUNCH, self.record, *command)]
        write = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawn(
            "/bin/sh",
            arguments,
            os.environ,
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, self.log, write, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )
        wait_until(lambda: self.record.exists() or living(pid) is None, 10)
        if not self.record.exists():
            raise self.failure("did not start")

    def stop(self, grace: float = 10) -> None:
        """End it, by force when it takes longer than `grace` seconds."""
        if grace:
            self.send(signal.SIGTERM)
            wait_until(lambda: self.pid() is None, grace)
        self.send(signal.SIGKILL)
        if not wait_until(lambda: self.pid() is None, 10):
            raise self.failure("cannot be ended")
        self.record.unlink(missing_ok=True)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it still is the one we started."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, number)

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(it printed nothing)"

    def failure(self, what: str) -> HarnessError:
        """The error that says what went wrong with it, and shows its log."""
        return HarnessError(f"{self.name} {what}; the end of {self.log}:\n{self.last_words()}")


def living(pid: int) -> Identity | None:
    """The process that has this number now."""
    reap(pid)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        return identity(boot + Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def reap(pid: int) -> None:
    """Let go of a child of ours that has ended."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def recorded(folder: Path) -> list[Program]:
    """Every program that was started in this folder, the last one first."""
    records = sorted(folder.glob("*.pid"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [Program(path.stem, folder) for path in records]


def stop_all(programs: Iterable[Program], grace: float = 10) -> None:
    """End one after the other."""
    for program in programs:
        program.stop(grace)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Does this become true in time?"""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
