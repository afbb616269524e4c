"""What is recorded of applies, the way back, and a record that is put right."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import Selection
from kfctl.engine import applyset
from kfctl.engine.revision import Contents, Revision, chunk_secret, pack, revision_secret
from kfctl.errors import ExitCode
from kfctl.model.inventory import Run as KfctlRun
from kfctl.model.plan import Scope
from kfctl.model.resource import Resource
from tests.apply.conftest import config_map
from tests.faults.proxy import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.apply.conftest import Body, World
    from tests.conftest import Run
    from tests.faults.proxy import Proxy


@pytest.fixture
def typed(kfctl: Callable[..., Run], world: World) -> Callable[..., Run]:
    """Run a command of kfctl in the app."""

    def run(*args: str) -> Run:
        return kfctl(*args, cwd=world.root, env={"KUBECONFIG": world.login.kubeconfig or ""})

    return run


def secret(text: str) -> Body:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"key": text}}


def revisions(typed: Callable[..., Run]) -> list[tuple[int, str, str]]:
    ran = typed("history", "-o", "json")
    assert ran.code == ExitCode.OK, ran.err
    return [(each["revision"], each["what"], each["changes"]) for each in json.loads(ran.out)]


def test_each_apply_that_changed_something_is_a_revision(world: World, typed: Callable[..., Run]) -> None:
    world.write()
    assert typed("history").err == "no apply of app for default has changed anything yet\n"
    assert typed("apply").code == ExitCode.OK
    assert revisions(typed) == []
    world.write(one=[config_map("a", x="1"), secret("canary-1")], two=[config_map("b")])
    assert typed("apply").code == ExitCode.OK
    assert typed("apply").code == ExitCode.OK
    world.write(one=[config_map("a", x="2"), secret("canary-1")], two=[config_map("b")])
    assert typed("apply", "-c", "one").code == ExitCode.OK
    assert revisions(typed) == [(2, "apply -c one", "1 update"), (1, "apply", "3 create")]
    selection = Selection(world.namespace, "kfctl.dev/record-of")
    for body in world.admin.list_all("v1", "Secret", selection).items:
        held = base64.b64decode(body.get("data", {}).get("content", ""))
        assert b"canary" not in held


def test_back_to_a_revision_and_forth(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a", x="1"), config_map("old"), secret("canary")], two=[config_map("b")])
    assert typed("apply").code == ExitCode.OK
    world.write(one=[config_map("a", x="2"), secret("canary")], two=[config_map("b")])
    assert typed("apply", "-c", "one", "--yes").code == ExitCode.OK
    ran = typed("rollback", "1")
    assert ran.code == ExitCode.OK, ran.err
    assert "keeps the data that it has now: secrets are not in the history" in ran.err
    assert world.admin.get("v1", "ConfigMap", "a", world.namespace)["data"] == {"x": "1"}
    assert world.admin.find("v1", "ConfigMap", "old", world.namespace)
    refused = typed("rollback", "default", "2")  # it holds what an apply of one component left of the other
    assert (refused.code, "this would delete ConfigMap/old" in refused.err) == (ExitCode.REFUSED, True)
    assert typed("rollback", "default", "2", "--yes").code == ExitCode.OK
    assert typed("diff").code == ExitCode.OK
    assert [what for _, what, _ in revisions(typed)][:2] == ["rollback to 2", "rollback to 1"]
    wrong = typed("rollback", "9")
    assert (wrong.code, "there are: 4, 3, 2, 1" in wrong.err) == (ExitCode.USAGE, True)
    assert typed("rollback", "first").code == ExitCode.USAGE


def test_a_lost_record_is_found_and_made_anew(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    assert typed("apply").code == ExitCode.OK
    assert typed("fsck").code == ExitCode.OK
    named = {"name": "kfctl.app.default", "namespace": world.namespace}
    world.admin.delete({"apiVersion": "v1", "kind": "Secret", "metadata": named})
    b = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": world.namespace}}
    world.admin.patch(b, {"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}})
    ran = typed("fsck")
    assert ran.code == ExitCode.DIFFERENT
    assert "there is no inventory, and 2 objects are this app's" in ran.out
    assert "ConfigMap/b is this app's, and not in its inventory" in ran.out
    told = json.loads(typed("fsck", "-o", "json").out)
    assert (len(told["faults"]), told["repaired"], told["objects"]) == (2, False, 2)
    assert typed("fsck", "--repair").code == ExitCode.OK
    assert typed("fsck").code == ExitCode.OK
    record = world.admin.get("v1", "Secret", named["name"], world.namespace)
    assert record["metadata"]["annotations"]["kfctl.dev/cluster"] == world.admin.uid()
    world.write(one=[config_map("a")])
    assert typed("apply", "--yes").code == ExitCode.OK
    assert world.admin.find("v1", "ConfigMap", "b", world.namespace) is None
    assert [number for number, _, _ in revisions(typed)] == [2, 1]


def test_a_lost_label_moves_no_object_to_the_set_of_another_namespace(
    world: World, typed: Callable[..., Run], new_namespace: Callable[[], str]
) -> None:
    here, there = world.namespace, new_namespace()
    for namespace in (there, here):  # the same app in two namespaces
        replace(world, namespace=namespace).write(one=[config_map(f"of-{namespace}")])
        assert typed("apply").code == ExitCode.OK
        body = world.admin.get("v1", "ConfigMap", f"of-{namespace}", namespace)
        world.admin.patch(body, {"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}})
    ran = typed("fsck")
    assert f"ConfigMap/of-{here} is this app's, and not in its inventory" in ran.out
    assert there not in ran.out
    assert typed("fsck", "--repair").code == ExitCode.OK
    labels = world.admin.get("v1", "ConfigMap", f"of-{there}", there)["metadata"]["labels"]
    assert "applyset.kubernetes.io/part-of" not in labels


def test_what_has_lost_its_label_outside_of_the_namespace_is_found_by_the_history(
    world: World, typed: Callable[..., Run], new_namespace: Callable[[], str]
) -> None:
    here, there, shared = world.namespace, new_namespace(), new_namespace()
    lost = []
    for namespace in (there, here):  # the same app in two namespaces, each with objects in neither
        role, beside = cluster_role(f"of-{namespace}"), config_map(f"of-{namespace}")
        beside["metadata"]["namespace"] = shared
        replace(world, namespace=namespace).write(one=[role, beside])
        assert typed("apply").code == ExitCode.OK
        lost += [role, beside]
    for body in lost:
        world.admin.patch(body, {"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}})
    try:
        ran = typed("fsck")
        assert ran.out.count(f"/of-{here} is this app's, and not in its inventory") == 2
        assert there not in ran.out
        assert typed("fsck", "--repair").code == ExitCode.OK
        assert typed("delete", "--yes").code == ExitCode.OK
        found = [world.admin.find(b["apiVersion"], b["kind"], b["metadata"]["name"], shared) for b in lost]
        assert [body is not None for body in found] == [True, True, False, False]
    finally:
        world.admin.delete(lost[0])


def cluster_role(name: str, *verbs: str) -> Body:
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": list(verbs)}] if verbs else []
    return {**kind, "metadata": {"name": name}, "rules": rules}


def forge_revision(world: World, number: int, *bodies: Body) -> None:
    """Write a revision as a user who may only write Secrets in the namespace."""
    inventory = applyset.inventory_of(scope(world))
    run = KfctlRun("0", "mallory", "2026-01-01T00:00:00Z", "0")
    objects = tuple(Resource(body, component="one") for body in bodies)
    packed = pack(Revision(number, "apply", run, "0123456789ab"), Contents({}, objects), {})
    secrets = [chunk_secret(inventory, *chunk) for chunk in packed.chunks.items()]
    for body in (*secrets, revision_secret(inventory, packed.revision)):
        world.admin.create(body)


def scope(world: World) -> Scope:
    return Scope("app", "0123456789ab", "default", "", "", world.namespace, "")


def test_rollback_refuses_objects_outside_the_namespace(
    world: World, typed: Callable[..., Run], new_namespace: Callable[[], str]
) -> None:
    world.write(one=[config_map("a")])
    assert typed("apply").code == ExitCode.OK
    role, beside = cluster_role(f"of-{world.namespace}", "*"), config_map("a", x="2")
    beside["metadata"]["namespace"] = new_namespace()
    forge_revision(world, 7, config_map("a", x="1"), role, beside)
    refused = typed("rollback", "7", "--yes", "-o", "json")
    assert refused.code == ExitCode.REFUSED
    assert world.admin.find(role["apiVersion"], "ClusterRole", role["metadata"]["name"]) is None
    assert world.admin.find("v1", "ConfigMap", "a", beside["metadata"]["namespace"]) is None
    assert "data" not in world.admin.get("v1", "ConfigMap", "a", world.namespace)
    try:
        assert typed("rollback", "7", "--yes", "--allow-outside-namespace").code == ExitCode.OK
        assert world.admin.get(role["apiVersion"], "ClusterRole", role["metadata"]["name"])["rules"]
    finally:
        world.admin.delete(role)


def test_rollback_restores_cluster_objects_of_the_files(world: World, typed: Callable[..., Run]) -> None:
    role = cluster_role(f"of-{world.namespace}", "get")
    try:
        for label in ("1", "2"):
            world.write(one=[config_map("a", x=label), role])
            assert typed("apply").code == ExitCode.OK
        assert typed("rollback", "1").code == ExitCode.OK, "what does not change needs no proof"
        world.admin.delete(role)
        assert typed("rollback", "2").code == ExitCode.OK, "the files have it"
        forge_revision(world, 9, config_map("a"), cluster_role(role["metadata"]["name"], "*"))
        assert typed("rollback", "9", "--yes").code == ExitCode.REFUSED
        found = world.admin.get(role["apiVersion"], "ClusterRole", role["metadata"]["name"])
        assert found["rules"] == role["rules"]
    finally:
        world.admin.delete(role)


def test_forged_inventory_deletes_nothing_elsewhere(
    world: World, typed: Callable[..., Run], new_namespace: Callable[[], str]
) -> None:
    world.write(one=[config_map("a")])
    assert typed("apply").code == ExitCode.OK
    elsewhere = replace(world, namespace=new_namespace())
    elsewhere.make("Pod", "victim", app="victim")
    elsewhere.make("PersistentVolumeClaim", "victim", app="victim")
    labelled = config_map("victim")
    labelled["metadata"] |= {"namespace": elsewhere.namespace, "labels": {"kfctl.dev/app": "app"}}
    world.admin.create(labelled)
    makers = [f"apps/Deployment/{namespace}/hub" for namespace in (elsewhere.namespace, "")]
    forged = {
        "kfctl.dev/spawned": json.dumps([[maker, "app=victim", "one"] for maker in makers]),
        "applyset.kubernetes.io/additional-namespaces": elsewhere.namespace,
        "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,PersistentVolumeClaim,Pod",
    }
    named = {"name": "kfctl.app.default", "namespace": world.namespace}
    record = {"apiVersion": "v1", "kind": "Secret", "metadata": named}
    world.admin.patch(record, {"metadata": {"annotations": forged}})
    assert typed("fsck", "--repair").code in {ExitCode.OK, ExitCode.DIFFERENT}
    world.write()
    assert typed("apply", "--yes", "--allow-empty", "--delete-data").code == ExitCode.OK
    assert typed("delete", "--yes", "--delete-data").code == ExitCode.OK
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace) is None
    for kind in ("ConfigMap", "PersistentVolumeClaim", "Pod"):
        assert (
            "deletionTimestamp" not in world.admin.get("v1", kind, "victim", elsewhere.namespace)["metadata"]
        )


def test_nothing_is_repaired_while_not_all_can_be_seen(
    world: World, proxy: Proxy, kfctl: Callable[..., Run], tmp_path: Path
) -> None:
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    world.write(one=[config_map("a")])
    environment = {"KUBECONFIG": str(world.login.kubeconfig)}
    assert kfctl("apply", cwd=world.root, env=environment).code == ExitCode.OK
    proxy.script = lambda request: Status(405) if "/limitranges?" in request.path else None
    ran = kfctl("fsck", cwd=world.root, env=environment)
    assert ran.code == ExitCode.OK, "nothing is recorded of that kind"
    assert "could not be listed, so nothing is looked for among them: limitranges" in ran.err
    record = {"name": "kfctl.app.default", "namespace": world.namespace}
    world.admin.delete({"apiVersion": "v1", "kind": "Secret", "metadata": record})
    proxy.script = lambda request: Status(405) if "/configmaps?" in request.path else None
    ran = kfctl("fsck", "--repair", cwd=world.root, env=environment)
    assert ran.code == ExitCode.CLUSTER
    assert (
        "not repaired, for not all that is the app's can be seen: configmaps could not be listed" in ran.err
    )
    assert world.admin.find("v1", "Secret", record["name"], world.namespace) is None
    proxy.clear()
    assert kfctl("fsck", "--repair", cwd=world.root, env=environment).code == ExitCode.OK
