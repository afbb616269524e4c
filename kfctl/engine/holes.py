"""YAML text with holes in, objects out: values are put in after the parsing, so none can change the text."""

from __future__ import annotations

import math
import re
from random import SystemRandom
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.yamltext import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Fill = Callable[["Sheet"], Any]

MAX_NODES = 1_000_000  # of what one component's objects hold
MAX_TEXT = 64_000_000  # characters

# No template and no value can know it, so neither can forge a marker.
NONCE = f"kfctl{SystemRandom().getrandbits(64):016x}"
MARKER = re.compile(f"{NONCE}n([0-9]+)z")


MARKER_HEAD, MARKER_TAIL = f"{NONCE}n", "z"


def marker(index: int) -> str:
    """Return the text that stands for the value number `index` until it is put in."""
    return f"{MARKER_HEAD}{index}{MARKER_TAIL}"


def readable(text: str) -> str:
    """Return text with holes as a message shows it."""
    return MARKER.sub("{{…}}", text)


class Hole(NamedTuple):
    """A place that takes a value with its type."""

    number: int


class Blend(NamedTuple):
    """Text with holes: static pieces (str) and the numbers of values (int)."""

    parts: tuple[str | int, ...]


class Merge(NamedTuple):
    """The key ``<<`` of a map whose value is a hole: its entries join the map."""

    number: int


