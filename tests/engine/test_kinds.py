"""Fields that a kind does not have, or has of another type: a built-in kind, or one that an app defines."""

from __future__ import annotations

import json
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.engine.kinds import Kinds
from kfctl.engine.structure import Known, examine_objects
from kfctl.model.resource import Resource
from kfctl.store.kinds import built_in
from tests.cluster.access import KubectlError
from tests.engine.objects import CONTAINER, POD, SERVICE, WEB, C, changed
from tests.templates.rendering import every_example, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.access import Cluster

INGRESS = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}}
JOB = {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {"name": "j"}}
JOB_OF_PODS = {**JOB, "spec": {"tfReplicaSpecs": {"Worker": {"template": POD}}}}
MAIN = "spec.template.spec.containers[0]"
GONE = "is of extensions/v1beta1, which is gone since Kubernetes 1.22: it is in networking.k8s.io/v1 now"
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["size"],
                                "properties": {
                                    "size": {"type": "integer", "minimum": 1},
                                    "port": {"x-kubernetes-int-or-string": True},
                                    "mode": {"type": "string", "enum": ["a", "b"]},
                                    "labels": {
                                        "type": "object",
                                        "additionalProperties": {"type": "string"},
                                    },
                                    "free": {
                                        "type": "object",
                                        "x-kubernetes-preserve-unknown-fields": True,
                                        "properties": {"known": {"type": "string"}},
                                    },
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}
THING: dict[str, Any] = {
    "apiVersion": "example.com/v1",
    "kind": "Thing",
    "metadata": {"name": "x"},
    "spec": {"size": 1},
}


def told(body: dict[str, Any], *others: dict[str, Any]) -> list[tuple[str, str]]:
    resource = Resource(body)
    kinds = Kinds(built_in(), [resource, *map(Resource, others)])
    return [(each.message, each.hint) for each in kinds.misfits(resource)]


