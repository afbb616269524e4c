"""Where objects hold the pods that they make, and what those pods read."""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Any

from kfctl.model.resource import at, is_custom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kfctl.model.resource import Resource

    Change = Callable[[dict[str, Any]], dict[str, Any]]

TEMPLATE = ("spec", "template")
PLACES: dict[str, tuple[str, ...]] = {  # of pod templates in built-in kinds
    "PodTemplate": ("template",),
    "ReplicationController": TEMPLATE,
    "apps/DaemonSet": TEMPLATE,
    "apps/Deployment": TEMPLATE,
    "apps/ReplicaSet": TEMPLATE,
    "apps/StatefulSet": TEMPLATE,
    "batch/CronJob": ("spec", "jobTemplate", "spec", "template"),
    "batch/Job": TEMPLATE,
}
# What the controllers of objects make, that has pods made in turn: apiVersion and kind.
BETWEEN: dict[str, tuple[tuple[str, str], ...]] = {
    "apps/Deployment": (("apps/v1", "ReplicaSet"),),
    "jobset.x-k8s.io/JobSet": (("batch/v1", "Job"),),
    "kubeflow.org/Notebook": (("apps/v1", "StatefulSet"),),
    "ray.io/RayJob": (("ray.io/v1", "RayCluster"), ("batch/v1", "Job")),
    "trainer.kubeflow.org/TrainJob": (("jobset.x-k8s.io/v1alpha2", "JobSet"), ("batch/v1", "Job")),
}


def pod_templates(resource: Resource) -> tuple[dict[str, Any], ...]:
    """Return the pod templates in an object; a Pod is its own."""
    if resource.kind == "Pod" and not resource.group:
        return (dict(resource.body),)
    found: list[dict[str, Any]] = []

    def kept(template: dict[str, Any]) -> dict[str, Any]:
        found.append(template)
        return template

    with_pod_templates(resource, kept)
    return tuple(found)


def with_pod_templates(resource: Resource, change: Change) -> Mapping[str, Any]:
    """Return the object's body with each of its pod templates changed; the same body where it has none."""
    path = PLACES.get(f"{resource.group}/{resource.kind}".lstrip("/"))
    if path:
        template = at(resource.body, *path)
        return _changed_at(resource.body, path, change) if isinstance(template, dict) else resource.body
    if is_custom(resource.group):  # such as a TFJob
        spec = resource.body.get("spec")
        changed = _changed_anywhere(spec, change)
        return resource.body if changed is spec else {**resource.body, "spec": changed}
    return resource.body


def _changed_at(value: Mapping[str, Any], path: tuple[str, ...], change: Change) -> dict[str, Any]:
    head, *rest = path
    return {**value, head: _changed_at(value[head], tuple(rest), change) if rest else change(value[head])}


def _changed_anywhere(value: Any, change: Change) -> Any:
    """Return the value with each map called `template` that holds a pod's containers changed."""
    if isinstance(value, list):
        items = [_changed_anywhere(item, change) for item in value]
        return value if all(map(is_, items, value)) else items
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for key, child in value.items():
        if key == "template" and isinstance(at(child, "spec", "containers"), list):
            result[key] = change(child)
        else:
            result[key] = _changed_anywhere(child, change)
    return value if all(result[key] is child for key, child in value.items()) else result


def configmaps_read(template: Mapping[str, Any]) -> set[str]:
    """Return the names of the ConfigMaps that a pod mounts or has in its environment."""
    spec = template.get("spec")
    sources = [*_volumes(spec, "configMap"), *_environment(spec)]
    return {name for source in sources if isinstance(name := at(source, "name"), str)}


def secrets_mounted(template: Mapping[str, Any]) -> set[str]:
    """Return the names of the Secrets that a pod mounts."""
    sources = _volumes(template.get("spec"), "secret")
    names = (at(source, "secretName") or at(source, "name") for source in sources)
    return {name for name in names if isinstance(name, str)}


def _volumes(spec: Any, kind: str) -> Iterator[Any]:
    for volume in maps(at(spec, "volumes")):
        yield volume.get(kind)
        for source in maps(at(volume, "projected", "sources")):
            yield source.get(kind)


def _environment(spec: Any) -> Iterator[Any]:
    for container in containers(spec):
        for variable in maps(container.get("env")):
            yield at(variable, "valueFrom", "configMapKeyRef")
        for source in maps(container.get("envFrom")):
            yield source.get("configMapRef")


def containers(spec: Any) -> list[Mapping[str, Any]]:
    """Return a pod's containers, those that start first included."""
    return [*maps(at(spec, "initContainers")), *maps(at(spec, "containers"))]


def maps(value: Any) -> list[Mapping[str, Any]]:
    """Return the maps in a list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
