"""YAML text in, values out, each with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError, Location
from kfctl.yamltext.reader import Document, Entry, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Located:
    """A value read from YAML that knows where each part of it stands."""

    value: Any
    path: str
    document: Document

    def at(self, *keys: str | int) -> Location:
        """Return where the value at `keys` starts, or the nearest thing around it that is there."""
        entry = self._nearest(keys)
        return self._mark(entry and entry.start)

    def key_at(self, *keys: str | int) -> Location:
        """Return where the key of the value at `keys` stands: the place to name for an unknown key."""
        return self._key_mark(self._nearest(keys))

    def value_at(self, *keys: str | int) -> Any:
        """Return the value at `keys`, which must be there."""
        value = self.value
        for key in keys:
            value = value[key]
        return value

    def entry(self, *keys: str | int) -> Entry | None:
        """Return the place of the value at `keys`; None if it is not written in the text."""
        if not keys:
            return self.document.root
        return self.document.places.get(id(self.value_at(*keys[:-1])), {}).get(keys[-1])

    @cached_property
    def locations(self) -> Mapping[Path, Location]:
        """Where each value is; a value in a map stands where its key does."""
        return dict(self._walk(self.value, (), self.document.root))

    def _walk(self, value: Any, path: Path, entry: Entry | None) -> Iterator[tuple[Path, Location]]:
        yield path, self._key_mark(entry)
        for key, place in self.document.places.get(id(value), {}).items():
            if isinstance(value, list) or isinstance(key, str):
                yield from self._walk(value[key], (*path, key), place)

    def _nearest(self, keys: Path) -> Entry | None:
        entry, value = self.document.root, self.value
        for key in keys:
            found = self.document.places.get(id(value), {}).get(key)
            if found is None:
                break
            entry, value = found, value[key]
        return entry

    def _key_mark(self, entry: Entry | None) -> Location:
        return self._mark(entry and (entry.key or entry.start))

    def _mark(self, event: Any) -> Location:
        if event is None:
            return Location(self.path)
        return Location(self.path, event.start_mark.line + 1, event.start_mark.column + 1)


def load(text: str | bytes, path: str = "") -> Any:
    """Return the value of the one document in `text`; None if it is empty."""
    return _only(Reader(text, path)).value


def load_located(text: str | bytes, path: str = "") -> Located:
    """Return the value of the one document in `text` with the place of each of its parts."""
    document = _only(Reader(text, path, places=True))
    return Located(document.value, path, document)


def load_all(text: str | bytes, path: str = "") -> list[Any]:
    """Return the values of all documents in `text` but the empty ones, read as kubectl reads a manifest."""
    return [located.value for located in documents(text, path)]


def documents(text: str | bytes, path: str = "", *, places: bool = False) -> list[Located]:
    """Return all documents but the empty ones, read as kubectl reads a manifest.

    Whole numbers and booleans as keys become text. The place of each part is known only with `places`.
    """
    found = Reader(text, path, any_key=True, places=places)
    return [Located(each.value, path, each) for each in found if each.value is not None]


def _only(reader: Reader) -> Document:
    found = list(reader)
    if len(found) > 1:
        root = found[1].root
        where = Location(reader.path, *((root.start.start_mark.line + 1, 1) if root else ()))
        hint = "remove the line with `---` before it"
        raise AppError("a second document, where a file may hold one only", where=where, hint=hint)
    return found[0] if found else Document(None, None, {})
