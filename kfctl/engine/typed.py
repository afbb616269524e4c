"""Text from a command line made a value, by the type that a parameter's schema declares."""

from __future__ import annotations

import re
from math import isinf
from typing import TYPE_CHECKING, Any

from kfctl.engine.schema import check, shown
from kfctl.errors import ParameterError, Problem
from kfctl.model.dialect import TYPES
from kfctl.yamltext.jsontext import JsonError, load_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kfctl.model.parameters import Parameter

MAX_DEPTH = 100  # of a value: no object of Kubernetes comes near
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
INTEGER = re.compile(r"[+-]?[0-9]{1,400}")


class _Unfit(Exception):
    """The text is not of the type; the message without it, and it."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.text = text
        self.path = ""  # of the part of the value that is meant: [1].name


def parse_value(parameter: Parameter, texts: Sequence[str]) -> Any:
    """Return the value that the texts of one parameter mean (several for a list), checked by its schema."""
    try:
        value = _value(parameter.schema, texts)
        reason = unusable(value)
        found = check(parameter.schema, value, (parameter.name,))
        faults = [f"{parameter.name} {reason}"] if reason else list(map(str, found))
    except _Unfit as unfit:
        path, text = ("", "") if parameter.secret else (unfit.path, unfit.text)
        faults = [f"{parameter.name}{path} {unfit}{f', not {shown(text)}' if text else ''}"]
    if faults:
        raise ParameterError.of([Problem(fault) for fault in faults])
    return value


def unusable(value: Any, depth: int = 0) -> str:
    """Return why no YAML or JSON can carry a value, empty if they can."""
    if isinstance(value, str):
        lone = next((c for c in value if "\ud800" <= c <= "\udfff"), "") if not value.isascii() else ""
        return f"holds U+{ord(lone):04X}, which is half a character and no text" if lone else ""
    if depth > MAX_DEPTH:
        return f"is nested more than {MAX_DEPTH} deep"
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        parts = (part for pair in value.items() for part in pair)
    elif isinstance(value, list):
        parts = value
    return next((reason for part in parts if (reason := unusable(part, depth + 1))), "")


def _value(schema: Mapping[str, Any], texts: Sequence[str]) -> Any:
    names = _types(schema)
    if "array" in names:
        return _list(schema, texts)
    if "object" in names and (len(texts) > 1 or not texts[0].lstrip().startswith("{")):
        return _map(schema, texts)
    if len(texts) != 1:
        raise _Unfit(f"takes one value, and {len(texts)} were given")
    return _scalar(schema, names, texts[0])


def _types(schema: Mapping[str, Any]) -> list[str]:
    declared = schema.get("type")
    if declared is None:
        choices = schema.get("enum") or [schema["const"]] if "const" in schema or "enum" in schema else [""]
        return [next(name for name in TYPES if TYPES[name](choice)) for choice in choices]
    return [declared] if isinstance(declared, str) else list(declared)


def _list(schema: Mapping[str, Any], texts: Sequence[str]) -> list[Any]:
    items = schema.get("items")
    items = items if isinstance(items, dict) else {}
    if len(texts) == 1 and texts[0].lstrip().startswith("["):
        return list(_json(texts[0], "a JSON list, or one plain value each"))
    return [_part(items, text, f"[{index}]") for index, text in enumerate(texts)]


def _map(schema: Mapping[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    """Return a map given as ``key=value``, once or repeated."""
    values = schema.get("additionalProperties")
    values = values if isinstance(values, dict) else {}
    pairs = [text.partition("=") for text in texts]
    if not all(key and equals for key, equals, _ in pairs):
        raise _Unfit("must be a JSON map, or key=value")
    properties = schema.get("properties", {})
    return {key: _part(properties.get(key, values), text, f".{key}") for key, _, text in pairs}


def _part(schema: Mapping[str, Any], text: str, step: str) -> Any:
    """Return the value of a part of a list or map, to which `step` leads."""
    try:
        return _value(schema, [text])
    except _Unfit as unfit:
        unfit.path = step + unfit.path
        raise


def _scalar(schema: Mapping[str, Any], names: Sequence[str], text: str) -> Any:
    # "5" for a quantity stays text; where text is one of several types it is what is left over
    order = names if schema.get("unit") == "quantity" else sorted(names, key="string".__eq__)
    unfit = _Unfit("takes no value")
    for name in order:
        try:
            return READERS[name](text)
        except _Unfit as error:
            unfit = error
    raise unfit


def _integer(text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise _Unfit("must be an integer", text)
    return int(text)


def _number(text: str) -> int | float:
    if len(text) > 400 or not NUMBER.fullmatch(text) or isinf(float(text)):
        raise _Unfit("must be a number", text)
    return int(text) if INTEGER.fullmatch(text) else float(text)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise _Unfit("must be true or false", text)
    return text.lower() == "true"


def _null(text: str) -> None:
    raise _Unfit("must be null: give --null")


def _json(text: str, wanted: str) -> Any:
    try:
        return load_json(text)
    except JsonError as error:
        at = "" if error.index is None else f" at character {error.index + 1}"
        raise _Unfit(f"must be {wanted} ({error}{at})", text) from None


READERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "object": lambda text: _json(text, "a JSON map"),
    "array": lambda text: _json(text, "a JSON list"),
    "null": _null,
}
