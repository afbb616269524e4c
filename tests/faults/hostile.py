"""A server in this process whose answers are wrong in one place: a field is missing, or of another shape."""

# ruff: noqa: E501 (objects as a server sends them)
from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.cluster.transport import Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from kfctl.cluster.request import Request

APP = "11111111-2222-3333-4444-555555555555"
DEEP: Any = []
for _ in range(5000):
    DEEP = [DEEP]
# What takes the place of a value.
ODD: tuple[Any, ...] = (
    None, "", "x", "a\x1b[2J\nkfctl: b", -1, 0, 10**30, 1e308, True, [], {}, [None], [[]], [1], ["a"], {"a": None},
    {"": {}}, [{}], [{"name": 1}], {"a": {"b": "c"}}, "2026-01-01T00:00:00Z", "9" * 5000, "100Gi",
)  # fmt: skip
TEXTS = (b"", b"[]", b"null", b"1", b"{", b"[" * 100000, b'{"a":' * 100000, b"\xff\xfe", b'{"a":1e999}',
         b'{"a":' + b"9" * 5000 + b"}", b'{"metadata":{"name":"\\ud800"}}', b'{"kind":"Status"}',
         b'{"kind":"Table","rows":[]}')  # fmt: skip

PLURALS = {
    "v1": {
        "Pod": "pods", "Service": "services", "Secret": "secrets", "ConfigMap": "configmaps", "Event": "events",
        "Namespace": "namespaces", "Node": "nodes", "PersistentVolumeClaim": "persistentvolumeclaims",
        "ServiceAccount": "serviceaccounts", "ResourceQuota": "resourcequotas", "LimitRange": "limitranges",
    },
    "apps/v1": {"Deployment": "deployments", "ReplicaSet": "replicasets", "StatefulSet": "statefulsets"},
    "batch/v1": {"Job": "jobs"},
    "storage.k8s.io/v1": {"StorageClass": "storageclasses"},
    "coordination.k8s.io/v1": {"Lease": "leases"},
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": "customresourcedefinitions"},
    "kubeflow.org/v1": {"TFJob": "tfjobs"},
}  # fmt: skip
CLUSTER_WIDE = {"Namespace", "Node", "StorageClass", "CustomResourceDefinition"}
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
TIME = "2026-01-01T00:00:00Z"
SET = "applyset-GS1fQcUenVN7LjDMAPL_Qgd1cXfVQN3UDaJ3uFxzQG0-v1"  # of the app's id
LABELS = {"app": "web", "kfctl.dev/component": "web", "applyset.kubernetes.io/part-of": SET}
META = {
    "namespace": "demo",
    "uid": "u",
    "labels": LABELS,
    "resourceVersion": "5",
    "creationTimestamp": TIME,
    "generation": 1,
}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
TERMINATED = {"exitCode": 1, "reason": "Error", "message": "boom", "containerID": "c://0", "finishedAt": TIME}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        **META, "name": "web-1", "labels": LABELS,
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-r", "uid": "r",
                             "controller": True}],
    },
    "spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 80, "name": "http"}]}]},
    "status": {
        "phase": "Running",
        "startTime": TIME,
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "x", "message": "m", "lastTransitionTime": TIME},
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no nodes available"},
        ],
        "containerStatuses": [
            {"name": "main", "ready": False, "restartCount": 3, "containerID": "c://1", "image": "nginx",
             "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
             "lastState": {"terminated": TERMINATED}},
        ],
    },
}  # fmt: skip
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        **META, "name": "web",
        "labels": LABELS,
        "annotations": {"deployment.kubernetes.io/revision": "1"},
        "managedFields": [{"manager": "kfctl", "operation": "Apply", "apiVersion": "apps/v1", "time": TIME,
                           "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}}}],
    },
    "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
    "status": {
        "observedGeneration": 1, "replicas": 1, "unavailableReplicas": 1,
        "conditions": [{"type": "Progressing", "status": "True", "reason": "x", "message": "y",
                        "lastUpdateTime": TIME}],
    },
}  # fmt: skip
REPLICA_SET = {
    **DEPLOYMENT,
    "kind": "ReplicaSet",
    "metadata": {
        **META, "name": "web-r", "uid": "r", "labels": LABELS,
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u",
                             "controller": True}],
    },
}  # fmt: skip
NODE = {
    "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": LABELS},
    "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"nvidia.com/gpu": "1"}},
}  # fmt: skip
JOB = {
    "apiVersion": "batch/v1", "kind": "Job", "metadata": {**META, "name": "job"},
    "spec": {"template": TEMPLATE, "selector": {"matchLabels": LABELS}, "backoffLimit": 1},
    "status": {"failed": 1, "startTime": TIME, "conditions": [{"type": "Failed", "status": "True", "message": "m"}]},
}  # fmt: skip
TFJOB = {
    "apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {**META, "name": "train"},
    "spec": {"tfReplicaSpecs": {"Worker": {"replicas": 1, "template": TEMPLATE}}},
    "status": {"conditions": [{"type": "Running", "status": "True", "reason": "r", "message": "m"}],
               "replicaStatuses": {"Worker": {"active": 1}}, "startTime": TIME},
}  # fmt: skip
SERVICE = {
    "apiVersion": "v1", "kind": "Service", "metadata": {**META, "name": "web"},
    "spec": {"selector": LABELS, "ports": [{"name": "http", "port": 80, "targetPort": "http"}], "type": "LoadBalancer"},
    "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}},
}  # fmt: skip
CLAIM = {
    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {**META, "name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    "status": {"phase": "Pending"},
}  # fmt: skip
QUOTA = {
    "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {**META, "name": "q"},
    "spec": {"hard": {"cpu": "1"}}, "status": {"hard": {"cpu": "1"}, "used": {"cpu": "1"}},
}  # fmt: skip
EVENT = {
    "apiVersion": "v1", "kind": "Event", "metadata": {**META, "name": "e"}, "type": "Warning", "reason": "Failed",
    "message": "m", "count": 2, "lastTimestamp": TIME, "involvedObject": {"kind": "Pod", "name": "web-1"},
}  # fmt: skip
CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "s"},
    "provisioner": "p",
}
OBJECTS = (POD, DEPLOYMENT, REPLICA_SET, NODE, JOB, TFJOB, SERVICE, CLAIM, QUOTA, EVENT, CLASS)
LOG = b"2026-01-01T00:00:00.000000001Z hello\n2026-01-01T00:00:00.000000002Z \x1b[2J\r\xff\n"


