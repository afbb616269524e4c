"""How objects are: as text for people and as values for programs."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kfctl.cli.console import paint
from kfctl.model.status import Health

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfctl.actions.status import AppStatus
    from kfctl.model.status import Cause, Status

FEW = 5  # pods of one object, if there are many more
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))
# What stands before an object, and in which style.
SIGNS: dict[Health, tuple[str, str]] = {
    Health.READY: ("✓", "green"),
    Health.DONE: ("✓", "green"),
    Health.PAUSED: ("‖", "yellow"),
    Health.PROGRESSING: ("…", "yellow"),
    Health.TERMINATING: ("…", "yellow"),
    Health.UNKNOWN: ("?", "yellow"),
    Health.MISSING: ("✗", "red"),
    Health.FAILED: ("✗", "red"),
}


def tree(found: AppStatus) -> Iterator[str]:
    """Yield how an app is, line by line: component, objects, pods, causes."""
    scope = found.scope
    yield f"{scope.app} → {scope.environment}: context {scope.context}, namespace {scope.namespace}"
    if not found.components:
        yield "nothing of it is on the cluster, and it has no objects"
    told: set[Cause] = set()
    for component in found.components:
        yield ""
        name = paint(component.name or "(no component)", "bold")
        yield f"{sign(component.health)} {name}  {component.health.value}"
        for each in component.objects:
            yield from _object(each, told)
        shown, rest = few(component.spawned)
        for each in shown:
            yield from _object(each, told, ", made by its program")
        yield from (f"  {line}, made by its program" for line in rest)


def _object(found: Status, told: set[Cause], more: str = "") -> Iterator[str]:
    """Yield one object, its pods below it, and why it is not ready, unless that is told already."""
    yield f"  {sign(found.health)} {found.key}  {words(found)}{more}{_aged(found)}"
    pods, rest = few(found.children)
    for pod in pods:
        yield f"      {sign(pod.health)} {pod.key}  {words(pod)}{_restarted(pod)}{_aged(pod)}"
    yield from (f"      {line}" for line in rest)
    if found.cause and not found.health.good and found.cause.anywhere not in told:
        told.add(found.cause.anywhere)
        yield from (f"        {line}" for line in cause_lines(found.cause))


def few(found: Sequence[Status]) -> tuple[list[Status], list[str]]:
    """Return the worst of many, and a line for all others; all where there are few."""
    order = list(Health)
    worst = sorted(found, key=lambda each: -order.index(each.health))  # of one health in their own order
    if len(found) <= 2 * FEW:
        return list(found), []
    rest = Counter(each.health for each in worst[FEW:])
    counts = ", ".join(f"{count} {health.value}" for health, count in rest.items())
    return worst[:FEW], [f"… and {len(found) - FEW} more: {counts} (-o json has all)"]


def _restarted(pod: Status) -> str:
    """Return how often a pod was restarted, where its message does not say so."""
    count = pod.restarts if "restart" not in pod.message else 0
    return f", {count} restart{'s' * (count != 1)}" * bool(count)


def _aged(found: Status) -> str:
    return paint(f"  {age(time.time() - _seconds(found.since))}", "dim") if found.since else ""


def age(seconds: float) -> str:
    """Return a time span as kubectl shows ages: in the largest unit of which there are two or more."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), (1, "s"))
    return f"{max(0, int(seconds / size))}{unit}"


def _seconds(time_: str) -> float:
    return datetime.fromisoformat(time_).timestamp()


def tree_value(found: AppStatus) -> dict[str, Any]:
    """Return how an app is as JSON has it."""
    scope = found.scope
    return {
        "app": scope.app,
        "environment": scope.environment,
        "context": scope.context,
        "namespace": scope.namespace,
        "components": [
            {
                "name": component.name,
                "health": component.health.value,
                "objects": [status_value(each) for each in component.objects],
                "spawned": [status_value(each) for each in component.spawned],
            }
            for component in found.components
        ],
        "warnings": list(found.warnings),
        "unread": found.unread,
    }


def sign(health: Health, *, err: bool = False) -> str:
    """Return the sign of a health, painted as stdout, or stderr with `err`, takes it."""
    mark, style = SIGNS[health]
    return paint(mark, style, err=err)


def words(status: Status) -> str:
    """Return a status in one line: the health and what it says of itself."""
    return f"{status.health.value}: {status.message}" if status.message else status.health.value


def short_cause(status: Status) -> str:
    """Return in one line what a status says, and its cause if it has one."""
    cause = status.cause
    if cause is None or not cause.pod or (cause.message and cause.message in status.message):
        return words(status)
    return f"{words(status)} ({cause.reason}: {cause.message})"


def cause_lines(cause: Cause) -> Iterator[str]:
    """Yield a cause: the pod, its reason, the end of its log, what to do."""
    of = f"pod {cause.pod}: " if cause.pod else ""
    yield f"{of}{': '.join(filter(None, (cause.reason, cause.message)))}"
    yield from (paint(f"| {line}", "dim") for line in cause.log)
    if cause.hint:
        yield paint(cause.hint, "cyan")


def status_value(status: Status) -> dict[str, Any]:
    """Return a status as JSON has it."""
    value: dict[str, Any] = {
        **status.key._asdict(),
        "component": status.component,
        "health": status.health.value,
        "message": status.message,
        "since": status.since or None,
        "cause": _cause_value(status.cause) if status.cause else None,
    }
    if status.key.kind == "Pod":
        value["restarts"] = status.restarts
    return value | ({"pods": [status_value(pod) for pod in status.children]} if status.children else {})


def _cause_value(cause: Cause) -> dict[str, Any]:
    return {
        "pod": cause.pod,
        "reason": cause.reason,
        "message": cause.message,
        "log": list(cause.log),
        "hint": cause.hint,
    }
