"""Removes and renames components, with all that other files say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.actions.app import check_name
from kfctl.errors import KfctlError, Refused, UsageError
from kfctl.model.absent import ABSENT
from kfctl.store.appfiles import component_names, load_app
from kfctl.store.catalog import catalog
from kfctl.store.edit import Edit, edit
from kfctl.store.files.reader import Tree, read_file
from kfctl.store.files.writer import remove, rename, write_file
from kfctl.store.lock import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kfctl.model.app import App

SECTIONS = ("components", "patches")  # of an environment, each by component


@dataclass(frozen=True)
class Touched:
    """The files and folders that were removed, renamed or changed."""

    component: str
    paths: tuple[str, ...]


def summaries(app: App) -> dict[str, str]:
    """Return a line about each prototype that the app uses; empty for one that can't be read."""
    prototypes = catalog(app.root)
    told: dict[str, str] = {}
    for component in app.components.values():
        try:
            told[component.prototype] = prototypes.get(component.prototype, component.where).summary
        except KfctlError:
            told[component.prototype] = ""
    return told


def remove_components(
    root: Path, names: Sequence[str], ask: Callable[[str], bool] | None
) -> tuple[Touched, ...]:
    """Remove components, their raw manifests, and what environments say of them.

    The manifests are somebody's own work: Refused unless `ask` says yes to them.
    """
    with locked(root):
        _check_manifests(root, names, ask)
        app = load_app(root)
        return tuple(_remove(root, app, name) for name in names)


def rename_component(root: Path, old: str, new: str) -> Touched:
    """Rename a component, its raw manifests, and what environments call it."""
    _check_name(root, new)
    with locked(root):
        app = load_app(root)
        moves = _own_paths(root, old)
        renamed = dict(_renamed_environments(root, app, old, new))
        for path, text in renamed.items():
            write_file(root, path, text)
        for path in moves:
            rename(root, path, path.replace(f"components/{old}", f"components/{new}", 1))
    return Touched(new, (*(path.replace(f"/{old}", f"/{new}", 1) for path in moves), *renamed))


def _remove(root: Path, app: App, name: str) -> Touched:
    edits = [
        Edit(path, (section,) if alone else (section, name), ABSENT)
        for path, section, alone in _mentions(app, name)
    ]
    edit(root, edits)
    gone = _own_paths(root, name)
    for path in gone:
        remove(root, path)
    return Touched(name, (*gone, *dict.fromkeys(each.path for each in edits)))


def _check_manifests(root: Path, names: Sequence[str], ask: Callable[[str], bool] | None) -> None:
    folders = [f"components/{name}" for name in names]
    files = [f"{folder}/{each}" for folder in folders for each in sorted(Tree(root).files_below(folder))]
    if not files:
        return
    told = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")
    if ask is None:
        raise Refused(f"this would delete {told}", hint="--yes does it")
    if not ask(f"Delete {told}?"):
        raise Refused("nothing was removed", hint="without a yes no manifest is deleted")


def _own_paths(root: Path, name: str) -> list[str]:
    """Return the folder of raw manifests, if there is one, and the file."""
    folder = f"components/{name}"
    return [*([folder] if Tree(root).is_directory(folder) else []), f"{folder}.yaml"]


def _mentions(app: App, name: str) -> Iterator[tuple[str, str, bool]]:
    """Yield where environments speak of a component: the file, the section, whether it is alone there."""
    for environment in app.environments.values():
        for section, entries in zip(SECTIONS, (environment.components, environment.patches), strict=True):
            if name in entries:
                yield environment.where.path, section, len(entries) == 1


def _renamed_environments(root: Path, app: App, old: str, new: str) -> Iterator[tuple[str, str]]:
    from kfctl.yamltext.renaming import rename_in

    texts: dict[str, str] = {}
    for path, section, _ in _mentions(app, old):
        text = texts.get(path) or read_file(root, path)
        texts[path] = rename_in(text, (section, old), new, path)
    yield from texts.items()


def _check_name(root: Path, name: str) -> None:
    check_name("a component", name)
    if name in component_names(root):
        raise UsageError(f"there is a component '{name}' already")
