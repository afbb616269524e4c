"""Who goes before whom, as a table and a sort key; the barriers that the objects themselves ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfctl.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kfctl.model.plan import Need
    from kfctl.model.resource import Key, Resource

# A line of stages, each a line of kinds; what stands in none of them is a custom resource and goes last.
ORDER: tuple[tuple[str, ...], ...] = (
    ("Namespace",),
    ("apiextensions.k8s.io/CustomResourceDefinition",),
    (  # what pods, and those who make them, read or are held to when they start
        "scheduling.k8s.io/PriorityClass",
        "node.k8s.io/RuntimeClass",
        "ResourceQuota",
        "LimitRange",
        "networking.k8s.io/NetworkPolicy",
        "policy/PodDisruptionBudget",
        "ServiceAccount",
        "Secret",
        "ConfigMap",
        "rbac.authorization.k8s.io/ClusterRole",
        "rbac.authorization.k8s.io/ClusterRoleBinding",
        "rbac.authorization.k8s.io/Role",
        "rbac.authorization.k8s.io/RoleBinding",
    ),
    (
        "storage.k8s.io/CSIDriver",
        "storage.k8s.io/StorageClass",
        "storage.k8s.io/VolumeAttributesClass",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "resource.k8s.io/DeviceClass",
        "resource.k8s.io/ResourceClaimTemplate",
        "resource.k8s.io/ResourceClaim",
    ),
    ("Service", "Endpoints", "discovery.k8s.io/EndpointSlice"),
    (
        "apps/DaemonSet",
        "Pod",
        "PodTemplate",
        "ReplicationController",
        "apps/ReplicaSet",
        "apps/Deployment",
        "apps/StatefulSet",
        "autoscaling/HorizontalPodAutoscaler",
        "batch/Job",
        "batch/CronJob",
        "networking.k8s.io/IngressClass",
        "networking.k8s.io/Ingress",
        "coordination.k8s.io/Lease",
        "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
        "flowcontrol.apiserver.k8s.io/FlowSchema",
    ),
    (
        "apiregistration.k8s.io/APIService",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/MutatingAdmissionPolicy",
        "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
    ),
)
CUSTOM = (len(ORDER), 0)
_PLACES = {kind: (stage, place) for stage, kinds in enumerate(ORDER) for place, kind in enumerate(kinds)}


def place(resource: Resource) -> tuple[int, int]:
    """Return the stage of a resource and its place in it."""
    return _PLACES.get(f"{resource.group}/{resource.kind}".lstrip("/"), CUSTOM)


def sort_key(resource: Resource) -> tuple[tuple[int, int], str, str, str, str]:
    """Return what sorts resources into the order in which they are shown and applied."""
    key = resource.key
    return place(resource), key.group, key.kind, key.namespace, key.name


def waves(resources: Iterable[Resource], after: Sequence[Need] | None = None) -> tuple[tuple[Key, ...], ...]:
    """Return the resources in groups that may go side by side; `after` holds their `needs`, if known."""
    from kfctl.engine.needs import needs  # here: `show` sorts and needs no waves

    ordered = sorted(resources, key=sort_key)
    levels = _levels(ordered, needs(ordered) if after is None else after)
    found: dict[tuple[int, int], list[Key]] = {}
    for resource in ordered:
        found.setdefault(levels[resource.key], []).append(resource.key)
    return tuple(tuple(found[level]) for level in sorted(found))


def _levels(ordered: Sequence[Resource], after: Iterable[Need]) -> dict[Key, tuple[int, int]]:
    """Give each resource its stage, and a step more for each need that its stage alone does not meet."""
    by_key = {resource.key: resource for resource in ordered}
    graph: dict[Key, list[Key]] = {key: [] for key in by_key}
    for need in after:
        if need.key in graph and need.on in graph:
            graph[need.key].append(need.on)
    levels: dict[Key, tuple[int, int]] = {}
    for key in _sorted(graph, by_key):
        before = (levels[on] for on in graph[key])
        levels[key] = max([(place(by_key[key])[0], 0), *((stage, step + 1) for stage, step in before)])
    return levels


def _sorted(graph: dict[Key, list[Key]], by_key: dict[Key, Resource]) -> tuple[Key, ...]:
    from graphlib import CycleError, TopologicalSorter

    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle: list[Key] = error.args[1]
        where = ", ".join(dict.fromkeys(by_key[key].origin for key in circle if by_key[key].origin))
        raise AppError(
            f"objects wait for each other in a circle: {' before '.join(map(str, circle))}"
            + (f" ({where})" if where else ""),
            hint="take one of the kfctl.dev/depends-on annotations away",
        ) from error
