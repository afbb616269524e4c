"""What leaves an app, and an app that leaves a cluster."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import Selection
from kfctl.engine.keep import Permits
from kfctl.engine.plan import Choices
from kfctl.errors import ExitCode
from kfctl.model.status import Step
from tests.apply.conftest import CLAIM_SPEC, config_map, definition, deployment, thing
from tests.apply.test_apply import results, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.apply.conftest import Body, World
    from tests.conftest import Run

CLAIM: Body = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "files"},
    "spec": CLAIM_SPEC,
}
OURS = "kfctl.dev/record-of"


@pytest.fixture
def typed(kfctl: Callable[..., Run], world: World) -> Callable[..., Run]:
    """Run a command of kfctl in the app."""

    def run(*args: str) -> Run:
        return kfctl(*args, cwd=world.root, env={"KUBECONFIG": world.login.kubeconfig or ""})

    return run


def kept(world: World) -> set[str]:
    """The names of all that kfctl keeps for itself in the namespace."""
    selection = Selection(world.namespace, OURS)
    kinds = [("v1", "Secret"), ("coordination.k8s.io/v1", "Lease")]
    return {
        body["metadata"]["name"] for kind in kinds for body in world.admin.list_all(*kind, selection).items
    }


def test_what_goes_is_asked_for_and_data_stays(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a"), config_map("b"), CLAIM])
    assert typed("apply", "--no-wait").code == ExitCode.OK
    world.write(one=[config_map("a")])
    ran = typed("apply", "--no-wait")
    assert ran.code == ExitCode.REFUSED
    assert "this would delete ConfigMap/b" in ran.err
    ran = typed("apply", "--no-wait", "--yes")
    assert ran.code == ExitCode.OK
    assert "= PersistentVolumeClaim/files  keep: it holds data\n    --delete-data deletes it" in ran.out
    assert world.admin.find("v1", "ConfigMap", "b", world.namespace) is None
    assert world.admin.find("v1", "PersistentVolumeClaim", "files", world.namespace)
    assert typed("diff").code == ExitCode.OK
    assert typed("diff", "--delete-data").code == ExitCode.DIFFERENT


def test_an_environment_that_nothing_is_left_of_is_bound_to_no_cluster(
    world: World, typed: Callable[..., Run]
) -> None:
    world.write(one=[config_map("a"), CLAIM])
    file = world.root / "environments/default.yaml"
    assert typed("apply", "--no-wait").code == ExitCode.OK
    assert "clusterUid: " in file.read_text()
    for more in ("--dry-run", "--yes"):  # the second leaves the claim, and so the record
        assert typed("delete", more).code == ExitCode.OK
        assert "clusterUid: " in file.read_text()
    ran = typed("delete", "--yes", "--delete-data")
    assert ran.code == ExitCode.OK
    told = (
        "environment default is bound to no cluster any more (clusterUid is out of environments/default.yaml)"
    )
    assert told in ran.err
    assert "clusterUid" not in file.read_text()
    assert typed("env", "set", "default", "--namespace", "another").code == ExitCode.OK


def test_a_namespace_that_an_apply_made_goes_if_nothing_else_is_in_it(
    world: World, typed: Callable[..., Run]
) -> None:
    ours, asked = world.namespace, ("delete", "--yes", "--delete-namespace")
    world.write(one=[config_map("a")])
    assert typed("apply", "--no-wait").code == ExitCode.OK
    assert f"namespace {ours} stays: no apply of this app has made it" in typed(*asked).err
    world.namespace = f"{ours}-new"
    other = config_map("other")
    other["metadata"]["namespace"] = world.namespace
    for expected, before in (("stays: it holds ConfigMap/other", world.admin.apply), ("being deleted", None)):
        world.write(one=[config_map("a")])
        assert typed("apply", "--no-wait").code == ExitCode.OK
        if before:
            before(other)
        else:
            world.admin.delete(other)
        ran = typed(*asked)
        assert ran.code == ExitCode.OK
        assert expected in ran.err
    gone = world.admin.find("v1", "Namespace", world.namespace)
    assert gone is None or gone["metadata"]["deletionTimestamp"]


def test_a_namespace_of_the_apps_own_is_counted_once_and_not_said_to_stay(
    world: World, typed: Callable[..., Run]
) -> None:
    world.namespace = f"{world.namespace}-own"
    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}}
    world.write(one=[own, config_map("a")])
    ran = typed("apply", "--no-wait")
    assert ran.code == ExitCode.OK
    assert "2 to create." in ran.out and "2 created." in ran.out
    ran = typed("delete", "--yes", "--delete-namespace")
    assert ran.code == ExitCode.OK
    assert "2 deleted." in ran.out and "stays" not in ran.err


def test_what_is_on_its_way_out_keeps_no_namespace(world: World, typed: Callable[..., Run]) -> None:
    world.namespace = f"{world.namespace}-new"
    slow = deployment("web")  # its pods take their time to end, as those of a node do
    slow["spec"]["template"]["metadata"]["finalizers"] = ["kfctl.test/slow"]
    world.write(one=[slow])
    assert typed("apply", "--no-wait").code == ExitCode.OK
    pod = world.pods("web")[0]
    asked = ("delete", "--yes", "--delete-namespace")
    ran = typed(*asked, "--timeout", "2s")
    held = f"Pod/{pod['metadata']['name']}"
    assert f"namespace {world.namespace} goes when {held} is gone" in ran.err
    assert f"namespace {world.namespace} stays: it holds {held}" in ran.err
    ended = threading.Timer(3, world.admin.patch, (pod, {"metadata": {"finalizers": None}}))
    ended.start()
    ran = typed(*asked)
    ended.join()
    assert ran.code == ExitCode.OK
    assert f"namespace {world.namespace}, which an apply had made, is being deleted" in ran.err


def test_an_app_without_objects_is_rather_a_mistake(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a")])
    assert typed("apply").code == ExitCode.OK
    world.write()
    for ran in (typed("diff"), typed("apply", "--yes")):
        assert ran.code == ExitCode.REFUSED
        assert "the app has no objects any more" in ran.err
        assert "--allow-empty" in ran.err
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace)
    assert typed("apply", "--yes", "--allow-empty").code == ExitCode.OK
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace) is None


def test_a_component_takes_no_other_along(world: World) -> None:
    world.write(one=[config_map("a"), config_map("a2")], two=[config_map("b")])
    world.apply()
    world.write(one=[config_map("a")], two=[config_map("c")])
    _, report = world.apply("one")
    assert results(report) == {"ConfigMap/a": "unchanged", "ConfigMap/a2": "delete"}
    assert world.admin.find("v1", "ConfigMap", "b", world.namespace)
    _, report = world.apply()
    assert results(report)["ConfigMap/b"] == "delete"


def test_a_change_after_the_plan_is_looked_at_again(world: World) -> None:
    world.write(one=[config_map("a"), config_map("b"), config_map("c")])
    world.apply()
    world.write(one=[config_map("a")])
    from kfctl.actions.run import begun, run

    with begun(world.prepare()) as ready:
        named = {"apiVersion": "v1", "kind": "ConfigMap"}
        b = {**named, "metadata": {"name": "b", "namespace": world.namespace}}
        c = {**named, "metadata": {"name": "c", "namespace": world.namespace}}
        world.admin.patch(b, {"metadata": {"annotations": {"kfctl.dev/keep": "true"}}})
        world.admin.patch(c, {"data": {"x": "1"}})
        events = list(run(ready))
    ends = {str(each.key): each for each in events if each.step in {Step.DONE, Step.FAILED} and each.action}
    assert ends["ConfigMap/c"].step is Step.DONE
    assert ends["ConfigMap/b"].step is Step.FAILED
    assert "its annotation says so" in ends["ConfigMap/b"].message
    assert world.admin.find("v1", "ConfigMap", "b", world.namespace)


def test_a_definition_of_which_only_the_status_has_changed_goes(world: World, new_kind: str) -> None:
    from kfctl.actions.run import begun, run

    world.login = replace(world.login, user=None)
    kind = definition(new_kind)
    world.write(one=[config_map("a"), kind])
    world.apply()
    world.write(one=[config_map("a")])
    prepared = world.prepare(choices=Choices(permits=Permits(definitions=True)))
    noted = {"type": "Noted", "status": "True", "reason": "x", "message": "", "lastTransitionTime": None}
    with begun(prepared) as ready:
        world.admin.patch(kind, {"status": {"conditions": [noted]}}, "status")
        list(run(ready))
    name = kind["metadata"]["name"]
    found = world.admin.find(kind["apiVersion"], kind["kind"], name)
    assert found is None or found["metadata"].get("deletionTimestamp")


def test_nothing_goes_when_something_could_not_be_applied(world: World) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    world.apply()
    late = config_map("late")
    late["metadata"]["annotations"] = {"kfctl.dev/depends-on": "Deployment/db"}
    world.write(one=[config_map("a"), late, deployment("db")])
    _, report = world.apply(timeout=1.0)
    assert results(report)["ConfigMap/b"] == "skipped"
    assert "not everything could be applied" in rows(report)["ConfigMap/b"].message


def test_what_holds_an_object_is_named(world: World) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["kfctl.test/hold"]
    world.write(one=[config_map("a"), held])
    world.apply()
    world.write(one=[config_map("a")])
    live = {**held, "metadata": {"name": "held", "namespace": world.namespace}}
    try:
        from kfctl.actions import run

        before, run._TO_GO = run._TO_GO, 0.5
        _, report = world.apply(timeout=0.5)
        run._TO_GO = before
        row = rows(report)["ConfigMap/held"]
        assert (row.step, report.exit_code) == (Step.FAILED, ExitCode.CLUSTER)
        assert "held by kfctl.test/hold" in row.message
    finally:
        world.admin.patch(live, {"metadata": {"finalizers": None}})
    assert world.admin.find("v1", "ConfigMap", "held", world.namespace) is None


def test_a_delete_waits_no_longer_than_it_is_told(world: World, typed: Callable[..., Run]) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["kfctl.test/hold"]
    world.write(one=[held])
    world.apply()
    try:
        began = time.monotonic()
        ran = typed("delete", "--yes", "--timeout", "1s")
        assert (ran.code, time.monotonic() - began < 20) == (ExitCode.CLUSTER, True)
        assert "ConfigMap/held could not be deleted: it is still being deleted, held by" in ran.out
    finally:
        live = {**held, "metadata": {"name": "held", "namespace": world.namespace}}
        world.admin.patch(live, {"metadata": {"finalizers": None}})


def test_delete_leaves_nothing_and_can_be_repeated(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a"), deployment("web", replicas=0)], two=[config_map("b")])
    assert typed("apply", "--no-wait").code == ExitCode.OK
    listed = json.loads(typed("list", "-o", "json").out)  # in the app: where its environments are
    assert listed == json.loads(typed("list", "-n", world.namespace, "-o", "json").out)
    assert [(each["app"], each["environment"], each["objects"]) for each in listed] == [("app", "default", 3)]
    assert typed("delete").code == ExitCode.REFUSED
    ran = typed("delete", "-c", "two", "--yes")
    assert ran.code == ExitCode.OK, ran.err
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace)
    assert world.admin.find("v1", "ConfigMap", "b", world.namespace) is None
    ran = typed("delete", "--yes")
    assert ran.code == ExitCode.OK, ran.err
    assert "2 deleted" in ran.out
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace) is None
    assert kept(world) == set()
    again = typed("delete", "--yes")
    assert (again.code, "nothing of app for default" in again.err) == (ExitCode.OK, True)
    assert "kfctl fsck looks for what no record leads to" in again.err
    assert again.out.endswith("\n\nThere are no objects.\n\nno object was changed.\n")
    assert typed("list", "-n", world.namespace, "-o", "json").out.strip() == "[]"
    assert f"no apps in {world.namespace}; `kfctl list -A`" in typed("list").err


def test_what_could_not_be_looked_for_is_not_called_deleted(world: World, typed: Callable[..., Run]) -> None:
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    world.write(one=[config_map("a"), {**kind, "metadata": {"name": world.namespace}, "rules": []}])
    limited = ("--as", str(world.login.user))
    assert typed("apply").code == ExitCode.OK
    ran = typed("delete", "--yes", *limited)  # who may not list what is of the whole cluster
    assert ran.code == ExitCode.CLUSTER
    assert ran.out.endswith("1 deleted, more may be there that could not be looked for.\n")
    assert typed("delete", "--yes", *limited).code == ExitCode.CLUSTER
    ran = typed("delete", "--yes")
    assert (ran.code, "1 deleted.\n" in ran.out) == (ExitCode.OK, True)


def test_what_there_is_of_an_app_without_objects(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a")])
    assert typed("apply", "--no-wait").code == ExitCode.OK
    ran = typed("delete", "-c", "nope", "--yes")
    assert (ran.code, "nothing of app (nope) for default is in" in ran.err) == (ExitCode.OK, True)
    assert "the app has no component 'nope'" in ran.err
    world.write()
    assert typed("apply", "--yes", "--allow-empty").code == ExitCode.OK
    for more in ("--dry-run", "--yes"):
        ran = typed("delete", more)
        assert (ran.code, "only the record of app for default is in" in ran.err) == (ExitCode.OK, True)
    assert kept(world) == set()


def test_delete_without_the_directory(world: World, typed: Callable[..., Run], new_kind: str) -> None:
    world.write(one=[definition(new_kind), thing(new_kind, "x"), CLAIM])
    world.login = Login(kubeconfig=world.login.kubeconfig, context=world.login.context)
    assert typed("apply", "--no-wait").code == ExitCode.OK
    (world.root / "kfctl.yaml").unlink()
    args = ["--app", "app", "--env", "default", "--namespace", world.namespace]
    wrong = typed("delete", "--app", "apq", *args[2:], "--yes")
    assert (wrong.code, "--app app --env default" in wrong.err) == (ExitCode.USAGE, True)
    ran = typed("delete", *args, "--yes")
    assert ran.code == ExitCode.OK, ran.err
    assert "all objects of its kind would go with it" in ran.out
    assert world.admin.find("v1", "PersistentVolumeClaim", "files", world.namespace)
    ran = typed("delete", *args, "--yes", "--delete-data", "--delete-crds")
    assert ran.code == ExitCode.OK, ran.err
    assert kept(world) == set()
    assert world.admin.find("v1", "PersistentVolumeClaim", "files", world.namespace) is None
