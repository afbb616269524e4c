"""The part of JSON Schema 2020-12 that prototypes are written in: its keywords and what each may hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.errors import did_you_mean
from kfctl.model.pattern import PatternError, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a value, at which place in it, by which keyword."""

    path: Path
    message: str
    keyword: str = ""

    def __str__(self) -> str:
        """Return ``place message``, or the message alone for the whole value."""
        return f"{place(self.path)} {self.message}" if self.path else self.message


def place(path: Path) -> str:
    """Return a path as people write it: ``volumes[2].name``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def is_number(value: Any) -> bool:
    """Whether a value is a number in JSON: true is none, nor is infinity."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Whether a value is an integer in JSON Schema, where 1.0 is one."""
    return is_number(value) and (isinstance(value, int) or value.is_integer())


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": is_integer,
    "number": is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def faults_of_schema(schema: Any, path: Path = ()) -> list[Fault]:
    """Return what is wrong with a schema itself: unknown keywords, and keywords of the wrong shape."""
    if isinstance(schema, bool):
        return []
    if not isinstance(schema, dict):
        return [Fault(path, "must be a schema: a map of keywords")]
    return [
        fault for keyword, value in schema.items() for fault in _keyword(keyword, value, (*path, keyword))
    ]


def _keyword(keyword: str, value: Any, path: Path) -> Iterator[Fault]:
    if keyword in SHAPES:
        yield from SHAPES[keyword](value, path)
    else:
        hint = did_you_mean(str(keyword), SHAPES)
        yield Fault(path, f"is no keyword that kfctl knows{f': {hint}' if hint else ''}")


def _anything(value: Any, path: Path) -> Iterator[Fault]:
    return iter(())


def _is(words: str, test: Callable[[Any], bool]) -> Callable[[Any, Path], Iterator[Fault]]:
    def shape(value: Any, path: Path) -> Iterator[Fault]:
        if not test(value):
            yield Fault(path, f"must be {words}")

    return shape


def _schema(value: Any, path: Path) -> Iterator[Fault]:
    yield from faults_of_schema(value, path)


def _schemas(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list) or not value:
        yield Fault(path, "must be a list of schemas")
        return
    for index, schema in enumerate(value):
        yield from faults_of_schema(schema, (*path, index))


def _named_schemas(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, "must be a map of schemas")
        return
    for name, schema in value.items():
        yield from faults_of_schema(schema, (*path, name))


def _patterns(value: Any, path: Path) -> Iterator[Fault]:
    yield from _named_schemas(value, path)
    for pattern in value if isinstance(value, dict) else ():
        yield from _pattern(pattern, (*path, pattern))


def _pattern(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault(path, "must be text: a regular expression")
        return
    try:
        compile_pattern(value)
    except PatternError as error:
        yield Fault(path, f"must be a regular expression in the dialect RE2: {error}", "pattern")


def _lists_of_names(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, dict) or not all(_names(names) for names in value.values()):
        yield Fault(path, "must be a map of lists of names")


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _types(value: Any) -> bool:
    return (
        isinstance(value, str | list)
        and bool(value)
        and all(
            isinstance(name, str) and name in TYPES for name in ([value] if isinstance(value, str) else value)
        )
    )


_text = _is("text", lambda value: isinstance(value, str))
_truth = _is("true or false", lambda value: isinstance(value, bool))
_number = _is("a number", is_number)
_counted = _is("a count: 0, 1, 2 …", lambda value: is_integer(value) and value >= 0)
_list = _is("a list", lambda value: isinstance(value, list))
_nonempty = _is("a list with at least one entry", lambda value: isinstance(value, list) and bool(value))

SHAPES: dict[str, Callable[[Any, Path], Iterator[Fault]]] = {
    "type": _is(f"one or a list of {', '.join(TYPES)}", _types),
    "enum": _nonempty,
    "const": _anything,
    "properties": _named_schemas,
    "required": _is("a list of names", _names),
    "additionalProperties": _schema,
    "patternProperties": _patterns,
    "propertyNames": _schema,
    "items": _schema,
    "minItems": _counted,
    "maxItems": _counted,
    "uniqueItems": _truth,
    "minLength": _counted,
    "maxLength": _counted,
    "pattern": _pattern,
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": _number,
    "exclusiveMaximum": _number,
    "multipleOf": _is("a number above 0", lambda value: is_number(value) and value > 0),
    "minProperties": _counted,
    "allOf": _schemas,
    "anyOf": _schemas,
    "oneOf": _schemas,
    "not": _schema,
    "if": _schema,
    "then": _schema,
    "else": _schema,
    "dependentRequired": _lists_of_names,
    "default": _anything,
    "description": _text,
    "title": _text,
    "examples": _list,
    "deprecated": _is("text that says why, or true", lambda value: isinstance(value, str | bool)),
    # kfctl's own:
    "unit": _is("quantity or image", lambda value: value in ("quantity", "image")),
    "secret": _truth,
    "aliases": _is("a list of names", _names),
    "errorMessage": _text,
}
