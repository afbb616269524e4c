"""Makes values of what PyYAML's parser finds in a text, and notes everything that is wrong."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.errors import AppError, Location, Problem
from kfctl.yamltext.lines import check_printable, decode, position
from kfctl.yamltext.scalars import is_text, resolve, tagged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_DEPTH = 200  # maps and lists in one another: far more than any object has, far less than Python's stack
MAX_VALUES = 2_000_000  # in one text: those of 16 MiB of CRDs are a quarter of that
MAX_ALIASED = 100_000  # values that come from aliases: a few lines of them can stand for billions
MAX_ALIASED_TEXT = 10_000_000  # characters in them
MAX_PROBLEMS = 100  # that one error lists
_MAX_TAGS = 100  # `%TAG` lines, each of which libyaml compares with all before it


class Entry(NamedTuple):
    """A value's place: the events of its key (None in a list), of its start and of its end."""

    key: Any
    start: Any
    end: Any


Places = Mapping[int, Mapping[str | int, Entry]]  # of the parts of each map and list, by its id


class Document(NamedTuple):
    """One document of a text: its value, the place of that (None if it is empty) and of each of its parts."""

    value: Any
    root: Entry | None
    places: Places


class Reader:
    """Iterates over the documents of a text; all faults of the text are one error after the last of them."""

    def __init__(self, text: str | bytes, path: str, *, any_key: bool = False, places: bool = False) -> None:
        """Prepare to read; `any_key`: numbers and booleans may be keys; `places`: note where things are."""
        import yaml  # here: a command that reads no YAML need not pay for it

        text = decode(text, path) if isinstance(text, bytes) else text.removeprefix("\ufeff")
        check_printable(text, path)
        if text.count("%TAG") > _MAX_TAGS and len(_TAG_LINE.findall(text)) > _MAX_TAGS:
            raise AppError(f"more than {_MAX_TAGS} lines with %TAG", where=Location(path))
        self.path, self._text = path, text
        self._yaml = yaml
        self._problems: list[Problem] = []
        self._any_key = any_key
        self._places: dict[int, dict[str | int, Entry]] | None = {} if places else None
        self._anchors: dict[str, Any] = {}
        self._aliased = _Weight()
        self._left = MAX_VALUES
        self._last: Any = None  # the event that ended the last value
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a PyYAML built without libyaml has no C one
        self._next: Callable[[], Any] = loader(text).get_event
        kind = type(self)  # no methods of `self`: that would be a circle, freed only by a search for garbage
        self._read: dict[type, Callable[[Any, Any, int], Any]] = {
            yaml.ScalarEvent: kind._scalar,
            yaml.AliasEvent: kind._alias,
            yaml.MappingStartEvent: kind._map,
            yaml.SequenceStartEvent: kind._list,
        }

    def __iter__(self) -> Iterator[Document]:
        """Yield each document, empty ones too."""
        try:
            while (event := self._next()) is not None:
                if type(event) is self._yaml.DocumentStartEvent:
                    yield self._document()
        except self._yaml.YAMLError as error:
            self._problems.append(_syntax(error, self._text, self.path))
        if self._problems:
            raise AppError(self._problems[0].message, problems=self._problems)

    def _document(self) -> Document:
        self._anchors.clear()
        self._left -= 10  # values that take as long as a document
        start = self._next()
        value = self._value(start, 0)
        empty = value is None and start.start_mark.index == start.end_mark.index
        return Document(value, None if empty else Entry(None, start, self._last), self._places or {})

    def _value(self, event: Any, depth: int) -> Any:
        """Return the value that starts at `event`, and leave the event that ends it in `_last`."""
        self._last = event
        self._left -= 1
        if self._left < 0:
            self._fail(event, f"more than {MAX_VALUES:,} values, or a tenth as many documents")
        return self._read[type(event)](self, event, depth)

    def _scalar(self, event: Any, depth: int) -> Any:
        if event.tag is None and not event.anchor:
            return self._plain(event) if event.implicit[0] else event.value
        value = event.value
        if event.tag is not None:
            value = self._resolved(event, lambda text: tagged(event.tag, text, as_kubectl=self._any_key))
        elif event.implicit[0]:
            value = self._plain(event)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _plain(self, event: Any) -> Any:
        """Return the value of a scalar without quotes."""
        text: str = event.value
        return text if is_text(text) else self._resolved(event, resolve)

    def _resolved(self, event: Any, resolved: Callable[[str], Any]) -> Any:
        try:
            return resolved(event.value)
        except ValueError as error:
            self._problem(event, str(error))
            return None

    def _list(self, event: Any, depth: int) -> list[Any]:
        value: list[Any] = []
        places = self._open(event, value, depth, "seq")
        end = self._yaml.SequenceEndEvent
        while type(item := self._next()) is not end:
            value.append(self._value(item, depth + 1))
            if places is not None:
                places[len(value) - 1] = Entry(None, item, self._last)
        self._close(event, item, value)
        return value

    def _map(self, event: Any, depth: int) -> dict[str, Any]:
        value: dict[str, Any] = {}
        merged: list[Any] = []
        places = self._open(event, value, depth, "map")
        end = self._yaml.MappingEndEvent
        while type(name := self._next()) is not end:
            key = self._key(name, depth + 1)
            start = self._next()
            item = self._value(start, depth + 1)
            if key is _MERGE:
                merged += self._merged(start, item)
                key = len(places or ())  # in `places`: no name can be a number, and the order is kept
            elif key in value:
                self._problem(name, "this key is here twice")
            else:
                value[key] = item
            if places is not None:
                places[key] = Entry(name, start, self._last)
        for more in merged:
            value |= {key: item for key, item in more.items() if key not in value}
        self._close(event, name, value)
        return value

    def _open(self, event: Any, value: Any, depth: int, tag: str) -> dict[Any, Entry] | None:
        """Check what stands before a map or list; return where to note its places."""
        if depth >= MAX_DEPTH:
            self._fail(event, f"more than {MAX_DEPTH} maps and lists in one another")
        if event.tag is not None and event.tag not in ("!", f"tag:yaml.org,2002:{tag}"):
            self._problem(event, "this tag is not supported: write a plain value")
        if event.anchor:
            self._anchors[event.anchor] = _UNFINISHED
        if self._places is None:
            return None
        places: dict[Any, Entry] = {}
        self._places[id(value)] = places
        return places

    def _close(self, event: Any, end: Any, value: Any) -> None:
        self._last = end
        if event.anchor:
            self._anchors[event.anchor] = value

    def _key(self, event: Any, depth: int) -> Any:
        plain = type(event) is self._yaml.ScalarEvent and event.tag is None
        if plain and not event.anchor:
            text: str = event.value
            if not event.implicit[0] or is_text(text):
                return _MERGE if text == "<<" and event.implicit[0] else text
        key = self._value(event, depth)
        if type(key) is str:
            return key
        if self._any_key and isinstance(key, int):
            return str(key).lower()  # as kubectl does: 80 is "80", on is "true"
        hint = "put it in quotes" if plain else ""
        self._problem(event, f"a key must be a string, and this is {_kind(key)}", hint)
        return f"\0{event.start_mark.index}"  # no key of a text: read on, to find the other faults too

    def _merged(self, event: Any, item: Any) -> list[Any]:
        items = item if isinstance(item, list) else [item]
        if all(isinstance(each, dict) for each in items):
            return items
        self._problem(event, "what `<<` merges must be a map or a list of maps")
        return []

    def _alias(self, event: Any, depth: int) -> Any:
        value = self._anchors.get(event.anchor, _UNKNOWN)
        if value is _UNKNOWN or value is _UNFINISHED:
            unknown = "there is no such anchor before it"
            why = unknown if value is _UNKNOWN else "it stands inside of its own anchor"
            hint = "put a value that begins with * in quotes" if value is _UNKNOWN else ""
            self._problem(event, f"this alias names nothing: {why}", hint)
            return None
        if fault := self._aliased.add(value, depth):
            self._fail(event, fault)
        return copy.deepcopy(value)  # a change of one must not show in the other

    def _problem(self, event: Any, message: str, hint: str = "") -> None:
        self._problems.append(Problem(message, _place(event.start_mark, self.path), hint))
        if len(self._problems) >= MAX_PROBLEMS:
            raise AppError(self._problems[0].message, problems=self._problems)

    def _fail(self, event: Any, message: str) -> None:
        raise AppError(message, where=_place(event.start_mark, self.path))


