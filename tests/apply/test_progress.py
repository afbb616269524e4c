"""What is seen of an apply while it goes on: a picture on a terminal, lines in a log."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from kfctl.actions.apply import refuse_blocked
from kfctl.actions.status import AppStatus, ComponentStatus
from kfctl.cli.applyview import report_lines
from kfctl.cli.progress import Tally, line_of, picture, progress
from kfctl.cli.statusview import cause_lines, tree
from kfctl.engine.report import report
from kfctl.errors import ExitCode, Refused
from kfctl.model.plan import Action, Change, Plan, Scope
from kfctl.model.resource import Key, Resource
from kfctl.model.status import Cause, Event, Health, Status, Step
from tests.apply.conftest import config_map

if TYPE_CHECKING:
    from tests.apply.conftest import World

SCOPE = Scope("app", "id", "default", "context", "https://server", "ns", "uid")
KEYS = [Key("apps", "Deployment", "ns", f"d{number}") for number in range(30)]


def plan(number: int, action: Action = Action.CREATE) -> Plan:
    changes = tuple(Change(key, action, Resource({}, component="one")) for key in KEYS[:number])
    return Plan(SCOPE, changes, ())


def waiting(key: Key, message: str = "0 of 1 available", cause: Cause | None = None) -> Event:
    return Event(Step.STATUS, key, status=Status(key, Health.PROGRESSING, message, cause=cause))


def ready(key: Key) -> Event:
    return Event(Step.STATUS, key, status=Status(key, Health.READY))


def drawn(tally: Tally) -> list[str]:
    headline, *lines = picture(tally)
    return [headline.rpartition(" ")[0], *lines]


def test_the_picture_follows_the_apply() -> None:
    tally = Tally(plan(2))
    assert drawn(tally) == ["applying 0 of 2"]
    tally.take(Event(Step.STARTED, KEYS[0], "create"))
    tally.take(Event(Step.RETRIED, KEYS[0], "create", "overloaded; again in 1.0 s"))
    assert drawn(tally) == ["applying 0 of 2", "  › Deployment/d0 overloaded; again in 1.0 s"]
    tally.take(Event(Step.DONE, KEYS[0], "create"))
    tally.take(Event(Step.DONE, KEYS[1], "create"))
    tally.take(waiting(KEYS[0], cause=Cause("pod", "ErrImagePull", "no such image")))
    tally.take(waiting(KEYS[1]))
    assert drawn(tally) == [
        "waiting: 0 of 2 ready",
        "  … Deployment/d0 progressing: 0 of 1 available (ErrImagePull: no such image)",
        "  … Deployment/d1 progressing: 0 of 1 available",
    ]
    tally.take(ready(KEYS[0]))
    assert drawn(tally) == ["waiting: 1 of 2 ready", "  … Deployment/d1 progressing: 0 of 1 available"]
    tally.take(ready(KEYS[1]))
    assert drawn(tally) == ["applied 2"]


def test_the_picture_of_a_delete_says_so() -> None:
    tally = Tally(plan(1, Action.DELETE))
    assert drawn(tally) == ["deleting 0 of 1"]
    tally.take(Event(Step.DONE, KEYS[0], "delete"))
    assert drawn(tally) == ["deleted 1"]


def test_the_picture_stays_low() -> None:
    tally = Tally(plan(30, Action.UNCHANGED))
    for key in KEYS:
        tally.take(waiting(key))
    lines = drawn(tally)
    assert len(lines) == 12
    assert lines[-1] == "  … and 20 more"


def test_a_log_names_what_is_waited_for_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(plan(2, Action.UNCHANGED)) as told:
        told(ready(KEYS[0]))  # nothing ever was the matter with it
        told(waiting(KEYS[1]))
        told(waiting(KEYS[1]))
        told(ready(KEYS[1]))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "… Deployment/d1 progressing: 0 of 1 available",
        "✓ Deployment/d1 ready",
    ]


def test_a_log_does_not_name_hundreds(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(plan(30, Action.UNCHANGED)) as told:
        for key in KEYS:
            told(waiting(key))
    assert len(capsys.readouterr().err.splitlines()) == 20


def test_lines_that_stay() -> None:
    events = [
        Event(Step.FAILED, KEYS[0], "create", "no right", "ask for it"),
        Event(Step.SKIPPED, KEYS[0], "create", "interrupted"),
        Event(Step.NOTE, message="no node"),
        Event(Step.NOTE, KEYS[0], message="waits"),
        Event(Step.DONE, KEYS[0], "create"),
    ]
    assert [line_of(event) for event in events] == [
        "✗ Deployment/d0: no right (ask for it)",
        "- Deployment/d0 skipped: interrupted",
        "note: no node",
        "note: Deployment/d0 waits",
        "",
    ]


def test_message_of_a_cause_has_no_control_character() -> None:
    cause = Cause("pod", "Error", "x\x1b[2J", hint="do")
    assert list(cause_lines(cause)) == ["pod pod: Error: x\\x1b[2J", "do"]


def test_objects_with_one_cause_are_told_together() -> None:
    cause = Cause(reason="NoReadyNode", message="no node", hint="wait")
    lines = list(report_lines(report(plan(2), [waiting(key, cause=cause) for key in KEYS[:2]])))
    assert lines[4:7] == ["… Deployment/d0, Deployment/d1 not ready", "    NoReadyNode: no node", "    wait"]


def test_only_what_runs_to_an_end_can_run_again() -> None:
    cause = Cause("p", "Error", "boom")
    job = Key("batch", "Job", "ns", "train")
    for key, again in ((KEYS[0], False), (job, True)):
        failed = Event(Step.STATUS, key, status=Status(key, Health.FAILED, cause=cause))
        made = Plan(SCOPE, (Change(key, Action.UNCHANGED, Resource({}, component="one")),), ())
        lines = list(report_lines(report(made, [failed])))
        assert ("    kfctl apply -c one --rerun runs it again" in lines) is again


def test_an_app_without_objects_is_told() -> None:
    assert list(report_lines(report(plan(0), []))) == ["", "no object was changed."]


def test_on_a_terminal_the_display_goes_and_the_report_stays(world: World) -> None:
    world.write(one=[config_map("a")])
    terminal, inner = pty.openpty()
    seen: list[bytes] = []

    def read() -> None:
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:  # the other side is closed
                return
            if not piece:
                return
            seen.append(piece)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    command = [sys.executable, "-m", "kfctl", "apply", "--as", str(world.login.user)]
    environment = {**os.environ, "KUBECONFIG": str(world.login.kubeconfig), "TERM": "xterm"}
    ran = subprocess.run(
        command, cwd=world.root, env=environment, stdin=inner, stdout=inner, stderr=inner, timeout=60
    )
    os.close(inner)
    reader.join(10)
    os.close(terminal)
    text = b"".join(seen).decode()
    assert ran.returncode == ExitCode.OK
    assert "1 created, everything is ready." in text
    assert "\x1b[?25h" in text  # the cursor is back


def test_a_cause_that_pods_share_is_told_once() -> None:
    causes = [Cause(pod, "Unschedulable", "no node", hint="add one") for pod in ("p", "q")]
    events = [waiting(key, cause=cause) for key, cause in zip(KEYS, causes, strict=False)]
    text = "\n".join(report_lines(report(plan(2), events)))
    assert "Deployment/d0, Deployment/d1 not ready\n    pod p: Unschedulable: no node\n    add one" in text
    assert text.count("add one") == 1
    statuses = tuple(event.status for event in events if event.status)
    lines = list(tree(AppStatus(SCOPE, (ComponentStatus("one", statuses),))))
    assert [line.strip() for line in lines].count("add one") == 1


def test_obstacles_of_one_reason_are_told_once() -> None:
    more = {"reason": "it belongs to another", "hint": "kfctl component rm one"}
    changes = tuple(Change(key, Action.REFUSE, Resource({}, component="one"), **more) for key in KEYS[:2])
    with pytest.raises(Refused) as caught:
        refuse_blocked(Plan(SCOPE, changes, ()))
    assert str(caught.value) == "Deployment/d0, Deployment/d1: it belongs to another"
