"""Whether an apply of an object would change nothing, told from the live object alone.

The managedFields entry of our last apply lists the fields that we own. When the wanted object has exactly
these fields and each has its value, a server-side apply would be a no-op. When in doubt the answer is no: the
server's dry run then decides. (https://kubernetes.io/docs/reference/using-api/server-side-apply/)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kfctl.engine.quantity import holds_quantity, same_quantity
from kfctl.model.plan import ABSENT
from kfctl.model.resource import is_custom

if TYPE_CHECKING:
    from collections.abc import Mapping

# The server takes these out of every managedFields entry.
_UNMANAGED = {
    (): frozenset({"apiVersion", "kind"}),
    ("metadata",): frozenset({"name", "namespace", "creationTimestamp"}),
}
_KEY_DEFAULTS = {"protocol": "TCP"}
# What the server adds inside a value that is owned whole: the names of the last two fields, and the default.
_DEFAULTS: Mapping[tuple[str, str], Any] = {
    ("fieldRef", "apiVersion"): "v1",
    ("resourceFieldRef", "divisor"): "0",
    ("rules", "scope"): "*",
    ("ports", "protocol"): "TCP",
    ("serviceAccountToken", "expirationSeconds"): 3600,
    ("volumeClaimTemplates", "apiVersion"): "v1",
    ("volumeClaimTemplates", "kind"): "PersistentVolumeClaim",
    ("volumeClaimTemplates", "status"): {"phase": "Pending"},
    ("spec", "volumeMode"): "Filesystem",
}


def is_unchanged(wanted: Mapping[str, Any], live: Mapping[str, Any], manager: str) -> bool:
    """Whether applying `wanted` as `manager` is sure to change nothing of `live`."""
    metadata = live.get("metadata") or {}
    if metadata.get("deletionTimestamp"):
        return False  # a dry run of it would succeed; the object goes all the same
    owned = _owned(metadata.get("managedFields") or [], manager, wanted.get("apiVersion"))
    if owned is None:
        return False
    if wanted.get("kind") == "CustomResourceDefinition" and "status" in wanted:
        wanted = {key: value for key, value in wanted.items() if key != "status"}  # the server takes none
    group = str(wanted.get("apiVersion")).rpartition("/")[0]
    return _Walk(group).same(wanted, owned, live, ())


def _owned(entries: list[dict[str, Any]], manager: str, version: Any) -> dict[str, Any] | None:
    ours = [entry for entry in entries if entry.get("manager") == manager and not entry.get("subresource")]
    if len(ours) != 1 or ours[0].get("operation") != "Apply" or ours[0].get("apiVersion") != version:
        return None
    fields: dict[str, Any] = ours[0].get("fieldsV1") or {}
    return fields


@dataclass(frozen=True)
class _Walk:
    """A walk through the wanted object, the fields owned and the live object side by side."""

    group: str

    def same(self, wanted: Any, owned: dict[str, Any], live: Any, path: tuple[str, ...]) -> bool:
        below = {name: fields for name, fields in owned.items() if name != "."} if "." in owned else owned
        if not below:
            return self._equal(wanted, live, path)
        if isinstance(wanted, dict):
            return isinstance(live, dict) and self._map(wanted, below, live, path)
        return isinstance(wanted, list) and isinstance(live, list) and self._list(wanted, below, live, path)

    def _map(
        self, wanted: dict[str, Any], owned: dict[str, Any], live: dict[str, Any], path: tuple[str, ...]
    ) -> bool:
        unmanaged = _UNMANAGED.get(path, ())
        fields = {f"f:{name}": name for name in wanted if name not in unmanaged}
        if not path and wanted["metadata"].keys() <= _UNMANAGED["metadata",]:
            del fields["f:metadata"]
        return fields.keys() == owned.keys() and all(
            # Most fields are equal texts: these are told here, without a call.
            (not owned[field] and type(wanted[name]) is str and wanted[name] == live.get(name))
            or self.same(wanted[name], owned[field], live.get(name, ABSENT), (*path, name))
            for field, name in fields.items()
        )

    def _list(self, wanted: list[Any], owned: dict[str, Any], live: list[Any], path: tuple[str, ...]) -> bool:
        """Match the elements by what managedFields calls them: `k:` merge keys, or `v:` the value itself."""
        first = next(iter(owned))
        keys = tuple(json.loads(first[2:])) if first.startswith("k:") else ()
        if not keys and not first.startswith("v:"):
            return False
        mine, theirs = _by_label(wanted, keys), _by_label(live, keys)
        fields = {_named(name): below for name, below in owned.items()}
        if mine is None or theirs is None or mine.keys() != fields.keys():
            return False
        if [label for label in theirs if label in mine] != list(mine):
            return False  # another order; some absent ones as well
        return all(self.same(mine[label], fields[label], theirs[label], path) for label in mine)

    def _equal(self, wanted: Any, live: Any, path: tuple[str, ...]) -> bool:
        if live is ABSENT:
            return _is_empty(wanted)
        if isinstance(wanted, dict) and isinstance(live, dict):
            return self._equal_maps(wanted, live, path)
        if isinstance(wanted, list) and isinstance(live, list):
            return len(wanted) == len(live) and all(
                self._equal(left, right, path) for left, right in zip(wanted, live, strict=True)
            )
        if type(wanted) is type(live) and wanted == live:
            return True
        return holds_quantity(self.group, path) and same_quantity(wanted, live)

    def _equal_maps(self, wanted: dict[str, Any], live: dict[str, Any], path: tuple[str, ...]) -> bool:
        """Compare maps within a value that is owned whole: live may have more, if it is a known default.

        It may not have less: an empty value that is not there might be a field that the server refuses.
        """
        parent = path[-1] if path else ""
        added = {name: value for name, value in live.items() if name not in wanted}
        if added and is_custom(self.group):
            return False  # its defaults are those of its CRD
        return all(_DEFAULTS.get((parent, name), ABSENT) == value for name, value in added.items()) and all(
            name in live and self._equal(value, live[name], (*path, name)) for name, value in wanted.items()
        )


@lru_cache(maxsize=4096)
def _named(field: str) -> str:
    """Return the label in a name such as `k:{"port":80}`; many objects have the same ones."""
    return _canonical(json.loads(field[2:]))


def _by_label(items: list[Any], keys: tuple[str, ...]) -> dict[str, Any] | None:
    """Return a list's elements by their merge keys or values, in order; None where two share them."""
    labels = [_label(item, keys) for item in items]
    named = {label: item for label, item in zip(labels, items, strict=True) if label is not None}
    return named if len(named) == len(items) else None


def _label(item: Any, keys: tuple[str, ...]) -> str | None:
    if not keys:
        return _canonical(item)
    if not isinstance(item, dict):
        return None
    given = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in keys}
    return None if None in given.values() else _canonical(given)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _is_empty(value: Any) -> bool:
    return value is None or (not value and isinstance(value, bool | int | float | str | list | dict))
