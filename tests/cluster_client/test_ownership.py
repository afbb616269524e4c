"""Inventories on a real cluster: written, fenced, found, left alone by kubectl; the search for members."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from kfctl.actions import inventory as inventories
from kfctl.cluster import ownership
from kfctl.cluster.client import Cluster, connect
from kfctl.cluster.kubeconfig import Login
from kfctl.engine import applyset
from kfctl.engine.applyset import member
from kfctl.engine.keep import Permits, Situation
from kfctl.engine.prune import prune, remaining
from kfctl.errors import Refused
from kfctl.model.inventory import GroupKind, Inventory, Listed, Place, Run
from kfctl.model.plan import Scope
from kfctl.model.resource import Key, Resource
from tests.cluster import access
from tests.cluster.access import KubectlError
from tests.cluster.processes import wait_until
from tests.faults.proxy import Proxy, Request, Reset


def scope(namespace: str, app_id: str = "id-1", app: str = "x", environment: str = "y") -> Scope:
    return Scope(app, app_id, environment, "", "", namespace, "")


RUN = Run("run-1", "ann@box", "2026-01-02T03:04:05Z", "0.1.0")


def config_map(name: str, namespace: str = "", **metadata: Any) -> Resource:
    place = {"namespace": namespace} if namespace else {}
    return Resource(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **place, **metadata}}
    )


def begun(client: Cluster, namespace: str, resources: Iterable[Resource] = ()) -> Inventory:
    """Write the inventory of these objects, and the objects as its members."""
    ours = scope(namespace)
    given = list(resources)
    found = inventories.begin(
        client, inventories.load_inventory(client, ours), [resource.key for resource in given], RUN
    )
    for resource in given:
        client.apply(member(resource, found.id).body)
    return found


def names(listed: Iterable[Listed]) -> list[str]:
    return sorted(item["metadata"]["name"] for place in listed for item in place.items)


def test_an_inventory_is_written_read_and_removed(client: Cluster, namespace: str) -> None:
    ours = scope(namespace)
    empty = inventories.load_inventory(client, ours)
    assert (empty.kinds, empty.run) == (frozenset(), None)

    begun_ = inventories.begin(client, empty, [Key("", "ConfigMap", namespace, "a")], RUN)
    found = inventories.load_inventory(client, ours)
    assert (found, found.finished) == (begun_, False)

    inventories.finish(client, found.exactly([]), revision=3)
    done = inventories.load_inventory(client, ours)
    assert (done.kinds, done.finished, done.revision, done.run) == (frozenset(), True, 3, RUN)
    ownership.delete_parent(client, done)
    ownership.delete_parent(client, done)
    assert inventories.load_inventory(client, ours) == empty


def test_a_run_that_lost_its_lock_does_not_shrink_what_another_has_widened(
    client: Cluster, namespace: str
) -> None:
    late = begun(client, namespace)
    other = inventories.begin(client, late, [Key("batch", "Job", namespace, "j")], replace(RUN, id="run-2"))
    with pytest.raises(Refused, match="another run has written"):
        inventories.finish(client, late.exactly([]))
    with pytest.raises(Refused, match="another run has written"):
        ownership.delete_parent(client, late)
    assert inventories.load_inventory(client, scope(namespace)) == other

    ownership.delete_parent(client, other)
    with pytest.raises(Refused, match="another run has written"):
        inventories.finish(client, other)


def test_a_lost_answer_is_no_other_run(proxied: Cluster, proxy: Proxy, namespace: str) -> None:
    ours, begun_ = scope(namespace), begun(proxied, namespace)
    lost: list[Request] = []

    def first(request: Request) -> Reset | None:
        if request.method not in {"PATCH", "DELETE"} or lost:
            return None
        lost.append(request)
        return Reset(reached=True)

    proxy.script = first
    done = inventories.finish(proxied, begun_.exactly([]), revision=1)
    assert len(lost) == 1
    assert inventories.load_inventory(proxied, ours) == done
    lost.clear()
    ownership.delete_parent(proxied, done)
    assert len(lost) == 1
    assert inventories.load_inventory(proxied, ours).uid == ""


def test_a_record_edited_by_hand_is_written_all_the_same(
    cluster: access.Cluster, client: Cluster, namespace: str
) -> None:
    begun(client, namespace)
    edit = f"{applyset.KINDS}=Job.batch"
    cluster.kubectl("annotate", "secret", "kfctl.x.y", "-n", namespace, "--overwrite", edit)
    wider = inventories.begin(
        client,
        inventories.load_inventory(client, scope(namespace)),
        [Key("", "ConfigMap", namespace, "a")],
        RUN,
    )
    assert wider.kinds == {GroupKind("batch", "Job"), GroupKind("", "ConfigMap")}


def test_two_apps_of_one_name(client: Cluster, namespace: str) -> None:
    begun(client, namespace, [config_map("a", namespace)])
    other = scope(namespace, app_id="id-2")
    with pytest.raises(Refused, match=r"another app named x .*ann@box"):
        inventories.load_inventory(client, other)
    taken = inventories.begin(client, inventories.load_inventory(client, other, take_over=True), [], RUN)
    assert names(ownership.list_members(client, taken)) == ["a"]
    with pytest.raises(Refused, match="id-2"):
        inventories.load_inventory(client, scope(namespace))


def test_all_apps_are_listed(cluster: access.Cluster, client: Cluster, namespace: str) -> None:
    for app, environment in (("b", "dev"), ("a", "prod"), ("a", "dev")):
        ours = scope(namespace, app=app, environment=environment)
        inventories.begin(client, inventories.load_inventory(client, ours), [], RUN)
    cluster.kubectl("create", "secret", "generic", "kfctl.c.dev", "-n", namespace)
    found = [(each.app, each.environment) for each in inventories.inventories(client, namespace)]
    assert found == [("a", "dev"), ("a", "prod"), ("b", "dev")]
    everywhere = inventories.inventories(client)
    assert {("a", "dev", namespace)} <= {(each.app, each.environment, each.namespace) for each in everywhere}


def test_kubectl_knows_our_inventory_for_what_it_is(
    cluster: access.Cluster, client: Cluster, namespace: str
) -> None:
    begun(client, namespace, [config_map("ours", namespace)])
    manifest = json.dumps(config_map("theirs", namespace).body)
    prune_ = ("apply", "-n", namespace, "--prune", "--applyset=secret/kfctl.x.y", "-f", "-")
    with pytest.raises(KubectlError, match=r'managed by tooling "kfctl" instead of "kubectl"'):
        cluster.kubectl(*prune_, input=manifest, extra={"KUBECTL_APPLYSET": "true"})
    assert "ours" in cluster.kubectl("get", "configmaps", "-n", namespace, "-o", "name")


def test_we_know_kubectls_for_what_it_is(cluster: access.Cluster, client: Cluster, namespace: str) -> None:
    manifest = json.dumps(config_map("theirs", namespace).body)
    apply = ("apply", "-n", namespace, "--prune", "--applyset=secret/kfctl.x.y", "-f", "-")
    cluster.kubectl(*apply, input=manifest, extra={"KUBECTL_APPLYSET": "true"})
    with pytest.raises(Refused, match="another tool, kubectl/"):
        inventories.load_inventory(client, scope(namespace), take_over=True)
    # That kubectl computes the same id shows that it would find our members if it were ours.
    theirs = cluster.kubectl("get", "secret", "kfctl.x.y", "-n", namespace, "-o", "json")
    labels = json.loads(theirs)["metadata"]["labels"]
    assert labels[applyset.ID] == applyset.set_id("kfctl.x.y", namespace)


def test_members_are_found_wherever_they_are(
    cluster: access.Cluster, client: Cluster, namespace: str, new_namespace: Any
) -> None:
    second = new_namespace()
    role = Resource(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": namespace},
        }
    )
    found = begun(client, namespace, [config_map("a", namespace), config_map("b", second), role])
    try:
        client.apply(config_map("foreign", namespace).body)
        listed = ownership.list_members(client, inventories.load_inventory(client, scope(namespace)))
        assert names(listed) == ["a", "b", namespace]
        assert {place.place for place in listed} == {
            Place(GroupKind("", "ConfigMap"), namespace),
            Place(GroupKind("", "ConfigMap"), second),
            Place(GroupKind("rbac.authorization.k8s.io", "ClusterRole"), ""),
        }
        assert not any(place.gap for place in listed)
        going = prune(listed, Situation(found, wanted=frozenset({Key("", "ConfigMap", namespace, "a")})))
        assert {change.key.name for change in going.deletes} == {"b", namespace}
    finally:
        cluster.kubectl("delete", "clusterrole", namespace)


def test_a_kind_that_is_gone_has_no_members_and_leaves_the_inventory(client: Cluster, namespace: str) -> None:
    gone = Key("gone.example.com", "Thing", namespace, "t")
    found = begun(client, namespace).including([gone])
    (listed,) = ownership.list_members(client, found)
    assert (listed.items, listed.gap) == ((), "")
    assert remaining(found, [], prune([listed], Situation(found)), []).kinds == frozenset()


def test_a_kind_whose_server_is_silent_is_a_gap(
    cluster: access.Cluster, client: Cluster, namespace: str
) -> None:
    group = f"g{secrets.token_hex(4)}.example.com"
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{group}"},
        "spec": {
            "group": group,
            "version": "v1",
            "groupPriorityMinimum": 10,
            "versionPriority": 10,
            "insecureSkipTLSVerify": True,
            "service": {"name": "none", "namespace": namespace},
        },
    }
    cluster.kubectl("apply", "-f", "-", input=json.dumps(service))
    try:
        cluster.kubectl("wait", "--for=condition=Available=False", f"apiservice/v1.{group}", "--timeout=60s")
        found = begun(client, namespace).including([Key(group, "Thing", namespace, "t")])
        (listed,) = ownership.list_members(client, found)
        assert group in listed.gap
        pruning = prune([listed], Situation(found))
        assert remaining(found, [], pruning, []).kinds == {GroupKind(group, "Thing")}
        everything = ownership.contents(client, namespace)
        assert any(group in place.gap for place in everything)
    finally:
        cluster.kubectl("delete", "apiservice", f"v1.{group}")


def test_what_may_not_be_listed_is_a_gap(cluster: access.Cluster, client: Cluster, namespace: str) -> None:
    found = begun(client, namespace, [config_map("a", namespace)])
    cluster.kubectl("create", "serviceaccount", "poor", "-n", namespace)
    poor = f"system:serviceaccount:{namespace}:poor"
    (listed,) = ownership.list_members(connect(Login(kubeconfig=str(cluster.kubeconfig), user=poor)), found)
    assert listed.items == ()
    assert "the right to list configmaps is missing" in listed.gap


def test_a_namespace_goes_only_when_all_that_is_in_it_goes(
    client: Cluster, namespace: str, new_namespace: Any
) -> None:
    second = new_namespace()
    space = Resource({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": second}})
    found = begun(client, namespace, [config_map("a", second), space])
    permits = Permits(namespaces=True)

    def deleted() -> set[str]:
        listed = ownership.list_members(client, found)
        first = prune(listed, Situation(found, permits=permits))
        assert first.unknown == (space.key,)
        bodies = {change.key: change.live for change in first.keeps}
        inside = inventories.contents(client, first.unknown, bodies)
        return {str(c.key) for c in prune(listed, Situation(found, permits=permits, contents=inside)).deletes}

    # A kind of another test that can't be listed for a moment keeps it, too.
    assert wait_until(lambda: deleted() == {f"Namespace/{second}", "ConfigMap/a"}, 60)
    client.apply(config_map("foreign", second).body)
    assert deleted() == {"ConfigMap/a"}
