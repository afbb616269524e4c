"""Waiting until everything is ready, and what is said of that which is not."""

from __future__ import annotations

import time
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.actions.judge import Judge
from kfctl.cluster.client import connect
from kfctl.cluster.follow import NO_NODE, End, Followed, Waiting, follow
from kfctl.cluster.kubeconfig import Login
from kfctl.errors import ExitCode
from kfctl.model.status import Event, Health, Status, Step
from tests.apply.conftest import config_map, deployment, job, pod_template
from tests.faults.proxy import Cut
from tests.faults.proxy import Status as Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kfctl.actions.apply import Apply
    from kfctl.cluster.client import Cluster
    from kfctl.model.report import Report
    from tests.apply.conftest import World
    from tests.faults.proxy import Fault, Proxy, Request


CRASHED = {
    "restartCount": 4,
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "containerID": "x"}},
}
NO_IMAGE = {
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "nosuch"'}}
}


def status_of(report: Report, name: str) -> Status:
    found = next(row.status for row in report.rows if str(row.key) == name)
    assert found is not None
    return found


def once(act: Callable[[], None], kind: str = "Deployment") -> Callable[[Event, Apply], None]:
    """Act when an object of that kind is seen first."""
    done: list[bool] = []

    def hands(event: Event, prepared: Apply) -> None:
        del prepared
        if event.status and event.key and event.key.kind == kind and not done:
            done.append(True)
            act()

    return hands


def test_ready_when_all_pods_are(world: World) -> None:
    world.write(one=[deployment("web"), config_map("c")])
    events, report = world.apply(on=once(lambda: world.play("web", ready=True)))
    assert report.exit_code is ExitCode.OK
    told = [event.status.health for event in events if event.status and event.key and event.key.name == "web"]
    assert (told[0], told[-1]) == (Health.PROGRESSING, Health.READY)
    assert status_of(report, "Deployment/web").message == "1 of 1 available"


@pytest.mark.parametrize(
    ("container", "reason", "message", "hint"),
    [
        (CRASHED, "CrashLoopBackOff", "container main ended with exit code 1, 4 restarts", "read its log"),
        (NO_IMAGE, "ImagePullBackOff", 'container main: Back-off pulling image "nosuch"', "imagePullSecrets"),
    ],
)
def test_a_pod_that_does_not_come_up_is_the_cause(
    world: World, container: dict[str, Any], reason: str, message: str, hint: str
) -> None:
    world.write(one=[deployment("web")])

    def hands(event: Event, prepared: Apply) -> None:
        if event.status and event.status.cause and event.status.cause.reason == reason:
            prepared.stop.set()  # seen: no need to wait longer
        elif event.status:
            world.play("web", container, phase="Pending")

    events, report = world.apply(on=hands)
    assert report.interrupted
    cause = status_of(report, "Deployment/web").cause
    assert cause is not None
    assert (cause.reason, cause.message) == (reason, message)
    assert cause.pod.startswith("web-")
    assert hint in cause.hint
    assert events


def test_a_pod_that_fits_nowhere_is_told_with_the_schedulers_words(world: World) -> None:
    world.write(one=[deployment("web")])
    _, report = world.apply(on=once(lambda: world.pods("web") and None), timeout=2.0)
    assert report.exit_code is ExitCode.NOT_READY
    assert report.late
    cause = status_of(report, "Deployment/web").cause
    assert cause is not None
    assert cause.reason == "Unschedulable"
    assert "nodes" in cause.message
    assert cause.hint


def test_a_quota_is_told(world: World) -> None:
    world.admin.create(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "none", "namespace": world.namespace},
            "spec": {"hard": {"pods": "0"}},
        }
    )
    stateful = {**deployment("db"), "kind": "StatefulSet"}
    world.write(one=[deployment("web"), stateful])
    _, report = world.apply(timeout=2.0)
    assert "exceeded quota: none" in status_of(report, "Deployment/web").message
    for name in ("Deployment/web", "StatefulSet/db"):
        cause = status_of(report, name).cause
        assert cause is not None
        assert cause.reason == "FailedCreate"
        assert "exceeded quota: none" in cause.message
        assert "quota" in cause.hint


