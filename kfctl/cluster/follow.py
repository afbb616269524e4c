"""Waits until all objects are ready, failed or late, and tells of each change on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from kfctl.cluster.request import Selection
from kfctl.cluster.scene import Judge, Scene
from kfctl.cluster.streams import Lost, Source, Streams, sources_of
from kfctl.errors import KfctlError
from kfctl.model.resource import Key, at
from kfctl.model.status import Cause, Event, Health, Status, Step

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from threading import Event as Flag

    from kfctl.cluster.client import Cluster

    Body = Mapping[str, Any]

TICK = 0.25
JUDGED_AGAIN = 1.0  # seconds after which what is not ready is judged again
NO_NODE = "no node of this cluster is ready, so no pod can run"
NODES = "kubectl get nodes; what was applied starts by itself when a node is ready"
WITHOUT_NODE = 2.0  # seconds for what needs no pods, where no node is ready
# What these say of a failure is their last word; of others it must hold for a while.
_FINAL = frozenset({("batch", "Job"), ("kubeflow.org", "TFJob")})


class End(Enum):
    """Why following came to its end."""

    SETTLED = "settled"
    LATE = "late"
    INTERRUPTED = "interrupted"
    NO_NODE = "no node"


@dataclass(frozen=True)
class Waiting:
    """How to wait: for how long, by whose judgement, and what may end it earlier."""

    judge: Judge
    stop: Flag
    deadline: float  # by time.monotonic
    labels: str = ""  # that all the objects have
    failed_for: float = 5.0  # seconds that a failure must last


@dataclass(frozen=True)
class Followed:
    """How each object was when following came to its end."""

    end: End
    statuses: Mapping[Key, Status] = field(default_factory=dict)
    bodies: Mapping[Key, Body] = field(default_factory=dict)  # of what is not ready, as last seen
    pods: Mapping[Key, tuple[Body, ...]] = field(default_factory=dict)


def follow(cluster: Cluster, bodies: Iterable[Body], waiting: Waiting) -> Generator[Event, None, Followed]:
    """Tell of each status that changes until all objects are settled; return how it came to its end."""
    scene = Scene(bodies, waiting.judge)
    yield from _told(scene.changes())
    end = _Ending(scene, waiting)
    if end.reached():
        return end.followed()
    pending = scene.bodies(scene.troubled)
    if any(map(waiting.judge.needs_pods, pending)) and no_ready_node(cluster):
        end.expect_no_pods()
        yield Event(Step.NOTE, message=NO_NODE, hint=NODES)
        yield from _told(end.waiting_for_nodes())
    with Streams(cluster, _sources(pending, waiting)) as streams:
        judged = time.monotonic()
        while not end.reached():
            for news in streams.take(TICK):
                scene.take(news)
                if isinstance(news, Lost) and not news.final:
                    yield Event(Step.NOTE, message=f"{news.error}; trying again")
            if time.monotonic() - judged >= JUDGED_AGAIN:
                scene.later()
                judged = time.monotonic()
            yield from _told(status for status in scene.changes() if not end.lacks_node(status.key))
    return end.followed()


def _told(statuses: Iterable[Status]) -> Iterator[Event]:
    return (Event(Step.STATUS, status.key, status=status) for status in statuses)


def no_ready_node(cluster: Cluster) -> bool:
    """Return whether it is certain that no node of the cluster takes pods."""
    try:
        nodes = cluster.list_all("v1", "Node").items
    except KfctlError:
        return False
    return not any(_takes_pods(node) for node in nodes)


class _Ending:
    """Watches a scene for the end of waiting."""

    def __init__(self, scene: Scene, waiting: Waiting) -> None:
        self._scene = scene
        self._waiting = waiting
        self._deadline = waiting.deadline
        self._failing: dict[Key, float] = {}
        self._no_node = False
        self._end = End.SETTLED

    def expect_no_pods(self) -> None:
        """Wait no longer for what needs pods."""
        self._no_node = True
        self._deadline = min(self._deadline, time.monotonic() + WITHOUT_NODE)

    def reached(self) -> bool:
        """Return whether the end has come."""
        troubled = self._scene.troubled
        self._failing = {key: since for key, since in self._failing.items() if key in troubled}
        unsettled = [key for key in troubled if not self._settled(key)]
        if self._waiting.stop.is_set():
            self._end = End.INTERRUPTED
        elif not unsettled:
            self._end = End.NO_NODE if self._no_node else End.SETTLED
        elif time.monotonic() >= self._deadline:
            self._end = End.NO_NODE if self._no_node else End.LATE
        else:
            return False
        return True

    def waiting_for_nodes(self) -> list[Status]:
        """Return the statuses of what can't come up without a node."""
        return [self._final(key) for key in sorted(self._scene.troubled) if self.lacks_node(key)]

    def lacks_node(self, key: Key) -> bool:
        """Return whether an object waits for pods that can't run."""
        if not self._no_node or self._scene.statuses[key].health is not Health.PROGRESSING:
            return False
        return any(map(self._waiting.judge.needs_pods, self._scene.bodies([key])))

    def followed(self) -> Followed:
        """Return how it came to its end."""
        statuses = {key: self._final(key) for key in self._scene.statuses}
        troubled = sorted(self._scene.troubled)
        bodies = {key: body for key in troubled for body in self._scene.bodies([key])}
        return Followed(self._end, statuses, bodies, {key: tuple(self._scene.pods(key)) for key in troubled})

    def _settled(self, key: Key) -> bool:
        status = self._scene.statuses[key]
        if status.health is not Health.FAILED or key[:2] in _FINAL:
            self._failing.pop(key, None)
            unreadable = status.health is Health.UNKNOWN and not self._scene.bodies([key])
            gone = status.health is Health.MISSING or unreadable
            return status.health.settled or gone or self.lacks_node(key)
        since = self._failing.setdefault(key, time.monotonic())
        return time.monotonic() - since >= self._waiting.failed_for

    def _final(self, key: Key) -> Status:
        status = self._scene.statuses[key]
        if not self.lacks_node(key):
            return status
        return replace(
            status, message="no ready node for its pods", cause=Cause("", "NoReadyNode", NO_NODE, hint=NODES)
        )


def _sources(pending: Iterable[Body], waiting: Waiting) -> list[Source]:
    """Return what to list and watch: the objects' kinds, and their pods with what stands between."""
    listed = list(pending)
    sources = {(s.api_version, s.kind, s.selection.namespace): s for s in sources_of(listed, waiting.labels)}
    for body in filter(waiting.judge.needs_pods, listed):
        space = str(at(body, "metadata", "namespace") or "")
        if body.get("kind") != "Pod":
            sources["v1", "Pod", space] = Source("v1", "Pod", Selection(space))
        for kind in waiting.judge.between(body):
            sources[*kind, space] = Source(*kind, Selection(space))
    return list(sources.values())


def _takes_pods(node: Body) -> bool:
    conditions = at(node, "status", "conditions") or ()
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    return ready and not at(node, "spec", "unschedulable")
