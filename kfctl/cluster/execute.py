"""Carries out a plan wave by wave, and tells of every step."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from itertools import takewhile
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from kfctl.cluster.follow import End, follow
from kfctl.cluster.lock import LockLost
from kfctl.cluster.pool import as_completed
from kfctl.cluster.write import INTERRUPTED, POLL, Writer
from kfctl.errors import KfctlError, Unreachable
from kfctl.model.plan import Action, Deferral
from kfctl.model.resource import Key
from kfctl.model.status import Event, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.follow import Followed, Waiting
    from kfctl.model.plan import Change, Need, Plan
    from kfctl.model.resource import Resource

    Body = Mapping[str, Any]
    Events = Generator[Event, None, None]

SERVED = 15.0  # seconds for the server to serve a kind after it said that it is established
_THREADS = 32
_AWAY = "the server can't be reached any more"
_REFUSED = "the server does not take other objects of this apply, so nothing more is written"


def _allowed() -> None:
    return


def _untried(resources: Sequence[Resource]) -> Mapping[Key, KfctlError]:
    del resources
    return {}


@dataclass(frozen=True)
class Run:
    """How a plan is carried out: how long to wait for what must be ready first, and what to take by force."""

    waiting: Waiting
    force: bool = False
    allowed: Callable[[], None] = _allowed  # raises when this run may no longer write
    tried: Callable[[Sequence[Resource]], Mapping[Key, KfctlError]] = (
        _untried  # what the server refuses of these
    )


@dataclass(frozen=True)
class Executed:
    """The objects as they were left, and why some were not touched."""

    bodies: Mapping[Key, Body] = field(default_factory=dict)
    undone: Mapping[Key, str] = field(default_factory=dict)
    away: bool = False  # nothing more was sent: the server is gone, or takes what was tried late not at all


def execute(plan: Plan, cluster: Cluster, run: Run) -> Generator[Event, None, Executed]:
    """Do all that the plan says; what can't be done stops nothing but what needs it."""
    execution = _Execution(plan, cluster, run)
    first = list(takewhile(_is_foundation, plan.waves))
    for wave in first:
        yield from execution.wave(wave)
    yield from execution.trial()
    for wave in plan.waves[len(first) :]:
        yield from execution.wave(wave)
    return Executed(execution.bodies, execution.undone, bool(execution.away))


def _is_foundation(wave: Sequence[Key]) -> bool:
    """Whether a wave holds nothing but namespaces and definitions, which other objects are in, or of."""
    return all(map(_is_base, wave))


def _is_base(key: Key) -> bool:
    return key.kind in {"Namespace", "CustomResourceDefinition"}


_SEEN_LATE = frozenset({Deferral.SCHEMA, Deferral.NAMESPACE_CHANGES})  # by the server, once they are written


def _any(key: Key) -> bool:
    del key
    return True


class _NotBegun(KfctlError):
    """A change that was not begun, and why."""


