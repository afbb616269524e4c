"""The objects of the app under test: 19 of 14 kinds, in two versions."""

from __future__ import annotations

from typing import Any

KINDS = (  # of the namespace, without the app's own
    *("configmap", "secret", "service", "serviceaccount", "deployment", "statefulset", "cronjob"),
    *("role", "rolebinding", "hpa", "pdb", "networkpolicy", "pvc"),
)
NOISE = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation")
RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
PORT = {"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}
BINDING = {
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
    "subjects": [{"kind": "ServiceAccount", "name": "runner"}],
}
SCALER = {
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1,
        "maxReplicas": 2,
    }
}
SLEEPING = {
    "schedule": "0 0 1 1 *",
    "suspend": True,
    "jobTemplate": {
        "spec": {
            "template": {
                "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}
            }
        }
    },
}
CLAIMS = {
    "serviceName": "store",
    "replicas": 0,
    "volumeClaimTemplates": [
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    ],
}


def thing(group: str, version: str, kind: str, name: str, rest: dict[str, Any]) -> dict[str, Any]:
    """Return an object."""
    api_version = f"{group}/{version}" if group else version
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **rest}


def workload(name: str, **spec: Any) -> dict[str, Any]:
    """Return the rest of something that makes pods."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "busybox"}], "nodeSelector": {"no": "node"}},
    }
    return {"spec": {**spec, "selector": {"matchLabels": {"app": name}}, "template": template}}


def widget(group: str, name: str, size: int) -> dict[str, Any]:
    """Return an object of the app's own kind, which says itself that it is ready."""
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    return thing(group, "v1", "Widget", name, {"spec": {"size": size}, "status": status})


def told(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what the server and its controllers write."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in NOISE}
    annotations = metadata.pop("annotations", {})
    kept = {
        k: v for k, v in annotations.items() if not k.startswith(("deployment.", "deprecated.daemonset."))
    }
    rest = {key: value for key, value in body.items() if key not in ("status", "metadata")}
    if body["kind"] == "Service":
        rest["spec"] = {k: v for k, v in body["spec"].items() if k not in ("clusterIP", "clusterIPs")}
    return {**rest, "metadata": {**metadata, "annotations": kept}}


def objects(group: str, version: int, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the app wants to be there."""
    both = [
        definition(group),
        webhook,
        thing("", "v1", "ServiceAccount", "runner", {}),
        thing("", "v1", "Secret", "key", {"stringData": {"key": f"value {version}"}}),
        thing("rbac.authorization.k8s.io", "v1", "Role", "reader", {"rules": [RULE]}),
        thing("rbac.authorization.k8s.io", "v1", "RoleBinding", "reader", BINDING),
        thing("", "v1", "ConfigMap", "stays", {"data": {"a": "1"}}),
        thing("", "v1", "ConfigMap", "changes", {"data": {"version": str(version)}}),
        thing("", "v1", "Service", "web", {"spec": {"selector": {"app": "web"}, "ports": [PORT]}}),
        thing("apps", "v1", "Deployment", "web", workload("web", replicas=0)),
        thing("apps", "v1", "StatefulSet", "store", {"spec": {**workload("store")["spec"], **CLAIMS}}),
        thing("autoscaling", "v2", "HorizontalPodAutoscaler", "web", SCALER),
        thing("policy", "v1", "PodDisruptionBudget", "web", {"spec": {"maxUnavailable": version}}),
        thing("networking.k8s.io", "v1", "NetworkPolicy", "web", {"spec": {"podSelector": {}}}),
        widget(group, "one", version),
    ]
    old = [
        thing("", "v1", "ConfigMap", "old", {"data": {"a": "1"}}),
        thing("", "v1", "Service", "old", {"spec": {"selector": {"app": "old"}, "ports": [PORT]}}),
        thing("apps", "v1", "Deployment", "old", workload("old", replicas=0)),
        widget(group, "old", 1),
    ]
    new = [
        thing("", "v1", "ConfigMap", "new", {"data": {"a": "1"}}),
        thing("batch", "v1", "CronJob", "new", {"spec": SLEEPING}),
    ]
    return both + (old if version == 1 else new)


def definition(group: str) -> dict[str, Any]:
    """Return the app's own kind."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    return thing("apiextensions.k8s.io", "v1", "CustomResourceDefinition", f"widgets.{group}", {"spec": spec})
