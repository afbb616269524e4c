"""Finds prototypes: the app's own in `prototypes/`, then those shipped in `templates/`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError, Location, Problem, UsageError, did_you_mean
from kfctl.model.declaration import is_plain_name
from kfctl.model.prototype import Example
from kfctl.store.appfolder import PROTOTYPES
from kfctl.store.files.reader import Tree
from kfctl.store.prototypefile import read_prototype
from kfctl.yamltext import decode, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfctl.model.prototype import Prototype

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
    folder = shipped_folder()
    shipped = Shelf(Tree(folder.parent, is_trusted=True), folder.name)
    if app_root is None:
        return Catalog((shipped,))
    return Catalog((Shelf(Tree(Path(app_root)), PROTOTYPES), shipped))


@dataclass(frozen=True)
class Shelf:
    """A folder of prototypes; messages call their files as the tree does."""

    tree: Tree
    folder: str

    def names(self) -> Iterator[str]:
        """Return the names of the prototypes in it."""
        return (entry.name for entry in self.tree.entries(self.folder) if self.has(entry.name))

    def has(self, name: str) -> bool:
        """Whether a prototype of that name is in it."""
        return (
            is_plain_name(name) and name != SHARED and self.tree.has(f"{self.folder}/{name}/prototype.yaml")
        )


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
            if shelf.has(name):
                return _loaded(shelf, name, self._shared(shipped=shelf.tree.is_trusted))
        hint = did_you_mean(name, self.names()) or "kfctl prototype list shows them"
        error = AppError if where else UsageError
        raise error(f"there is no prototype '{name}'", where=where, hint=hint)

    def sources(self, prototype: Prototype) -> Mapping[str, str]:
        """Return every text that its templates may use: its own files, and `common/` shared by all."""
        shared = (
            _texts(tree.read_all(folder), f"{SHARED}/")
            for tree, folder in reversed(self._shared(shipped=prototype.shipped))
        )
        tree, folder = self._tree(prototype), _label(prototype)
        own = [name for name in tree.files_below(folder) if not name.startswith("examples/")]
        texts = dict(chain(*shared, _texts(tree.read_all(folder, own))))
        for template in prototype.templates:
            if template.file not in texts:
                self._refuse(prototype, template.file)
        return texts

    def files(self, prototype: Prototype) -> Mapping[str, bytes]:
        """Return the content of all its files, by their paths relative to its folder."""
        return self._tree(prototype).read_all(_label(prototype))

    def examples(self, prototype: Prototype) -> tuple[Example, ...]:
        """Return its examples, `smallest` first."""
        tree, folder = self._tree(prototype), _label(prototype, "examples")
        names = [entry.name for entry in tree.entries(folder) if entry.name.endswith(".yaml")]
        names.sort(key=lambda name: (name != "smallest.yaml", name))
        return tuple(
            _example(self._text(prototype, f"examples/{name}"), f"{folder}/{name}") for name in names
        )

    def readme(self, prototype: Prototype) -> str:
        """Return its README; empty where there is none."""
        has_readme = self._tree(prototype).has(_label(prototype, "README.md"))
        return self._text(prototype, "README.md") if has_readme else ""

    def replaced(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return which of these prototypes are the app's own in place of a shipped one of the same name."""
        own, *shipped = self.shelves
        return tuple(
            name for name in dict.fromkeys(names) if own.has(name) and any(each.has(name) for each in shipped)
        )

    def _shared(self, *, shipped: bool) -> tuple[tuple[Tree, str], ...]:
        """Return the shared folders of a prototype; a shipped one is trusted and uses nothing of an app."""
        return tuple(
            (shelf.tree, f"{shelf.folder}/{SHARED}")
            for shelf in self.shelves
            if shelf.tree.is_trusted or not shipped
        )

    def _tree(self, prototype: Prototype) -> Tree:
        return next(shelf.tree for shelf in self.shelves if shelf.tree.is_trusted == prototype.shipped)

    def _text(self, prototype: Prototype, file: str) -> str:
        label = _label(prototype, file)
        return decode(self._tree(prototype).read(label), label)

    def _refuse(self, prototype: Prototype, file: str) -> None:
        """Say why a template that exists can't be used."""
        self._text(prototype, file)
        message = "this can't be a template: it is hidden, an example, README.md or prototype.yaml"
        raise AppError(message, where=Location(_label(prototype, file)))


@cache
def _loaded(shelf: Shelf, name: str, shared: tuple[tuple[Tree, str], ...]) -> Prototype:
    return read_prototype(shelf.tree, f"{shelf.folder}/{name}", shared)


def _texts(files: Mapping[str, bytes], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return which of these files are text."""
    for name, raw in files.items():
        if name not in NOT_SOURCES:
            with suppress(UnicodeDecodeError):
                yield prefix + name, raw.decode("utf-8-sig")


def _label(prototype: Prototype, file: str = "") -> str:
    """Return the path of a file of a prototype, by which messages call it."""
    return str(PurePath(prototype.where.path).parent / file)


def _example(text: str, label: str) -> Example:
    document: Any = load(text, label)
    if not isinstance(document, dict) or not isinstance(document.get("params"), dict):
        raise AppError("an example is a map with `params:`", where=Location(label, 1))
    first = text.partition("\n")[0]
    summary = first.removeprefix("#").strip() if first.startswith("#") else ""
    return Example(PurePath(label).stem, summary, document["params"])
