"""YAML text in, values out, each with its place in the text."""

from __future__ import annotations

import copy
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.errors import AppError, Location, Problem
from kfctl.yamltext.scalars import WORDS, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Path = tuple[str | int, ...]

MAX_DEPTH = 200  # maps and lists in one another: far more than any object has, far less than Python's stack
MAX_ALIASED = 100_000  # values that come from aliases: a few lines of them can stand for billions

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class Entry(NamedTuple):
    """A value's place: the events of its key (None in a list), of its start and of its end."""

    key: Any
    start: Any
    end: Any


class Document(NamedTuple):
    """One document of a text: its value, the root's place and the places in each map and list by its id."""

    value: Any
    root: Entry | None
    places: Mapping[int, Mapping[str | int, Entry]]


@dataclass(frozen=True)
class Located:
    """A value read from YAML that knows where each part of it stands."""

    value: Any
    path: str
    document: Document

    def at(self, *keys: str | int) -> Location:
        """Return where the value at `keys` starts, or the nearest thing around it that is there."""
        return self._mark(self._entry(keys), of_key=False)

    def key_at(self, *keys: str | int) -> Location:
        """Return where the key of the value at `keys` stands: the place to name for an unknown key."""
        return self._mark(self._entry(keys), of_key=True)

    @cached_property
    def locations(self) -> Mapping[Path, Location]:
        """Where each value is; a value in a map stands where its key does."""
        return dict(self._walk(self.value, (), self.document.root))

    def _walk(self, value: Any, path: Path, entry: Entry | None) -> Iterator[tuple[Path, Location]]:
        yield path, self._mark(entry, of_key=True)
        places = self.document.places.get(id(value), {})
        for key, place in places.items():
            yield from self._walk(value[key], (*path, key), place)

    def _entry(self, keys: Path) -> Entry | None:
        entry, value = self.document.root, self.value
        for key in keys:
            found = self.document.places.get(id(value), {}).get(key)
            if found is None:
                break
            entry, value = found, value[key]
        return entry

    def _mark(self, entry: Entry | None, *, of_key: bool) -> Location:
        if entry is None:
            return Location(self.path)
        mark = (entry.key if of_key and entry.key is not None else entry.start).start_mark
        return Location(self.path, mark.line + 1, mark.column + 1)


def load(text: str | bytes, path: str = "") -> Any:
    """Return the value of the one document in `text`; None if it is empty."""
    return _only(Reader(text, path)).value


def load_located(text: str | bytes, path: str = "") -> Located:
    """Return the value of the one document in `text` with the place of each of its parts."""
    return Located(*_located(Reader(text, path, places=True)))


def load_all(text: str | bytes, path: str = "") -> list[Any]:
    """Return the values of all documents in `text` but the empty ones, read as kubectl reads a manifest."""
    return [document.value for document in documents(text, path) if document.value is not None]


def documents(text: str | bytes, path: str = "", *, places: bool = False) -> list[Document]:
    """Return all documents of a manifest; keys that are numbers or booleans become text, as in kubectl."""
    return list(Reader(text, path, any_key=True, places=places))


