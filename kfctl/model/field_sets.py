"""Field sets as managedFields write them: union, difference, look-up and extraction.

Format: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and FieldsV1 of the API reference.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kfctl.model.absent import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Fields = Mapping[str, Any]
    Path = tuple[str, ...]

_KEY_DEFAULTS = {"protocol": "TCP"}


def union(sets: Iterable[Fields]) -> Fields:
    """Return the fields that are in any of the sets."""
    fields: Fields = {}
    for each in sets:
        fields = merge(fields, each)
    return fields


def merge(left: Fields, right: Fields) -> Fields:
    """Return the fields that are in one of two sets."""
    both = {step: merge(left.get(step, {}), below) for step, below in right.items()}
    return {**left, **both}


def subtract(fields: Fields, taken: Fields) -> Fields:
    """Return fields without those in `taken`; a list element of which some stay keeps its key fields."""
    left: dict[str, Fields] = {}
    for step, below in fields.items():
        if step not in taken:
            left[step] = below
            continue
        rest = subtract(below, taken[step])
        if rest and step.startswith("k:"):
            names = (".", *(f"f:{key}" for key in json.loads(step[2:])))
            rest = {**{name: below[name] for name in names if name in below}, **rest}
        if rest or (not below and taken[step] and "." not in taken[step]):
            left[step] = rest
    return left


def discard(fields: Fields, paths: Iterable[Path]) -> Fields:
    """Return fields without these paths and all that is below them."""
    result = dict(fields)
    for first, *rest in paths:
        if first in result and rest:
            result[first] = discard(result[first], [tuple(rest)])
        if not rest or not result.get(first):
            result.pop(first, None)
    return result


def nested(path: Path) -> Fields:
    """Return the set that holds one path."""
    fields: Fields = {}
    for step in reversed(path):
        fields = {step: fields}
    return fields


def children(fields: Fields) -> Fields:
    """Return what is below a field, without the mark of the field itself."""
    return {step: below for step, below in fields.items() if step != "."}


def go(value: Any, step: str) -> Any:
    """Follow one step: `f:` a field, `k:` a list element by its keys, `v:` a list element by its value."""
    kind, _, name = step.partition(":")
    if kind == "f":
        return value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
    if kind not in {"k", "v"} or not isinstance(value, list):
        return ABSENT
    named = json.loads(name)
    if kind == "v":
        return named if named in value else ABSENT
    return next((item for item in value if has_keys(item, named)), ABSENT)


def follow(value: Any, path: Sequence[str]) -> Any:
    """Return the value at a path, or ABSENT."""
    for step in path:
        value = go(value, step)
    return value


def text_of(path: Path) -> str:
    """Return a path as people write it, such as `spec.ports[port=80].nodePort`."""
    text = ""
    for step in path:
        kind, _, name = step.partition(":")
        if kind == "f":
            text += f".{name}"
        else:
            keys = json.loads(name)
            pairs = (
                (f"{key}={value}" for key, value in keys.items()) if isinstance(keys, dict) else [str(keys)]
            )
            text += f"[{','.join(pairs)}]"
    return text.removeprefix(".")


def has_keys(item: Any, keys: Mapping[str, Any]) -> bool:
    """Whether a list element has these key fields."""
    return isinstance(item, dict) and all(
        item.get(key, _KEY_DEFAULTS.get(key)) == value for key, value in keys.items()
    )


def remove(place: Any, step: str) -> None:
    """Remove the field or list element that a step leads to, if it exists."""
    found = go(place, step)
    if found is ABSENT:
        return
    if isinstance(place, dict):
        del place[step.partition(":")[2]]
    else:
        place.remove(found)


def extract(value: Any, fields: Fields) -> Any:
    """Return the part of a value that a set names."""
    below = children(fields)
    if isinstance(value, dict) and (below or "." in fields):
        found = {step[2:]: (go(value, step), inner) for step, inner in below.items()}
        return {name: extract(item, inner) for name, (item, inner) in found.items() if item is not ABSENT}
    if isinstance(value, list) and (below or "." in fields):
        items = ((step, go(value, step), inner) for step, inner in below.items())
        return [_element(step, item, inner) for step, item, inner in items if item is not ABSENT]
    return value


def _element(step: str, item: Any, fields: Fields) -> Any:
    if not step.startswith("k:"):
        return item
    keys = {key: item[key] for key in json.loads(step[2:]) if key in item}
    return {**keys, **extract(item, {".": {}, **fields})}


def overlay(base: Any, top: Any, fields: Fields) -> Any:
    """Return `top` merged over `base`; `fields` say which lists merge by key, the others are replaced."""
    if isinstance(base, dict) and isinstance(top, dict):
        return {
            name: overlay(base.get(name, ABSENT), top.get(name, ABSENT), fields.get(f"f:{name}", {}))
            for name in dict.fromkeys((*top, *base))
        }
    if isinstance(base, list) and isinstance(top, list):
        return _overlay_lists(base, top, children(fields))
    return base if top is ABSENT else top


def _overlay_lists(base: list[Any], top: list[Any], fields: Fields) -> list[Any]:
    if any(step.startswith("v:") for step in fields):
        return [*top, *(item for item in base if item not in top)]
    result, merged = [], []
    for item in top:
        step = next((step for step in fields if step.startswith("k:") and go([item], step) is not ABSENT), "")
        under = go(base, step) if step else ABSENT
        merged += [under] if under is not ABSENT else []
        result.append(item if under is ABSENT else overlay(under, item, fields[step]))
    return [*result, *(item for item in base if item not in merged)] if fields else top