@dataclass
class HostileServer:
    """A transport: consistent answers, one of which (`at`, counted from 0) is made wrong by `chance`."""

    chance: Random
    at: int
    answered: int = 0
    stored: dict[str, Any] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)  # names
    server = "https://hostile"
    context = "prod"
    namespace = "demo"

    def send(self, request: Request) -> Response:
        status, value = self._answer(request)
        return Response(status, {"Date": "x"}, self._wrong(value))

    def stream(self, request: Request) -> Lines:
        if request.path.endswith("/log"):
            return Lines([LOG])
        return Lines(
            [self._wrong({"type": "MODIFIED", "object": each}) for each in self._listed(request.path)]
        )

    def websocket(self, request: Request, protocol: str) -> Response:
        del request, protocol
        return Response(403, {}, self._wrong({"kind": "Status", "message": "no"}))

    def doubt(self) -> str:
        return ""

    def close(self) -> None:
        pass

    def _wrong(self, value: Any) -> bytes:
        self.answered += 1
        if self.answered - 1 != self.at:
            return json.dumps(value).encode()
        if self.chance.random() < 0.1:
            return self.chance.choice(TEXTS)
        if self.chance.random() < 0.05:
            return (
                json.dumps(mutated(value, self.chance, "DEEP"))
                .encode()
                .replace(b'"DEEP"', b"[" * 150 + b"]" * 150)
            )
        return json.dumps(mutated(value, self.chance, self.chance.choice(ODD))).encode()

    def _answer(self, request: Request) -> tuple[int, Any]:
        path = request.path
        if path in {"/api", "/apis"}:
            return 200, discovery(core=path == "/api")
        if path == "/version":
            return 200, {"gitVersion": "v1.34.2", "major": "1", "minor": "34"}
        body = json.loads(request.body) if request.body else {}
        if "review" in path:
            rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            return 201, {**body, "status": {"allowed": True, "resourceRules": [rule]}}
        if request.method in {"PATCH", "POST"}:
            if request.method == "POST" and "metadata" in body:
                path = f"{path}/{body['metadata'].get('name')}"
            return 200, self._written(path, body, dry_run=("dryRun", "All") in request.query)
        if request.method == "DELETE":
            self.deleted.add(path.rpartition("/")[2])
            self.stored.pop(path, None)
            return 200, {"kind": "Status", "status": "Success"}
        return self._read(path)

    def _written(self, path: str, body: Any, *, dry_run: bool) -> Any:
        found = self.stored.get(path) or {}
        merged = {**found, **body} if isinstance(body, dict) else found
        metadata = {"name": path.rpartition("/")[2], **META, **(merged.get("metadata") or {})}
        stored = {**merged, "metadata": {**metadata, "resourceVersion": "6"}}
        if not dry_run:
            self.stored[path] = stored
        return stored

    def _read(self, path: str) -> tuple[int, Any]:
        *_, plural = path.split("/")
        if any(plural in plurals.values() for plurals in PLURALS.values()):
            items = [
                {k: v for k, v in each.items() if k not in {"kind", "apiVersion"}}
                for each in self._listed(path)
            ]
            return 200, {"kind": "List", "metadata": {"resourceVersion": "9"}, "items": items}
        if path in self.stored:
            return 200, self.stored[path]
        if "/namespaces/" in path and path.count("/") == 4:
            return 200, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": plural, "uid": "n"},
                         "status": {"phase": "Active"}}  # fmt: skip
        for each in (each for each in OBJECTS if each["metadata"]["name"] not in self.deleted):
            if path.endswith(f"/{each['metadata']['name']}") and plural_of(each) in path:
                return 200, each
        missing = {"kind": "Status", "status": "Failure", "reason": "NotFound", "message": "gone", "code": 404,
                   "details": {"name": "x", "causes": [{"reason": "a", "message": "b", "field": "c"}]}}  # fmt: skip
        return 404, missing

    def _listed(self, path: str) -> list[Mapping[str, Any]]:
        stored = [value for key, value in self.stored.items() if key.rpartition("/")[0] == path]
        return [
            *stored,
            *(
                each
                for each in OBJECTS
                if path.endswith(f"/{plural_of(each)}") and each["metadata"]["name"] not in self.deleted
            ),
        ]


