"""What every object gets: a namespace, labels, and a checksum of the configuration its pods read."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from kfctl.engine.stamp import CHECKSUM, CLUSTER_SCOPED, RESTARTS_PODS, Owner, cluster_scoped, stamp
from kfctl.model.resource import Resource
from kfctl.model.secretfields import SecretFields

OWNER = Owner("shop", "prod", "web", "kubeflow")
MARKS = {"kfctl.dev/app": "shop", "kfctl.dev/env": "prod", "kfctl.dev/component": "web"}
GENERAL = {"app.kubernetes.io/managed-by": "kfctl", "app.kubernetes.io/part-of": "shop"}


def thing(api_version: str, kind: str, name: str = "x", **more: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **more}


def stamped(*bodies: dict[str, Any], cluster_wide: frozenset[str] | None = None) -> list[Any]:
    resources = [Resource(body, "web", "t.j2") for body in bodies]
    wide = cluster_scoped(resources) if cluster_wide is None else cluster_wide
    return [resource.body for resource in stamp(resources, OWNER, wide)]


def definition(group: str, kind: str, scope: str) -> dict[str, Any]:
    spec = {"group": group, "names": {"kind": kind}, "scope": scope}
    return thing("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec=spec)


@pytest.mark.parametrize(
    ("body", "namespace"),
    [
        (thing("v1", "Service"), "kubeflow"),
        (thing("v1", "Namespace"), None),
        (thing("rbac.authorization.k8s.io/v1", "ClusterRole"), None),
        (thing("rbac.authorization.k8s.io/v1", "Role"), "kubeflow"),
        (thing("kubeflow.org/v1", "TFJob"), "kubeflow"),
        (thing("example.com/v1", "Unknown"), "kubeflow"),
        ({**thing("v1", "Service"), "metadata": {"name": "x", "namespace": "other"}}, "other"),
        ({**thing("v1", "Service"), "metadata": {"name": "x", "namespace": None}}, "kubeflow"),
        ({**thing("v1", "PersistentVolume"), "metadata": {"name": "x", "namespace": "other"}}, None),
    ],
)
def test_namespaces(body: dict[str, Any], namespace: str | None) -> None:
    before = copy.deepcopy(body)
    (found,) = stamped(body)
    assert found["metadata"].get("namespace") == namespace
    assert body == before


def test_the_apps_own_definitions_say_where_their_kinds_belong() -> None:
    wide, narrow = thing("example.com/v1", "Wide"), thing("storage.k8s.io/v1", "StorageClass")
    found = stamped(
        wide,
        narrow,
        definition("example.com", "Wide", "Cluster"),
        definition("storage.k8s.io", "StorageClass", "Namespaced"),
    )
    assert [body["metadata"].get("namespace") for body in found] == [None, "kubeflow", None, None]


def test_the_table_names_each_kind_with_its_group() -> None:
    assert all(kind.rpartition("/")[2][0].isupper() for kind in CLUSTER_SCOPED)


def test_labels() -> None:
    (plain,) = stamped(thing("v1", "Service"))
    assert plain["metadata"]["labels"] == {**GENERAL, **MARKS}
    own = {"app": "x", "app.kubernetes.io/managed-by": "Helm", "kfctl.dev/app": "forged"}
    (labelled,) = stamped({**thing("v1", "Service"), "metadata": {"name": "x", "labels": own}})
    assert labelled["metadata"]["labels"] == {
        "app": "x",
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/part-of": "shop",
        **MARKS,
    }
    assert list(plain["metadata"]) == ["name", "namespace", "labels"]


POD: dict[str, Any] = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c"}]}}
MAKERS = [
    (thing("apps/v1", "Deployment", spec={"template": POD}), ("spec", "template")),
    (thing("apps/v1", "StatefulSet", spec={"template": POD}), ("spec", "template")),
    (thing("batch/v1", "Job", spec={"template": POD}), ("spec", "template")),
    (
        thing("batch/v1", "CronJob", spec={"jobTemplate": {"spec": {"template": POD}}}),
        ("spec", "jobTemplate", "spec", "template"),
    ),
    (thing("v1", "PodTemplate", template=POD), ("template",)),
    (
        thing(
            "kubeflow.org/v1", "TFJob", spec={"tfReplicaSpecs": {"Worker": {"replicas": 2, "template": POD}}}
        ),
        ("spec", "tfReplicaSpecs", "Worker", "template"),
    ),
]


def at(body: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        body = body[step]
    return body


@pytest.mark.parametrize(
    ("body", "path"), MAKERS, ids=lambda value: value["kind"] if isinstance(value, dict) else ""
)
def test_pods_get_the_labels_that_find_them(body: dict[str, Any], path: tuple[str, ...]) -> None:
    before = copy.deepcopy(body)
    (found,) = stamped(body)
    assert at(found, path)["metadata"]["labels"] == {"app": "x", **MARKS}
    assert body == before


def test_a_template_that_is_no_pods_stays() -> None:
    claim = thing("example.com/v1", "Thing", spec={"template": {"spec": {"size": 1}}})
    assert stamped(claim)[0]["spec"] == claim["spec"]
    custom = thing(
        "apps/v1",
        "StatefulSet",
        spec={"template": POD, "volumeClaimTemplates": [thing("v1", "PersistentVolumeClaim")]},
    )
    assert stamped(custom)[0]["spec"]["volumeClaimTemplates"] == custom["spec"]["volumeClaimTemplates"]


def test_selectors_stay() -> None:
    spec = {"selector": {"matchLabels": {"app": "x"}}, "template": POD}
    (found, service) = stamped(
        thing("apps/v1", "Deployment", spec=spec), thing("v1", "Service", spec={"selector": {"app": "x"}})
    )
    assert found["spec"]["selector"] == {"matchLabels": {"app": "x"}}
    assert service["spec"]["selector"] == {"app": "x"}


READERS: dict[str, dict[str, Any]] = {
    "mount": {"volumes": [{"name": "v", "configMap": {"name": "cfg"}}]},
    "projected": {
        "volumes": [
            {
                "name": "v",
                "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "cfg"}}]},
            }
        ]
    },
    "env": {
        "containers": [
            {
                "name": "c",
                "env": [{"name": "E", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "k"}}}],
            }
        ]
    },
    "envFrom": {"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "cfg"}}]}]},
    "init": {"initContainers": [{"name": "i", "envFrom": [{"configMapRef": {"name": "cfg"}}]}]},
}


def checksum(reader: dict[str, Any], *others: dict[str, Any]) -> str | None:
    spec = {"containers": [{"name": "c"}], **reader}
    found = stamped(thing("apps/v1", "Deployment", spec={"template": {"spec": spec}}), *others)[0]
    value: str | None = at(found, ("spec", "template", "metadata")).get("annotations", {}).get(CHECKSUM)
    return value


@pytest.mark.parametrize("reader", READERS.values(), ids=list(READERS))
def test_pods_change_when_what_they_read_changes(reader: dict[str, Any]) -> None:
    one, two = (checksum(reader, thing("v1", "ConfigMap", "cfg", data={"k": value})) for value in "ab")
    assert one
    assert two
    assert one != two
    assert one == checksum(reader, thing("v1", "ConfigMap", "cfg", data={"k": "a"}))
    assert checksum(reader, thing("v1", "ConfigMap", "cfg", binaryData={"k": "YQ=="})) not in {one, two, None}


def test_what_pods_do_not_read_changes_nothing() -> None:
    assert checksum({}, thing("v1", "ConfigMap", "cfg", data={})) is None
    assert checksum(READERS["mount"]) is None
    assert checksum(READERS["mount"], thing("v1", "ConfigMap", "other", data={})) is None
    elsewhere = {**thing("v1", "ConfigMap", data={}), "metadata": {"name": "cfg", "namespace": "other"}}
    assert checksum(READERS["mount"], elsewhere) is None
    assert checksum(READERS["mount"], thing("v1", "Secret", "cfg", data={})) is None


def test_pods_change_with_a_secret_that_asks_for_it() -> None:
    def found(text: str, **annotations: str) -> str | None:
        secret = thing("v1", "Secret", "cfg", stringData={"k": text})
        secret["metadata"]["annotations"] = annotations
        volume = {"name": "v", "projected": {"sources": [{"secret": {"name": "cfg"}}]}}
        return checksum({"volumes": [volume]}, secret)

    restarts = {RESTARTS_PODS: "true"}
    assert found("a") is None
    assert found("a", **restarts) == found("a", **restarts) != found("b", **restarts)


def test_the_checksum_of_a_secret_configmap_is_salted() -> None:
    secret = SecretFields(parts={("data", "k"): {'"a"': ()}})
    spec = {"template": {"spec": {"containers": [{"name": "c"}], **READERS["mount"]}}}

    def found(namespace: str) -> str:
        config = Resource(thing("v1", "ConfigMap", "cfg", data={"k": "a"}), "web", "t.j2", secret)
        resources = [Resource(thing("apps/v1", "Deployment", spec=spec), "web", "t.j2"), config]
        pod = stamp(resources, replace(OWNER, namespace=namespace))[0].body["spec"]["template"]
        return str(pod["metadata"]["annotations"][CHECKSUM])

    assert found("one") == found("one") != found("two")


def test_labels_of_a_configmap_are_not_what_pods_read() -> None:
    first = checksum(READERS["mount"], thing("v1", "ConfigMap", "cfg", data={"k": "v"}))
    body = thing("v1", "ConfigMap", "cfg", data={"k": "v"})
    body["metadata"]["labels"] = {"a": "b"}
    assert checksum(READERS["mount"], body) == first


def test_a_pod_that_is_an_object_itself_has_the_labels_once() -> None:
    (found,) = stamped(thing("v1", "Pod", spec={"containers": [{"name": "c"}]}))
    assert found["metadata"]["labels"] == {**GENERAL, **MARKS}