_MERGE, _UNFINISHED, _UNKNOWN = object(), object(), object()
_TAG_LINE = re.compile("^%TAG", re.MULTILINE)


class _Weight:
    """What the aliases of a text stand for, together."""

    def __init__(self) -> None:
        self._values = self._text = 0

    def add(self, value: Any, depth: int) -> str:
        """Add the value of an alias that is `depth` deep; return what is too much, empty if nothing."""
        if depth > MAX_DEPTH:
            return f"more than {MAX_DEPTH} maps and lists in one another"
        self._values += 1
        parts: Any = value if isinstance(value, list) else ()
        if isinstance(value, dict):
            parts = value.values()
            self._text += sum(map(len, value))
        elif isinstance(value, str):
            self._text += len(value)
        if self._values > MAX_ALIASED:
            return f"aliases stand for more than {MAX_ALIASED:,} values"
        if self._text > MAX_ALIASED_TEXT:
            return f"aliases stand for more than {MAX_ALIASED_TEXT:,} characters"
        return next((fault for part in parts if (fault := self.add(part, depth + 1))), "")


_CONFLICT = re.compile("^<{7} ", re.MULTILINE)  # as Git marks it

_SYNTAX = {  # libyaml's words, and ours with what to do
    "cannot start any token": (
        "this character can't start a value",
        "put a value that begins with @, ` or % in quotes",
    ),
    "found a tab character": ("a tab where YAML wants spaces", "indent with spaces"),
    "mapping values are not allowed": (
        "a second `: ` where no map can start",
        "put a value that holds `: ` in quotes, and indent the keys of one map alike",
    ),
    "could not find expected ':'": ("a key without its `:`", "write `key: value`"),
    "exceeded maximum nesting depth": (f"more than {MAX_DEPTH} maps and lists in one another", ""),
    "did not find expected key": ("neither a key nor the end of the map", "indent the keys of one map alike"),
}


def _place(mark: Any, path: str) -> Location:
    return Location(path, mark.line + 1, mark.column + 1)


def _syntax(error: Any, text: str, path: str) -> Problem:
    """Return what the parser says, in words of ours where they are clearer."""
    if conflict := _CONFLICT.search(text):
        hint = "choose between the two versions and remove the lines with <<<<<<<, ======= and >>>>>>>"
        return Problem("a merge conflict that is not resolved", position(text, conflict.start(), path), hint)
    problem, mark = getattr(error, "problem", None) or str(error), getattr(error, "problem_mark", None)
    if mark and text[mark.index : mark.index + 1] == "\t":
        problem = "found a tab character"
    for words, (message, hint) in _SYNTAX.items():
        if words in problem and mark:
            return Problem(message, _place(mark, path), hint)
    context, started = getattr(error, "context", None), getattr(error, "context_mark", None)
    if context and started:
        line = f" that starts in line {started.line + 1}" if mark and mark.line != started.line else ""
        problem += f" ({context}{line})"
    return Problem(problem, _place(mark, path) if mark else Location(path))


def _kind(key: Any) -> str:
    return {bool: "a boolean", int: "a number", float: "a number", type(None): "null"}.get(type(key), "none")
