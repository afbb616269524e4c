"""Which ports of a component's Services lead where, and which of them is its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.engine.conditions import conditions
from kfctl.engine.podtemplates import containers
from kfctl.model.resource import Resource, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Body = Mapping[str, Any]

_LOWEST = 1024  # of the ports that everybody may listen on


@dataclass(frozen=True)
class Door:
    """One port of a Service."""

    service: str
    namespace: str
    selector: str  # of its pods
    name: str  # of the port; empty where the Service has only one
    number: int
    target: str | int  # the port of the pods: its number, or its name in them
    protocol: str  # of the application: http, https, grpc; empty where it is none of these

    @property
    def is_page(self) -> bool:
        """Whether a browser can show it."""
        return self.protocol in {"http", "https"}

    def address(self, port: int) -> str:
        """Return how to reach it by a port of this machine."""
        where = f"127.0.0.1:{port}"
        return f"{self.protocol}://{where}" if self.is_page else where

    def wishes(self, target: int) -> list[int]:
        """Return the ports of this machine that are tried; 0 is any that is free."""
        return [*(port for port in (self.number, target) if port >= _LOWEST), 0]


def doors(services: Iterable[Body]) -> list[Door]:
    """Return the ports that can be opened, pages first; one that leads to the same place is there once."""
    selecting = [body for body in services if at(body, "spec", "selector")]
    pages = [body for body in selecting if at(body, "spec", "clusterIP") != "None"]
    found = [door for body in pages or selecting for door in _of(body)]
    once = {(door.namespace, door.selector, door.target): door for door in reversed(found)}
    return sorted(once.values(), key=lambda door: (not door.is_page, door.service, door.number))


def named(doors: Sequence[Door], name: str) -> list[Door]:
    """Return the doors that a port's name or number means."""
    return [door for door in doors if name in {door.name, str(door.number), str(door.target)}]


def port_of(pod: Body, target: str | int) -> int | None:
    """Return the number of a pod's port."""
    if isinstance(target, int):
        return target
    ports = (port for each in containers(pod.get("spec")) for port in each.get("ports") or ())
    return next((int(port["containerPort"]) for port in ports if port.get("name") == target), None)


def best(pods: Iterable[Body], last: str = "") -> Body | None:
    """Return the pod to connect to: one that is ready, the `last` one (by UID) as long as it is."""
    ready = [pod for pod in pods if _is_ready(pod)]
    ready.sort(key=lambda pod: (at(pod, "metadata", "uid") != last, str(at(pod, "metadata", "name"))))
    return next(iter(ready), None)


def _of(service: Body) -> list[Door]:
    resource, spec = Resource(service), service["spec"]
    selector = ",".join(f"{key}={value}" for key, value in sorted(spec["selector"].items()))
    place = resource.name, resource.namespace, selector
    return [
        Door(*place, str(port.get("name") or ""), int(port["port"]), _target(port), _protocol(port))
        for port in spec.get("ports") or ()
        if port.get("protocol", "TCP") == "TCP"
    ]


def _target(port: Body) -> str | int:
    return port.get("targetPort") or int(port["port"])


def _protocol(port: Body) -> str:
    """Return the protocol that a port says it has, or has by its name; http where nothing is said."""
    told = str(port.get("appProtocol") or "").rpartition("/")[2]
    words = [told] if told else [str(port.get("name") or "http"), str(port.get("targetPort") or "")]
    for word in words:
        for protocol in ("grpc", "https", "http"):
            if word.startswith(protocol):
                return protocol
    return ""


def _is_ready(pod: Body) -> bool:
    ready = conditions(pod).get("Ready", {}).get("status") == "True"
    return ready and not at(pod, "metadata", "deletionTimestamp")
