"""Why objects are not ready: which pod is asked, and for which log."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kfctl.actions.explain import Troubled, explained
from kfctl.actions.judge import Judge
from kfctl.model.resource import Key
from kfctl.model.status import Health, Status

if TYPE_CHECKING:
    from kfctl.cluster.request import LogQuery

NOW = 1767225610.0  # ten seconds after UP
UP = "2026-01-01T00:00:00Z"


def test_a_program_that_is_up_and_has_just_failed_is_told_by_its_log_before() -> None:
    asked: list[tuple[str, str, LogQuery]] = []

    def logs(namespace: str, name: str, query: LogQuery) -> str:
        asked.append((namespace, name, query))
        return "reading data.csv\nthere is no data.csv\n"

    cluster: Any = SimpleNamespace(now=lambda: NOW, logs=logs)
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train", "namespace": "ns"}}
    status = Status(Key("batch", "Job", "ns", "train"), Health.PROGRESSING, "1 of 1 running")
    [found] = explained(cluster, [Troubled(status, job, [restarted("train-1")])], Judge(cluster))
    assert found.cause is not None
    assert found.cause.pod == "train-1"
    assert found.cause.message == "container main ended with exit code 3, 2 restarts"
    assert found.cause.log == ("reading data.csv", "there is no data.csv")
    [(_, _, query)] = asked
    assert (query.container, query.previous) == ("main", True)


def restarted(name: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "ready": True,
        "restartCount": 2,
        "state": {"running": {"startedAt": UP}},
        "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}},
    }
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [container],
    }
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "ns"}, "status": status}
