"""How objects are judged: each fixture below tests/health says in its annotations what it expects."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfctl.engine.causes import telling
from kfctl.engine.health import HEALTH, gone, has_ended, health
from kfctl.engine.pods import troubled_container, worst
from kfctl.engine.surroundings import Surroundings
from kfctl.model.status import Cause, Health

FIXTURES = sorted((Path(__file__).parents[1] / "health").rglob("*.yaml"))


def judged(path: Path) -> tuple[dict[str, str], Any]:
    body, *pods = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    notes = {key.removeprefix("test/"): text for key, text in body["metadata"]["annotations"].items()}
    made = datetime.fromisoformat(body["metadata"]["creationTimestamp"]).timestamp()
    around = Surroundings(
        now=made + float(notes.get("age", "3600")),
        pods=tuple(pods),
        wait_for_jobs="wait-for-jobs" in notes,
        binding_modes=yaml.safe_load(notes.get("binding-modes", "{}")),
    )
    return notes, health(body, around)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_fixture(path: Path) -> None:
    notes, status = judged(path)
    assert f"{status.health.value}: {status.message}".strip() == notes["expect"]
    if "because" in notes:
        told, _, hint = notes["because"].partition(" -> ")
        assert f"{status.cause.reason}: {status.cause.message}" == told
        assert hint in status.cause.hint
        assert status.cause.hint


JOBS = {"Job", "TFJob", "PyTorchJob", "TrainJob", "JobSet", "SparkApplication", "RayJob", "Workflow"}


@pytest.mark.parametrize(
    "path", [path for path in FIXTURES if path.parent.name in JOBS], ids=lambda p: p.stem
)
def test_a_job_has_ended_when_it_is_done_or_has_failed(path: Path) -> None:
    _, status = judged(path)
    body, *_ = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    assert has_ended(body) is (status.health in {Health.DONE, Health.FAILED})


def test_what_has_failed_and_is_no_job_may_come_round() -> None:
    path = Path(__file__).parents[1] / "health/Deployment/too-late.yaml"
    assert judged(path)[1].health is Health.FAILED
    assert not has_ended(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("kind", "spec", "removed"),
    [
        ("Job", {"ttlSecondsAfterFinished": 0}, True),
        ("TFJob", {"runPolicy": {"ttlSecondsAfterFinished": 60}}, True),
        ("Workflow", {"ttlStrategy": {"secondsAfterCompletion": 60}}, True),
        ("RayJob", {"ttlSecondsAfterFinished": 60, "shutdownAfterJobFinishes": True}, False),
        ("Job", {}, False),
    ],
)
def test_a_job_with_a_ttl_that_is_gone_is_done(kind: str, spec: dict[str, Any], removed: bool) -> None:
    found = gone({"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec})
    assert found.health is (Health.DONE if removed else Health.MISSING)


def test_every_kind_that_is_judged_has_a_fixture() -> None:
    tested = {path.parent.name for path in FIXTURES}
    of_one_sort = {"MPIJob", "XGBoostJob", "PaddleJob", "JAXJob", "ReplicationController"}
    of_one_sort |= {"GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"}
    assert {kind for _, kind in HEALTH} - tested <= of_one_sort


def test_pods_are_children_and_the_worst_is_the_cause() -> None:
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "ns", "labels": {"kfctl.dev/component": "front"}},
        "spec": {"replicas": 3},
        "status": {"observedGeneration": 0, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 1},
    }
    pods = (pod("a", restarts=0), pod("b", restarts=2), pod("c", restarts=7), pod("d", ready=True))
    status = health(body, Surroundings(0.0, pods))
    assert status.component == "front"
    assert [child.health for child in status.children] == [Health.FAILED] * 3 + [Health.READY]
    assert status.cause is not None
    assert status.cause.pod == "c"


def test_a_ready_object_has_no_cause_whatever_its_pods_say() -> None:
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}}
    body["status"] = {"startTime": "x", "conditions": [{"type": "Complete", "status": "True"}]}
    assert health(body, Surroundings(0.0, (pod("a"),))).cause is None


def test_a_pod_has_itself_as_cause() -> None:
    assert health(pod("a", restarts=1), Surroundings(0.0)).cause == Cause(
        "a",
        "CrashLoopBackOff",
        "container main ended with exit code 1, 1 restart",
        hint="the program ends again and again: read its log",
    )


def test_what_is_up_and_has_just_failed_is_told_by_its_log_before_and_counts_last() -> None:
    up = pod("up", ready=True, restarts=2)
    status = up["status"]["containerStatuses"][0]
    status["state"] = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    status["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
    now = datetime.fromisoformat("2026-01-01T00:00:10Z").timestamp()
    assert worst([up]) is None
    assert worst([up], now) is up
    assert worst([up, down := pod("down")], now) is down
    assert worst([up, pod("other", ready=True)], now + 30) is None
    assert troubled_container(up) == ("main", True)


def test_lines_of_a_log_that_repeat_are_shown_once() -> None:
    assert telling(["a", "b", "b", "b", "a"]) == ("a", "b  (3 times)", "a")
    assert telling(map(str, range(20))) == tuple(map(str, range(10, 20)))


def test_the_pods_of_the_newest_revision_tell_the_cause() -> None:
    def of(revision: str, made: str, **how: Any) -> dict[str, Any]:
        found = pod(f"web-{revision}", **how)
        found["metadata"] |= {"labels": {"pod-template-hash": revision}, "creationTimestamp": made}
        return found

    old, new = of("a", "2026-01-01T00:00:00Z", restarts=9), of("b", "2026-01-02T00:00:00Z")
    assert worst([old, new]) is new
    assert worst([old, of("b", "2026-01-02T00:00:00Z", ready=True)]) is old
    old["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z"
    assert worst([old]) is None


@pytest.mark.parametrize("status", [None, {}, {"conditions": None}, {"conditions": [None, 3, {}]}])
@pytest.mark.parametrize("key", [*HEALTH, ("example.com", "Thing"), ("", "ConfigMap")])
def test_no_status_breaks_the_judge(key: tuple[str, str], status: Any) -> None:
    group, kind = key
    body = {
        "apiVersion": f"{group}/v1".lstrip("/"),
        "kind": kind,
        "metadata": {"name": "x"},
        "status": status,
    }
    assert health(body, Surroundings(0.0)).key == (group, kind, "", "x")


def pod(name: str, *, ready: bool = False, restarts: int = 0) -> dict[str, Any]:
    state: dict[str, Any] = {"running": {}}
    if not ready:
        state = {"waiting": {"reason": "CrashLoopBackOff"}}
    container = {
        "name": "main",
        "ready": ready,
        "restartCount": restarts,
        "state": state,
        "lastState": {} if ready else {"terminated": {"exitCode": 1, "reason": "Error"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns"},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [container],
        },
    }
