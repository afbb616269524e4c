"""What an apply's events come to."""

from __future__ import annotations

import pytest

from kfctl.engine.report import report
from kfctl.errors import ExitCode
from kfctl.model.plan import Action, Change, Plan, Scope
from kfctl.model.resource import Key, Resource
from kfctl.model.status import Event, Health, Status, Step

SCOPE = Scope("app", "id", "default", "context", "https://server", "ns", "uid")
A, B, C = (Key("", "ConfigMap", "ns", name) for name in "abc")


def plan(*changes: Change) -> Plan:
    return Plan(SCOPE, changes, ())


def change(key: Key, action: Action) -> Change:
    return Change(key, action, Resource({}, component="one"))


PLAN = plan(change(A, Action.CREATE), change(B, Action.UNCHANGED), change(C, Action.KEEP))
DONE = Event(Step.DONE, A, "create")


def told(key: Key, health: Health) -> Event:
    return Event(Step.STATUS, key, status=Status(key, health))


@pytest.mark.parametrize(
    ("events", "interrupted", "code"),
    [
        ([DONE], False, ExitCode.OK),
        ([DONE, told(A, Health.READY), told(B, Health.PAUSED)], False, ExitCode.OK),
        ([DONE, told(A, Health.PROGRESSING)], False, ExitCode.NOT_READY),
        ([DONE, told(A, Health.PROGRESSING), told(A, Health.DONE)], False, ExitCode.OK),
        ([DONE, told(B, Health.FAILED)], False, ExitCode.NOT_READY),
        ([Event(Step.SKIPPED, A, "create", "b is not ready")], False, ExitCode.NOT_READY),
        ([Event(Step.FAILED, A, "create", "no"), told(B, Health.FAILED)], False, ExitCode.CLUSTER),
        ([Event(Step.FAILED, A, "create", "no")], True, ExitCode.INTERRUPTED),
    ],
)
def test_exit_code(events: list[Event], interrupted: bool, code: ExitCode) -> None:
    assert report(PLAN, events, interrupted=interrupted).exit_code is code


def test_every_object_has_its_row_and_what_left_is_apart() -> None:
    made = Event(Step.DONE, Key("", "Namespace", "", "ns"), "create", "the namespace was missing")
    found = report(PLAN, [made, DONE, Event(Step.NOTE, message="by the way")])
    assert [(str(row.key), row.action, row.component) for row in found.rows] == [
        ("Namespace/ns", Action.CREATE, ""),
        ("ConfigMap/a", Action.CREATE, "one"),
        ("ConfigMap/b", Action.UNCHANGED, "one"),
    ]
    assert [each.key for each in found.left] == [C]
    assert found.notes == ("by the way",)
    assert found.counts() == {"unchanged": 1, "create": 2}


def test_what_nothing_was_heard_of_was_not_done() -> None:
    (first, second) = report(PLAN, [], interrupted=True).rows
    assert (first.step, second.step) == (Step.SKIPPED, Step.DONE)
