"""What an object needs there before it: its kind, its webhook, what its pods read, what it says it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.podtemplates import containers, maps, pod_templates
from kfctl.errors import AppError, Problem, did_you_mean
from kfctl.model.plan import Need
from kfctl.model.resource import Key, at, is_custom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kfctl.model.resource import Resource

DEPENDS_ON = "kfctl.dev/depends-on"
_WEBHOOKS = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})
_BACKENDS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
# Where a pod names what it must have to start: the field → (how it is named there, the kind that is meant).
_VOLUMES = {
    "configMap": ("name", "ConfigMap"),
    "secret": ("secretName", "Secret"),
    "persistentVolumeClaim": ("claimName", "PersistentVolumeClaim"),
}
_SOURCES = {"configMap": "ConfigMap", "secret": "Secret"}
_VARIABLES = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_ALL_VARIABLES = {"configMapRef": "ConfigMap", "secretRef": "Secret"}


def needs(resources: Iterable[Resource]) -> tuple[Need, ...]:
    """Return what each of the resources needs of the others; the stronger of two needs of one pair."""
    given = {resource.key: resource for resource in resources}
    found: dict[tuple[Key, Key], Need] = {}
    for need in _all(list(given.values())):
        if need.on in given and (need.ready or (need.key, need.on) not in found):
            found[need.key, need.on] = need
    return tuple(found.values())


def dangling(resources: Sequence[Resource]) -> tuple[Problem, ...]:
    """Return a fault for each name in a depends-on annotation that none of the resources has."""
    known = _by_name(resources)
    return tuple(
        Problem(
            f"{resource.key}: {DEPENDS_ON} names {text}, which is not among the objects",
            hint=did_you_mean(text, known) or "it lists Kind/name, separated by commas",
        )
        for resource in resources
        for text in _asked(resource)
        if _meant(resource, text, known) is None
    )


def _all(resources: Sequence[Resource]) -> Iterator[Need]:
    known = _by_name(resources)
    kinds = {_defined(r): r for r in resources if r.kind == "CustomResourceDefinition"}
    serving = _serving(resources)
    backends = _backends(resources, serving)
    for resource in resources:
        key = resource.key
        if key.namespace:
            yield Need(key, Key("", "Namespace", "", key.namespace), why="its namespace")
        kind = kinds.get((key.group, key.kind))
        if kind:
            converting = serving(at(kind.body, "spec", "conversion", "webhook"))
            yield Need(key, kind.key, ready=True, why="its kind")
            yield from (Need(key, on, ready=True, why="the webhook that converts it") for on in converting)
        if is_custom(key.group):  # kinds of Kubernetes itself go before webhooks
            yield from (
                Need(key, on, ready=True, why="the webhook that admits it") for on in backends(key.group)
            )
        yield from (Need(key, on, why="what its pods read") for on in references(resource))
        if account := _token_of(resource):
            yield Need(key, account, why="the account whose token it holds")
        asked = (_meant(resource, text, known) for text in _asked(resource))
        yield from (Need(key, on, ready=True, why="which it depends on") for on in asked if on)


def references(resource: Resource) -> Iterator[Key]:
    """Return the ConfigMaps, Secrets, claims and accounts without which a resource's pods don't start."""
    for template in pod_templates(resource):
        pod = template.get("spec")
        pod = pod if isinstance(pod, dict) else {}
        account = pod.get("serviceAccountName")
        named = [("ServiceAccount", account)] if account else []
        for kind, name in [*named, *_in_volumes(pod), *_in_variables(pod)]:
            yield Key("", kind, resource.namespace, str(name))


def _token_of(resource: Resource) -> Key | None:
    """Return the ServiceAccount of a token Secret: without it a controller deletes the Secret."""
    if resource.kind != "Secret" or resource.body.get("type") != "kubernetes.io/service-account-token":
        return None
    name = at(resource.metadata, "annotations", "kubernetes.io/service-account.name")
    return Key("", "ServiceAccount", resource.namespace, str(name)) if name else None


def _in_volumes(pod: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for volume in maps(pod.get("volumes")):
        for field, (name, kind) in _VOLUMES.items():
            if at(volume, field, name) and not at(volume, field, "optional"):
                yield kind, volume[field][name]
        for source in maps(at(volume, "projected", "sources")):
            yield from _named(source, _SOURCES)


def _in_variables(pod: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for container in containers(pod):
        for variable in maps(container.get("env")):
            yield from _named(variable.get("valueFrom"), _VARIABLES)
        for source in maps(container.get("envFrom")):
            yield from _named(source, _ALL_VARIABLES)


def _named(source: Any, kinds: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for field, kind in kinds.items():
        if at(source, field, "name") and not at(source, field, "optional"):
            yield kind, source[field]["name"]


def _defined(definition: Resource) -> tuple[str, str]:
    spec = definition.body.get("spec")
    return str(at(spec, "group")), str(at(spec, "names", "kind"))


def _serving(resources: Sequence[Resource]) -> Callable[[Any], list[Key]]:
    """Return what tells which workloads serve a webhook."""
    by_key = {resource.key: resource for resource in resources}
    workloads = [resource for resource in resources if resource.kind in _BACKENDS]
    return lambda webhook: [w.key for w in workloads if _serves(w, by_key.get(_service(webhook)))]


def _backends(
    resources: Sequence[Resource], serving: Callable[[Any], list[Key]]
) -> Callable[[str], list[Key]]:
    """Return what tells which workloads serve the webhooks that admit objects of a group."""
    served = [
        (rule, serving(webhook))
        for configuration in resources
        if configuration.kind in _WEBHOOKS
        for webhook in maps(configuration.body.get("webhooks"))
        if webhook.get("failurePolicy") != "Ignore"
        for rule in maps(webhook.get("rules"))
    ]
    return lambda group: [
        key for rule, keys in served if {group, "*"} & set(rule.get("apiGroups") or ()) for key in keys
    ]


def _service(webhook: Any) -> Key:
    named = at(webhook, "clientConfig", "service")
    return Key("", "Service", str(at(named, "namespace")), str(at(named, "name")))


def _serves(workload: Resource, service: Resource | None) -> bool:
    if service is None or service.namespace != workload.namespace:
        return False
    selector = at(service.body, "spec", "selector") or {}
    labels = at(workload.body, "spec", "template", "metadata", "labels") or {}
    return bool(selector) and selector.items() <= labels.items()


def _asked(resource: Resource) -> list[str]:
    """Return the names in the object's own annotation, or raise where one is not Kind/name."""
    text = str(at(resource.metadata, "annotations", DEPENDS_ON) or "")
    names = [name.strip() for name in text.split(",") if name.strip()]
    wrong = [name for name in names if not all(name.partition("/")) or name.count("/") > 1]
    if wrong:
        of = f" ({resource.origin})" if resource.origin else ""
        raise AppError(
            f"{resource.key}{of}: {DEPENDS_ON} holds {', '.join(map(repr, wrong))}",
            hint="it lists Kind/name, separated by commas: Deployment/db, ConfigMap/settings",
        )
    return names


def _by_name(resources: Sequence[Resource]) -> Mapping[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for resource in resources:
        found.setdefault(str(resource.key), []).append(resource.key)
    return found


def _meant(resource: Resource, text: str, known: Mapping[str, list[Key]]) -> Key | None:
    """Return the object of that kind and name: in the same namespace, of the whole cluster, or anywhere."""
    nearness = {resource.namespace: 0, "": 1}
    return min(known.get(text, ()), key=lambda key: (nearness.get(key.namespace, 2), key), default=None)
