"""By which of their fields the elements of a list are known: Kubernetes' merge keys."""

from __future__ import annotations

from typing import Any

# The list's field → the keys that its elements may be known by, the first that all elements have.
_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "containers": (("name",),),
    "initContainers": (("name",),),
    "ephemeralContainers": (("name",),),
    "env": (("name",),),
    "volumes": (("name",),),
    "volumeMounts": (("mountPath",),),
    "volumeDevices": (("devicePath",),),
    "volumeClaimTemplates": (("metadata.name",),),
    "imagePullSecrets": (("name",),),
    "hostAliases": (("ip",),),
    "ports": (("containerPort", "protocol"), ("port", "protocol")),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "conditions": (("type",),),
    "ownerReferences": (("uid",),),
    "webhooks": (("name",),),
    "versions": (("name",),),
    "secrets": (("name",),),
    "resourceClaims": (("name",),),
}
_DEFAULTS = {"protocol": "TCP"}


def keyed(field: str, *lists: list[Any]) -> tuple[str, ...] | None:
    """Return the keys by which the elements of all `lists` are told apart, or None: by their place then."""
    return next(
        (keys for keys in _KEYS.get(field, ()) if all(_distinct(items, keys) for items in lists)), None
    )


def elements(items: list[Any], keys: tuple[str, ...] | None) -> dict[str, Any]:
    """Return the elements by what they are called in a path: ``name=main``, or their number."""
    if keys is None:
        return {str(index): item for index, item in enumerate(items)}
    return {_label(item, keys): item for item in items}


def _distinct(items: list[Any], keys: tuple[str, ...]) -> bool:
    if not all(isinstance(item, dict) and _value(item, keys[0]) is not None for item in items):
        return False
    return len({_label(item, keys) for item in items}) == len(items)


def _label(item: dict[str, Any], keys: tuple[str, ...]) -> str:
    given = {key: _value(item, key) for key in keys}
    return ",".join(
        f"{key.rpartition('.')[2]}={value}"
        for key, value in given.items()
        if value is not None and (len(keys) == 1 or value != _DEFAULTS.get(key))
    )


def _value(item: dict[str, Any], key: str) -> Any:
    found: Any = item
    for name in key.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
