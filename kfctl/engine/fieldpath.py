"""The paths by which the server names fields, such as ``.spec.containers[name="main"].image``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from kfctl.model.plan import ABSENT
from kfctl.model.resource import number

_BRACKET = re.compile(r'\[((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]')
_PAIR = re.compile(r'([^=,]*)=("(?:[^"\\]|\\.)*"|[^,]*)')
_DEFAULTS = {"protocol": "TCP"}


@dataclass(frozen=True)
class Place:
    """A field as the server names it: its path for people, the fields that lead to it, its value."""

    text: str
    names: tuple[str, ...]
    value: Any = ABSENT


def follow(body: Any, path: str) -> Place:
    """Return the field of `body` that `path` names; its value is ABSENT where there is none."""
    place = Place("", (), body)
    while path and place.value is not ABSENT:
        place, path = _element(place, path) if path.startswith("[") else _field(place, path)
    return Place(_readable(place.text + path), place.names, place.value)


def _field(place: Place, path: str) -> tuple[Place, str]:
    """Go into the field whose name `path` begins with; names hold dots too, so the longest counts."""
    rest = path.removeprefix(".")
    known = place.value if isinstance(place.value, dict) else {}
    fitting = [name for name in known if rest.startswith(name) and rest[len(name) :][:1] in ("", ".", "[")]
    if not fitting:
        return Place(place.text, place.names, ABSENT), path
    name = max(fitting, key=len)
    plain = re.fullmatch(r"[\w-]+", name)
    text = (f"{place.text}.{name}" if place.text else name) if plain else f"{place.text}[{name}]"
    return Place(text, (*place.names, name), known[name]), rest[len(name) :]


def _element(place: Place, path: str) -> tuple[Place, str]:
    found = _BRACKET.match(path)
    if not found or not isinstance(place.value, list):
        return Place(place.text, place.names, ABSENT), path
    label = found[1].replace('"', "").removesuffix(",protocol=TCP")
    return Place(f"{place.text}[{label}]", place.names, _pick(place.value, found[1])), path[found.end() :]


def _pick(items: list[Any], which: str) -> Any:
    if which.isdecimal():
        return next(iter(items[number(which, len(items)) :]), ABSENT)
    pairs = {name: json.loads(value) for name, value in _PAIR.findall(which)}
    return next((item for item in items if _fits(item, pairs)), ABSENT)


def _fits(item: Any, pairs: dict[str, Any]) -> bool:
    if "" in pairs:  # an element of a set is named by its value
        return bool(item == pairs[""])
    return isinstance(item, dict) and all(
        item.get(n, _DEFAULTS.get(n)) == value for n, value in pairs.items()
    )


def _readable(text: str) -> str:
    return text.replace('"', "").removeprefix(".")
