"""`status --watch`: what it tells besides the objects, and what Ctrl-C ends it with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfctl.actions.status import AppStatus, ComponentStatus
from kfctl.cli import statuswatch
from kfctl.cli.options import Tree
from kfctl.errors import ClusterError, ExitCode, Forbidden
from kfctl.model.plan import Scope
from kfctl.model.resource import Key
from kfctl.model.status import Health, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

SCOPE = Scope("shop", "1", "default", "kind", "https://server", "shop", "uid")
GAP = "policies may not be listed"


def state(*warnings: str, health: Health = Health.READY, unread: bool = False) -> AppStatus:
    objects = (Status(Key("", "ConfigMap", "shop", "a"), health),)
    return AppStatus(SCOPE, (ComponentStatus("one", objects),), warnings, unread)


class Looking:
    """Looks that come to these, then Ctrl-C."""

    def __init__(self, *found: AppStatus | Exception) -> None:
        self._found: Iterable[AppStatus | Exception] = iter(found)

    def look(self) -> AppStatus:
        found = next(iter(self._found), KeyboardInterrupt())
        if isinstance(found, BaseException):
            raise found
        return found


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statuswatch, "EVERY", 0.0)


@pytest.mark.parametrize("form", Tree)
def test_a_warning_is_told_when_it_is_new(form: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    gap = state(GAP)
    looking = Looking(gap, gap, state(), gap)
    assert statuswatch.watched(looking, form) is ExitCode.INTERRUPTED
    assert capsys.readouterr().err == f"warning: {GAP}\n" * 2


@pytest.mark.parametrize("form", Tree)
def test_ctrl_c_ends_it_with_4_where_something_was_not_read_the_last_time(
    form: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = state(health=Health.UNKNOWN, unread=True)
    assert statuswatch.watched(Looking(state(), gone), form) is ExitCode.CLUSTER
    assert statuswatch.watched(Looking(gone, ClusterError("no answer")), form) is ExitCode.CLUSTER
    assert statuswatch.watched(Looking(gone, state()), form) is ExitCode.INTERRUPTED
    assert statuswatch.watched(Looking(), form) is ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "no answer; trying again\n"


def test_what_is_forbidden_ends_it() -> None:
    with pytest.raises(Forbidden):
        statuswatch.watched(Looking(state(), Forbidden("no")), Tree.TEXT)


def test_what_changes_is_told_by_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    statuswatch.watched(Looking(state(), state(), state(health=Health.MISSING)), Tree.TEXT)
    *_, before, after = capsys.readouterr().out.splitlines()
    assert before.endswith("✓ ConfigMap/a  ready")
    assert after.endswith("✗ ConfigMap/a  missing")
