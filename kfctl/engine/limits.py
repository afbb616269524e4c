"""How much a template may do before it counts as endless: steps, sizes, and operations that respect them."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_STEPS = 1_000_000  # of one component: its loops, calls, and sizes of what it handles
MAX_DIGITS = 4_096  # bits of an integer
MAX_OUTPUT = 4_000_000  # characters of one template; an object that etcd takes has at most 1.5 million
CHARACTERS = 64  # that count as one step


class TooMuch(Exception):
    """A template does more than any template needs: it has no end, or no bounds."""


class Text:
    """What a macro or a `{% set %}` block returns: text with holes, that can be printed and nothing else."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self.text = text

    def __repr__(self) -> str:
        """Return a name for messages."""
        return "the result of a macro"

    def _refused(self, *_: Any) -> Any:
        raise TypeError("what a macro or a set block returns can only be printed (or given to indent)")

    __str__ = __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = _refused
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refused
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refused
    __hash__ = None  # type: ignore[assignment]  # Python's own way to say that it has none


class Budget:
    """What is left of the steps of one render."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        """Start with so many."""
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps; TooMuch when there are none left."""
        self.left -= steps
        if self.left < 0:
            raise TooMuch(f"the template does more than {MAX_STEPS:,} steps: is there a loop without an end?")

    def weighed(self, value: Any) -> Any:
        """Return the value, paid for by its size."""
        kind = type(value)
        self.left -= 1
        if kind is str:
            self.left -= len(value) // CHARACTERS
        elif kind in CONTAINERS:
            self._weigh(value)
        elif kind is Text:
            value._refused()
        elif kind is int and value.bit_length() > MAX_DIGITS:
            raise TooMuch(f"a number of more than {MAX_DIGITS} bits")
        if self.left < 0:
            self.spend(0)
        return value

    def _weigh(self, container: Any) -> None:
        self.spend(len(container) + 1)
        for item in container.values() if type(container) is dict else container:
            if type(item) in HEAVY:
                self.weighed(item)

    def counted(self, items: Iterable[Any]) -> list[Any]:
        """Return what a loop is over, each of its turns paid for."""
        if type(items) in SIZED:
            self.spend(len(items))  # type: ignore[arg-type]  # all types in SIZED have a length
            return list(items)
        return self.listed(items)

    def listed(self, items: Iterable[Any]) -> list[Any]:
        """Return the items as a list, which must have an end."""
        result: list[Any] = []
        for item in items:
            self.spend(1)
            result.append(item)
        return result

    def concatenated(self, parts: Iterable[Any]) -> Text:
        """Return the pieces that a macro printed as one text."""
        texts = [part.text if type(part) is Text else part for part in parts]
        size = sum(map(len, texts))
        self.spend(1 + size // CHARACTERS)
        if size > MAX_OUTPUT:
            raise TooMuch(f"a macro prints more than {MAX_OUTPUT:,} characters")
        return Text("".join(texts).removesuffix("\n"))

    def joined(self, values: Iterable[Any]) -> str:
        """Return what `~` makes of values."""
        texts = [_text(value) for value in values]
        self.spend(1 + sum(map(len, texts)) // CHARACTERS)
        return "".join(texts)

    def operated(self, name: str, left: Any, right: Any) -> Any:
        """Return the result of an arithmetic operator, refused before it can grow beyond bounds."""
        if not (isinstance(left, NUMBERS) and isinstance(right, NUMBERS)):
            return self.weighed(_on_others(name, self.weighed(left), self.weighed(right)))
        if name == "**" and (abs(right) > 64 or abs(left) > 2**64):
            raise TooMuch("a power beyond bounds")
        return self.weighed(OPERATORS[name](left, right))


NUMBERS = (int, float)
CONTAINERS = frozenset({dict, list, tuple})
SIZED = CONTAINERS | {range, str}
HEAVY = CONTAINERS | {str, Text}

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "**": operator.pow,
    "%": operator.mod,
}


def _on_others(name: str, left: Any, right: Any) -> Any:
    """Return the sum of two texts or lists; nothing else than numbers can be multiplied or formatted."""
    if name == "+" and type(left) is type(right) and isinstance(left, str | list | tuple):
        return left + right
    raise TypeError(f"{name} is not for {_name(left)} and {_name(right)}")


def _name(value: Any) -> str:
    return "none" if value is None else type(value).__name__


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        return str(value)
    if value is None or type(value) in HEAVY:
        raise TypeError(f"~ joins text and numbers, not {_name(value)}")
    return str(value)  # an undefined name says which it is
