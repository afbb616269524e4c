"""What the cheap test calls unchanged, the real server's dry run confirms; it knows what was just applied."""

from __future__ import annotations

import copy
import json
import random
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.actions.show import render_app
from kfctl.cluster.client import connect
from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import MANAGER, Write
from kfctl.engine.ownership import intent
from kfctl.engine.unchanged import is_unchanged
from kfctl.errors import KfctlError
from tests.campaign import size
from tests.templates.rendering import app_of, every_example

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfctl.cluster.client import Cluster
    from tests.cluster.access import Cluster as TestCluster

CLUSTER_WIDE = {
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingWebhookConfiguration",
}
ODDITIES: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "oddities",
        "labels": {"a": "", "b": "1"},
    },
    "spec": {
        "containers": [
            {
                "name": "main",
                "image": "busybox",
                "command": [],
                "stdin": False,
                "env": [
                    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                    {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                    {"name": "EMPTY", "value": ""},
                ],
                "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
                "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": 0.5}},
                "volumeMounts": [{"name": "all", "mountPath": "/all"}],
            }
        ],
        "volumes": [
            {
                "name": "all",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"path": "token"}},
                        {
                            "downwardAPI": {
                                "items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]
                            }
                        },
                    ]
                },
            },
            {"name": "empty", "emptyDir": {"sizeLimit": "0.5Gi"}},
        ],
        "nodeSelector": {},
    },
}
POLICY: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "policy", "annotations": None},
    "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}], "egress": []},
}
CLAIMS: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "claims"},
    "spec": {
        "replicas": 0,
        "serviceName": "claims",
        "selector": {"matchLabels": {"app": "claims"}},
        "template": {
            "metadata": {"labels": {"app": "claims"}},
            "spec": {"containers": [{"name": "main", "image": "busybox"}]},
        },
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }
        ],
    },
}