def test_a_claim_that_nothing_provides_is_told(world: World) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "kfctl-test-none",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    world.write(one=[claim])
    _, report = world.apply(timeout=2.0)
    status = status_of(report, "PersistentVolumeClaim/data")
    assert status.message == "not bound to a volume of class 'kfctl-test-none'"
    assert status.cause is not None
    assert status.cause.reason == "ProvisioningFailed"
    assert status.cause.hint == "there is no StorageClass kfctl-test-none"


def test_a_job_that_runs_is_ready_and_one_that_is_waited_for_has_to_end(world: World) -> None:
    world.write(one=[job("train")])
    _, report = world.apply(on=once(lambda: world.play("train", ready=True), "Job"))
    assert status_of(report, "Job/train").message == "1 of 1 running"
    assert report.exit_code is ExitCode.OK

    ended = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
    act = once(lambda: world.play("train", ended, phase="Succeeded"), "Job")
    _, report = world.apply(on=act, wait_for_jobs=True)
    assert status_of(report, "Job/train").health is Health.DONE
    assert report.exit_code is ExitCode.OK


def test_a_failed_job_is_failed_at_once(world: World) -> None:
    world.write(one=[job("train"), deployment("web")])
    ended = {"state": {"terminated": {"exitCode": 3, "reason": "Error"}}}

    def act() -> None:
        world.play("train", ended, phase="Failed")
        world.play("web", ready=True)

    _, report = world.apply(on=once(act, "Job"))
    assert report.exit_code is ExitCode.NOT_READY
    assert not report.late
    status = status_of(report, "Job/train")
    assert status.health is Health.FAILED
    assert status.message.startswith("BackoffLimitExceeded")
    assert status.cause is not None
    assert status.cause.message == "container main ended with exit code 3"
    assert status_of(report, "Deployment/web").health is Health.READY


def test_a_suspended_job_is_paused_and_not_waited_for(world: World) -> None:
    world.write(one=[job("train", suspend=True)])
    _, report = world.apply(wait_for_jobs=True)
    assert status_of(report, "Job/train").health is Health.PAUSED
    assert report.exit_code is ExitCode.OK


def test_a_bare_pod_whose_failure_passes_is_not_failed(world: World) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", **pod_template("bare")}
    pod["metadata"]["name"] = "bare"
    world.write(one=[pod])
    played: list[str] = []

    def hands(event: Event, _: Apply) -> None:
        if event.status and event.status.health is Health.PROGRESSING and not played:
            played.append("crash")
            world.play("bare", CRASHED)
        elif event.status and event.status.health is Health.FAILED:
            world.play("bare", ready=True)

    _, report = world.apply(on=hands)
    assert played
    assert report.exit_code is ExitCode.OK


def test_without_waiting_nothing_is_said_of_health(world: World) -> None:
    world.write(one=[deployment("web")])
    events, report = world.apply(wait=False)
    assert report.exit_code is ExitCode.OK
    assert not any(event.status for event in events)


def test_no_node_is_said_at_once_and_is_not_ready(nodeless: World) -> None:
    nodeless.write(one=[deployment("web"), config_map("c")])
    events, report = nodeless.apply(timeout=600.0)
    assert report.exit_code is ExitCode.NOT_READY
    assert [event.message for event in events if event.step is Step.NOTE] == [NO_NODE]
    assert report.notes == (NO_NODE,)
    assert status_of(report, "Deployment/web").message == "no ready node for its pods"
    assert status_of(report, "ConfigMap/c").health is Health.READY
    assert not report.late


def test_no_node_does_not_matter_where_nothing_needs_pods(nodeless: World) -> None:
    nodeless.write(one=[deployment("web", replicas=0)])
    _, report = nodeless.apply()
    assert report.exit_code is ExitCode.OK
    assert report.notes == ()


class Ahead:
    """A cluster whose clock is so many seconds further."""

    def __init__(self, cluster: Cluster, seconds: float) -> None:
        self._cluster, self._seconds = cluster, seconds

    def now(self) -> float:
        return self._cluster.now() + self._seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)


@pytest.mark.parametrize(("later", "end"), [(0.0, End.LATE), (31.0, End.SETTLED)])
def test_a_load_balancer_without_an_address_is_waited_for_a_while(
    world: World, later: float, end: End
) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "lb", "namespace": world.namespace},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "protocol": "TCP"}]},
    }
    body = world.admin.create(service)
    _, followed = followed_to_its_end(world.admin, [body], Judge(Ahead(world.admin, later)), 1.0)
    assert followed.end is end
    (status,) = followed.statuses.values()
    assert status.health is (Health.READY if later else Health.PROGRESSING)