@dataclass
class Lines:
    """A stream of lines that ends."""

    pieces: list[bytes]
    status = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> bytes:
        return b"".join(self.pieces)

    def lines(self, limit: int) -> Iterator[bytes]:
        del limit
        for piece in self.pieces:
            yield from piece.rstrip(b"\n").split(b"\n")

    def close(self) -> None:
        pass


def plural_of(body: Mapping[str, Any]) -> str:
    return PLURALS[body["apiVersion"]][body["kind"]]


def discovery(*, core: bool) -> dict[str, Any]:
    groups: dict[str, list[Any]] = {}
    for api_version, plurals in PLURALS.items():
        group, _, version = api_version.rpartition("/")
        if core is not bool(group):
            resources = [resource(kind, plural) for kind, plural in plurals.items()]
            groups.setdefault(group, []).append(
                {"version": version, "freshness": "Current", "resources": resources}
            )
    items = [{"metadata": {"name": group}, "versions": versions} for group, versions in groups.items()]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}


def resource(kind: str, plural: str) -> dict[str, Any]:
    scope = "Cluster" if kind in CLUSTER_WIDE else "Namespaced"
    return {
        "resource": plural, "responseKind": {"kind": kind}, "scope": scope, "verbs": VERBS,
        "subresources": [{"subresource": "status", "verbs": ["get"]}],
    }  # fmt: skip


def mutated(value: Any, chance: Random, odd: Any) -> Any:
    """Return a value with another one in one place, or without it."""
    value = copy.deepcopy(value)
    places = list(_places(value))
    if not places:
        return odd
    holder, key = chance.choice(places)
    if chance.random() < 0.25:
        del holder[key]
    elif chance.random() < 0.2 and isinstance(holder[key], list):
        holder[key].append(odd)
    else:
        holder[key] = odd
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
