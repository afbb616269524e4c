"""Finds prototypes: the app's own in `prototypes/`, then those shipped in `templates/`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError, Location, Problem, UsageError, did_you_mean
from kfctl.model.prototype import Example
from kfctl.store.prototypefile import read_prototype
from kfctl.store.refusal import told
from kfctl.yamltext import decode, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfctl.model.prototype import Prototype

PROTOTYPES = "prototypes"  # the folder of an app's own
SHARED = "common"
NOT_SOURCES = frozenset({"prototype.yaml", "README.md"})


@cache
def shipped_folder() -> Path:
    """Return where kfctl's own prototypes are: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def catalog(app_root: Path | str | None = None) -> Catalog:
    """Return every prototype that an app at `app_root` may use; without one, the shipped ones."""
    shipped = Shelf(shipped_folder(), "templates", True)
    if app_root is None:
        return Catalog((shipped,))
    return Catalog((Shelf(Path(app_root) / PROTOTYPES, PROTOTYPES, False), shipped))


@dataclass(frozen=True)
class Shelf:
    """A folder of prototypes, and how messages call it."""

    folder: Path
    label: str
    shipped: bool

    def names(self) -> Iterator[str]:
        """Return the names of the prototypes in it."""
        if self.folder.is_dir():
            for child in self.folder.iterdir():
                if child.name != SHARED and (child / "prototype.yaml").is_file():
                    yield child.name


@dataclass(frozen=True)
class Catalog:
    """The prototypes of several shelves, of which an earlier one wins."""

    shelves: tuple[Shelf, ...]

    def names(self) -> tuple[str, ...]:
        """Return the names of all prototypes, sorted."""
        return tuple(sorted({name for shelf in self.shelves for name in shelf.names()}))

    def all(self) -> tuple[Prototype, ...]:
        """Return all prototypes, by name; the faults of all broken ones are one error."""
        found: list[Prototype] = []
        problems: list[Problem] = []
        for name in self.names():
            try:
                found.append(self.get(name))
            except AppError as error:
                problems += error.problems
        if problems:
            raise AppError.of(problems)
        return tuple(found)

    def get(self, name: str, where: Location | None = None) -> Prototype:
        """Return a prototype; `where` is the place of the file that asks for it, if a file does."""
        for shelf in self.shelves:
            if _is_plain(name) and (shelf.folder / name / "prototype.yaml").is_file():
                return _loaded(shelf, name, self._shared(shipped=shelf.shipped))
        hint = did_you_mean(name, self.names()) or "kfctl prototype list shows them"
        error = AppError if where else UsageError
        raise error(f"there is no prototype '{name}'", where=where, hint=hint)

    def sources(self, prototype: Prototype) -> Mapping[str, str]:
        """Return every text that its templates may use: its own files, and `common/` shared by all."""
        shared = [
            _texts(folder, f"{SHARED}/") for folder in reversed(self._shared(shipped=prototype.shipped))
        ]
        texts = dict(chain(*shared, _texts(Path(prototype.root))))
        for template in prototype.templates:
            if template.file not in texts:
                _refuse(prototype, template.file)
        return texts

    def examples(self, prototype: Prototype) -> tuple[Example, ...]:
        """Return its examples, `smallest` first."""
        files = (Path(prototype.root) / "examples").glob("*.yaml")
        return tuple(
            _example(path, _label(prototype, f"examples/{path.name}"))
            for path in sorted(files, key=lambda p: (p.stem != "smallest", p.stem))
        )

    def readme(self, prototype: Prototype) -> str:
        """Return its README; empty where there is none."""
        path = Path(prototype.root) / "README.md"
        return _text(path, _label(prototype, path.name)) if path.is_file() else ""

    def _shared(self, *, shipped: bool) -> tuple[Path, ...]:
        """Return the shared folders of a prototype; a shipped one is trusted and uses nothing of an app."""
        return tuple(shelf.folder / SHARED for shelf in self.shelves if shelf.shipped or not shipped)


@cache
def _loaded(shelf: Shelf, name: str, shared: tuple[Path, ...]) -> Prototype:
    return read_prototype(shelf.folder / name, shelf.label, shared, shipped=shelf.shipped)


def _is_plain(name: str) -> bool:
    return name not in {"", ".", "..", SHARED} and not set(name) & set("/\\\0")


def _texts(folder: Path, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return the text files below a folder; links out of it and what is not text are left out."""
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name in NOT_SOURCES or name.startswith("examples/") or not path.is_file():
            continue
        if path.resolve().is_relative_to(root):
            with told("read", str(path)):
                raw = path.read_bytes()
            with suppress(UnicodeDecodeError):
                yield prefix + name, raw.decode("utf-8-sig")


def _refuse(prototype: Prototype, file: str) -> None:
    """Say why a template that is there can't be used."""
    label = _label(prototype, file)
    _text(Path(prototype.root) / file, label)
    other = "is an example, README.md or prototype.yaml"
    message = f"this can't be a template: it lies outside of the prototype's folder, or {other}"
    raise AppError(message, where=Location(label))


def _label(prototype: Prototype, file: str) -> str:
    """Return how messages call a file of a prototype."""
    return f"{prototype.where.path.rpartition('/')[0]}/{file}"


def _text(path: Path, label: str) -> str:
    with told("read", label):
        return decode(path.read_bytes(), label)


def _example(path: Path, label: str) -> Example:
    text = _text(path, label)
    document: Any = load(text, label)
    if not isinstance(document, dict) or not isinstance(document.get("params"), dict):
        raise AppError("an example is a map with `params:`", where=Location(label, 1))
    first = text.partition("\n")[0]
    summary = first.removeprefix("#").strip() if first.startswith("#") else ""
    return Example(path.stem, summary, document["params"])