def followed_to_its_end(
    cluster: Cluster,
    bodies: list[dict[str, Any]],
    judge: Judge,
    seconds: float,
    on: Callable[[Event], None] = lambda event: None,
) -> tuple[list[Event], Followed]:
    following = follow(cluster, bodies, Waiting(judge, Flag(), time.monotonic() + seconds))
    events = []
    while True:
        try:
            events.append(next(following))
        except StopIteration as ended:
            return events, ended.value
        on(events[-1])


def test_an_object_that_is_deleted_meanwhile_is_missing(world: World) -> None:
    world.write(one=[deployment("web")])

    def act() -> None:
        world.admin.delete(world.admin.get("apps/v1", "Deployment", "web", world.namespace))

    _, report = world.apply(on=once(act))
    assert status_of(report, "Deployment/web").health is Health.MISSING
    assert report.exit_code is ExitCode.NOT_READY


def test_a_finished_job_that_its_ttl_removes_is_done(world: World) -> None:
    world.write(one=[job("train", ttlSecondsAfterFinished=0)])
    ended = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
    act = once(lambda: world.play("train", ended, phase="Succeeded"), "Job")
    _, report = world.apply(on=act, wait_for_jobs=True)
    status = status_of(report, "Job/train")
    assert status.health is Health.DONE
    assert report.exit_code is ExitCode.OK


@pytest.fixture
def through(proxy: Proxy, tmp_path: Path) -> Iterator[Cluster]:
    """A client behind the fault proxy."""
    connected = connect(Login(kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied"))))
    yield connected
    connected.transport.close()


def nodes_forbidden(request: Request) -> Fault | None:
    return Answer(403, "Forbidden") if request.path.startswith("/api/v1/nodes") else None


FAULTS: dict[str, Callable[[Request], Fault | None]] = {
    "watches are cut in the middle": lambda r: Cut() if r.verb == "WATCH" else None,
    "the version is too old": lambda r: Answer(410, "Expired") if r.verb == "WATCH" else None,
    "the right to watch is missing": lambda r: Answer(403, "Forbidden") if r.verb == "WATCH" else None,
    "the server is away for a while": lambda r: Answer(503) if r.verb == "LIST" and r.number < 6 else None,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_following_survives(
    world: World, through: Cluster, proxy: Proxy, fault: Callable[[Request], Fault | None]
) -> None:
    template = deployment("web")
    template["metadata"]["namespace"] = world.namespace
    body = world.admin.create(template)
    world.pods("web")
    through.kinds  # noqa: B018
    proxy.clear()
    proxy.script = lambda request: nodes_forbidden(request) or fault(request)
    played: list[bool] = []

    def hands(event: Event) -> None:
        if event.status and not played:
            played.append(True)
            world.play("web", ready=True)

    _, followed = followed_to_its_end(through, [body], Judge(through), 30.0, hands)
    assert followed.end is End.SETTLED
    assert proxy.fired.total() > 1


def test_what_may_not_be_listed_is_unknown_and_not_waited_for(
    world: World, through: Cluster, proxy: Proxy
) -> None:
    template = deployment("web")
    template["metadata"]["namespace"] = world.namespace
    body = world.admin.create(template)
    through.kinds  # noqa: B018
    proxy.script = lambda r: Answer(403, "Forbidden", "not you") if r.verb in {"LIST", "WATCH"} else None
    _, followed = followed_to_its_end(through, [body], Judge(through), 30.0)
    assert followed.end is End.SETTLED
    (status,) = followed.statuses.values()
    assert status.health is Health.UNKNOWN
    assert status.message == "not you"


def test_it_is_listed_once_and_watched_not_asked_again_and_again(
    world: World, through: Cluster, proxy: Proxy
) -> None:
    bodies = []
    for number in range(5):
        template = deployment(f"web{number}")
        template["metadata"]["namespace"] = world.namespace
        bodies.append(world.admin.create(template))
    through.kinds  # noqa: B018
    proxy.clear()
    proxy.script = nodes_forbidden
    followed_to_its_end(through, bodies, Judge(through), 3.0)
    # Deployments, ReplicaSets and Pods: a list and a watch each; and the nodes.
    assert len(proxy.requests) == 7
