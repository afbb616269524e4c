"""Filters and attributes that templates can use."""

from __future__ import annotations

import json
import re
from functools import wraps
from typing import TYPE_CHECKING, Any

from kfctl.engine.holes import LISTS, TEXTS, MacroResult, kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Of Jinja's own filters. Left out are those that convert any value to text, run code or depend on chance.
OF_LISTS = "count dictsort first items last length list map reject rejectattr reverse select selectattr sort"
OF_VALUES = "d default abs float int max min round sum unique"
OF_TEXT = "capitalize lower title trim upper"

DICT_METHODS = "get items keys values"
TEXT_METHODS = (
    "capitalize count endswith find index isalnum isalpha isascii isdigit islower isspace isupper join lower "
    "lstrip partition removeprefix removesuffix replace rfind rpartition rstrip split splitlines startswith "
    "strip title upper"
)
METHODS: dict[type, frozenset[str]] = {
    dict: frozenset(DICT_METHODS.split()),
    str: frozenset(TEXT_METHODS.split()),
}

BEFORE_LINE = re.compile(r"\n(?=[^\n])")  # of a line that is not empty


def to_text(value: Any) -> str:
    """Return a string, number or boolean as text; TypeError for all other types."""
    convert = TEXTS.get(type(value))
    if convert:
        return convert(value)
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"only strings, numbers and booleans can be converted to text, not {kind(value)}")


def indent(text: Any, width: int = 4, first: bool = False) -> Any:
    """Return text with `width` spaces before each line except the first."""
    plain = text.text if isinstance(text, MacroResult) else to_text(text)
    margin = " " * width
    result = (margin if first else "") + BEFORE_LINE.sub("\n" + margin, plain)
    return MacroResult(result) if isinstance(text, MacroResult) else result


def tojson(value: Any, indent: int | None = 2) -> str:
    """Return JSON text with the keys in their own order."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False, default=_to_list)


def _to_list(value: Any) -> list[Any]:
    if type(value) not in LISTS:
        raise TypeError(f"{kind(value)} cannot be written as JSON")
    return list(value)


def textproto(value: str) -> str:
    """Return a quoted string in the text format of protocol buffers."""
    if not isinstance(value, str):
        raise TypeError(f"textproto quotes strings, not {kind(value)}")
    return '"' + "".join(map(_escape, value)) + '"'


ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}


def _escape(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if " " <= character <= "~":
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode())


def join(values: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    """Return the values as one text with a separator between them."""
    items = [value[attribute] for value in values] if attribute else values
    return to_text(separator).join(map(to_text, items))


def replace(text: Any, old: Any, new: Any, count: int = -1) -> str:
    """Return text with `new` in place of `old`."""
    return to_text(text).replace(to_text(old), to_text(new), count)


OWN: dict[str, Callable[..., Any]] = {
    "indent": indent,
    "tojson": tojson,
    "textproto": textproto,
    "join": join,
    "replace": replace,
    "string": to_text,
}


def choose_filters(known: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return the filters of templates: some of Jinja's, `known` by name, and kfctl's own."""
    plain = {name: known[name] for name in [*OF_LISTS.split(), *OF_VALUES.split()]}
    return plain | {name: _on_text(known[name]) for name in OF_TEXT.split()} | OWN


def _on_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that does not accept values without a text form."""

    @wraps(function)
    def on_text(value: Any, *args: Any) -> Any:
        return function(to_text(value), *args)

    return on_text
