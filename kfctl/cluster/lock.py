"""One run at a time changes an app on a cluster: a Lease with a heartbeat, which no dead run keeps for long.

Whether a holder lives is judged by its heartbeat alone, as it is seen from here: clocks are never compared.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kfctl.cluster.lease import Lease
from kfctl.cluster.retry import CLOCK, Patience
from kfctl.cluster.sender import Sender
from kfctl.errors import ClusterError, KfctlError, Refused
from kfctl.model.redactor import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.lease import Holding

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while the machine sleeps
_GOODBYE = 2.0  # seconds that a heartbeat under way may hold up the end of a run


class LockLost(ClusterError):
    """This run may no longer write: another one does, or can't know that this one lives."""

    code = "lock-lost"


@dataclass(frozen=True)
class Timing:
    """How long a lock outlives its holder, how often that is heard of, and how often others look."""

    seconds: int = 30
    renew: float = 10.0
    poll: float = 1.0

    @property
    def safe(self) -> float:
        """The seconds after a heartbeat for which nobody else can have taken the lock, with some to spare."""
        return self.seconds * 5 / 6


def _silent(message: str) -> None:
    del message


@dataclass(frozen=True)
class Taking:
    """How to take a lock: for how long to wait while another run lives, and whether to take it from that."""

    wait: float = 0.0
    break_lock: bool = False
    timing: Timing = field(default_factory=Timing)
    labels: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[str], None] = _silent  # is told what is waited for


PLAIN = Taking()


def me() -> str:
    """Return who runs this: user@host."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def identity(run_id: str) -> str:
    """Return what a Lease calls this run."""
    return f"{me()} pid {os.getpid()} run {run_id}"


class Lock:
    """The right to change an app, for as long as its heartbeat gets through."""

    def __init__(self, lease: Lease, held: Holding, heard: float, timing: Timing) -> None:
        """Hold `lease`, written after the moment `heard`."""
        self.before: Holding | None = None  # who had it and did not give it back: dead, hung, or broken into
        self._lease = lease
        self._held = held
        self._heard = heard
        self._timing = timing
        self._lost = ""
        self._trouble = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    @property
    def fence(self) -> int:
        """A number that is greater than that of every holder before."""
        return self._held.fence

    @property
    def who(self) -> str:
        """This run, as the Lease calls it."""
        return self._held.who

    def assert_held(self) -> None:
        """Raise LockLost unless it is certain that no other run writes; to be asked before each batch."""
        since = _now() - self._heard
        if self._lost:
            raise LockLost(f"the lock is lost: {self._lost}", hint="run the command again when that is done")
        if since > self._timing.safe:
            why = f" ({self._trouble})" if self._trouble else ""
            raise LockLost(
                f"the lock may be lost: its last heartbeat was {since:.0f} s ago{why}",
                hint="run the command again: it goes on from what is there",
            )

    def start(self) -> None:
        """Begin the heartbeat."""
        self._thread.start()

    def release(self) -> None:
        """Give it back, if that is possible: it ends by itself soon in any case."""
        self._over.set()
        self._thread.join(_GOODBYE)
        with contextlib.suppress(KfctlError):
            while not self._lost and self._lease.give_back(self._held) is None:
                self._look()

    def _beat(self) -> None:
        pause = self._timing.renew
        while not self._lost and not self._over.wait(pause):
            began = _now()
            try:
                self._renew(began)
                pause, self._trouble = self._timing.renew, ""
            except KfctlError as error:
                pause, self._trouble = min(self._timing.poll, self._timing.renew), error.message

    def _renew(self, began: float) -> None:
        while not self._lost and not self._over.is_set():
            renewed = self._lease.renew(self._held)
            if renewed is not None:
                self._held, self._heard = renewed, began
                return
            self._look()

    def _look(self) -> None:
        """See who has changed the Lease: it may be this run itself, whose answer did not come through."""
        found = self._lease.read()
        if found is None:
            self._lost = "the Lease is gone"
        elif (found.who, found.fence) != (self._held.who, self._held.fence):
            self._lost = f"{found.who} has taken it" if found.who else "it was taken away"
        else:
            self._held = found


@contextlib.contextmanager
def locked(cluster: Cluster, place: tuple[str, str], who: str, taking: Taking = PLAIN) -> Iterator[Lock]:
    """Hold the lock `place` (name, namespace) for `who`; refuse while another run that lives holds it."""
    lock = take(cluster, place, who, taking)
    lock.start()
    try:
        yield lock
    finally:
        lock.release()


def take(cluster: Cluster, place: tuple[str, str], who: str, taking: Taking = PLAIN) -> Lock:
    """Return the lock, without a heartbeat yet."""
    return _Turn(_lease(cluster, place, taking.timing), who, taking).take()


def holding(cluster: Cluster, place: tuple[str, str]) -> Holding | None:
    """Return what is known of a lock, for those who only want to tell of it."""
    return _lease(cluster, place, Timing()).read()


def _lease(cluster: Cluster, place: tuple[str, str], timing: Timing) -> Lease:
    # Places and patience of its own: a heartbeat waits for no other request.
    patience = Patience(total=timing.renew, cap=timing.poll)
    return Lease(Sender(cluster.transport, NOTHING, patience, CLOCK), *place, timing.seconds, timing.renew)


class _Turn:
    """Waiting for one's turn: looks at the Lease until it is free, its holder dead, or patience ends."""

    def __init__(self, lease: Lease, who: str, taking: Taking) -> None:
        self.lease = lease
        self.who = who
        self.taking = taking
        self.began = _now()
        self.seen: Holding | None = None
        self.seen_at = self.began
        self.alive = False
        self.told = ""

    def take(self) -> Lock:
        while True:
            asked = _now()
            found = self.lease.read()
            held = self._try(found)
            if held is not None:
                lock = Lock(self.lease, held, asked, self.taking.timing)
                lock.before = found if found and found.who not in ("", self.who) else None
                return lock

    def _try(self, found: Holding | None) -> Holding | None:
        """Return the holding if the Lease could be had now; wait a little if not."""
        if found is None:
            return self.lease.create(self.who, self.taking.labels)
        if found.who == self.who:
            return self.lease.renew(found)  # the answer to an earlier try was lost
        self._watch(found)
        if not found.who or self.taking.break_lock or self._is_dead(found):
            return self.lease.take(found, self.who)
        self._wait(found)
        return None

    def _watch(self, found: Holding) -> None:
        if not found.same_beat(self.seen):
            # Another beat of the same holder proves that it lives; a new holder has yet to prove it.
            self.alive = self.seen is not None and self.seen.who == found.who
            self.seen, self.seen_at = found, _now()

    def _is_dead(self, found: Holding) -> bool:
        return _now() - self.seen_at >= found.seconds

    def _wait(self, found: Holding) -> None:
        if self.alive and _now() - self.began >= self.taking.wait:
            raise Refused(
                f"{found.who} is changing this app now, since {found.since}",
                hint="wait until it is done; --break-lock takes the lock from a run that hangs",
            )
        if self.told != found.who:
            self.told = found.who
            if_dead = (
                f"if it has died, for {found.seconds:.0f} s at most; --break-lock takes the lock at once"
            )
            self.taking.tell(f"waiting for {found.who}, which has the lock since {found.since} ({if_dead})")
        left = found.seconds - (_now() - self.seen_at)
        time.sleep(max(0.01, min(self.taking.timing.poll, left)))


def _now() -> float:
    return time.clock_gettime(_CLOCK)
