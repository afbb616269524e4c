"""The lock between real processes on a real cluster: waiting, dying, hanging, lost answers, wrong clocks."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle

import pytest

from kfctl.cluster.client import Cluster
from kfctl.cluster.lock import LockLost, Taking, Timing, holding, identity, locked, me, take
from kfctl.errors import NotFound, Refused
from tests.cluster import access
from tests.faults.proxy import Fault, Proxy, Request, Reset, Status, no_faults

NAME = "kfctl.x.y"
SHORT = Timing(3, renew=0.5, poll=0.1)
LONG = Timing(20, renew=0.5, poll=0.1)  # nobody is late here, however slow the machine
PATIENT = Taking(wait=120, timing=LONG)


class Holder:
    """A process of its own that holds the lock."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = self.read()

    def ask(self) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write("still?\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def holder(cluster: access.Cluster, namespace: str) -> Iterator[Callable[..., Holder]]:
    """Start holders, which end with the test."""
    with ExitStack() as stack:

        def start(seconds: int = 3) -> Holder:
            process = stack.enter_context(
                _process(str(cluster.kubeconfig), NAME, namespace, "run-1", seconds)
            )
            return Holder(process)

        yield start


@contextmanager
def _process(*args: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.cluster_client.holder", *map(str, args)]
    # A process that is killed leaves the files in which the Kubernetes package keeps its certificates.
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": folder},
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def test_held_then_free(client: Cluster, namespace: str) -> None:
    place = (NAME, namespace)
    with locked(client, place, identity("run-1"), Taking(timing=LONG, labels={"a": "b"})) as lock:
        lock.assert_held()
        assert (lock.fence, lock.before) == (1, None)
        found = holding(client, place)
        assert found is not None
        assert (found.who, found.seconds) == (identity("run-1"), 20)
        assert found.who.startswith(f"{me()} pid ")
        assert found.who.endswith(" run run-1")
    free = holding(client, place)
    assert free is not None
    assert (free.who, free.fence) == ("", 1)
    with locked(client, place, "b", PATIENT) as lock:
        assert (lock.fence, lock.before) == (2, None)


def test_it_is_free_after_an_error_too(client: Cluster, namespace: str) -> None:
    with pytest.raises(KeyError), locked(client, (NAME, namespace), "a", PATIENT):
        raise KeyError
    free = holding(client, (NAME, namespace))
    assert free is not None
    assert free.who == ""


def test_the_heartbeat_is_heard(client: Cluster, namespace: str) -> None:
    with locked(client, (NAME, namespace), "a", PATIENT):
        first = holding(client, (NAME, namespace))
        while (later := holding(client, (NAME, namespace))) == first:
            time.sleep(0.1)
    assert later is not None
    assert first is not None
    assert (later.who, later.since, later.renewed == first.renewed) == ("a", first.since, False)


def test_a_lock_that_a_living_run_holds_is_refused_with_its_name(
    client: Cluster, namespace: str, holder: Callable[..., Holder]
) -> None:
    other = holder(20)
    told: list[str] = []
    with pytest.raises(Refused, match=rf"{me()} pid {other.process.pid} run run-1 is changing this app"):
        take(client, (NAME, namespace), "b", Taking(timing=LONG, tell=told.append))
    assert told[0].startswith(f"waiting for {me()} pid")
    assert other.ask() == "held"


def test_a_lock_is_waited_for(client: Cluster, namespace: str) -> None:
    order: list[str] = []
    asked = threading.Event()

    def second() -> None:
        waits = Taking(wait=120, timing=LONG, tell=lambda message: asked.set())
        with locked(client, (NAME, namespace), "b", waits) as lock:
            order.append(f"b, before: {lock.before}")

    thread = threading.Thread(target=second)
    with locked(client, (NAME, namespace), "a", PATIENT):
        thread.start()
        assert asked.wait(60)
        order.append("a")
    thread.join()
    assert order == ["a", "b, before: None"]


def test_nothing_is_interleaved(client: Cluster, namespace: str) -> None:
    inside: list[int] = []
    met: list[int] = []

    def run(number: int) -> None:
        with locked(client, (NAME, namespace), f"run {number}", PATIENT) as lock:
            inside.append(number)
            time.sleep(0.05)
            met.append(len(inside))
            lock.assert_held()
            inside.remove(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [1] * 6


def test_a_killed_run_is_followed_by_the_next(
    client: Cluster, namespace: str, holder: Callable[..., Holder]
) -> None:
    dead = holder()
    assert dead.said == "held 1"
    dead.process.kill()
    dead.process.wait()
    with locked(client, (NAME, namespace), "b", Taking(timing=LONG)) as lock:
        assert lock.before is not None
        assert lock.before.who == f"{me()} pid {dead.process.pid} run run-1"
        assert lock.fence == 2
        lock.assert_held()


def test_a_run_that_hung_learns_that_it_was_overtaken(
    client: Cluster, namespace: str, holder: Callable[..., Holder]
) -> None:
    hung = holder()
    hung.process.send_signal(signal.SIGSTOP)
    with locked(client, (NAME, namespace), "b", Taking(timing=LONG)) as lock:
        hung.process.send_signal(signal.SIGCONT)
        assert hung.ask().startswith("the lock ")  # may be lost, or is: as far as the heartbeat has come
        while (said := hung.ask()) != "the lock is lost: b has taken it":
            assert said.startswith("the lock may be lost"), said
        hung.process.communicate()  # its release takes nothing from us
        lock.assert_held()
        found = holding(client, (NAME, namespace))
        assert found is not None
        assert found.who == "b"


def test_a_lock_can_be_broken(client: Cluster, namespace: str, holder: Callable[..., Holder]) -> None:
    other = holder(20)
    with locked(client, (NAME, namespace), "b", Taking(break_lock=True, timing=LONG)) as lock:
        assert lock.before is not None
        while (said := other.ask()) == "held":
            time.sleep(0.1)
        assert said == "the lock is lost: b has taken it"


@pytest.mark.parametrize("year", [1999, 2099])
def test_a_dead_holders_clock_does_not_matter(client: Cluster, namespace: str, year: int) -> None:
    take(client, (NAME, namespace), "a", Taking(timing=SHORT))  # without a heartbeat
    client.patch(lease(namespace), {"spec": {"renewTime": f"{year}-01-01T00:00:00.000000Z"}})
    taken = take(client, (NAME, namespace), "b", Taking(timing=SHORT))
    assert taken.before is not None
    assert taken.before.renewed.startswith(str(year))


@pytest.mark.parametrize("hour", ["2026-01-01T01:00:0", "1999-01-01T00:00:0"])
def test_a_living_holders_clock_does_not_matter(client: Cluster, namespace: str, hour: str) -> None:
    take(client, (NAME, namespace), "a", Taking(timing=LONG))
    over = threading.Event()

    def beat() -> None:
        for number in range(10_000):
            client.patch(lease(namespace), {"spec": {"renewTime": f"{hour}{number % 10}.000000Z"}})
            if over.wait(0.3):
                return

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(Refused, match=r"^a is changing this app"):
            take(client, (NAME, namespace), "b", Taking(timing=LONG))
    finally:
        over.set()
        thread.join()


def lease(namespace: str) -> dict[str, object]:
    metadata = {"name": NAME, "namespace": namespace}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}


def test_lost_answers_lose_no_lock(proxied: Cluster, proxy: Proxy, namespace: str) -> None:
    seen: set[str] = set()

    def first_of_each(request: Request) -> Reset | None:
        if "/leases" not in request.path or request.method in seen:
            return None
        seen.add(request.method)
        return Reset(reached=True)

    proxy.script = first_of_each
    with locked(proxied, (NAME, namespace), "a", PATIENT) as lock:
        while "PATCH" not in seen:
            time.sleep(0.1)
        lock.assert_held()
    proxy.script = no_faults
    with locked(proxied, (NAME, namespace), "b", PATIENT) as lock:
        assert (lock.fence, lock.before) == (2, None)
    assert seen == {"GET", "POST", "PATCH"}


def test_a_flaky_network_loses_no_lock(proxied: Cluster, proxy: Proxy, namespace: str) -> None:
    faults: list[Fault] = [Reset(), Reset(reached=True), Status(503), Status(429, "TooManyRequests")]
    turns = cycle(fault_or_none for fault in faults for fault_or_none in (fault, None, None))
    proxy.script = lambda request: next(turns)
    for number in range(3):
        with locked(proxied, (NAME, namespace), f"run {number}", PATIENT) as lock:
            for _ in range(10):
                lock.assert_held()
                time.sleep(0.1)
            assert lock.fence == number + 1
    assert sum(proxy.fired.values()) > 0


def test_a_heartbeat_that_does_not_get_through_is_told(
    proxied: Cluster, proxy: Proxy, namespace: str
) -> None:
    with locked(proxied, (NAME, namespace), "a", Taking(timing=SHORT)) as lock:
        proxy.script = lambda request: Status(503, message="down")
        with pytest.raises(
            LockLost, match=r"the lock may be lost: its last heartbeat was \d+ s ago \(down\)"
        ):
            while True:
                lock.assert_held()
                time.sleep(0.1)
        proxy.clear()
        while True:  # nobody has taken it meanwhile: it is held again
            try:
                lock.assert_held()
                break
            except LockLost:
                time.sleep(0.1)


def test_a_lease_that_was_removed_is_told(client: Cluster, namespace: str) -> None:
    with locked(client, (NAME, namespace), "a", PATIENT) as lock:
        client.delete(lease(namespace))
        with pytest.raises(LockLost, match="the Lease is gone"):
            while True:
                lock.assert_held()
                time.sleep(0.1)


def test_a_lock_in_a_namespace_that_is_missing(client: Cluster) -> None:
    with pytest.raises(NotFound, match='namespaces "kfctl-none" not found'):
        take(client, (NAME, "kfctl-none"), "a")
