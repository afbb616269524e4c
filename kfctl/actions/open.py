"""Opens ports of this machine that lead to a component's Services."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kfctl.cluster.forward import End, Forward
from kfctl.cluster.request import Selection
from kfctl.engine import doors as known
from kfctl.engine.pods import cause, judge_pod, worst
from kfctl.errors import NotReady, UsageError
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.engine.doors import Door
    from kfctl.model.app import App, Environment

    Body = Mapping[str, Any]

FRESH = 1.0  # seconds for which it is known which pod to connect to


class Opening(NamedTuple):
    """Which port of this machine is to lead to which port of the Services; empty: any, or the page."""

    local: int = 0
    name: str = ""


@dataclass(frozen=True)
class Opened:
    """A port of this machine that leads to a pod."""

    door: Door
    port: int
    pod: str

    @property
    def address(self) -> str:
        """How to reach it."""
        return self.door.address(self.port)


@contextmanager
def opened(
    found: tuple[Cluster, Sequence[Door]], openings: Sequence[Opening], tell: Callable[[str], None]
) -> Iterator[list[Opened]]:
    """Give the ports of this machine that lead to the doors, all of them or those that `openings` name."""
    cluster, doors = found
    with ExitStack() as stack:
        made = []
        for door, local in _chosen(doors, openings):
            way = _Way(cluster, door)
            end = way.find()
            ports = [local] if local else door.wishes(end.port)
            forward = stack.enter_context(Forward(cluster, ports, way.find, tell))
            made.append(Opened(door, forward.port, end.pod))
        yield made


def doors_of(app: App, environment: Environment, component: str, login: Login) -> tuple[Cluster, list[Door]]:
    """Return the ports of a component's Services, and the cluster they are on."""
    from kfctl.actions.plan import connect, scope_of
    from kfctl.actions.pods import places

    cluster = connect(app, environment, login)
    selections = places(cluster, scope_of(app, environment, cluster), component)
    services = [body for each in selections for body in cluster.list_all("v1", "Service", each).items]
    found = known.doors(services)
    if not found:
        hint = f"kfctl status {environment.name} -c {component} shows what it has"
        what = "only Services that select no pods" if services else "no Service on the cluster"
        raise UsageError(f"{component} has nothing to open: {what}", hint=hint)
    return cluster, found


def _chosen(doors: Sequence[Door], openings: Sequence[Opening]) -> Iterator[tuple[Door, int]]:
    if not openings:
        yield from ((door, 0) for door in doors)
    for local, name in openings:
        fitting = known.named(doors, name) if name else doors
        if not fitting:
            there = ", ".join(
                f"{door.number} ({door.name})" if door.name else str(door.number) for door in doors
            )
            raise UsageError(f"there is no port {name}", hint=f"there are {there}")
        yield fitting[0], local


class _Way:
    """The way to the pods of a door."""

    def __init__(self, cluster: Cluster, door: Door) -> None:
        self._cluster = cluster
        self._door = door
        self._lock = threading.Lock()
        self._looked = -FRESH
        self._end: End | None = None
        self._uid = ""

    def find(self) -> End:
        """Return where to connect to; NotReady while there is no pod."""
        with self._lock:
            if self._end is None or time.monotonic() - self._looked > FRESH:
                self._end = None
                self._end = self._look()
                self._looked = time.monotonic()
            return self._end

    def _look(self) -> End:
        door = self._door
        pods = self._cluster.list_all("v1", "Pod", Selection(door.namespace, labels=door.selector)).items
        pod = known.best(pods, self._uid)
        if pod is None:
            raise _none_ready(door, pods)
        self._uid = str(at(pod, "metadata", "uid"))
        name = str(at(pod, "metadata", "name"))
        port = known.port_of(pod, door.target)
        if port is None:
            raise NotReady(f"pod {name} has no port {door.target!r}, which Service {door.service} leads to")
        return End(door.namespace, name, port)


def _none_ready(door: Door, pods: Sequence[Body]) -> NotReady:
    pod = worst(pods)
    if pod is None:
        return NotReady(f"no pod of Service {door.service} is there", hint="kfctl status shows why")
    health, why = judge_pod(pod)
    how = f"{at(pod, 'metadata', 'name')} is {health.value}" + (f": {why}" if why else "")
    found = cause(pod)
    return NotReady(f"no pod of Service {door.service} is ready: {how}", hint=found.hint if found else "")
