"""Objects in and out of the real API server."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster import client as module
from kfctl.cluster.answers import Expired
from kfctl.cluster.request import LogQuery, Precondition, Selection, Write
from kfctl.errors import ClusterError, Conflict, Invalid, NotFound
from kfctl.model.redactor import Redactor
from tests.cluster.processes import wait_until
from tests.faults.proxy import Call, Cut, Reset, Status

if TYPE_CHECKING:
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.request import Request
    from tests.faults.proxy import Fault, Proxy
    from tests.faults.proxy import Request as Seen


@pytest.fixture
def config_map(namespace: str) -> dict[str, Any]:
    metadata = {"name": "settings", "namespace": namespace, "labels": {"app": "x"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}


def deployment(namespace: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "nowhere.invalid/it:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def test_the_life_of_an_object(client: Cluster, config_map: dict[str, Any]) -> None:
    namespace = config_map["metadata"]["namespace"]
    where = ("v1", "ConfigMap", "settings", namespace)
    assert client.find(*where) is None
    preview = client.preview(config_map)
    assert preview.created and preview.body["data"] == {"a": "1"}
    assert client.find(*where) is None
    uid = client.apply(config_map)["metadata"]["uid"]
    assert not client.preview(config_map).created
    assert client.get(*where)["metadata"]["uid"] == uid
    assert client.patch(config_map, {"data": {"b": "2"}})["data"] == {"a": "1", "b": "2"}
    steps = [{"op": "test", "path": "/data/b", "value": "2"}, {"op": "remove", "path": "/data/b"}]
    assert client.patch(config_map, steps)["data"] == {"a": "1"}
    client.delete(config_map)
    with pytest.raises(NotFound, match='configmaps "settings" not found'):
        client.get(*where)
    with pytest.raises(NotFound):
        client.delete(config_map)


def test_a_create_needs_the_object_to_be_new(client: Cluster, config_map: dict[str, Any]) -> None:
    assert client.create(config_map)["data"] == {"a": "1"}
    with pytest.raises(Conflict, match="already exists"):
        client.create(config_map)


def test_a_delete_is_of_the_object_that_was_meant(client: Cluster, config_map: dict[str, Any]) -> None:
    live = client.apply(config_map)
    with pytest.raises(Conflict, match="UID in the precondition"):
        client.delete(config_map, Precondition(uid="00000000-0000-0000-0000-000000000000"))
    client.apply({**config_map, "data": {"a": "2"}})
    with pytest.raises(Conflict):
        client.delete(config_map, Precondition(resource_version=live["metadata"]["resourceVersion"]))
    client.delete(config_map, Precondition(uid=live["metadata"]["uid"], dry_run=True))
    client.delete(config_map, Precondition(uid=live["metadata"]["uid"]))
    assert client.find("v1", "ConfigMap", "settings", config_map["metadata"]["namespace"]) is None


def test_a_field_of_another_manager_is_a_conflict(client: Cluster, config_map: dict[str, Any]) -> None:
    client.apply(config_map, Write(manager="other"))
    with pytest.raises(Conflict) as caught:
        client.apply({**config_map, "data": {"a": "2"}})
    answer = caught.value.answer
    assert answer and [cause.field for cause in answer.causes] == [".data.a"]
    assert 'conflict with "other"' in answer.causes[0].message
    assert client.apply({**config_map, "data": {"a": "2"}}, Write(force=True))["data"] == {"a": "2"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": {"a": 1}}, ".data.a: expected string"),
        ({"dta": {}}, ".dta: field not declared in schema"),
        ({"metadata": {"name": "A_b"}}, "a lowercase RFC 1123 subdomain"),
    ],
)
def test_what_the_server_does_not_accept(
    client: Cluster, config_map: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    metadata = {**config_map["metadata"], **change.get("metadata", {})}
    with pytest.raises(Invalid) as caught:
        client.apply({**config_map, **change, "metadata": metadata})
    assert message in caught.value.message


def test_the_status_is_written_by_its_own_path(client: Cluster, namespace: str) -> None:
    body = deployment(namespace, replicas=0)
    client.apply(body)
    client.patch(body, {"status": {"observedGeneration": 7}}, "status")
    assert client.get("apps/v1", "Deployment", "web", namespace)["status"]["observedGeneration"] <= 7


def test_a_list_has_all_pages(
    client: Cluster, config_map: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = config_map["metadata"]["namespace"]
    names = fill(client, config_map, 25)
    whole = client.list_all("v1", "ConfigMap", Selection(namespace, "app=x"))
    small_pages(monkeypatch)
    paged = client.list_all("v1", "ConfigMap", Selection(namespace, "app=x"))
    assert [item["metadata"]["name"] for item in paged.items] == names
    assert paged.items == whole.items
    assert {(item["apiVersion"], item["kind"]) for item in paged.items} == {("v1", "ConfigMap")}
    one = client.list_all("v1", "ConfigMap", Selection(namespace, fields=f"metadata.name={names[3]}"))
    assert [item["metadata"]["name"] for item in one.items] == [names[3]]


@pytest.mark.parametrize("fault", [Status(410, "Expired"), Cut(), Status(503)], ids=str)
def test_a_list_is_whole_or_an_error(
    proxied: Cluster, proxy: Proxy, config_map: dict[str, Any], monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    namespace = config_map["metadata"]["namespace"]
    names = fill(proxied, config_map, 25)
    small_pages(monkeypatch)
    proxy.clear()
    proxy.script = lambda seen: fault if "continue" in seen.path and seen.number == 2 else None
    listed = proxied.list_all("v1", "ConfigMap", Selection(namespace, "app=x"))
    assert [item["metadata"]["name"] for item in listed.items] == names
    proxy.script = lambda seen: Status(403, "Forbidden") if "continue" in seen.path else None
    with pytest.raises(module.ClusterError):
        proxied.list_all("v1", "ConfigMap", Selection(namespace, "app=x"))
    proxy.script = lambda seen: Status(410, "Expired") if "continue" in seen.path else None
    with pytest.raises(module.ClusterError, match="could not be read to its end"):
        proxied.list_all("v1", "ConfigMap", Selection(namespace, "app=x"))


def fill(client: Cluster, template: dict[str, Any], count: int) -> list[str]:
    """Make so many copies of an object and return their names."""
    names = [f"c{number:03}" for number in range(count)]
    bodies = [{**template, "metadata": {**template["metadata"], "name": name}} for name in names]
    client.map(client.apply, bodies)
    return names


def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page hold ten objects: nobody wants to make a thousand for each test."""
    whole = module.ask.list_

    def small(kind: Any, selection: Selection, token: str = "") -> Request:
        return whole(kind, selection, token, limit=10)

    monkeypatch.setattr(module.ask, "list_", small)


