"""An apply on a real API server: what is done, what is not and why, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.actions.apply import refuse_unasked
from kfctl.actions.plan import decide
from kfctl.cluster.client import Cluster
from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import Selection, Write
from kfctl.cluster.retry import Patience
from kfctl.engine.keep import Permits
from kfctl.engine.plan import Choices
from kfctl.errors import AppError, ExitCode, Forbidden, Refused
from kfctl.model.plan import Action
from kfctl.model.status import Event, Health, Step
from tests.apply.conftest import config_map, definition, deployment, job, thing
from tests.cluster.processes import wait_until
from tests.faults.proxy import Reset, Status

if TYPE_CHECKING:
    from pathlib import Path

    from kfctl.actions.apply import Apply
    from kfctl.model.plan import Change
    from kfctl.model.report import Report, Row
    from tests.apply.conftest import World
    from tests.faults.proxy import Fault, Proxy, Request

OUT_OF_RANGE: dict[str, Any] = {  # the server tells so only when it really writes
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "broken"},
    "spec": {"type": "NodePort", "ports": [{"port": 80, "protocol": "TCP", "nodePort": 99}]},
}


def rows(report: Report) -> dict[str, Row]:
    return {str(row.key): row for row in report.rows}


def results(report: Report) -> dict[str, str]:
    return {
        str(row.key): row.action.value if row.step is Step.DONE else row.step.value for row in report.rows
    }


def test_what_needs_no_pods_is_applied_and_ready(world: World) -> None:
    world.write(one=[config_map("a", x="1")], two=[config_map("b")])
    events, report = world.apply()
    assert report.exit_code is ExitCode.OK
    assert results(report) == {"ConfigMap/a": "create", "ConfigMap/b": "create"}
    assert [row.component for row in report.rows] == ["one", "two"]
    assert all(row.status and row.status.health is Health.READY for row in report.rows)
    assert {event.step for event in events} == {Step.STARTED, Step.DONE, Step.STATUS}
    live = world.admin.get("v1", "ConfigMap", "a", world.namespace)
    assert live["metadata"]["labels"]["kfctl.dev/component"] == "one"
    assert {entry["manager"] for entry in live["metadata"]["managedFields"]} == {"kfctl"}


def test_a_second_apply_changes_nothing_and_a_change_updates(world: World) -> None:
    world.write(one=[config_map("a", x="1"), config_map("b")])
    world.apply()
    assert results(world.apply()[1]) == {"ConfigMap/a": "unchanged", "ConfigMap/b": "unchanged"}
    world.write(one=[config_map("a", x="2"), config_map("b")])
    assert results(world.apply()[1]) == {"ConfigMap/a": "update", "ConfigMap/b": "unchanged"}
    assert world.admin.get("v1", "ConfigMap", "a", world.namespace)["data"] == {"x": "2"}


def test_the_first_apply_records_the_cluster(world: World) -> None:
    world.write(one=[config_map("a")])
    world.apply()
    assert world.admin.uid() in (world.root / "environments/default.yaml").read_text()


def test_what_left_the_app_is_deleted_unless_told_otherwise(world: World) -> None:
    world.write(one=[config_map("a")], two=[config_map("b")])
    world.apply()
    world.write(one=[config_map("a")])
    _, report = world.apply(choices=Choices(permits=Permits(prune=False)))
    assert [(str(change.key), change.reason) for change in report.left] == [("ConfigMap/b", "--no-prune")]
    assert world.admin.find("v1", "ConfigMap", "b", world.namespace)
    _, report = world.apply()
    assert results(report) == {"ConfigMap/a": "unchanged", "ConfigMap/b": "delete"}
    assert report.exit_code is ExitCode.OK
    assert world.admin.find("v1", "ConfigMap", "b", world.namespace) is None


def test_a_missing_namespace_is_made_first_and_said(nodeless: World) -> None:
    nodeless.namespace = f"{nodeless.namespace}-new"
    nodeless.write(one=[config_map("a")])
    try:
        events, report = nodeless.apply()
        assert results(report) == {f"Namespace/{nodeless.namespace}": "create", "ConfigMap/a": "create"}
        assert events[0].message == "the namespace was missing"
        assert report.exit_code is ExitCode.OK
    finally:
        nodeless.admin.delete(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": nodeless.namespace}}
        )


def test_a_namespace_that_may_not_be_made_ends_it_before_it_begins(world: World) -> None:
    world.namespace = f"{world.namespace}-new"
    world.write(one=[config_map("a")])
    with pytest.raises(Forbidden, match="cannot create resource"):
        world.apply()


def test_a_failure_stops_what_needs_it_and_no_neighbour(
    nodeless: World, proxy: Proxy, tmp_path: Path
) -> None:
    nodeless.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    reads = [{"name": "v", "secret": {"secretName": "bad"}}]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bad"}, "data": {"x": "eA=="}}
    nodeless.write(
        one=[secret, OUT_OF_RANGE, config_map("good"), deployment("reads", replicas=0, volumes=reads)]
    )

    def refused(request: Request) -> Fault | None:
        """Refuse the write alone, as an admission plugin may that takes no notice of dry runs."""
        written = request.method == "PATCH" and "/secrets/bad" in request.path
        return Status(422, "Invalid") if written and "dryRun" not in request.path else None

    proxy.script = refused
    _, report = nodeless.apply()
    assert results(report) == {
        "Secret/bad": "failed",
        "ConfigMap/good": "create",
        "Service/broken": "failed",
        "Deployment/reads": "skipped",
    }
    assert rows(report)["Deployment/reads"].message == "Secret/bad (what its pods read) was not applied"
    assert "provided port is not in the valid range" in rows(report)["Service/broken"].message
    assert rows(report)["ConfigMap/good"].status is not None
    assert report.exit_code is ExitCode.CLUSTER


def test_a_definition_and_its_objects_go_in_one_apply(world: World, new_kind: str) -> None:
    world.write(one=[thing(new_kind, "a"), thing(new_kind, "b"), definition(new_kind)])
    events, report = world.apply(on=lambda event, _: say_ready(world, event, new_kind))
    assert report.exit_code is ExitCode.OK
    done = [str(event.key) for event in events if event.step is Step.DONE]
    assert done[0].startswith("CustomResourceDefinition/")
    assert sorted(done[1:]) == [f"{new_kind}/a", f"{new_kind}/b"]
    assert rows(report)[f"{new_kind}/a"].status is not None


def later_version(kind: str) -> dict[str, Any]:
    """The definition once v2 has come in the place of v1, which is only known still."""
    later = definition(kind)
    (first,) = later["spec"]["versions"]
    later["spec"]["versions"] = [
        {**first, "served": False, "storage": False},
        {**first, "name": "v2"},
    ]
    return later


def test_a_kind_changes_its_version_in_one_apply(world: World, new_kind: str) -> None:
    world.write(one=[definition(new_kind), thing(new_kind, "stays"), thing(new_kind, "goes")])
    world.apply(on=lambda event, _: say_ready(world, event, new_kind))
    group = "things.kfctl.test"
    before = world.admin.get(f"{group}/v1", new_kind, "stays", world.namespace)["metadata"]["uid"]
    world.write(one=[later_version(new_kind), {**thing(new_kind, "stays"), "apiVersion": f"{group}/v2"}])
    _, report = world.apply(wait=False)
    assert report.exit_code is ExitCode.OK
    assert results(report) == {
        f"CustomResourceDefinition/{new_kind.lower()}s.{group}": "update",
        f"{new_kind}/stays": "update",
        f"{new_kind}/goes": "delete",
    }
    world.admin.refresh_kinds()
    (left,) = world.admin.list_all(f"{group}/v2", new_kind, Selection(world.namespace)).items
    assert (left["metadata"]["name"], left["metadata"]["uid"]) == ("stays", before)
    world.write()
    _, report = world.apply(choices=Choices(allow_empty=True))
    assert results(report)[f"{new_kind}/stays"] == "delete"


def test_an_object_of_somebody_else_in_another_version_is_seen(world: World, new_kind: str) -> None:
    world.write(one=[definition(new_kind)])
    world.apply()
    theirs = thing(new_kind, "a")
    theirs["metadata"] |= {"namespace": world.namespace, "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    world.admin.apply(theirs, Write(manager="helm"))
    ours = {**thing(new_kind, "a"), "apiVersion": "things.kfctl.test/v2"}
    world.write(one=[later_version(new_kind), ours])
    change = next(change for change in world.prepare().plan.changes if change.key.name == "a")
    assert (change.action, change.reason) == (Action.REFUSE, "it belongs to Helm")


def test_what_nothing_converts_just_now_is_planned_by_the_version_that_is_stored(
    world: World, new_kind: str
) -> None:
    kind = definition(new_kind)
    kind["spec"]["versions"].append({**kind["spec"]["versions"][0], "name": "v2", "storage": False})
    world.write(one=[kind, thing(new_kind, "a", spec={"size": 1})])
    world.apply(wait=False)
    nobody = {"clientConfig": {"url": "https://127.0.0.1:1/"}, "conversionReviewVersions": ["v1"]}
    kind["spec"]["conversion"] = {"strategy": "Webhook", "webhook": nobody}
    later = {**thing(new_kind, "a", spec={"size": 2}), "apiVersion": "things.kfctl.test/v2"}
    world.write(one=[kind, later])
    prepared = world.prepare()
    world.admin.apply(kind, Write(manager="kfctl"))
    impatient = Cluster(prepared.cluster.transport, patience=Patience(base=0.001, total=0.1))

    def planned() -> Change:
        changes = decide(replace(prepared.about, cluster=impatient)).plan.changes
        return next(change for change in changes if change.key.name == "a")

    try:
        assert wait_until(lambda: planned().approximate, 20.0)
        change = planned()
    finally:  # what nobody converts can't be listed, in any namespace
        del kind["spec"]["conversion"]
        world.admin.apply(kind, Write(manager="kfctl"))
    assert change.action is Action.UPDATE
    assert change.reason == "the conversion webhook of its kind does not answer"
    assert [field.path for field in change.fields] == ["apiVersion", "spec.size"]


def test_what_may_not_be_looked_at_when_it_can_be_tried_ends_the_apply_in_order(
    world: World, new_kind: str, proxy: Proxy, tmp_path: Path
) -> None:
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    world.write(one=[definition(new_kind), thing(new_kind, "a"), config_map("beside")])
    message = f'"a" is forbidden: User "x" cannot get resource "{new_kind.lower()}s"'
    proxy.script = lambda request: (
        Status(403, "Forbidden", message) if request.path.partition("?")[0].endswith("/a") else None
    )
    _, report = world.apply(wait=False)
    assert results(report) == {
        f"CustomResourceDefinition/{new_kind.lower()}s.things.kfctl.test": "create",
        f"{new_kind}/a": "failed",
        "ConfigMap/beside": "skipped",
    }
    assert message in rows(report)[f"{new_kind}/a"].message


def say_ready(world: World, event: Event, kind: str) -> None:
    """Do as a controller does: say in the status of a custom resource that it is ready."""
    if event.status and event.key and event.key.kind == kind and not event.status.health.good:
        condition = {"type": "Ready", "status": "True", "reason": "Played"}
        body = thing(kind, event.key.name)
        body["metadata"]["namespace"] = world.namespace
        world.admin.patch(body, {"status": {"conditions": [condition]}}, "status")


def test_depends_on_waits_until_the_other_is_ready(world: World) -> None:
    late = config_map("late")
    late["metadata"]["annotations"] = {"kfctl.dev/depends-on": "Deployment/db"}
    world.write(one=[late, deployment("db")])

    def hands(event: Event, _: Apply) -> None:
        if event.step is Step.NOTE:
            assert not world.admin.find("v1", "ConfigMap", "late", world.namespace)
            world.play("db", ready=True)

    events, report = world.apply(on=hands)
    assert report.exit_code is ExitCode.OK
    notes = [event.message for event in events if event.step is Step.NOTE]
    assert notes == ["waits for Deployment/db (which it depends on)"]


def test_what_depends_on_something_that_does_not_come_up_is_skipped(world: World) -> None:
    late = config_map("late")
    late["metadata"]["annotations"] = {"kfctl.dev/depends-on": "Deployment/db"}
    world.write(one=[late, deployment("db"), config_map("early")])
    _, report = world.apply(timeout=1.0)
    assert results(report) == {
        "ConfigMap/early": "create",
        "Deployment/db": "create",
        "ConfigMap/late": "skipped",
    }
    assert "Deployment/db (which it depends on) is not ready" in rows(report)["ConfigMap/late"].message
    assert report.exit_code is ExitCode.NOT_READY


def test_a_dependency_that_is_not_there_is_an_error_or_a_warning_for_a_part(world: World) -> None:
    late = config_map("late")
    late["metadata"]["annotations"] = {"kfctl.dev/depends-on": "Deployment/dbb"}
    world.write(one=[late], two=[deployment("db", replicas=0)])
    with pytest.raises(AppError, match="Deployment/dbb, which is not among the objects"):
        world.prepare()
    assert "it is not waited for" in world.prepare("one").plan.warnings[0]


def test_a_webhook_is_waited_for_until_what_serves_it_is_ready(world: World, new_kind: str) -> None:
    rule = {
        "apiGroups": ["things.kfctl.test"],
        "apiVersions": ["*"],
        "operations": ["CREATE"],
        "resources": [f"{new_kind.lower()}s"],
    }
    webhook = {
        "name": "check.things.kfctl.test",
        "rules": [rule],
        "clientConfig": {"service": {"name": "op", "namespace": world.namespace, "path": "/"}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"check-{new_kind.lower()}"},
        "webhooks": [webhook],
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "op"},
        "spec": {"selector": {"app": "op"}, "ports": [{"port": 443, "protocol": "TCP"}]},
    }
    world.write(one=[definition(new_kind), service, deployment("op"), configuration, thing(new_kind, "a")])
    try:
        _, report = world.apply(timeout=2.0)
        row = rows(report)[f"{new_kind}/a"]
        assert row.step is Step.SKIPPED
        assert "Deployment/op (the webhook that admits it) is not ready" in row.message
        assert report.exit_code is ExitCode.NOT_READY
    finally:
        world.admin.delete(configuration)


def test_what_comes_with_its_kind_and_its_namespace_is_tried_before_the_rest_is_written(
    world: World, new_kind: str
) -> None:
    world = replace(world, login=replace(world.login, user=None))  # who may make namespaces
    inside = f"{world.namespace}-own"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inside}}
    kind = definition(new_kind)
    rule = {"rule": "self.size > 0", "message": "nothing is too small"}
    size = {"type": "object", "properties": {"size": {"type": "integer"}}, "x-kubernetes-validations": [rule]}
    kind["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"] = {"spec": size}

    def write(size: int, replicas: int) -> None:
        small = thing(new_kind, "small", spec={"size": size})
        within = deployment("within", replicas=replicas)
        within["metadata"]["namespace"] = inside
        world.write(one=[namespace, kind, small, within, config_map("beside")])

    try:
        write(0, -1)
        _, report = world.apply(wait=False)
        assert results(report) == {
            f"Namespace/{inside}": "create",
            f"CustomResourceDefinition/{kind['metadata']['name']}": "create",
            f"{new_kind}/small": "failed",
            "Deployment/within": "failed",
            "ConfigMap/beside": "skipped",
        }
        assert "nothing is too small" in rows(report)[f"{new_kind}/small"].message
        assert report.exit_code is ExitCode.CLUSTER
        write(1, 0)
        _, report = world.apply(wait=False)
        assert report.exit_code is ExitCode.OK
    finally:
        if world.admin.find("v1", "Namespace", inside):
            world.admin.delete(namespace)


def test_what_can_not_be_tried_yet_keeps_nothing_waiting_but_itself(world: World, new_kind: str) -> None:
    world.write(one=[deployment("db")])
    world.apply(wait=False)
    late = thing(new_kind, "late")
    late["metadata"]["annotations"] = {"kfctl.dev/depends-on": "Deployment/db"}
    world.write(one=[deployment("db"), config_map("mends"), definition(new_kind), late])

    def mended(event: Event, _: Apply) -> None:
        if event.step is Step.DONE and event.key and event.key.name == "mends":
            world.play("db", ready=True)

    _, report = world.apply(on=mended, wait=False)
    assert results(report)[f"{new_kind}/late"] == "create"


def test_a_quota_is_raised_with_what_needs_it(world: World) -> None:
    def quota(number: int) -> dict[str, Any]:
        spec = {"hard": {"count/services": str(number)}}
        return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all"}, "spec": spec}

    def service(name: str) -> dict[str, Any]:
        ports = {"ports": [{"port": 80}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": ports}

    world = replace(world, login=replace(world.login, user=None))
    world.write(one=[quota(1)])
    world.apply()
    assert wait_until(
        lambda: used(world, "count/services") == "0", 60
    )  # what comes beside it may go uncounted
    world.write(one=[quota(1), service("first")])
    world.apply()
    assert wait_until(lambda: used(world, "count/services") == "1", 60)
    world.write(one=[quota(1), service("first"), service("second")])
    assert world.prepare().plan.counts() == {"unchanged": 2, "refuse": 1}
    world.write(one=[quota(2), service("first"), service("second")])
    _, report = world.apply()
    assert report.exit_code is ExitCode.OK
    assert results(report) == {
        "ResourceQuota/all": "update",
        "Service/first": "unchanged",
        "Service/second": "create",
    }


@pytest.mark.parametrize("of_nobody", [False, True])
def test_a_strategy_that_the_server_chose_makes_way(world: World, of_nobody: bool) -> None:
    web = deployment("web", replicas=0)
    world.write(one=[web])
    if of_nobody:
        sent = {**web, "metadata": {**web["metadata"], "namespace": world.namespace}}
        world.admin.create(sent, Write(manager="kubectl-create"))
    else:
        world.apply(wait=False)
    world.write(one=[{**web, "spec": {**web["spec"], "strategy": {"type": "Recreate"}, "paused": True}}])
    prepared = world.prepare(wait=False, choices=Choices(adopt=True))
    (change,) = prepared.plan.changes
    changed = {field.path for field in change.fields if "metadata" not in field.path}
    assert changed == {"spec.strategy.type", "spec.strategy.rollingUpdate", "spec.paused"}
    _, report = world.carry_out(prepared)
    assert results(report) == {"Deployment/web": "adopt" if of_nobody else "update"}
    live = world.admin.get("apps/v1", "Deployment", "web", world.namespace)
    assert live["spec"]["strategy"] == {"type": "Recreate"}
    assert world.prepare().plan.counts() == {"unchanged": 1}


def used(world: World, what: str) -> str:
    quota = world.admin.get("v1", "ResourceQuota", "all", world.namespace)
    return str(quota.get("status", {}).get("used", {}).get(what, ""))


def test_a_changed_job_is_replaced_if_somebody_says_yes(world: World) -> None:
    world.write(one=[job("train")])
    world.apply(wait=False)
    first = world.admin.get("batch/v1", "Job", "train", world.namespace)["metadata"]["uid"]
    world.write(one=[job("train", command="other")])
    prepared = world.prepare(wait=False)
    assert [change.action for change in prepared.plan.changes] == [Action.REPLACE]
    with pytest.raises(Refused, match="replace Job/train"):
        refuse_unasked(prepared.plan, None)
    with pytest.raises(Refused, match="nothing was written"):
        refuse_unasked(prepared.plan, lambda question: False)
    refuse_unasked(prepared.plan, lambda question: "replace Job/train" in question)
    _, report = world.apply(wait=False)
    assert results(report) == {"Job/train": "replace"}
    assert world.admin.get("batch/v1", "Job", "train", world.namespace)["metadata"]["uid"] != first


def test_an_object_that_is_being_deleted_is_waited_for_and_its_finalizer_named(world: World) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["kfctl.test/hold"]
    world.write(one=[held])
    world.apply()
    live = world.admin.get("v1", "ConfigMap", "held", world.namespace)
    world.admin.delete(live)
    world.write(one=[config_map("held")])
    try:
        _, report = world.apply(timeout=0.5)
        assert rows(report)["ConfigMap/held"].step is Step.FAILED
        assert "held by kfctl.test/hold" in rows(report)["ConfigMap/held"].message
    finally:
        world.admin.patch(live, {"metadata": {"finalizers": None}})
    assert results(world.apply()[1]) == {"ConfigMap/held": "create"}


def test_a_pod_in_a_new_namespace_waits_for_its_account(nodeless: World) -> None:
    nodeless.namespace = f"{nodeless.namespace}-new"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bare"},
        "spec": {"containers": [{"name": "main", "image": "nosuch"}]},
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner"}}
    other = {**pod, "metadata": {"name": "as"}, "spec": {**pod["spec"], "serviceAccountName": "runner"}}
    nodeless.write(one=[pod, account, other])
    try:
        _, report = nodeless.apply(wait=False)
        assert results(report)["Pod/bare"] == results(report)["Pod/as"] == "create"
    finally:
        nodeless.admin.delete(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": nodeless.namespace}}
        )


def test_a_server_that_is_away_for_a_moment_is_tried_again_and_said(
    world: World, proxy: Proxy, tmp_path: Path
) -> None:
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    world.write(one=[config_map("a")])
    refused: list[Request] = []

    def away(request: Request) -> Fault | None:
        written = request.method == "PATCH" and "/configmaps/" in request.path
        if written and "dryRun" not in request.path and len(refused) < 2:
            refused.append(request)
            return Status(503)
        return None

    proxy.script = away
    events, report = world.apply()
    assert report.exit_code is ExitCode.OK
    retried = [event.message for event in events if event.step is Step.RETRIED]
    assert len(retried) == 2
    assert retried[0].startswith("injected by the fault proxy; again in ")


def test_a_server_that_goes_away_ends_the_apply_and_what_was_not_begun_is_told(
    world: World, proxy: Proxy, tmp_path: Path
) -> None:
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    world.write(one=[config_map(f"c{number}") for number in range(120)], two=[deployment("late")])
    prepared = world.prepare()
    impatient = Cluster(prepared.cluster.transport, patience=Patience(base=0.001))
    proxy.script = lambda r: Reset() if r.method == "PATCH" and "/configmaps/" in r.path else None
    events, report = world.carry_out(replace(prepared, cluster=impatient))
    outcome = [row.step for row in report.rows]
    assert set(outcome) == {Step.FAILED, Step.SKIPPED}
    assert outcome.count(Step.FAILED) <= 64
    assert rows(report)["Deployment/late"].message == "the server can't be reached any more"
    assert report.exit_code is ExitCode.CLUSTER
    assert not any(event.status for event in events)