class _Execution:
    """A plan in the middle of being carried out."""

    def __init__(self, plan: Plan, cluster: Cluster, run: Run) -> None:
        self._cluster = cluster
        self._waiting = run.waiting
        self._allowed = run.allowed
        self._tried = run.tried
        self._writer = Writer(cluster, run.waiting.stop, run.waiting.deadline, run.force)
        self._changes = {change.key: change for change in plan.changes}
        self._needs: dict[Key, list[Need]] = {}
        for need in plan.needs:
            self._needs.setdefault(need.key, []).append(need)
        self._ready: set[Key] = set()
        self._unready: dict[Key, str] = {}
        kept = (change for change in plan.changes if change.action is Action.UNCHANGED)
        self.bodies: dict[Key, Body] = {change.key: change.live for change in kept if change.live}
        self.undone: dict[Key, str] = {}
        self.away = ""  # why nothing more is sent

    def wave(self, keys: Iterable[Key]) -> Events:
        """Carry out the changes of one wave side by side."""
        left = (self._changes[key] for key in keys if key not in self.undone)
        todo = [change for change in left if change.writes]
        todo = yield from self._free(todo)
        yield from self._until_ready(todo)
        todo = yield from self._free(todo)
        yield from self._carry_out(todo)

    def trial(self) -> Events:
        """Have the server try what it could not before, while only what that needs is written."""
        late = [change for change in self._changes.values() if change.untried]
        if not late or self._end():
            return
        # What else they need may only become ready by what is written after this.
        yield from self._until_ready(late, _is_base)
        founded = [change.wanted for change in late if change.wanted and self._is_founded(change)]
        refused = self._refused(founded)
        for key, error in refused.items():
            self.undone[key] = str(error)
            action = self._changes[key].action.value
            yield Event(Step.FAILED, key, action, str(error), error.problems[0].hint)
        if refused:
            self.away = _REFUSED

    def _refused(self, resources: Sequence[Resource]) -> Mapping[Key, KfctlError]:
        """Return what the server refuses; what a changed CRD or namespace is to allow, after a while only."""
        end = min(time.monotonic() + SERVED, self._waiting.deadline)
        refused: Mapping[Key, KfctlError] = {}
        while True:
            try:
                refused = self._tried(resources)
            except KfctlError as fault:  # without a look at one of them, nothing is known of the others
                return {resource.key: fault for resource in resources}
            resources = [each for each in resources if each.key in refused]
            changing = any(self._changes[key].deferral in _SEEN_LATE for key in refused)
            if not changing or time.monotonic() > end or self._waiting.stop.wait(POLL):
                return refused

    def _is_founded(self, change: Change) -> bool:
        """Whether the namespace and the definition of a change are there by now."""
        space = Key("", "Namespace", "", change.key.namespace)
        needs = (need.on for need in self._needs.get(change.key, ()))
        bases = [on for on in needs if on.kind == "CustomResourceDefinition"]
        bases += [space] if space in self._changes else []
        return all(base in self.bodies and base not in self._unready for base in bases)

    def _free(self, todo: list[Change]) -> Generator[Event, None, list[Change]]:
        """Return the changes that nothing stands in the way of; the others are skipped."""
        free = []
        for change in todo:
            why = self._end() or self._obstacle(change.key)
            if why:
                self.undone[change.key] = why
                yield Event(Step.SKIPPED, change.key, change.action.value, why)
            else:
                free.append(change)
        return free

    def _end(self) -> str:
        """Return why nothing more is begun at all; empty: it goes on."""
        return INTERRUPTED if self._waiting.stop.is_set() else self.away

    def _obstacle(self, key: Key) -> str:
        space = Key("", "Namespace", "", key.namespace)
        if space in self.undone:
            return f"{space} could not be made"
        for need in self._needs.get(key, ()):
            if need.on in self.undone:
                return f"{need.on} ({need.why}) was not applied"
            if need.ready and need.on in self._unready:
                return f"{need.on} ({need.why}) is not ready: {self._unready[need.on]}"
        return ""

    def _until_ready(self, todo: list[Change], concerned: Callable[[Key], bool] = _any) -> Events:
        """Wait until all is ready that the changes need to be so, or what is concerned of it."""
        needs = (need for change in todo for need in self._needs.get(change.key, ()) if need.ready)
        asked = {need.on: need for need in needs if concerned(need.on)}
        gates = [on for on in asked if on in self.bodies and on not in self._ready | self._unready.keys()]
        if not gates:
            return
        for key in gates:
            if not self._waiting.judge.health(self.bodies[key], ()).health.good:
                need = asked[key]
                yield Event(Step.NOTE, need.key, "", f"waits for {need.on} ({need.why})")
        self._learn((yield from follow(self._cluster, [self.bodies[key] for key in gates], self._waiting)))
        self._until_served(todo)

    def _learn(self, followed: Followed) -> None:
        for key, status in followed.statuses.items():
            if status.health.good:
                self._ready.add(key)
            elif followed.end is not End.INTERRUPTED:
                self._unready[key] = status.message

    def _until_served(self, todo: list[Change]) -> None:
        """Wait until the server knows the kinds of the changes: it learns a new one a moment late."""
        wanted = {(c.wanted.api_version, c.wanted.kind) for c in todo if c.wanted}
        end = min(time.monotonic() + SERVED, self._waiting.deadline)
        while any(self._cluster.kinds.find(*kind) is None for kind in wanted) and time.monotonic() < end:
            if self._waiting.stop.wait(0.1):
                return
            self._cluster.refresh_kinds()

    def _carry_out(self, todo: list[Change]) -> Events:
        news: SimpleQueue[Event | tuple[Change, Body | KfctlError | None] | BaseException | None] = (
            SimpleQueue()
        )

        def one(change: Change) -> Body | None:
            if why := self._end():
                raise _NotBegun(why)
            self._allowed()
            news.put(Event(Step.STARTED, change.key, change.action.value))
            retried = Event(Step.RETRIED, change.key, change.action.value)
            return self._writer.carry_out(change, lambda why: news.put(replace(retried, message=why)))

        def all_of_them() -> None:
            try:
                for index, result in as_completed(one, todo, _THREADS):
                    news.put((todo[index], result))
                news.put(None)
            except BaseException as error:  # a mistake of ours: told where it is seen
                news.put(error)

        threading.Thread(target=all_of_them, daemon=True).start()
        while (told := news.get()) is not None:
            if isinstance(told, BaseException):
                raise told
            yield told if isinstance(told, Event) else self._ended(*told)

    def _ended(self, change: Change, result: Body | KfctlError | None) -> Event:
        action = change.action.value
        if not isinstance(result, KfctlError):
            if result is not None:
                self.bodies[change.key] = result
            return Event(Step.DONE, change.key, action)
        self.undone[change.key] = str(result)
        if isinstance(result, _NotBegun):
            return Event(Step.SKIPPED, change.key, action, str(result))
        if isinstance(result, Unreachable):  # its own patience is over: that of all others would be, too
            self.away = _AWAY
        if isinstance(result, LockLost):
            self.away = result.message
        return Event(Step.FAILED, change.key, action, str(result), result.problems[0].hint)
