"""Deletes what a plan says, group by group, and waits until it is gone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.cluster.pool import as_completed, parallel
from kfctl.cluster.request import Precondition
from kfctl.cluster.write import INTERRUPTED
from kfctl.errors import ClusterError, Conflict, KfctlError, NotFound, Refused
from kfctl.model.plan import Action
from kfctl.model.resource import Resource, at
from kfctl.model.status import Event, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from threading import Event as Flag

    from kfctl.cluster.client import Cluster
    from kfctl.model.plan import Change, Plan
    from kfctl.model.resource import Key

    Body = Mapping[str, Any]
    Events = Generator[Event, None, None]

_POLL = 0.3  # seconds between two looks, growing
_SLOW = 3.0
_TRIES = 10  # for an object that changes all the time
_DELETE = Action.DELETE.value


@dataclass(frozen=True)
class Removal:
    """How things are removed: until when, while what holds, and what an object must still be."""

    stop: Flag
    deadline: float  # by time.monotonic
    allowed: Callable[[], None]  # raises when this run may no longer write
    why_stays: Callable[[Body], str]  # of an object that has changed since it was decided; empty: it goes


def remove(plan: Plan, cluster: Cluster, removal: Removal) -> Generator[Event, None, frozenset[Key]]:
    """Delete all that the plan says; return what is gone for certain."""
    work = _Work(cluster, removal)
    changes = {change.key: change for change in plan.changes if change.action is Action.DELETE}
    for wave in plan.prune:
        yield from work.wave([changes[key] for key in wave])
    return frozenset(work.gone)


def skipped(plan: Plan, why: str) -> Events:
    """Tell that nothing is deleted, and why."""
    for change in plan.changes:
        if change.action is Action.DELETE:
            yield Event(Step.SKIPPED, change.key, _DELETE, why)


class _Work:
    """Removing in the middle of it."""

    def __init__(self, cluster: Cluster, removal: Removal) -> None:
        self._cluster = cluster
        self._removal = removal
        self._held = ""  # what is in the way of all that comes after
        self.gone: set[Key] = set()

    def wave(self, changes: list[Change]) -> Events:
        """Delete a group side by side, and wait until it is gone: what it needs goes after it."""
        why = INTERRUPTED if self._removal.stop.is_set() else self._held
        if why:
            yield from (Event(Step.SKIPPED, change.key, _DELETE, why) for change in changes)
            return
        yield from (Event(Step.STARTED, change.key, _DELETE) for change in changes)
        going = []
        for index, result in as_completed(self._delete, changes):
            if isinstance(result, KfctlError):
                yield self._failed(changes[index], result)
            elif result:
                going.append(changes[index])
            else:
                yield self._done(changes[index])
        yield from self._until_gone(going)

    def _delete(self, change: Change) -> bool:
        """Delete one object as it was decided over; return whether it is still there."""
        live = change.live or {}
        for _ in range(_TRIES):
            self._removal.allowed()
            metadata = live.get("metadata") or {}
            condition = Precondition(str(metadata.get("uid")), str(metadata.get("resourceVersion")))
            try:
                return self._cluster.delete(live, condition).get("kind") != "Status"
            except NotFound:
                return False
            except Conflict:
                now = self._find(change)
            if now is None:
                return False
            why = "" if _decided(now) == _decided(live) else self._removal.why_stays(now)
            if why:
                raise Refused(f"it has changed meanwhile: {why}", hint="look at it with kfctl diff")
            live = now
        raise ClusterError(
            f"{change.key} changes faster than it can be deleted", hint="run the command again"
        )

    def _find(self, change: Change) -> Body | None:
        """Return the object that was decided over as it is now, or None where it is gone."""
        old = Resource(change.live or {})
        try:
            found = self._cluster.find(old.api_version, old.kind, old.name, old.namespace)
        except NotFound:
            return None
        return found if found and at(found, "metadata", "uid") == old.metadata.get("uid") else None

    def _until_gone(self, going: list[Change]) -> Events:
        pause = _POLL
        while going:
            looks = parallel(self._find, going)
            for change, found in zip(going, looks, strict=True):
                if found is None:
                    yield self._done(change)
            left = [(c, found) for c, found in zip(going, looks, strict=True) if found is not None]
            if self._removal.stop.is_set() or time.monotonic() > self._removal.deadline:
                yield from self._late(left)
                return
            going = [change for change, _ in left]
            if going:
                self._removal.stop.wait(pause)
                pause = min(_SLOW, pause * 1.5)

    def _late(self, left: Iterable[tuple[Change, Body | KfctlError]]) -> Events:
        for change, found in left:
            held = [] if isinstance(found, KfctlError) else at(found, "metadata", "finalizers") or []
            by = f", held by {', '.join(held)}" if held else ""
            hint = "what holds it must let go: is its controller running? then run the command again"
            yield self._failed(change, ClusterError(f"it is still being deleted{by}", hint=hint))

    def _done(self, change: Change) -> Event:
        self.gone.add(change.key)
        return Event(Step.DONE, change.key, _DELETE)

    def _failed(self, change: Change, error: KfctlError) -> Event:
        self._held = f"{change.key}, which may need it, is not gone"
        return Event(Step.FAILED, change.key, _DELETE, str(error), error.problems[0].hint)


def _decided(body: Body) -> Body:
    """Return what of an object it is decided by: all but what controllers and the server write."""
    metadata = {**body["metadata"], "resourceVersion": "", "managedFields": ()}
    return {**body, "metadata": metadata, "status": None}
