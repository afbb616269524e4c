"""What can be said offline about objects: whether they are such as an API server takes, and fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.engine.identity import identity_problems, problem
from kfctl.engine.names import CONFIG_KEY, DNS_LABEL, OBJECT_NAMES, SUBDOMAIN, key_fault, label_faults
from kfctl.engine.podrules import pod_faults, twice
from kfctl.engine.podtemplates import maps, pod_templates
from kfctl.engine.quantity import quantity
from kfctl.engine.together import oddities
from kfctl.errors import Location
from kfctl.model.resource import at, is_custom
from kfctl.model.secretfields import NO_SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kfctl.engine.kinds import Kinds
    from kfctl.errors import Problem
    from kfctl.model.dialect import Path
    from kfctl.model.resource import Resource

MAX_ANNOTATIONS = 256 * 1024  # bytes, all of an object together
_UNCHANGED_PODS = frozenset({"kubeflow.org", "ray.io"})
MAX_DATA = 1024 * 1024  # of a ConfigMap or Secret


@dataclass(frozen=True)
class Findings:
    """What is wrong, and what is odd."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True)
class Known:
    """What is known of kinds, and where a part of an object stands in the app's files, as far as is known."""

    kinds: Kinds
    place: Callable[[Resource, Path], Location | None]


def examine_objects(
    resources: Sequence[Resource], known: Known | None = None, *, whole: bool = True
) -> Findings:
    """Return what is wrong with objects; `whole`: they are all of an app, so that none can be elsewhere."""
    problems = list(identity_problems(resources))
    for resource in resources:
        if resource.kind and resource.name:
            problems += _public_faults(resource, known)
    odd = [problem(resource, oddity) for resource, oddity in oddities(resources)] if whole else []
    return Findings(tuple(problems), tuple(odd))


def _public_faults(resource: Resource, known: Known | None) -> list[Problem]:
    """Return the faults of an object; those that depend on a secret are told without their message.

    A message may quote a part of a value, which no search for the secret finds.
    """
    found = _faults(resource, known)
    if not found or resource.secrets == NO_SECRETS:
        return found
    other = resource.with_body(resource.secrets.with_others(resource.body))
    public = {fault.message for fault in _faults(other, known)}
    withheld = problem(resource, "has a field made from a secret that Kubernetes does not accept")
    return [fault if fault.message in public else withheld._replace(where=fault.where) for fault in found]


def _faults(resource: Resource, known: Known | None) -> list[Problem]:
    # What rules say of a field of the wrong type would be said twice.
    return sorted(_misfits(resource, known), key=_place) or [
        problem(resource, fault) for rule in RULES for fault in rule(resource)
    ]


def _misfits(resource: Resource, known: Known | None) -> Iterator[Problem]:
    for path, message, hint in known.kinds.misfits(resource) if known else ():
        told = problem(resource, message)
        place = known and known.place(resource, path)
        yield told._replace(where=place or told.where, hint=hint)


def _place(told: Problem) -> Location:
    return told.where or Location("")


def _name(resource: Resource) -> Iterator[str]:
    form = OBJECT_NAMES.get(f"{resource.group}/{resource.kind}".lstrip("/"), SUBDOMAIN)
    if fault := form.fault(resource.name):
        yield f"metadata.name: {fault}"
    if resource.namespace and (fault := DNS_LABEL.fault(resource.namespace)):
        yield f"metadata.namespace: {fault}"


def _metadata(resource: Resource) -> Iterator[str]:
    yield from (f"metadata.labels: {fault}" for fault in label_faults(resource.metadata.get("labels")))
    yield from (f"metadata.{fault}" for fault in _annotations(resource.metadata.get("annotations")))
    for template in pod_templates(resource):
        metadata = template.get("metadata") or {}
        if metadata is not resource.metadata:
            yield from (f"the pod's labels: {fault}" for fault in label_faults(at(metadata, "labels")))
            yield from (f"the pod's {fault}" for fault in _annotations(at(metadata, "annotations")))


