"""Reads the part of Jsonnet that ksonnet writes: values, and objects added to objects; no program is run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from math import isinf
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.errors import AppError
from kfctl.model.ksonnet import Expression
from kfctl.yamltext import Lines
from kfctl.yamltext.scalars import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfctl.errors import Location

MAX_DEPTH = 100  # of objects and arrays in one another

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|//[^\n]*|\#[^\n]*)++)
    |(?P<comment>/\*)
    |(?P<block>\|\|\|[ \t]*\r?\n)
    |(?P<verbatim>@"[^"]*+(?:""[^"]*+)*+"|@'[^']*+(?:''[^']*+)*+')
    |(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+')
    |(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>[][{}(),;:.+\-*/%!=<>&|^~$])""",
    re.DOTALL | re.VERBOSE,
)
# Ends of comments and blocks; the first without an end is an error, so that no text is searched twice.
_ENDS = {"comment": re.compile(r"\*/"), "block": re.compile(r"\n[ \t]*\|\|\|")}
_WORDS = {"true": True, "false": False, "null": None}
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True)
class Object:
    """An object: its values by field, and where each field stands; `base` is the name it is added to."""

    values: Mapping[str, Any]
    places: Mapping[str, Location]
    base: str = ""


@dataclass(frozen=True)
class Program:
    """A file: what its locals stand for, and what it is."""

    result: Any
    locals: Mapping[str, Any] = field(default_factory=dict)


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def parse(text: str, path: str) -> Program:
    """Return what a file says; AppError where it is no Jsonnet."""
    return _Parser(text, path).program()


def plain(value: Any) -> Any:
    """Return a value as dicts and lists; the first expression in it, if there is one."""
    if isinstance(value, Object):
        found = {key: plain(item) for key, item in value.values.items()}
        return next((item for item in found.values() if isinstance(item, Expression)), found)
    if isinstance(value, list):
        items = [plain(item) for item in value]
        return next((item for item in items if isinstance(item, Expression)), items)
    return value


