"""A plan and the events of its carrying out in, what came of each object out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfctl.engine.ownership import COMPONENT
from kfctl.model.plan import Action
from kfctl.model.report import Report, Row
from kfctl.model.resource import at
from kfctl.model.status import Event, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.model.plan import Change, Plan
    from kfctl.model.resource import Key
    from kfctl.model.status import Status

_ENDS = frozenset({Step.DONE, Step.FAILED, Step.SKIPPED})


def report(plan: Plan, events: Iterable[Event], *, interrupted: bool = False, late: bool = False) -> Report:
    """Return what came of every object of the plan, in its order."""
    ends: dict[Key, Event] = {}
    statuses: dict[Key, Status] = {}
    notes: list[str] = []
    for event in events:
        if event.key and event.step in _ENDS:
            ends[event.key] = event
        elif event.key and event.status:
            statuses[event.key] = event.status
        elif event.step is Step.NOTE and not event.key:
            notes.append(event.message)
    known = {change.key for change in plan.changes}
    made = [_made(event) for key, event in ends.items() if key not in known]
    kept = [change for change in plan.changes if change.action is not Action.KEEP]
    rows = (*made, *(_row(change, ends.get(change.key), statuses.get(change.key)) for change in kept))
    left = tuple(change for change in plan.changes if change.action is Action.KEEP)
    return Report(plan.scope, rows, left, tuple(notes), interrupted=interrupted, late=late)


def _row(change: Change, end: Event | None, status: Status | None) -> Row:
    component = change.wanted.component if change.wanted else ""
    component = component or str(at(change.live, "metadata", "labels", COMPONENT) or "")
    if end is None:
        step = Step.SKIPPED if change.writes else Step.DONE
        return Row(change.key, change.action, step, "", "", status, component)
    return Row(change.key, change.action, end.step, end.message, end.hint, status, component)


def _made(event: Event) -> Row:
    """Return the row of what the plan holds no change for: the namespace."""
    assert event.key is not None
    return Row(event.key, Action(event.action), event.step, event.message, event.hint)