def decode(raw: bytes, path: str = "") -> str:
    """Return the text of a file, which must be UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8: the file is in another encoding, or binary"
        raise AppError(message, where=position(before, len(before), path)) from None


def position(text: str, index: int, path: str) -> Location:
    """Return the line and column of the character at `index`."""
    starts = [0, *(match.end() for match in _BREAK.finditer(text, 0, index))]
    line = bisect_right(starts, index)
    return Location(path, line, index - starts[line - 1] + 1)


def _located(reader: Reader) -> tuple[Any, str, Document]:
    document = _only(reader)
    return document.value, reader.path, document


def _only(reader: Reader) -> Document:
    found = list(reader)
    if len(found) > 1 and found[1].root is not None:
        start = found[1].root.start.start_mark
        message = "a second document starts here, and the file may hold one only"
        raise AppError(message, where=reader.where(start), hint="remove the line with `---` before it")
    return found[0] if found else Document(None, None, {})


class Reader:
    """Iterates over the documents of a text; all faults of the text are one error after the last of them."""

    def __init__(self, text: str | bytes, path: str, *, any_key: bool = False, places: bool = False) -> None:
        """Prepare to read; `any_key`: keys need not be strings; `places`: remember where everything is."""
        text = decode(text, path) if isinstance(text, bytes) else text.removeprefix("\ufeff")
        self.path = path
        self._problems: list[Problem] = []
        self._any_key = any_key
        self._places: dict[int, dict[str | int, Entry]] | None = {} if places else None
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = self._aliased = 0
        self._next = self._events(text)

    def __iter__(self) -> Iterator[Document]:
        """Yield each document, empty ones too."""
        import yaml  # here: a command that reads no YAML need not pay for it

        self._yaml = yaml
        try:
            while (event := self._next()) is not None:
                if isinstance(event, yaml.DocumentStartEvent):
                    yield self._document()
        except yaml.YAMLError as error:
            self._problems.append(self._syntax(error))
        if self._problems:
            raise AppError(self._problems[0].message, problems=self._problems)

    def where(self, mark: Any) -> Location:
        """Return the place of one of PyYAML's marks."""
        return Location(self.path, mark.line + 1, mark.column + 1)

    def _events(self, text: str) -> Callable[[], Any]:
        import yaml

        bad = _UNPRINTABLE.search(text)
        if bad:
            raise AppError(_unprintable(bad[0]), where=position(text, bad.start(), self.path))
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a PyYAML built without libyaml has no C one
        next_event: Callable[[], Any] = loader(text).get_event
        return next_event

    def _document(self) -> Document:
        self._anchors.clear()
        start: Any = self._next()
        value = self._value(start, 0)
        empty = isinstance(start, self._yaml.ScalarEvent) and start.start_mark.index == start.end_mark.index
        return Document(value, None if empty else Entry(None, start, self._last), self._places or {})

    def _value(self, event: Any, depth: int) -> Any:
        """Return the value that starts at `event`, and leave the event that ends it in `_last`."""
        self._last = event
        self._count += 1
        kind, yaml = type(event), self._yaml
        if kind is yaml.ScalarEvent:
            if event.tag is None and event.anchor is None:
                return self._plain(event) if event.implicit[0] else event.value
            return self._anchored(event, self._tagged(event))
        if kind is yaml.AliasEvent:
            return self._alias(event)
        if depth >= MAX_DEPTH:
            raise self._fault(event, f"more than {MAX_DEPTH} maps and lists in one another")
        return self._collection(event, depth, self._map if kind is yaml.MappingStartEvent else self._list)

    def _collection(self, event: Any, depth: int, read: Callable[[Any, int, Any], Any]) -> Any:
        expected = "map" if read == self._map else "seq"
        if event.tag not in (None, "!", _TAG + expected):
            self._problem(event, f"the tag {_short(event.tag)} is not supported")
        before = self._count
        if event.anchor:
            self._anchors[event.anchor] = (_UNFINISHED, 0)
        value: Any = {} if expected == "map" else []
        places: Any = None
        if self._places is not None:
            places = self._places[id(value)] = {}
        read(value, depth + 1, places)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._count - before)
        return value

    def _list(self, value: list[Any], depth: int, places: Any) -> None:
        end = self._yaml.SequenceEndEvent
        while type(event := self._next()) is not end:
            value.append(self._value(event, depth))
            if places is not None:
                places[len(value) - 1] = Entry(None, event, self._last)
        self._last = event

    def _map(self, value: dict[str, Any], depth: int, places: Any) -> None:
        end = self._yaml.MappingEndEvent
        merged: list[Any] = []
        while type(key_event := self._next()) is not end:
            key = self._key(key_event, depth)
            event = self._next()
            item = self._value(event, depth)
            if key is _MERGE:
                merged += self._merged(event, item)
            elif key in value:
                self._problem(key_event, f"the key {key!r} is here twice")
            else:
                value[key] = item
                if places is not None:
                    places[key] = Entry(key_event, event, self._last)
        for item in merged:
            value |= {k: v for k, v in item.items() if k not in value}
        self._last = key_event

    def _key(self, event: Any, depth: int) -> Any:
        if type(event) is self._yaml.ScalarEvent and event.tag is None and event.anchor is None:
            text: str = event.value
            if not event.implicit[0]:
                return text
            if text == "<<":
                return _MERGE
            key = self._plain(event)
        else:
            key = self._value(event, depth)
        if type(key) is str:
            return key
        if self._any_key and isinstance(key, bool | int | float):
            return _key_text(key)
        shown = event.value if hasattr(event, "value") else "a map or list"
        hint = f'write "{shown}" in quotes' if hasattr(event, "value") else ""
        self._problem(event, f"a key must be a string, and {shown} is not", hint)
        return f"\0{event.start_mark.index}"  # no key of a text: the rest can be read, to find its faults too

    def _merged(self, event: Any, item: Any) -> list[Any]:
        items = item if isinstance(item, list) else [item]
        if all(isinstance(each, dict) for each in items):
            return items
        self._problem(event, "what `<<` merges must be a map or a list of maps")
        return []

    def _plain(self, event: Any) -> Any:
        try:
            return resolve(event.value)
        except ValueError as error:
            self._problem(event, str(error))
            return None

    def _tagged(self, event: Any) -> Any:
        if event.tag is None:
            return self._plain(event) if event.implicit[0] else event.value
        if event.tag in ("!", _TAG + "str"):
            return event.value
        try:
            value = resolve(event.value)
        except ValueError:
            value = event.value
        wanted: dict[str, Any] = {
            _TAG + "int": int,
            _TAG + "float": (int, float),
            _TAG + "bool": bool,
            _TAG + "null": type(None),
        }
        if event.tag not in wanted:
            self._problem(event, f"the tag {_short(event.tag)} is not supported", "write a plain value")
        elif not isinstance(value, wanted[event.tag]) or (
            isinstance(value, bool) and event.tag != _TAG + "bool"
        ):
            self._problem(event, f"{event.value!r} is no {_short(event.tag)}")
        return float(value) if event.tag == _TAG + "float" and type(value) is int else value

    def _anchored(self, event: Any, value: Any) -> Any:
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        return value

    def _alias(self, event: Any) -> Any:
        value, weight = self._anchors.get(event.anchor, (_UNKNOWN, 0))
        if value is _UNKNOWN:
            self._problem(event, f"there is no anchor &{event.anchor} before this alias")
            return None
        if value is _UNFINISHED:
            self._problem(event, f"*{event.anchor} stands inside what it names: it would have no end")
            return None
        self._count += weight
        self._aliased += weight
        if self._aliased > MAX_ALIASED:
            raise self._fault(event, f"aliases stand for more than {MAX_ALIASED:,} values")
        return copy.deepcopy(value)  # a change of one must not show in the other

    def _problem(self, event: Any, message: str, hint: str = "") -> None:
        self._problems.append(Problem(message, self.where(event.start_mark), hint))

    def _fault(self, event: Any, message: str) -> AppError:
        return AppError(message, where=self.where(event.start_mark))

    def _syntax(self, error: Any) -> Problem:
        problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
        where = self.where(mark) if mark else Location(self.path)
        message, hint = problem or str(error), ""
        for found, (better, advice) in _SYNTAX.items():
            if found in message:
                message, hint = better, advice
        if error.context and error.context_mark and not hint:
            line = error.context_mark.line + 1
            message += f" ({error.context}, line {line})" if line != where.line else f" ({error.context})"
        return Problem(message, where, hint)


_MERGE, _UNFINISHED, _UNKNOWN = object(), object(), object()

_SYNTAX = {
    "cannot start any token": (
        "this character can't start a value",
        "indent with spaces, never tabs; put a value that starts with @, ` or % in quotes",
    ),
    "found a tab character": ("a tab where YAML wants spaces", "indent with spaces"),
    "mapping values are not allowed": (
        "a second `: ` where no map can start",
        "put a value that holds `: ` in quotes, and indent the keys of one map alike",
    ),
    "could not find expected ':'": ("a key without its `:`", "write `key: value`"),
}


def _unprintable(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return f"the lone surrogate U+{ord(character):04X} is not text"
    return f"the control character U+{ord(character):04X} is not allowed in YAML: is the file binary?"


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag


def _key_text(key: float) -> str:
    """Return the text that Go makes of a key that is a boolean or a number."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(int(key)) if key == int(key) and abs(key) < 1e21 else repr(key)


__all__ = [
    "WORDS",
    "Document",
    "Entry",
    "Located",
    "Path",
    "Reader",
    "documents",
    "load",
    "load_all",
    "load_located",
]
