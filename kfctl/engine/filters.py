"""The filters, tests and methods that templates may use; none can do more than its input is large."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from kfctl.engine.holes import kind
from kfctl.engine.limits import MAX_OUTPUT, Text, TooMuch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Of Jinja's own filters, tests and the methods of text, by name.
OF_LISTS = "count dictsort first items last length list map reject rejectattr reverse select selectattr sort"
OF_VALUES = "d default abs capitalize float int lower max min round sum title trim unique upper"
FILTERS = frozenset([*OF_LISTS.split(), *OF_VALUES.split()])
OF_KINDS = "defined undefined none string number integer float boolean true false mapping sequence iterable"
OF_ORDER = (
    "in odd even divisibleby lower upper eq equalto == ne != lt lessthan < le <= gt greaterthan > ge >="
)
TESTS_OF_KINDS, TESTS_OF_VALUES = frozenset(OF_KINDS.split()), frozenset(OF_ORDER.split())
OF_TEXT = "capitalize count endswith find index isalnum isalpha isascii isdigit islower isspace isupper lower"
OF_PARTS = "lstrip partition removeprefix removesuffix rfind rpartition rstrip startswith strip title upper"

BEFORE_LINE = re.compile(r"\n(?=[^\n])")  # one that is not empty


def indent(text: str | Text, width: int = 4, first: bool = False) -> str | Text:
    """Put spaces before each line but the first; it knows the text with holes that macros return."""
    if not 0 <= width <= 200:
        raise TooMuch("an indent of more than 200 spaces")
    plain = text.text if isinstance(text, Text) else text
    if plain.count("\n") * width > MAX_OUTPUT:
        raise TooMuch(f"more than {MAX_OUTPUT:,} characters")
    margin = " " * width
    result = (margin if first else "") + BEFORE_LINE.sub("\n" + margin, plain)
    return Text(result) if isinstance(text, Text) else result


def tojson(value: Any, indent: int | None = 2) -> str:
    """Return JSON text, its keys in the order they have."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False, default=_listed)


def textproto(value: str) -> str:
    """Return a string as protocol buffers in text form quote it."""
    if not isinstance(value, str):
        raise TypeError(f"textproto quotes text, not {type(value).__name__}")
    return '"' + "".join(map(_escaped, value)) + '"'


ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if " " <= character <= "~":
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode())


def _listed(value: Any) -> Any:
    if isinstance(value, Text):
        return value._refused()
    return list(value)


def join(values: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    """Return the values as one text with a separator between them."""
    items = [value[attribute] for value in values] if attribute else list(values)
    if len(separator) * len(items) > MAX_OUTPUT:
        raise TooMuch(f"more than {MAX_OUTPUT:,} characters")
    return separator.join(map(_plain, items))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"text can be made of text and numbers, not of {kind(value)}")


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    """Return the text with `new` wherever `old` stands."""
    times = text.count(old) if count < 0 else min(count, text.count(old))
    if times * len(new) > MAX_OUTPUT:
        raise TooMuch(f"more than {MAX_OUTPUT:,} characters")
    return text.replace(old, new, count)


def split(text: str, separator: str | None = None, count: int = -1) -> list[str]:
    """Return the parts of a text between separators."""
    if separator and text.count(separator) > MAX_OUTPUT // 16:
        raise TooMuch("a text of too many parts")
    return text.split(separator, count)


OURS: dict[str, Callable[..., Any]] = {
    "indent": indent,
    "tojson": tojson,
    "textproto": textproto,
    "join": join,
    "replace": replace,
    "string": _plain,
}

METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    dict: {"get": dict.get, "items": dict.items, "keys": dict.keys, "values": dict.values},
    str: {
        **{name: getattr(str, name) for name in [*OF_TEXT.split(), *OF_PARTS.split()]},
        "replace": replace,
        "split": split,
        "join": lambda separator, values: join(values, separator),
        "splitlines": lambda text: split(text, "\n"),
    },
}


def method(owner: Any, name: str) -> Callable[..., Any] | None:
    """Return a method that templates may call, bound to its owner; None where there is none of that name."""
    found = METHODS.get(type(owner), {}).get(name)
    return partial(found, owner) if found else None
