"""Copies prototypes into the app, and makes new ones."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kfctl import store
from kfctl.actions.app import check_name
from kfctl.errors import KfctlError, UsageError
from kfctl.store.catalog import catalog
from kfctl.store.files.reader import Tree
from kfctl.store.files.writer import remove, write_new
from kfctl.store.lock import locked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfctl.errors import Problem
    from kfctl.model.app import App
    from kfctl.model.prototype import Prototype

SHARED = "common"  # the folder of what prototypes share
SKELETON = Tree(Path(store.__file__).parent / "skeleton", is_trusted=True)


@dataclass(frozen=True)
class Listing:
    """Prototypes, and what is wrong with those that can't be read."""

    prototypes: tuple[Prototype, ...]
    problems: tuple[Problem, ...] = ()


def list_prototypes(root: Path | None) -> Listing:
    """Return all prototypes; a broken one does not hide the others."""
    found: list[Prototype] = []
    problems: list[Problem] = []
    prototypes = catalog(root)
    for name in prototypes.names():
        try:
            found.append(prototypes.get(name))
        except KfctlError as error:
            problems += error.problems
    return Listing(tuple(found), tuple(problems))


def search(root: Path | None, words: Sequence[str]) -> Listing:
    """Return the prototypes in whose name, summary or description every word is found."""
    listing = list_prototypes(root)
    return replace(listing, prototypes=tuple(p for p in listing.prototypes if _has(p, words)))


def replacements(app: App, components: Sequence[str] = ()) -> tuple[str, ...]:
    """Return a sentence for each prototype of the app that hides a shipped one and that components use."""
    used = (app.components[name].prototype for name in sorted(set(components) or app.components))
    return tuple(
        f"prototypes/{name}: the app's own prototype replaces the shipped one of the same name"
        for name in catalog(app.root).replaced(used)
    )


def copy_prototype(root: Path, name: str, new: str) -> str:
    """Copy a prototype into the app, under a new name or not, and return its folder."""
    prototypes = catalog(root)
    with locked(root):
        folder = _free_folder(root, new)
        files = dict(prototypes.files(prototypes.get(name)))
        if new != name:
            from kfctl.yamltext import set_in

            files["prototype.yaml"] = set_in(files["prototype.yaml"].decode(), ("name",), new).encode()
        _write(root, folder, files)
    return folder


def new_prototype(root: Path, name: str) -> str:
    """Make a prototype that works, to be changed, and return its folder."""
    if name in catalog().names():
        hint = f"kfctl prototype copy {name} takes it into the app, to change it"
        raise UsageError(f"kfctl has a prototype '{name}', which this would hide", hint=hint)
    with locked(root):
        folder = _free_folder(root, name)
        skeleton = SKELETON.read_all("")
        _write(root, folder, {path: raw.replace(b"NAME", name.encode()) for path, raw in skeleton.items()})
    return folder


def _free_folder(root: Path, name: str) -> str:
    check_name("a prototype", name)
    if name == SHARED:
        raise UsageError(f"'{name}' is the folder of what prototypes share")
    folder = f"prototypes/{name}"
    if Tree(root).has(folder):
        raise UsageError(
            f"the app has a prototype '{name}' already", hint=f"it is in {folder}: change it there"
        )
    return folder


def _has(prototype: Prototype, words: Sequence[str]) -> bool:
    text = f"{prototype.name} {prototype.summary} {prototype.description}".lower()
    return all(word.lower() in text for word in words)


def _write(root: Path, folder: str, files: Mapping[str, bytes]) -> None:
    """Write all files or none, `prototype.yaml` last: with it, the folder is a prototype."""
    try:
        for path in sorted(files, key="prototype.yaml".__eq__):
            write_new(root, f"{folder}/{path}", files[path])
    except BaseException:
        with suppress(KfctlError):
            remove(root, folder)
        raise
