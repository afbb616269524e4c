"""What is odd about the objects of a whole app: selectors that find nothing, names that are nearly right."""

from __future__ import annotations

from collections import defaultdict
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.engine.needs import references
from kfctl.engine.podtemplates import containers, maps, pod_templates
from kfctl.model.resource import Key, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kfctl.model.resource import Resource

    Oddity = tuple[Resource, str]

OWNERS = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
NEAR = 0.85  # how alike two names are of which one is a slip


def oddities(resources: Sequence[Resource]) -> Iterator[Oddity]:
    """Return what may be meant, and more likely is a mistake; it takes all objects of an app."""
    pods = Pods(resources)
    for rule in (_idle_services, _shared_pods):
        yield from rule(resources, pods)
    yield from _near_misses(resources)


def idle_services(resources: Sequence[Resource]) -> Iterator[Resource]:
    """Return the Services whose pods no object makes."""
    pods = Pods(resources)
    for service in filter(_selects, resources):
        if not pods.selected(service.namespace, at(service.body, "spec", "selector")):
            yield service


def selector_text(service: Resource) -> str:
    """Return the labels that a Service selects, as kubectl takes them: app=web,tier=front."""
    return ",".join(f"{key}={value}" for key, value in at(service.body, "spec", "selector").items())


class Pod(NamedTuple):
    """The pods that one template of an object makes."""

    owner: Resource
    labels: Mapping[str, Any]
    ports: frozenset[Any]


class Pods:
    """All pods that the objects make, found by labels."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        """Look through the objects once."""
        self._by_label: dict[tuple[str, str, Any], list[Pod]] = defaultdict(list)
        for resource in resources:
            for template in pod_templates(resource):
                labels = at(template, "metadata", "labels")
                pod = Pod(resource, labels if isinstance(labels, dict) else {}, _ports(template.get("spec")))
                for key, value in pod.labels.items():
                    self._by_label[resource.namespace, key, str(value)].append(pod)

    def selected(self, namespace: str, selector: Mapping[str, Any]) -> list[Pod]:
        """Return the pods in a namespace that have all labels of a selector, which is not empty."""
        found = [self._by_label.get((namespace, key, str(value)), []) for key, value in selector.items()]
        return [pod for pod in min(found, key=len) if selector.items() <= pod.labels.items()]


def _ports(spec: Any) -> frozenset[Any]:
    names = (port.get("name") for one in containers(spec) for port in maps(one.get("ports")))
    return frozenset(name for name in names if isinstance(name, str))


def _selects(resource: Resource) -> bool:
    """Whether an object is a Service that selects pods by their labels."""
    selector = at(resource.body, "spec", "selector")
    return resource.kind == "Service" and not resource.group and isinstance(selector, dict) and bool(selector)


def _idle_services(resources: Sequence[Resource], pods: Pods) -> Iterator[Oddity]:
    for service in filter(_selects, resources):
        selected = pods.selected(service.namespace, at(service.body, "spec", "selector"))
        if not selected:
            yield service, f"selects {selector_text(service)}, and no object of the app makes such pods"
        for port in maps(at(service.body, "spec", "ports")) if selected else ():
            target = port.get("targetPort")
            if isinstance(target, str) and not any(target in pod.ports for pod in selected):
                yield service, f"sends to the port '{target}', which no container of its pods has"


def _shared_pods(resources: Sequence[Resource], pods: Pods) -> Iterator[Oddity]:
    for workload in resources:
        selector = at(workload.body, "spec", "selector", "matchLabels")
        if workload.group == "apps" and workload.kind in OWNERS and isinstance(selector, dict) and selector:
            for pod in pods.selected(workload.namespace, selector):
                if pod.owner.key != workload.key and pod.owner.kind in OWNERS:
                    yield workload, f"selects the pods of {pod.owner.key} too: the two will fight over them"


def _near_misses(resources: Sequence[Resource]) -> Iterator[Oddity]:
    names: dict[Key, list[str]] = defaultdict(list)
    for resource in resources:
        names[resource.key._replace(name="")].append(resource.name)
    for resource in resources:
        for key in dict.fromkeys([*references(resource), *_named(resource)]):
            known = names.get(key._replace(name=""), [])
            if known and key.name not in known:
                near = get_close_matches(key.name, known, n=1, cutoff=NEAR)
                if near:
                    yield resource, f"names {key}, which is not in the app: did you mean {near[0]}?"


def _named(resource: Resource) -> Iterator[Key]:
    """Return what an object of a kind other than pods names."""
    find = NAMED.get(f"{resource.group}/{resource.kind}".lstrip("/"))
    for group, kind, name in find(resource.body) if find else ():
        if isinstance(name, str) and name:
            yield Key(group, kind, "" if kind == "ClusterRole" else resource.namespace, name)


def _role(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    yield "rbac.authorization.k8s.io", str(at(body, "roleRef", "kind")), at(body, "roleRef", "name")
    for subject in maps(body.get("subjects")):
        if subject.get("kind") == "ServiceAccount" and subject.get("namespace") in (
            None,
            at(body, "metadata", "namespace"),
        ):
            yield "", "ServiceAccount", subject.get("name")


def _scaled(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    target = at(body, "spec", "scaleTargetRef")
    yield str(at(target, "apiVersion")).rpartition("/")[0], str(at(target, "kind")), at(target, "name")


def _governed(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    yield "", "Service", at(body, "spec", "serviceName")


def _routed(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    yield "", "Service", at(body, "spec", "defaultBackend", "service", "name")
    for rule in maps(at(body, "spec", "rules")):
        for path in maps(at(rule, "http", "paths")):
            yield "", "Service", at(path, "backend", "service", "name")


NAMED: dict[str, Callable[[Mapping[str, Any]], Iterator[tuple[str, str, Any]]]] = {
    "apps/StatefulSet": _governed,
    "autoscaling/HorizontalPodAutoscaler": _scaled,
    "networking.k8s.io/Ingress": _routed,
    "rbac.authorization.k8s.io/ClusterRoleBinding": _role,
    "rbac.authorization.k8s.io/RoleBinding": _role,
}
