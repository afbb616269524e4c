"""Hostile values in every text of every parameter arrive as they are, and change nothing else."""

from __future__ import annotations

import json
import re
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.engine.filters import textproto
from kfctl.engine.render import Renderer
from kfctl.store.catalog import catalog
from tests.campaign import size
from tests.templates.hostile import texts
from tests.templates.rendering import every_example, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfctl.model.parameters import Parameter

    Path = tuple[Any, ...]

BENIGN = "benignvalue"
FULL = 20_000
DOCUMENTS = [
    "---",
    "...",
    "- a: b",
    "a: b",
    "{a: b}",
    "[a]",
    "&a",
    "*a",
    "!!int 3",
    "# a",
    "a #b",
    "? a",
    "| a",
    "\t",
    "<<",
]
SCALARS = [
    "0o7",
    "0x1F",
    "1_000",
    "1e3",
    "yes",
    "on",
    "n",
    "~",
    "12:30",
    ".inf",
    "2026-11-23",
    "5",
    "-5",
    "0.10",
    "=",
    "\ud7ff\uffff",
]
SCHEME = re.compile("[a-z0-9]+://")
LONG = ["x" * 1_000_000, "a: b\n" * 10_000]


class Shape:
    """One example of a prototype, rendered with any of its texts replaced."""

    def __init__(
        self, renderer: Renderer, parameters: Mapping[str, Parameter], values: dict[str, Any]
    ) -> None:
        self._renderer = renderer
        self._values = values | {"component": "web", "app": "app", "environment": "prod"}
        self.places = list(dict.fromkeys(places(self._values, parameters)))

    def objects(self, place: Path, text: str) -> list[Any]:
        """Return the objects with `text` in that place."""
        return [resource.body for resource in self._renderer.render(replaced(self._values, place, text))]


def places(values: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> Iterator[Path]:
    """Return where texts are in the values, and where one could be that is not set."""
    for name, value in values.items():
        schema = parameters[name].schema if name in parameters else {}
        if "enum" in str(schema):
            continue  # one of a few words that templates ask for
        if value is None and "string" in schema.get("type", ""):
            yield (name,)
        yield from ((name, *path) for path in texts_in(value))


def texts_in(value: Any) -> Iterator[Path]:
    if isinstance(value, str):
        yield ()
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from ((key, *path) for path in texts_in(item))


def replaced(value: Any, path: Path, text: str) -> Any:
    """Return a copy of a value with the text at `path` replaced; gs:// and the like stay before it."""
    if not path:
        scheme = SCHEME.match(value or "")
        return scheme[0] + text if scheme else text
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], text)
    return copy


def differences(benign: Any, found: Any, text: str, where: str = "") -> Iterator[str]:
    """Return where `found` is not what `benign` is with `text` in place of the benign one."""
    if isinstance(benign, dict) and isinstance(found, dict):
        expected = {key.replace(BENIGN, text): key for key in benign}
        if list(expected) != list(found):
            yield f"{where}: other keys"
        for key in expected.keys() & found.keys():
            yield from differences(benign[expected[key]], found[key], text, f"{where}.{expected[key]}")
    elif isinstance(benign, list) and isinstance(found, list) and len(benign) == len(found):
        for index, (one, other) in enumerate(zip(benign, found, strict=True)):
            yield from differences(one, other, text, f"{where}[{index}]")
    elif isinstance(benign, str) and isinstance(found, str) and BENIGN in benign:
        if found not in carried(benign, text):
            yield f"{where}: {found[:200]!r}"
    elif repr(benign) != repr(found):
        yield f"{where}: {benign!r} became {found!r}"


def carried(benign: str, text: str) -> list[str]:
    """Return what a text that holds the benign value may be with the other in its place: in each language."""
    return [
        benign.replace(BENIGN, text),
        benign.replace(BENIGN, json.dumps(text, ensure_ascii=False)[1:-1]),
        benign.replace(BENIGN, textproto(text)[1:-1]),
    ]


def shapes_of(name: str) -> list[Shape]:
    """Return a prototype's examples, each to be rendered with other texts."""
    prototype = catalog().get(name)
    renderer = Renderer(prototype, catalog().sources(prototype))
    given = [resolved(name, example.params).plain() for of, example in every_example() if of == name]
    return [Shape(renderer, prototype.parameters, values) for values in given]


@pytest.mark.parametrize("name", catalog().names())
def test_what_is_given_arrives_and_nothing_else_changes(name: str) -> None:
    random = Random(f"{name} {size(FULL)}")
    shapes = shapes_of(name)
    hostile = [*DOCUMENTS, *SCALARS, *texts(size(FULL))[1:]]
    random.shuffle(hostile)
    cases = [(shape, place) for shape in shapes for place in shape.places]
    random.shuffle(cases)
    benign = {}
    for number, text in enumerate([*LONG, *hostile][: size(FULL)]):
        shape, place = cases[number % len(cases)]
        if (shape, place) not in benign:
            benign[shape, place] = shape.objects(place, BENIGN)
        found = shape.objects(place, text)
        wrong = list(differences(benign[shape, place], found, text))
        assert not wrong, (place, text[:200], wrong)
