"""YAML text with holes in, objects out: values are put in after the parsing, so none can change the text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.yamltext import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_NODES = 2_000_000  # of what one component's objects hold
MAX_TEXT = 64_000_000  # characters

# No template and no value can know it, so neither can forge a marker.
NONCE = f"kfctl{token_hex(8)}"
MARKER = re.compile(f"{NONCE}n([0-9]+)z")


def marker(index: int) -> str:
    """Return the text that stands for the value number `index` until it is put in."""
    return f"{NONCE}n{index}z"


def readable(text: str) -> str:
    """Return text with holes as a message shows it."""
    return MARKER.sub("{{…}}", text)


@dataclass(frozen=True)
class Hole:
    """A place that takes a value with its type."""

    index: int


@dataclass(frozen=True)
class Blend:
    """Text with holes: static pieces (str) and the numbers of values (int)."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True)
class Merge:
    """The key ``<<`` of a map whose value is a hole: its entries join the map."""

    index: int


class Put(NamedTuple):
    """A value to be put in, and the line of the template that prints it."""

    value: Any
    template: str
    line: int


class HoleFault(Exception):
    """A value does not fit its hole."""

    def __init__(self, message: str, put: Put) -> None:
        """Say what is wrong with which value."""
        super().__init__(message)
        self.put = put


def parse(text: str) -> list[Any]:
    """Return the documents of a text with holes, empty ones left out."""
    if NONCE not in text:
        return [document.value for document in Reader(text, "", any_key=True) if document.value is not None]
    return [document.value for document in _HoleReader(text, "", any_key=True) if document.value is not None]


class _HoleReader(Reader):
    """Reads YAML as kubectl does; a scalar that holds markers becomes a Hole or a Blend."""

    def _value(self, event: Any, depth: int) -> Any:
        value = super()._value(event, depth)
        return _blend(value) if type(value) is str and NONCE in value else value

    def _plain(self, event: Any) -> Any:
        text = event.value
        if NONCE not in text:
            return super()._plain(event)
        alone = MARKER.fullmatch(text)
        return Hole(int(alone[1])) if alone else _blend(text)

    def _key(self, event: Any, depth: int) -> Any:
        text = getattr(event, "value", "")
        return _blend(text) if NONCE in text else super()._key(event, depth)

    def _merged(self, event: Any, item: Any) -> list[Any]:
        return [{Merge(item.index): item}] if isinstance(item, Hole) else super()._merged(event, item)


def _blend(text: str) -> Blend:
    pieces = MARKER.split(text)  # static text and numbers in turn
    return Blend(tuple(int(piece) if i % 2 else piece for i, piece in enumerate(pieces) if piece))


ABSENT = object()  # what a hole leaves that was given None


class Filler:
    """Puts the values of one component into parsed templates."""

    def __init__(self, puts: Sequence[Put]) -> None:
        """Take the values by their numbers."""
        self._puts = puts
        self._nodes = self._text = 0

    def fill(self, node: Any) -> Any:
        """Return a new object with every hole of `node` filled; ABSENT for a hole with None."""
        self._nodes += 1
        fill = FILLS.get(type(node))
        return fill(self, node) if fill else node

    def _map(self, node: dict[Any, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, child in node.items():
            if type(key) is not str:
                if isinstance(key, Merge):
                    self._merge(key, node, result)
                    continue
                key = self._key(key, result)
            value = self.fill(child)
            if value is not ABSENT:
                result[key] = value
        return result

    def _merge(self, key: Merge, node: dict[Any, Any], result: dict[str, Any]) -> None:
        put = self._puts[key.index]
        if put.value is not None and not isinstance(put.value, dict):
            raise HoleFault(f"{kind(put.value)} where `<<` wants a map", put)
        for name, value in self._copied(put.value or {}, put).items():
            if name not in result and name not in node:
                result[name] = value

    def _key(self, key: Blend, result: dict[str, Any]) -> str:
        text = self._blended(key)
        if text in result:
            numbers = [part for part in key.parts if isinstance(part, int)]
            raise HoleFault(f"the key '{text}' is in this map twice", self._puts[numbers[0]])
        return text

    def _list(self, node: list[Any]) -> list[Any]:
        return [value for child in node if (value := self.fill(child)) is not ABSENT]

    def _hole(self, node: Hole) -> Any:
        put = self._puts[node.index]
        if type(put.value) is str:
            self._count(put.value, put)
            return put.value
        return ABSENT if put.value is None else self._copied(put.value, put)

    def _blended(self, node: Blend) -> str:
        return "".join(
            part if isinstance(part, str) else self._as_text(self._puts[part]) for part in node.parts
        )

    def _as_text(self, put: Put) -> str:
        writer = TEXTS.get(type(put.value))
        if writer is None:
            raise HoleFault(f"{kind(put.value)} where only text can be", put)
        text = writer(put.value)
        self._count(text, put)
        return text

    def _count(self, text: str, put: Put) -> None:
        self._text += len(text)
        if self._text > MAX_TEXT:
            raise HoleFault(f"the objects hold more than {MAX_TEXT:,} characters", put)

    def _copied(self, value: Any, put: Put) -> Any:
        """Return a copy of a value as JSON has it, so that no two objects share a part."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise HoleFault(f"the objects hold more than {MAX_NODES:,} values", put)
        if isinstance(value, dict):
            return {_checked_key(key, put): self._copied(item, put) for key, item in value.items()}
        if type(value) in LISTS:
            return [self._copied(item, put) for item in value]
        if isinstance(value, str):
            self._count(value, put)
            return str(value)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        raise HoleFault(f"{kind(value)} is nothing that an object can hold", put)


def _checked_key(key: Any, put: Put) -> str:
    if not isinstance(key, str):
        raise HoleFault(f"a map with the key {key!r}, which is no text", put)
    return key


LISTS = frozenset({list, tuple, range, type({}.keys()), type({}.values()), type({}.items())})

FILLS: dict[type, Callable[[Filler, Any], Any]] = {
    dict: Filler._map,
    list: Filler._list,
    Hole: Filler._hole,
    Blend: Filler._blended,
}


def _float_text(value: float) -> str:
    return repr(value)


TEXTS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    float: _float_text,
    bool: lambda value: "true" if value else "false",
}

KINDS = {dict: "a map", list: "a list", tuple: "a list", type(None): "no value (none)", str: "text"}


def kind(value: Any) -> str:
    """Return what a value is, for a message."""
    return KINDS.get(type(value), f"a {type(value).__name__}")
