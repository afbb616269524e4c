"""One Kubernetes object, as wanted or as found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.model.secretfields import NO_SECRETS, SecretFields

if TYPE_CHECKING:
    from collections.abc import Mapping


_DIGITS = 18  # an int64 has one more


def at(body: Any, *path: str) -> Any:
    """Return the value below the keys of `path`, or None where one of them is missing."""
    for step in path:
        body = body.get(step) if isinstance(body, dict) else None
    return body


def fields(value: Any) -> tuple[tuple[str, Any], ...]:
    """Return the keys and values of a map; none of anything else."""
    return tuple(value.items()) if isinstance(value, dict) else ()


def number(value: Any, otherwise: int = 0) -> int:
    """Return a whole number, given as such or as short text; `otherwise` for anything else."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= _DIGITS:
        return int(value)
    return int(value) if isinstance(value, int) else otherwise


class Key(NamedTuple):
    """An object's identity; it holds no version, since an API group serves one object under several."""

    group: str  # empty for the core group
    kind: str
    namespace: str  # empty for what belongs to the whole cluster
    name: str

    def __str__(self) -> str:
        """Return ``Kind/name``, as reports print it."""
        return f"{self.kind}/{self.name}"

    def seen_from(self, home: str) -> str:
        """Return the same, with its namespace where that is another than `home`."""
        return str(self) if self.namespace in ("", home) else f"{self} in {self.namespace}"


@dataclass(frozen=True)
class Resource:
    """An object's body as Kubernetes reads it (plain dicts and lists) and the component it comes from."""

    body: Mapping[str, Any]
    component: str = ""
    origin: str = ""  # the template or manifest it was rendered from, for messages
    secrets: SecretFields = NO_SECRETS

    def with_body(self, body: Mapping[str, Any]) -> Resource:
        """Return the object with another body."""
        return Resource(body, self.component, self.origin, self.secrets)

    @property
    def api_version(self) -> str:
        """``group/version``, or the version alone for the core group."""
        return str(self.body.get("apiVersion", ""))

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """The kind, such as Deployment."""
        return str(self.body.get("kind", ""))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The object's metadata; empty where there is none."""
        found = self.body.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.metadata.get("name", ""))

    @property
    def namespace(self) -> str:
        """The object's namespace; empty where none is given."""
        return str(self.metadata.get("namespace") or "")

    @cached_property
    def key(self) -> Key:
        """The object's identity."""
        return Key(self.group, self.kind, self.namespace, self.name)


# API groups with a dot whose kinds the API server itself has.
_SERVERS_OWN = frozenset(
    f"{name}.k8s.io"
    for name in (
        *("admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization"),
        *("certificates", "coordination", "discovery", "events", "flowcontrol.apiserver"),
        *("internal.apiserver", "metrics", "networking", "node", "rbac.authorization", "resource"),
        *("scheduling", "storage", "storagemigration"),
    )
)


def is_custom(group: str) -> bool:
    """Whether the kinds of an API group are defined by somebody else than the API server."""
    return "." in group and group not in _SERVERS_OWN


def holds_secret(resource: Resource) -> bool:
    """Whether an object is a Secret with something in it."""
    return resource.kind == "Secret" and bool(resource.body.get("data") or resource.body.get("stringData"))
