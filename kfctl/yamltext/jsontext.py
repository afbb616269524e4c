"""JSON text in, values out: stricter than Python's reader, and with errors of its own."""

from __future__ import annotations

import json
import re
from math import isinf
from typing import Any

MAX_DEPTH = 200  # of maps and lists in one another, as in YAML
_SPACE = re.compile(r"[ \t\n\r]*")


class JsonError(ValueError):
    """A text is not JSON; the message quotes nothing of it, which may be secret."""

    def __init__(self, message: str, index: int | None = None, key: str = "") -> None:
        """Take what is wrong, at which character (if that is known), and the key that is there twice."""
        super().__init__(message)
        self.index = index
        self.key = key


def load_json(text: str) -> Any:
    """Return the one value in a text, or raise JsonError."""
    value, index = read_json(text, skip_space(text, 0))
    index = skip_space(text, index)
    if index < len(text):
        raise JsonError("more follows the value", index)
    return value


def read_json(text: str, index: int) -> tuple[Any, int]:
    """Return the value that starts at `index`, and where it ends, or raise JsonError."""
    try:
        value, end = _DECODER.raw_decode(text, index)
    except json.JSONDecodeError as error:
        message = f"{error.msg[:1].lower()}{error.msg[1:].removesuffix(' at')}"
        raise JsonError(message, error.pos) from None
    except RecursionError:
        raise JsonError("it is nested too deep") from None
    _check_depth(value)
    return value, end


def skip_space(text: str, index: int) -> int:
    """Return the index of the first character from `index` that is no white space."""
    found = _SPACE.match(text, index)
    return found.end() if found else index


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [part for each in level if isinstance(each, dict | list) for part in _parts(each)]
        if not level:
            return
    raise JsonError("it is nested too deep")


def _parts(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen = set[str]()
        for key, _ in pairs:
            if key in seen:
                raise JsonError("a key is there twice", key=key)
            seen.add(key)
    return value


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise JsonError("an integer of more than 4,300 digits is too long") from None


def _float(text: str) -> float:
    if isinf(number := float(text)):
        raise JsonError("a number is too large")
    return number


def _constant(_: str) -> Any:
    raise JsonError("NaN and Infinity are no numbers that JSON knows")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