@pytest.fixture
def server(cluster: TestCluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    for name, value in cluster.environment().items():
        monkeypatch.setenv(name, value)
    return connect(Login(kubeconfig=str(cluster.kubeconfig)))


def bodies(namespace: str) -> Iterator[dict[str, Any]]:
    """Every namespaced object of every example, one of each name, and those with the odd corners."""
    for body in (ODDITIES, POLICY, CLAIMS):
        yield {**body, "metadata": {**body["metadata"], "namespace": namespace}}
    for number, (prototype, example) in enumerate(every_example()):
        app = app_of(prototype, example.params, namespace=namespace)
        for resource in render_app(app, "default"):
            if resource.kind not in CLUSTER_WIDE:
                metadata = {**resource.metadata, "namespace": namespace, "name": f"x{number}-{resource.name}"}
                body = {**copy.deepcopy(dict(resource.body)), "metadata": metadata}
                yield dict(intent(resource.with_body(body), "an-id").body)


def applied(server: Cluster, namespace: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Apply them all; what was wanted beside what is live."""
    wanted = list(bodies(namespace))
    live = server.map(lambda body: server.apply(body, Write(force=True)), wanted)
    failed = [answer for answer in live if isinstance(answer, KfctlError)]
    assert not failed, failed
    return list(zip(wanted, live, strict=True))


def test_what_was_just_applied_is_unchanged(server: Cluster, namespace: str, tfjob_kind: str) -> None:
    pairs = applied(server, namespace)
    assert [
        wanted["metadata"]["name"] for wanted, live in pairs if not is_unchanged(wanted, live, MANAGER)
    ] == []


def test_what_is_cluster_wide_in_examples_is_unchanged_too(server: Cluster) -> None:
    group = f"{secrets.token_hex(4)}.kfctl.test"  # in the place of the operator's, which there may be
    wanted = list(cluster_wide(group))
    assert {body["kind"] for body in wanted} == CLUSTER_WIDE
    try:
        for body in wanted:
            live = server.apply(body, Write(force=True))
            assert is_unchanged(body, live, MANAGER), body["metadata"]["name"]
    finally:
        for body in wanted:
            if server.find(body["apiVersion"], body["kind"], body["metadata"]["name"]):
                server.delete(body)


def cluster_wide(group: str) -> Iterator[dict[str, Any]]:
    """Every cluster-wide object of every example, for an API group of its own."""
    for number, (prototype, example) in enumerate(every_example()):
        for resource in render_app(app_of(prototype, example.params), "default"):
            if resource.kind in CLUSTER_WIDE:
                own = f"x{number}.{group}" if resource.kind == "CustomResourceDefinition" else group
                body = json.loads(json.dumps(resource.body).replace("kubeflow.org", own))
                if resource.kind != "CustomResourceDefinition":
                    body["metadata"]["name"] = f"x{number}.{resource.name}.{group}"
                yield body


def test_a_dry_run_confirms_what_is_called_unchanged(
    server: Cluster, namespace: str, tfjob_kind: str
) -> None:
    chance = random.Random(20261123)
    pairs = applied(server, namespace)
    edits = [edited(*chance.choice(pairs), chance) for _ in range(size(2_000))]
    unchanged = [(wanted, live) for wanted, live in edits if is_unchanged(wanted, live, MANAGER)]

    previews = server.map(lambda pair: server.preview(pair[0], Write(force=True)).body, unchanged)

    for (wanted, live), preview in zip(unchanged, previews, strict=True):
        assert not isinstance(preview, KfctlError), (wanted, preview)
        assert without_noise(preview) == without_noise(live), wanted
    assert len(unchanged) < len(edits)  # the edits edit


def test_an_object_that_is_being_deleted_is_never_unchanged() -> None:
    live = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert not is_unchanged({"apiVersion": "v1"}, live, MANAGER)


def without_noise(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what controllers and the server write between the apply and the dry run."""
    noise = {"managedFields", "resourceVersion", "generation", "annotations"}
    metadata = {key: value for key, value in body["metadata"].items() if key not in noise}
    written = {"deployment.kubernetes.io/revision", "pv.kubernetes.io/bind-completed"}
    annotations = {k: v for k, v in body["metadata"].get("annotations", {}).items() if k not in written}
    return {**body, "metadata": {**metadata, "annotations": annotations}, "status": None}


def edited(
    wanted: dict[str, Any], live: dict[str, Any], chance: random.Random
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the wanted object with one to three random edits, beside the live one."""
    changed = copy.deepcopy(wanted)
    for _ in range(chance.randint(1, 3)):
        if found := list(places(changed)):
            chance.choice(EDITS)(*chance.choice(found), chance)
    return changed, live


def places(value: Any, top: bool = True) -> Iterator[tuple[Any, Any]]:
    """Yield every place in an object that can be edited, but for what names the object."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    identity = {"apiVersion", "kind", "metadata"} if top else {"name", "namespace"}
    for key, child in list(items):
        if isinstance(value, list) or key not in identity:
            yield value, key
        if isinstance(child, dict | list):
            yield from places(child, top=False)


def remove(holder: Any, place: Any, chance: random.Random) -> None:
    del holder[place]


def replace(holder: Any, place: Any, chance: random.Random) -> None:
    old = holder[place]
    choices = [None, "", 0, False, {}, [], "1", "1000m", 1, "1.0", f"{old}", [old], 0.5, "500m"]
    holder[place] = chance.choice(choices)


def respell(holder: Any, place: Any, chance: random.Random) -> None:
    """Write a value as another of the same meaning, or nearly."""
    spelled = {"1": "1000m", "1000m": 1, "1Gi": "1024Mi", "1024Mi": "1Gi", 0.5: "500m", "TCP": None}
    old = holder[place]
    if isinstance(old, str | float) and old in spelled:
        holder[place] = spelled[old]


def add(holder: Any, place: Any, chance: random.Random) -> None:
    old = holder[place]
    if isinstance(old, dict):
        old[chance.choice(["extra", "protocol", "optional", "readOnly"])] = chance.choice(
            [None, "", False, "x", {}]
        )
    elif isinstance(old, list) and old:
        old.append(copy.deepcopy(chance.choice(old)))


def shuffle(holder: Any, place: Any, chance: random.Random) -> None:
    if isinstance(holder[place], list):
        chance.shuffle(holder[place])


EDITS: tuple[Callable[[Any, Any, random.Random], None], ...] = (remove, replace, respell, add, shuffle)


@pytest.mark.parametrize(("version", "unchanged"), [("v1", True), ("example.com/v1", False)])
def test_field_is_a_default_only_in_built_in_kinds(version: str, unchanged: bool) -> None:
    def body(*ports: dict[str, Any]) -> dict[str, Any]:
        return {"apiVersion": version, "kind": "X", "metadata": {"name": "x"}, "ports": list(ports)}

    owned = {"manager": MANAGER, "operation": "Apply", "apiVersion": version, "fieldsV1": {"f:ports": {}}}
    live = body({"port": 80, "protocol": "TCP"})
    live["metadata"]["managedFields"] = [owned]
    assert is_unchanged(body({"port": 80}), live, MANAGER) is unchanged
