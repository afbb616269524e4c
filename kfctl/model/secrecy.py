"""Which parameters are secret, by the schema of a prototype."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

# Keywords of JSON Schema that hold schemas: of the same value, and of parts of it.
_IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})
_MAPS = frozenset({"properties", "patternProperties"})
_PARTS = frozenset({"additionalProperties", "propertyNames", "items"}) | _MAPS


def declares_secret(schema: Any) -> bool:
    """Whether a schema, or one within it, has ``secret: true``."""
    if not isinstance(schema, dict):
        return False
    return schema.get("secret") is True or any(map(declares_secret, _subschemas(schema)))


def conceal(schema: Any) -> Any:
    """Return a schema that is secret as a whole, in each of its parts: no message quotes a value of it."""
    if not isinstance(schema, dict):
        return schema
    return {**_map_subschemas(schema, _IN_PLACE | _PARTS, conceal), "secret": True}


def secret_names(schema: Any, names: Collection[str]) -> frozenset[str]:
    """Return which of the parameters are secret by a prototype's schema, or by a rule in it."""
    if not isinstance(schema, dict):
        return frozenset()
    properties = schema.get("properties") or {}
    found = {name for name in names if declares_secret(properties.get(name))}
    for pattern, part in (schema.get("patternProperties") or {}).items():
        if declares_secret(part):
            found.update(name for name in names if re.search(pattern, name))
    if declares_secret(schema.get("additionalProperties")):
        found.update(name for name in names if name not in properties)
    return frozenset(found).union(*(secret_names(rule, names) for rule in _subschemas(schema, _IN_PLACE)))


def conceal_rule(rule: Any, names: Collection[str]) -> Any:
    """Return a rule about all parameters, whose messages quote no value of those in `names`."""
    if not isinstance(rule, dict) or not names:
        return rule
    result = _map_subschemas(rule, _IN_PLACE, lambda inner: conceal_rule(inner, names))
    result = _map_subschemas(result, _PARTS - {"properties"}, conceal)
    if "properties" in rule:
        result["properties"] = {
            name: conceal(part) if name in names else part for name, part in rule["properties"].items()
        }
    return {**result, "secret": True}


def _subschemas(schema: Mapping[str, Any], keywords: Collection[str] = _IN_PLACE | _PARTS) -> Iterator[Any]:
    for keyword in schema.keys() & keywords:
        value = schema[keyword]
        if keyword in _MAPS and isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, list):
            yield from value
        else:
            yield value


def _map_subschemas(
    schema: Mapping[str, Any], keywords: Collection[str], change: Callable[[Any], Any]
) -> dict[str, Any]:
    result = dict(schema)
    for keyword in schema.keys() & keywords:
        value = schema[keyword]
        if keyword in _MAPS and isinstance(value, dict):
            result[keyword] = {name: change(part) for name, part in value.items()}
        elif isinstance(value, list):
            result[keyword] = [change(part) for part in value]
        else:
            result[keyword] = change(value)
    return result
