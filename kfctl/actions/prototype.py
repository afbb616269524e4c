"""Copies prototypes into the app, and makes new ones."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kfctl import store
from kfctl.actions.app import check_name
from kfctl.errors import KfctlError, UsageError
from kfctl.store.catalog import catalog
from kfctl.store.edit import write_file
from kfctl.store.lock import locked
from kfctl.store.refusal import told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfctl.errors import Problem
    from kfctl.model.prototype import Prototype

SHARED = "common"  # the folder of what prototypes share
SKELETON = Path(store.__file__).parent / "skeleton"


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


def copy_prototype(root: Path, name: str, new: str) -> str:
    """Copy a prototype into the app, under a new name or not, and return its folder."""
    prototype = catalog(root).get(name)
    with locked(root):
        folder = _free_folder(root, new)
        texts = _texts(Path(prototype.root))
        if new != name:
            from kfctl.yamltext import set_in

            texts["prototype.yaml"] = set_in(texts["prototype.yaml"], ("name",), new)
        _write(root, folder, texts)
    return folder


def new_prototype(root: Path, name: str) -> str:
    """Make a prototype that works, to be changed, and return its folder."""
    if name in catalog().names():
        hint = f"kfctl prototype copy {name} takes it into the app, to change it"
        raise UsageError(f"kfctl has a prototype '{name}', which this would hide", hint=hint)
    with locked(root):
        folder = _free_folder(root, name)
        _write(root, folder, {path: text.replace("NAME", name) for path, text in _texts(SKELETON).items()})
    return folder


def _free_folder(root: Path, name: str) -> str:
    check_name("a prototype", name)
    if name == SHARED:
        raise UsageError(f"'{name}' is the folder of what prototypes share")
    folder = f"prototypes/{name}"
    if (root / folder).exists():
        raise UsageError(
            f"the app has a prototype '{name}' already", hint=f"it is in {folder}: change it there"
        )
    return folder


def _has(prototype: Prototype, words: Sequence[str]) -> bool:
    text = f"{prototype.name} {prototype.summary} {prototype.description}".lower()
    return all(word.lower() in text for word in words)


def _texts(folder: Path) -> dict[str, str]:
    """Return the files below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


def _write(root: Path, folder: str, texts: Mapping[str, str]) -> None:
    """Write all files or none, `prototype.yaml` last: with it, the folder is a prototype."""
    try:
        for path in sorted(texts, key="prototype.yaml".__eq__):
            write_file(root, f"{folder}/{path}", texts[path])
    except BaseException:
        with told("remove", folder):
            shutil.rmtree(root / folder, ignore_errors=True)
        raise