UNKNOWN_TO_US = "its definition in the app has no such field; `kfctl validate --server` asks your cluster"
UNKNOWN = (
    f"Kubernetes {built_in()['kubernetes']} has no such field; `kfctl validate --server` asks your cluster"
)


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (changed(WEB, "spec/replicas", "two"), "spec.replicas must be an integer, not 'two'", ""),
    (changed(WEB, "spec/replicas", 1.5), "spec.replicas must be an integer, not 1.5", ""),
    (changed(WEB, "spec/replicaz", 2), "spec.replicaz is not known here: did you mean replicas?", ""),
    (changed(WEB, "spec/nonsense", 2), "spec.nonsense is not known here", UNKNOWN),
    (changed(WEB, "nonsense", 2), "nonsense is not known here", UNKNOWN),
    (
        changed(SERVICE, "spec/ports/0/port", "eighty"),
        "spec.ports[0].port must be an integer, not 'eighty'",
        "",
    ),
    (
        changed(SERVICE, "spec/ports/0/targetPort", 8.5),
        "spec.ports[0].targetPort must be an integer or text, not 8.5",
        "",
    ),
    (
        changed(SERVICE, "spec/type", "NodePrt"),
        "spec.type must be one of ClusterIP, ExternalName, LoadBalancer, NodePort, not 'NodePrt'",
        "",
    ),
    (
        changed(WEB, f"{C}/imagePullPolcy", "Always"),
        f"{MAIN}.imagePullPolcy is not known here: did you mean imagePullPolicy?",
        "",
    ),
    (
        changed(WEB, f"{C}/image", "a b"),
        f"{MAIN}.image must be an image such as ghcr.io/org/name:tag, in lower case up to its tag, not 'a b'",
        "",
    ),
    (
        changed(WEB, f"{C}/env", [{"name": "A", "value": 1}]),
        f"{MAIN}.env[0].value must be text, not 1",
        "put it in quotes",
    ),
    (
        changed(WEB, f"{C}/env", {"A": "1"}),
        f'{MAIN}.env must be a list, not {{"A": "1"}}',
        "",
    ),
    (changed(WEB, f"{C}/args", [None]), f"{MAIN}.args[0] must be text, not null", ""),
    (
        changed(WEB, f"{C}/command", [["a"]]),
        f'{MAIN}.command[0] must be text, not ["a"]',
        "",
    ),
    (
        changed(WEB, f"{C}/resources", {"limits": {"memory": "1GB"}}),
        f"{MAIN}.resources.limits.memory must be a quantity such as 500m or 1Gi, not '1GB'",
        "",
    ),
    (
        changed(WEB, f"{C}/readinessProbe", {"httpGet": {"path": "/"}}),
        f"{MAIN}.readinessProbe.httpGet.port is required",
        "",
    ),
    (
        changed(WEB, "metadata/labels", {"a": 1}),
        "metadata.labels.a must be text, not 1",
        "put it in quotes",
    ),
    (changed(WEB, "metadata/label", {}), "metadata.label is not known here: did you mean labels?", ""),
    (
        {**SECRET, "data": {"p": "pass word"}},
        "data.p is no base64 (a Secret takes plain text in stringData)",
        "",
    ),
    ({**SECRET, "stringData": {"p": 1234}}, "stringData.p must be text", "put it in quotes"),
    (
        {**SECRET, "data": {"p": 1234}},
        "data.p is no base64 (a Secret takes plain text in stringData)",
        "",
    ),
    (
        {**INGRESS, "apiVersion": "extensions/v1beta1"},
        GONE,
        "",
    ),
    ({**WEB, "apiVersion": "v1"}, "is of a kind that v1 does not have", "it is in apps/v1"),
    (
        {**WEB, "kind": "Deploymnet"},
        "is of a kind that apps/v1 does not have",
        "did you mean Deployment?",
    ),
    ({**WEB, "apiVersion": "apps/v2"}, "is of apps/v2, which Kubernetes does not have", "it is in apps/v1"),
    (
        {**WEB, "apiVersion": "app/v1", "kind": "X"},
        "is of app/v1, which Kubernetes does not have",
        "did you mean apps/v1?",
    ),
    (changed(THING, "spec/size", "big"), "spec.size must be an integer, not 'big'", ""),
    (changed(THING, "spec", {}), "spec.size is required", ""),
    (changed(THING, "spec/mode", "c"), "spec.mode must be one of a, b, not 'c'", ""),
    (changed(THING, "spec/port", True), "spec.port must be an integer or text, not true", ""),
    (changed(THING, "spec/labels", {"a": 1}), "spec.labels.a must be text, not 1", "put it in quotes"),
    (changed(THING, "spec/other", "a"), "spec.other is not known here", UNKNOWN_TO_US),
    (changed(THING, "spec/modes", "a"), "spec.modes is not known here: did you mean mode?", ""),
    (
        {**JOB, "spec": {"tfReplicaSpecs": {"Worker": {"template": changed(POD, "spec/containrs", [])}}}},
        "spec.tfReplicaSpecs.Worker.template.spec.containrs is not known here: did you mean containers?",
        "",
    ),
    (changed(THING, "metadata/label", {}), "metadata.label is not known here: did you mean labels?", ""),
]


@pytest.mark.parametrize(("body", "message", "hint"), WRONG)
def test_what_no_server_takes(body: dict[str, Any], message: str, hint: str) -> None:
    assert told(body, DEFINITION) == [(message, hint)]


RIGHT: list[dict[str, Any]] = [
    WEB,
    SERVICE,
    changed(WEB, "spec/replicas", None),
    changed(WEB, "spec/replicas", 2.0),
    changed(WEB, "status", {"anything": 1}),
    changed(WEB, "metadata/creationTimestamp", None),
    {**SECRET, "data": {"a": "aGk=", "b": "", "c": "aGVs\nbG8h\n"}},
    changed(THING, "spec/free", {"known": "x", "more": [1]}),
    changed(THING, "status", {"anything": 1}),
    DEFINITION,
    JOB_OF_PODS,
    {"apiVersion": "other.example.com/v1", "kind": "Anything", "metadata": {"name": "x"}, "spec": 5},
    {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "x"}},
    {"apiVersion": "resource.k8s.io/v1beta1", "kind": "DeviceClass", "metadata": {"name": "x"}},
]