def read_number(text: str) -> int | float | None:
    """Return a number in decimal digits, None if it is larger than JSON and Python's readers take."""
    if re.search("[.eE]", text):
        return None if isinf(number := float(text)) else number
    try:
        return int(text)
    except ValueError:  # more than 4,300 digits
        return None


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self._text, self._path = text.removeprefix("\ufeff"), path
        self._lines = Lines(self._text, path)
        self._tokens = list(self._read())
        self._next = 0
        self._closing = self._find_closing()

    def program(self) -> Program:
        known: dict[str, Any] = {}
        while self._peek().text == "local":
            self._take()
            name = self._take().text
            self._expect("=")
            known[name] = self._value(0, ";")
            self._expect(";")
        result = self._value(0, "")
        if self._peek().kind != "end":
            self._fail()
        return Program(result, known)

    def _read(self) -> Iterator[_Token]:
        index = 0
        while index < len(self._text):
            match = _TOKEN.match(self._text, index)
            if not match:
                raise AppError(
                    "this is no Jsonnet", where=self._where(index), hint="is a quote missing before it?"
                )
            kind, end = str(match.lastgroup), match.end()
            if kind in _ENDS:
                closed = _ENDS[kind].search(self._text, end - (kind == "block"))
                if not closed:
                    raise AppError(f"'{match[0].strip()}' has no end", where=self._where(index))
                end = closed.end()
            if kind not in ("space", "comment"):
                yield _Token(kind, self._text[index:end], index)
            index = end
        yield _Token("end", "", index)

    def _value(self, depth: int, stops: str) -> Any:
        """Return the value up to one of the signs `stops`, or the expression that is no plain value."""
        if depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} objects and arrays in one another")
        start = self._next
        value = self._simple(depth)
        if self._peek().kind == "end" or (self._peek().text in stops and self._peek().kind == "sign"):
            return value
        self._next = start
        return self._expression(stops)

    def _simple(self, depth: int) -> Any:
        token = self._take()
        if token.kind == "number" or (token.text == "-" and self._peek().kind == "number"):
            text = token.text if token.kind == "number" else f"-{self._take().text}"
            return self._number(text, token)
        if token.kind in _TEXTS:
            return _TEXTS[token.kind](token.text)
        if token.text in _WORDS:
            return _WORDS[token.text]
        if token.text == "[":
            return self._array(depth + 1)
        if token.text == "{":
            return self._object(depth + 1)
        if token.kind == "word":
            return self._sum(token.text, depth)
        return Expression(token.text, self._where(token.start))

    def _number(self, text: str, token: _Token) -> int | float:
        value = read_number(text)
        if value is None:
            raise AppError("the number is too large", where=self._where(token.start))
        return value

    def _sum(self, base: str, depth: int) -> Any:
        """Return the object in `base + {…}` or `base {…}`."""
        start = self._next
        if self._peek().text == "+":
            self._take()
        if self._peek().text == "{":
            self._take()
            found = self._object(depth + 1)
            return Object(found.values, found.places, base)
        self._next = start
        return Expression(base, self._where(self._tokens[start - 1].start))

    def _array(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while self._peek().text != "]":
            items.append(self._value(depth, ",]"))
            if self._peek().text == ",":
                self._take()
        self._take()
        return items

    def _object(self, depth: int) -> Object:
        values: dict[str, Any] = {}
        places: dict[str, Location] = {}
        while self._peek().text != "}":
            where = self._where(self._peek().start)
            name, value = self._field(depth)
            values[name], places[name] = value, where
            if self._peek().text == ",":
                self._take()
        self._take()
        return Object(values, places)

    def _field(self, depth: int) -> tuple[str, Any]:
        """Return a field's name and value; one with a computed name, a method or a local is an expression."""
        token = self._peek()
        after = self._tokens[min(self._next + 1, len(self._tokens) - 1)].text
        named = token.kind in _TEXTS or token.kind == "word"
        if not named or after not in (":", "+") or token.text in ("local", "assert"):
            return token.text, self._expression(",}")
        self._take()
        if self._peek().text == "+":
            self._take()
        self._expect(":")
        while self._peek().text == ":":  # hidden fields
            self._take()
        name = _TEXTS[token.kind](token.text) if token.kind in _TEXTS else token.text
        return name, self._value(depth, ",}")

    def _expression(self, stops: str) -> Expression:
        first = self._peek()
        while (token := self._peek()).kind != "end":
            if token.kind == "sign":
                if token.text in stops:
                    break
                if token.text in _CLOSE:
                    self._fail()
                # Brackets are passed over at once, or what is nested would be read once for each level.
                self._next = self._closing.get(self._next, self._next)
            self._take()
        if self._peek() is first:
            self._fail()
        return Expression(self._text[first.start : self._peek().start].strip(), self._where(first.start))

    def _find_closing(self) -> dict[int, int]:
        """Return where each bracket that opens is closed, by the numbers of the tokens."""
        opened: list[int] = []
        closing: dict[int, int] = {}
        for number, token in enumerate(self._tokens):
            if token.kind == "sign" and token.text in _OPEN:
                opened.append(number)
            elif token.kind == "sign" and token.text in _CLOSE and opened:
                closing[opened.pop()] = number
        # One that is never closed takes in all that follows.
        return closing | dict.fromkeys(opened, len(self._tokens) - 2)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._peek()
        if token.kind == "end":
            self._fail()
        self._next += 1
        return token

    def _expect(self, text: str) -> None:
        if self._take().text != text:
            self._next -= 1
            self._fail()

    def _fail(self, message: str = "") -> None:
        token = self._peek()
        what = (
            f"{quoted(token.text)} can't stand here"
            if token.text
            else "the file ends too early: a bracket is open"
        )
        raise AppError(
            message or what, where=self._where(token.start), hint="ksonnet could not read this file either"
        )

    def _where(self, index: int) -> Location:
        return self._lines.at(index)


_ESCAPES = re.compile(r"""\\(u[0-9a-fA-F]{4}|.)""", re.DOTALL)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _quoted(text: str) -> str:
    found = _ESCAPES.sub(_escaped, text[1:-1])
    # two escapes may be the halves of one character
    return found if found.isascii() else found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escaped(match: re.Match[str]) -> str:
    code = match[1]
    return str(json.loads(f'"\\{code}"')) if code[0] == "u" and len(code) == 5 else _SHORT.get(code, code)


def _verbatim(text: str) -> str:
    return text[2:-1].replace(text[1] * 2, text[1])


def _block(text: str) -> str:
    lines = text.split("\n")[1:-1]
    indent = len(lines[0]) - len(lines[0].lstrip(" \t")) if lines else 0
    return "".join(f"{line[indent:]}\n" for line in lines)


_TEXTS = {"text": _quoted, "verbatim": _verbatim, "block": _block}