def test_a_watch_tells_what_changes(client: Cluster, config_map: dict[str, Any]) -> None:
    namespace = config_map["metadata"]["namespace"]
    version = client.list_all("v1", "ConfigMap", Selection(namespace)).resource_version
    watch = client.watch("v1", "ConfigMap", Selection(namespace, "app=x"), version, seconds=60)
    client.apply(config_map)
    client.apply({**config_map, "data": {"a": "2"}})
    client.delete(config_map)
    seen = []
    for event, body in watch:
        seen.append((event, body.get("data")))
        if event == "DELETED":
            break
    watch.close()
    assert seen == [("ADDED", {"a": "1"}), ("MODIFIED", {"a": "2"}), ("DELETED", {"a": "2"})]


def test_a_watch_from_too_long_ago_has_expired(client: Cluster, namespace: str, tfjob_kind: str) -> None:
    # A kind that was defined after version 1: of its own kinds a server that is new may know all since then.
    client.refresh_kinds()

    def answered() -> bool:
        try:
            list(client.watch("kubeflow.org/v1", "TFJob", Selection(namespace), "1", seconds=5))
        except Expired:
            return True
        except ClusterError:
            return False  # it is being set up
        raise AssertionError("it did not expire")

    assert wait_until(answered, 30)


def test_a_watch_can_be_ended_from_another_thread(client: Cluster, namespace: str) -> None:
    version = client.list_all("v1", "ConfigMap", Selection(namespace)).resource_version
    watch = client.watch("v1", "ConfigMap", Selection(namespace), version, seconds=300)
    threading.Timer(0.2, watch.close).start()
    assert [event for event, _ in watch if event != "BOOKMARK"] == []