@pytest.mark.parametrize("body", RIGHT)
def test_what_servers_take(body: dict[str, Any]) -> None:
    assert told(body, DEFINITION) == []


def test_a_real_server_says_the_same(cluster: Cluster, namespace: str) -> None:
    """But for images and empty entries of lists, of which we are stricter, status and the app's own kinds."""
    served = [body for body in RIGHT if f"{body['apiVersion']}/{body['kind']}" in built_in()["kinds"]]
    right = [body for body in served if body is not DEFINITION and "status" not in body]
    ours = re.compile("ghcr.io|not null|^spec.tfReplicaSpecs")
    wrong = [body for body, told, _ in WRONG if body["kind"] != "Thing" and not ours.search(told)]
    refused = [body for body in [*right, *wrong] if not taken(cluster, namespace, body)]
    assert refused == wrong


def taken(cluster: Cluster, namespace: str, body: dict[str, Any]) -> bool:
    """Whether the server would take an object."""
    placed = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
    words = ("apply", "--server-side", "--dry-run=server", "-f", "-")
    try:
        cluster.kubectl(*words, input=json.dumps(placed))
    except KubectlError:
        return False
    return True


@pytest.mark.parametrize(
    "schema", [None, 5, {"type": "nonsense"}, {"properties": {"spec": {"pattern": "("}}}]
)
def test_a_definition_without_a_schema_says_nothing(schema: Any) -> None:
    definition = changed(DEFINITION, "spec/versions/0/schema/openAPIV3Schema", schema)
    assert told(changed(THING, "spec/size", "big"), definition) == []


@pytest.mark.parametrize("pattern", ["(?!x)", "(", r"(a)\1", r"\pL{900}"])
def test_a_pattern_that_go_does_not_compile_is_refused(pattern: str) -> None:
    schema = {"anyOf": [{"properties": {"pattern": {"items": {"pattern": pattern}}}}]}
    definition = changed(DEFINITION, "spec/versions/0/schema/openAPIV3Schema", schema)
    (misfit,) = Kinds(built_in(), []).misfits(Resource(definition))
    assert misfit.path[-6:] == ("anyOf", 0, "properties", "pattern", "items", "pattern")


@pytest.mark.parametrize(
    ("name", "example"), every_example(), ids=lambda value: getattr(value, "name", value)
)
def test_what_prototypes_render_fits(name: str, example: Any) -> None:
    resources = rendered(name, example.params)
    kinds = Kinds(built_in(), resources)
    assert [each for resource in resources for each in kinds.misfits(resource)] == []


FULL = changed(
    WEB,
    "spec/template/spec",
    {
        "serviceAccountName": "a",
        "volumes": [{"name": "v", "configMap": {"name": "c"}}, {"name": "w", "projected": {"sources": [{}]}}],
        "initContainers": [CONTAINER],
        "containers": [
            {
                "name": "server",
                "image": "x",
                "command": ["a"],
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                "envFrom": [{"configMapRef": {"name": "c"}}],
                "ports": [{"name": "http", "containerPort": 80}],
                "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }
        ],
    },
)
JUNK: list[Any] = [
    None,
    True,
    -1,
    1.5,
    "",
    "x",
    [],
    [1],
    {},
    {"a": 1},
    [{"name": 5}],
    {"template": {"spec": 1}},
]


@pytest.mark.parametrize(
    "body", [FULL, SERVICE, SECRET, DEFINITION, THING, JOB_OF_PODS], ids=itemgetter("kind")
)
def test_whatever_stands_in_a_field_is_judged(body: dict[str, Any]) -> None:
    for path in paths(body):
        for junk in JUNK:
            resources = [Resource(changed(body, path, junk)), Resource(SERVICE), Resource(DEFINITION)]
            examine_objects(resources, Known(Kinds(built_in(), resources), lambda resource, path: None))
            examine_objects(resources)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the place of every part of a value."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield f"{path}/{key}".lstrip("/")
        if isinstance(child, dict | list):
            yield from paths(child, f"{path}/{key}")
