"""What an app's objects ask of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.engine.podtemplates import containers, pod_templates
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.model.resource import Resource


@dataclass(frozen=True)
class Demands:
    """What must be there."""

    kinds: frozenset[tuple[str, str]] = frozenset()  # apiVersion and kind of all objects
    defined: frozenset[tuple[str, str]] = frozenset()  # group and kind of what the app defines itself
    devices: frozenset[str] = frozenset()  # such as nvidia.com/gpu
    claims: tuple[str, ...] = ()  # what asks for storage of the default class
    balanced: tuple[str, ...] = ()  # Services that want a load balancer
    pods: bool = False


def demands(resources: Sequence[Resource]) -> Demands:
    """Return what objects ask of the cluster they go to."""
    templates = [template for resource in resources for template in pod_templates(resource)]
    return Demands(
        kinds=frozenset((resource.api_version, resource.kind) for resource in resources),
        defined=frozenset(_defined(resources)),
        devices=frozenset(name for template in templates for name in _devices(template)),
        claims=tuple(str(resource.key) for resource in resources if _wants_default_class(resource)),
        balanced=tuple(
            str(resource.key) for resource in resources if at(resource.body, "spec", "type") == "LoadBalancer"
        ),
        pods=bool(templates),
    )


def _defined(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    for resource in resources:
        if resource.kind == "CustomResourceDefinition":
            spec = at(resource.body, "spec")
            yield str(at(spec, "group")), str(at(spec, "names", "kind"))


def _devices(template: Mapping[str, Any]) -> Iterator[str]:
    """Yield the resources of a pod that only some nodes have, which their names' prefix tells."""
    for container in containers(template.get("spec")):
        for part in ("limits", "requests"):
            asked = at(container, "resources", part) or {}
            yield from (name for name, amount in asked.items() if "/" in name and amount not in (0, "0"))


def _wants_default_class(resource: Resource) -> bool:
    claims = at(resource.body, "spec", "volumeClaimTemplates") or ()
    if resource.kind == "PersistentVolumeClaim":
        claims = [resource.body]
    return any(at(claim, "spec", "storageClassName") is None for claim in claims)