def _annotations(annotations: Any) -> Iterator[str]:
    if not isinstance(annotations, dict):
        if annotations is not None:
            yield "annotations: must be a map"
        return
    for key, value in annotations.items():
        if fault := key_fault(key):
            yield f"annotations: {fault}"
        if not isinstance(value, str):
            yield f"annotations: {key}: must be text, not {value!r}: put it in quotes"
    size = sum(len(str(key).encode()) + len(str(value).encode()) for key, value in annotations.items())
    if size > MAX_ANNOTATIONS:
        yield f"annotations: are {size:,} bytes, and {MAX_ANNOTATIONS:,} are allowed"


def _pods(resource: Resource) -> Iterator[str]:
    """Check the pods of kinds whose controllers create them as they are written.

    Other custom resources may have parts of a pod, which their controllers complete.
    """
    if is_custom(resource.group) and resource.group not in _UNCHANGED_PODS:
        return
    claims = maps(at(resource.body, "spec", "volumeClaimTemplates"))
    names = [at(claim, "metadata", "name") for claim in claims]
    for template in pod_templates(resource):
        yield from pod_faults(template.get("spec"), names)


def _selector(resource: Resource) -> Iterator[str]:
    """A workload finds its pods by labels that its own template must give them."""
    if f"{resource.group}/{resource.kind}" not in SELECTING:
        return
    selector = at(resource.body, "spec", "selector", "matchLabels")
    labels = at(resource.body, "spec", "template", "metadata", "labels") or {}
    if not isinstance(selector, dict) or not selector:
        if not at(resource.body, "spec", "selector", "matchExpressions"):
            yield "needs spec.selector.matchLabels, the labels of its pods"
        return
    yield from (f"spec.selector: {fault}" for fault in label_faults(selector))
    missing = {key: value for key, value in selector.items() if at(labels, key) != value}
    if missing:
        text = ", ".join(f"{key}={value}" for key, value in missing.items())
        yield f"selects pods with {text}, but its template makes none: spec.template.metadata.labels differs"


SELECTING = frozenset({"apps/DaemonSet", "apps/Deployment", "apps/ReplicaSet", "apps/StatefulSet"})


def _data(resource: Resource) -> Iterator[str]:
    if resource.group or resource.kind not in {"ConfigMap", "Secret"}:
        return
    size = 0
    for field in ("data", "binaryData", "stringData"):
        content = resource.body.get(field)
        if content is not None and not isinstance(content, dict):
            yield f"{field}: must be a map"
            continue
        for key, value in (content or {}).items():
            if fault := CONFIG_KEY.fault(key):
                yield f"{field}: {fault}"
            if not isinstance(value, str):
                yield f"{field}.{key}: must be text, not {type(value).__name__}: put it in quotes or a block"
            size += len(str(value).encode())
    if size > MAX_DATA:
        yield f"holds {size:,} bytes, and {MAX_DATA:,} are allowed"


def _claims(resource: Resource) -> Iterator[str]:
    claims = maps(at(resource.body, "spec", "volumeClaimTemplates"))
    for claim in [resource.body] if resource.kind == "PersistentVolumeClaim" else claims:
        size = at(claim, "spec", "resources", "requests", "storage")
        if quantity(size) is None:
            yield f"spec.resources.requests.storage: must be a quantity such as 10Gi, not {size!r}"


def _service(resource: Resource) -> Iterator[str]:
    if resource.group or resource.kind != "Service":
        return
    ports = maps(at(resource.body, "spec", "ports"))
    yield from twice("port", [f"{port.get('port')}/{port.get('protocol') or 'TCP'}" for port in ports])
    yield from twice("port", [port.get("name") for port in ports])


def _autoscaler(resource: Resource) -> Iterator[str]:
    if f"{resource.group}/{resource.kind}" == "autoscaling/HorizontalPodAutoscaler":
        least, most = (at(resource.body, "spec", field) for field in ("minReplicas", "maxReplicas"))
        if isinstance(least, int) and isinstance(most, int) and least > most:
            yield f"spec.minReplicas: {least} is more than spec.maxReplicas, {most}"


RULES: tuple[Callable[[Resource], Iterator[str]], ...] = (
    _name,
    _metadata,
    _pods,
    _selector,
    _data,
    _claims,
    _service,
    _autoscaler,
)