def test_a_watch_ends_when_the_server_ends_it(client: Cluster, namespace: str) -> None:
    version = client.list_all("v1", "ConfigMap", Selection(namespace)).resource_version
    assert all(
        event == "BOOKMARK" for event, _ in client.watch("v1", "ConfigMap", Selection(namespace), version, 1)
    )


def test_logs_of_what_is_not_there(client: Cluster, namespace: str) -> None:
    with pytest.raises(NotFound, match='pods "none" not found'):
        client.logs(namespace, "none", LogQuery(container="main", tail=5))
    with pytest.raises(NotFound):
        client.open_log(namespace, "none", follow=True)


def test_events_about_an_object(client: Cluster, namespace: str) -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": namespace},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": "p",
            "namespace": namespace,
            "uid": "u",
        },
        "reason": "Because",
    }
    client.create(event)
    assert [found["reason"] for found in client.events(namespace, name="p", kind="Pod")] == ["Because"]
    assert client.events(namespace, name="q") == ()


def test_who_and_where(client: Cluster, namespace: str) -> None:
    assert client.version().startswith("v1.")
    assert client.uid() == client.get("v1", "Namespace", "kube-system")["metadata"]["uid"]
    assert client.uid(namespace) != client.uid()
    assert client.may("create", client.kind("apps/v1", "Deployment"), namespace)


SECRET = 'hunter2 "and more"'


def secret(namespace: str, kind: str = "Opaque", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"name": "s", "namespace": namespace},
        **data,
    }


def test_no_message_holds_the_value_of_a_secret(client: Cluster, namespace: str) -> None:
    encoded = base64.b64encode(SECRET.encode()).decode()
    for body in (
        secret(namespace, data={"a": SECRET}),
        secret(namespace, stringData={"a b": SECRET}),
        secret(namespace, "kubernetes.io/dockerconfigjson", data={".dockerconfigjson": encoded}),
        secret(namespace, "kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": SECRET}),
        secret(namespace, data=SECRET),
    ):
        with pytest.raises(module.ClusterError) as caught:
            client.apply(body)
        told = f"{caught.value} {caught.value.answer}"
        assert encoded not in told
        assert "hunter2" not in told


def test_values_that_are_to_be_hidden_are(cluster: Any, namespace: str) -> None:
    from kfctl.cluster.kubeconfig import Login

    hiding = module.connect(Login(kubeconfig=str(cluster.kubeconfig)), hide=Redactor(["hunter2"]))
    body = deployment(namespace)
    body["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "hunter2"
    with pytest.raises(Invalid) as caught:
        hiding.apply(body)
    assert "(secret)" in caught.value.message
    assert "hunter2" not in f"{caught.value} {caught.value.answer}"


def test_what_somebody_did_between_two_tries_stays(
    client: Cluster, proxied: Cluster, proxy: Proxy, config_map: dict[str, Any]
) -> None:
    """The first try is carried out and its answer lost; somebody adds a field; it is tried again."""

    def theirs() -> None:
        client.patch(config_map, {"data": {"b": "theirs"}})

    def script(seen: Seen) -> Fault | None:
        if seen.number == 2:
            return Call(theirs)
        return Reset(reached=True) if seen.number == 1 else None

    proxy.script = script
    assert proxied.apply(config_map)["data"] == {"a": "1", "b": "theirs"}