class MacroResult:
    """Text with placeholders, returned by a macro or a ``{% set %}`` block: it can be printed or indented."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self.text = text

    def _refuse(self, *_: Any) -> Any:
        raise MacroResultError("the result of a macro or set block can only be printed or indented")

    __str__ = __repr__ = __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __index__ = _refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refuse
    __hash__ = None  # type: ignore[assignment]  # how Python marks a type without hashes


class MacroResultError(Exception):
    """A template uses the result of a macro as a string."""


Place = tuple[str, int]  # a template and a line of it
Put = tuple[Any, Place]  # a value to be put in, and where it is printed


class HoleFault(Exception):
    """A value does not fit its hole."""

    def __init__(self, message: str, place: Place) -> None:
        """Say what is wrong with the value that is printed there."""
        super().__init__(message)
        self.place = place


def parse(text: str) -> list[Fill]:
    """Return what makes the documents of a text with holes, empty ones left out."""
    reader = (_HoleReader if NONCE in text else Reader)(text, "", any_key=True)
    return [_fill(document.value) for document in reader if document.value is not None]


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
        return [{Merge(item.number): item}] if isinstance(item, Hole) else super()._merged(event, item)


def _blend(text: str) -> Blend:
    pieces = MARKER.split(text)  # static text and numbers in turn
    _check_marker("".join(pieces[::2]), ("", 0))
    return Blend(tuple(int(piece) if i % 2 else piece for i, piece in enumerate(pieces) if piece))


ABSENT = object()  # what a hole leaves that was given None


class Sheet:
    """The values of one template's holes, put into what was parsed."""

    def __init__(self, puts: Sequence[Put]) -> None:
        """Take the values by their numbers."""
        self.puts = puts
        self._nodes = self._text = 0

    def text(self, index: int) -> str:
        """Return a value as text."""
        value, place = self.puts[index]
        writer = TEXTS.get(type(value))
        if writer is None:
            raise HoleFault(f"{kind(value)} where only text can be", place)
        return self._counted(writer(value), place)

    def value(self, index: int) -> Any:
        """Return a value with its type; ABSENT for None."""
        value, place = self.puts[index]
        if type(value) is str:
            return self._counted(value, place)
        return ABSENT if value is None else self._copied(value, place)

    def place(self, index: int) -> Place:
        """Return where a value is printed."""
        return self.puts[index][1]

    def _counted(self, text: str, place: Place) -> str:
        self._text += len(text)
        if self._text > MAX_TEXT:
            raise HoleFault(f"the objects hold more than {MAX_TEXT:,} characters", place)
        _check_marker(text, place)
        return text

    def _copied(self, value: Any, place: Place) -> Any:
        """Return a copy of a value as JSON has it, so that no two objects share a part."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise HoleFault(f"the objects hold more than {MAX_NODES:,} values", place)
        if type(value) in ATOMS:
            return value
        if isinstance(value, dict):
            return {_checked_key(key, place): self._copied(item, place) for key, item in value.items()}
        if isinstance(value, str):
            return self._counted(str(value), place)
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            return value
        if type(value) in LISTS:
            return [self._copied(item, place) for item in value]
        raise HoleFault(f"{kind(value)} is nothing that an object can hold", place)


# What parsing makes of each part of a text: a function that returns a new value for one sheet.


def _fill(node: Any) -> Fill:
    maker = FILLS.get(type(node))
    return maker(node) if maker else lambda sheet: node


def _map(node: dict[Any, Any]) -> Fill:
    if any(type(key) is not str for key in node):
        return _odd_map(node)
    fixed = {key: child if type(child) not in FILLS else None for key, child in node.items()}
    holes = [(key, child.number) for key, child in node.items() if type(child) is Hole]
    fills = [(key, _fill(child)) for key, child in node.items() if type(child) in FILLS.keys() - {Hole}]

    def fill(sheet: Sheet) -> dict[str, Any]:
        result = fixed.copy()
        for key, number in holes:
            value = sheet.value(number)
            if value is ABSENT:
                del result[key]
            else:
                result[key] = value
        for key, child in fills:
            result[key] = child(sheet)
        return result

    return fill


def _odd_map(node: dict[Any, Any]) -> Fill:
    """Return what makes a map with holes in its keys."""
    fills = [(key, _fill(child)) for key, child in node.items()]
    number = next(number for key in node for number in getattr(key, "parts", [0]) if isinstance(number, int))

    def fill(sheet: Sheet) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, child in fills:
            value = child(sheet)
            if isinstance(key, Merge):
                _merge(sheet.place(key.number), value, result)
            elif value is not ABSENT:
                name = key if isinstance(key, str) else _blended(key)(sheet)
                if name in result:
                    raise HoleFault(f"the key '{name}' is in this map twice", sheet.place(number))
                result[name] = value
        return result

    return fill


def _merge(place: Place, value: Any, result: dict[str, Any]) -> None:
    if value is ABSENT:
        return
    if not isinstance(value, dict):
        raise HoleFault(f"{kind(value)} where `<<` wants a map", place)
    # It is the last of the keys: what the map itself says wins.
    result.update({name: item for name, item in value.items() if name not in result})


def _list(node: list[Any]) -> Fill:
    fills = [_fill(child) for child in node]
    return lambda sheet: [value for fill in fills if (value := fill(sheet)) is not ABSENT]


def _hole(node: Hole) -> Fill:
    number = node.number
    return lambda sheet: sheet.value(number)


def _blended(node: Blend) -> Callable[[Sheet], str]:
    parts = node.parts
    return lambda sheet: "".join(part if isinstance(part, str) else sheet.text(part) for part in parts)


FILLS: dict[type, Callable[[Any], Fill]] = {dict: _map, list: _list, Hole: _hole, Blend: _blended}


def _check_marker(text: Any, place: Place) -> None:
    """Check that no marker becomes a part of an object: it would hide a value that has been lost."""
    if type(text) is str and NONCE in text:
        raise HoleFault("a value is printed where it cannot be put in", place)


def _checked_key(key: Any, place: Place) -> str:
    if not isinstance(key, str):
        raise HoleFault(f"a map with a key that is {kind(key)}, not text", place)
    _check_marker(key, place)
    return key


ATOMS = frozenset({int, bool, type(None)})
LISTS = frozenset({list, tuple, range, type({}.keys()), type({}.values()), type({}.items())})

TEXTS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    float: repr,
    bool: lambda value: "true" if value else "false",
}

KINDS = {
    dict: "a map",
    list: "a list",
    tuple: "a list",
    type(None): "no value (none)",
    str: "text",
    int: "an integer",
    bool: "a boolean",
    MacroResult: "the result of a macro",
}


def kind(value: Any) -> str:
    """Return what a value is, for a message."""
    return KINDS.get(type(value), f"a {type(value).__name__}")
