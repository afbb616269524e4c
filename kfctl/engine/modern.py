"""Objects of APIs that are no longer served, as today's: a table of kinds, and what changes in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.engine.changes import Change, moved, removed
from kfctl.engine.podtemplates import maps
from kfctl.engine.tfjobs import TFJOBS, tfjob
from kfctl.model.resource import at
from kfctl.yamltext.steps import Act, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kfctl.yamltext.read import Path

    Body = Mapping[str, Any]


def modern(body: Body) -> Iterator[Change]:
    """Yield what has to change for today's API server to take an object."""
    yield from _exported(body)
    yield from _assigned(body)
    version, kind = str(body.get("apiVersion")), str(body.get("kind"))
    if (version, kind) in TFJOBS:
        yield from tfjob(body)
    elif old := OLD.get((version, kind)):
        yield from _moved(body, old)


class _Old(NamedTuple):
    """A kind that was served in an old version."""

    new: str  # its version today; empty where an object can't simply be carried over
    since: str  # who no longer serves the old one
    changes: Callable[[Body], Iterator[Change]] | None = None
    advice: str = ""


def _moved(body: Body, old: _Old) -> Iterator[Change]:
    version = body["apiVersion"]
    if old.new:  # else the object stays, and Kinds says that its version is gone
        yield moved("apiVersion", version, old.new, f"gone since {old.since}")
        yield from old.changes(body) if old.changes else ()


def _workload(body: Body) -> Iterator[Change]:
    """Selectors had defaults, and some fields have gone."""
    labels = at(body, "spec", "template", "metadata", "labels")
    if at(body, "spec", "selector") is None and isinstance(labels, dict) and labels:
        step = Step(Act.SET, ("spec", "selector"), {"matchLabels": dict(labels)})
        yield Change(("spec",), "spec.selector is added: the labels of its pods, as was the default", (step,))
    for key in ("rollbackTo", "templateGeneration"):
        if at(body, "spec", key) is not None:
            yield removed(("spec", key), "it has no effect any more")


def _ingress(body: Body) -> Iterator[Change]:
    if isinstance(backend := at(body, "spec", "backend"), dict):
        steps = (*_backend(("spec", "backend"), backend), _renamed(("spec", "backend"), "defaultBackend"))
        yield Change(("spec", "backend"), "spec.backend → spec.defaultBackend", steps)
    for number, rule in enumerate(at(body, "spec", "rules") or ()):
        paths = at(rule, "http", "paths")
        for index, path in enumerate(maps(paths)):
            yield from _path(("spec", "rules", number, "http", "paths", index), path)


def _path(keys: Path, path: Mapping[str, Any]) -> Iterator[Change]:
    if isinstance(backend := path.get("backend"), dict) and "serviceName" in backend:
        where = (*keys, "backend")
        yield Change(where, "backend.serviceName and servicePort → backend.service", _backend(where, backend))
    if "pathType" not in path:
        step = Step(Act.SET, (*keys, "pathType"), "ImplementationSpecific")
        yield Change(keys, "pathType: ImplementationSpecific is added, as was the default", (step,))


def _backend(keys: Path, backend: Mapping[str, Any]) -> tuple[Step, ...]:
    port = backend.get("servicePort")
    service = {
        "name": backend.get("serviceName"),
        "port": {"name" if isinstance(port, str) else "number": port},
    }
    if "serviceName" not in backend:
        return ()
    return (Step(Act.SET, keys, {"service": service}),)


def _renamed(keys: Path, new: str) -> Step:
    return Step(Act.RENAME, keys, new)


# What an API server writes into objects, and what no file should hold.
_SERVERS = {
    "metadata": ["uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields"],
    "annotations": [
        "kubectl.kubernetes.io/last-applied-configuration",
        "deployment.kubernetes.io/revision",
    ],
}


def _exported(body: Body) -> Iterator[Change]:
    """Yield what goes of an object that was taken from a cluster (`kubectl get -o yaml`)."""
    places: list[Path] = [("metadata", key) for key in _SERVERS["metadata"]]
    places += [("metadata", "annotations", key) for key in _SERVERS["annotations"]]
    parents = {keys: at(body, *map(str, keys[:-1])) for keys in places}
    found = [keys for keys, parent in parents.items() if isinstance(parent, dict) and keys[-1] in parent]
    if "status" in body:
        found.append(("status",))
    if found:
        said = f"{', '.join(str(keys[-1]) for keys in found)} left out: the API server writes them"
        yield Change(found[0], said, tuple(Step(Act.UNSET, keys) for keys in found))


