"""What an API server refuses in the spec of a pod."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.names import DNS_LABEL, PORT
from kfctl.engine.podtemplates import maps
from kfctl.engine.quantity import quantity
from kfctl.engine.schema import UNITS, is_image, shown
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})


def pod_faults(spec: Any, claims: Collection[Any] = ()) -> Iterator[str]:
    """Return what is wrong with a pod's spec; `claims` are volumes that its StatefulSet adds."""
    if not isinstance(spec, dict) or not maps(spec.get("containers")):
        yield "has no containers in its pod"
        return
    volumes = [volume.get("name") for volume in maps(spec.get("volumes"))]
    yield from twice("volume", volumes)
    yield from (f"volume {fault}" for name in volumes if (fault := DNS_LABEL.fault(name)))
    everyone = [*maps(spec.get("initContainers")), *maps(spec["containers"])]
    yield from twice("container", [container.get("name") for container in everyone])
    for container in everyone:
        for rule in RULES:
            yield from (f"container {container.get('name')}: {fault}" for fault in rule(container))
        for mount in maps(container.get("volumeMounts")):
            if mount.get("name") not in (*volumes, *claims):
                yield f"container {container.get('name')}: mounts '{mount.get('name')}', no volume of its pod"


def twice(what: str, names: list[Any]) -> Iterator[str]:
    """Yield the names that are there more than once."""
    for name in dict.fromkeys(name for name in names if isinstance(name, str)):
        if names.count(name) > 1:
            yield f"has the {what} {name} {names.count(name)} times"


def _identity(container: Mapping[str, Any]) -> Iterator[str]:
    if fault := DNS_LABEL.fault(container.get("name")):
        yield f"name: {fault}"
    image = container.get("image")
    if not isinstance(image, str) or not image or not is_image(image):
        yield f"image: must be {UNITS['image'][0]}, not {shown(image)}"


def _texts(container: Mapping[str, Any]) -> Iterator[str]:
    for field in ("command", "args"):
        words = container.get(field)
        if words is not None and not isinstance(words, list):
            yield f"{field}: must be a list"
        for index, word in enumerate(words if isinstance(words, list) else ()):
            if not isinstance(word, str):
                yield f"{field}[{index}]: must be text, not {word!r}: put it in quotes"
    for variable in maps(container.get("env")):
        name, value = variable.get("name"), variable.get("value")
        if not isinstance(name, str) or not name or "=" in name:
            yield f"env: must have a name without =, not {name!r}"
        if value is not None and not isinstance(value, str):
            yield f"env {name}: must be text, not {value!r}: put it in quotes"


def _ports(container: Mapping[str, Any]) -> Iterator[str]:
    yield from twice("port", [port.get("name") for port in maps(container.get("ports"))])
    for port in maps(container.get("ports")):
        number = port.get("containerPort")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 65536:
            yield f"ports: must have a containerPort between 1 and 65535, not {number!r}"
        if "name" in port and (fault := PORT.fault(port["name"])):
            yield f"ports: the name {fault}"
        if port.get("protocol", "TCP") not in PROTOCOLS:
            yield f"ports: the protocol must be TCP, UDP or SCTP, not {port['protocol']!r}"


def _resources(container: Mapping[str, Any]) -> Iterator[str]:
    sections = {section: at(container, "resources", section) or {} for section in ("requests", "limits")}
    limits = sections["limits"] if isinstance(sections["limits"], dict) else {}
    for section, amounts in sections.items():
        if not isinstance(amounts, dict):
            yield f"resources.{section}: must be a map"
            continue
        for name, amount in amounts.items():
            if amount is None:  # unset
                continue
            number = quantity(amount)
            if number is None or number < 0:
                yield f"resources.{section}.{name}: must be a quantity such as 500m or 1Gi, not {amount!r}"
                continue
            if _is_device(name) and number.denominator != 1:
                yield f"resources.{section}.{name}: must be a whole number, not {amount!r}"
            limit = quantity(limits.get(name)) if section == "requests" else None
            if limit is not None and number > limit:
                yield f"resources.requests.{name}: {amount} is more than the limit, {limits[name]}"
            elif section == "requests" and _is_device(name) and number != limit:
                yield f"resources.requests.{name}: needs the same limit: such a resource is not shared"


def _is_device(name: Any) -> bool:
    """Whether nodes have a resource beside those that Kubernetes itself knows, such as nvidia.com/gpu."""
    domain, slash, _ = str(name).rpartition("/")
    return bool(slash) and not domain.endswith("kubernetes.io")


RULES: tuple[Callable[[Mapping[str, Any]], Iterator[str]], ...] = (_identity, _texts, _ports, _resources)