# What the API server or a controller assigns, for one object on one cluster only: by kind.
_ASSIGNED: dict[str, tuple[Path, ...]] = {
    "Service": (("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "healthCheckNodePort")),
    "ServiceAccount": (("secrets",),),
    "Pod": (("spec", "nodeName"),),
    "Namespace": (("spec", "finalizers"), ("metadata", "labels", "kubernetes.io/metadata.name")),
    "PersistentVolume": (("spec", "claimRef", "uid"), ("spec", "claimRef", "resourceVersion")),
    "PersistentVolumeClaim": (
        ("spec", "volumeName"),
        *(
            ("metadata", "annotations", name)
            for name in (
                "pv.kubernetes.io/bind-completed",
                "pv.kubernetes.io/bound-by-controller",
                "volume.beta.kubernetes.io/storage-provisioner",
                "volume.kubernetes.io/selected-node",
                "volume.kubernetes.io/storage-provisioner",
            )
        ),
    ),
    "batch/Job": (
        ("spec", "selector"),
        *(
            (*labels, name)
            for labels in (("metadata", "labels"), ("spec", "template", "metadata", "labels"))
            for name in (
                "batch.kubernetes.io/controller-uid",
                "batch.kubernetes.io/job-name",
                "controller-uid",
                "job-name",
            )
        ),
    ),
}


def _assigned(body: Body) -> Iterator[Change]:
    """Yield the removal of fields of an exported object that hold on its own cluster only."""
    if at(body, "metadata", "uid") is None:
        return
    group = str(body.get("apiVersion")).rpartition("/")[0]
    kind = f"{group}/{body.get('kind')}".lstrip("/")
    paths = [path for path in _ASSIGNED.get(kind, ()) if at(body, *map(str, path)) is not None]
    if kind == "Service":
        paths = [] if at(body, "spec", "clusterIP") == "None" else paths
        ports = enumerate(maps(at(body, "spec", "ports")))
        paths += [("spec", "ports", index, "nodePort") for index, port in ports if "nodePort" in port]
    if kind == "batch/Job" and at(body, "spec", "manualSelector"):
        paths = []
    for path in paths:
        yield removed(path, "the cluster assigned it to this one object")


_WORKLOADS = {
    "extensions/v1beta1": "Deployment DaemonSet ReplicaSet",
    "apps/v1beta1": "Deployment StatefulSet",
    "apps/v1beta2": "Deployment DaemonSet ReplicaSet StatefulSet",
}
# Versions in which nothing but their number changed: old → new, since when the old one is gone, the kinds.
_RENUMBERED = {
    "extensions/v1beta1": ("networking.k8s.io/v1", "Kubernetes 1.16", "NetworkPolicy"),
    "rbac.authorization.k8s.io/v1alpha1": (
        "rbac.authorization.k8s.io/v1",
        "Kubernetes 1.22",
        "Role RoleBinding ClusterRole ClusterRoleBinding",
    ),
    "rbac.authorization.k8s.io/v1beta1": (
        "rbac.authorization.k8s.io/v1",
        "Kubernetes 1.22",
        "Role RoleBinding ClusterRole ClusterRoleBinding",
    ),
    "batch/v1beta1": ("batch/v1", "Kubernetes 1.25", "CronJob"),
    "batch/v2alpha1": ("batch/v1", "Kubernetes 1.21", "CronJob"),
    "policy/v1beta1": ("policy/v1", "Kubernetes 1.25", "PodDisruptionBudget"),
    "storage.k8s.io/v1beta1": ("storage.k8s.io/v1", "Kubernetes 1.22", "StorageClass CSIDriver"),
    "scheduling.k8s.io/v1beta1": ("scheduling.k8s.io/v1", "Kubernetes 1.22", "PriorityClass"),
    "networking.k8s.io/v1beta1": ("networking.k8s.io/v1", "Kubernetes 1.22", "IngressClass"),
    "autoscaling/v2beta2": ("autoscaling/v2", "Kubernetes 1.26", "HorizontalPodAutoscaler"),
}
_NO_TFJOB = "kfctl carries over TFJobs only; see the migration guides of Kubeflow's training operator"

OLD: dict[tuple[str, str], _Old] = {
    **{
        (version, kind): _Old("apps/v1", "Kubernetes 1.16", _workload)
        for version, kinds in _WORKLOADS.items()
        for kind in kinds.split()
    },
    **{
        (version, kind): _Old(new, since)
        for version, (new, since, kinds) in _RENUMBERED.items()
        for kind in kinds.split()
    },
    ("extensions/v1beta1", "Ingress"): _Old("networking.k8s.io/v1", "Kubernetes 1.22", _ingress),
    ("networking.k8s.io/v1beta1", "Ingress"): _Old("networking.k8s.io/v1", "Kubernetes 1.22", _ingress),
    ("extensions/v1beta1", "PodSecurityPolicy"): _Old(
        "", "Kubernetes 1.16", advice="label the namespace for Pod Security instead"
    ),
    ("policy/v1beta1", "PodSecurityPolicy"): _Old(
        "", "Kubernetes 1.25", advice="label the namespace for Pod Security instead"
    ),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): _Old(
        "",
        "Kubernetes 1.22",
        advice="its schema has to be written for v1; that of TFJobs is part of `tf-job-operator`",
    ),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): _Old(
        "", "Kubernetes 1.25", advice="write its metrics for autoscaling/v2"
    ),
    **{
        ("admissionregistration.k8s.io/v1beta1", kind): _Old(
            "", "Kubernetes 1.22", advice="write it for v1, with sideEffects and admissionReviewVersions"
        )
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    },
    **{
        (f"kubeflow.org/{version}", kind): _Old("", "Kubeflow 1.0", advice=_NO_TFJOB)
        for version in ("v1alpha1", "v1alpha2", "v1beta1", "v1beta2")
        for kind in ("PyTorchJob", "MPIJob")
    },
}
