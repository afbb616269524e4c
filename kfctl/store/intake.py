"""Manifests from outside an app: found and read, then put into it, all or none."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from kfctl.errors import AppError, Location, UsageError, did_you_mean
from kfctl.store.files.reader import Tree, read_named
from kfctl.store.files.writer import (
    create_directory,
    remove,
    remove_leftovers,
    rename,
    write_file,
    write_new,
)
from kfctl.store.lock import locked
from kfctl.store.manifests import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WHAT = "name a YAML or JSON file, a folder of them, or - for standard input"
_DOWNLOAD = "curl -fL URL | kfctl import - --name COMPONENT takes it from there"
_SITE = ".kfctl-import-"  # begins the name of the folder in which an import is prepared

# A file that shows that a folder is no folder of plain manifests → what it is and what to do.
_OTHERS = {
    "Chart.yaml": (
        "a Helm chart",
        "render it: helm template RELEASE {0} --no-hooks | kfctl import - --name COMPONENT",
    ),
    "kustomization.yaml": (
        "made for kustomize",
        "build it: kubectl kustomize {0} | kfctl import - --name COMPONENT",
    ),
    "kfctl.yaml": ("an app of kfctl", "copy what you want of its components/"),
}
_OTHERS |= dict.fromkeys(("kustomization.yml", "Kustomization"), _OTHERS["kustomization.yaml"])


class Source(NamedTuple):
    """A file of manifests: how the user calls it, what it is to be called in the component, its content."""

    path: str
    name: str
    raw: bytes

    @property
    def is_json(self) -> bool:
        """Whether it is read as JSON."""
        return self.name.endswith(".json")


class Intake(NamedTuple):
    """The manifests that were found at a place, and what else is there."""

    sources: tuple[Source, ...]
    others: tuple[str, ...] = ()


def take_in(path: Path) -> Intake:
    """Return the manifests in a file, or in a folder and those below it."""
    return _folder(path) if path.is_dir() else Intake((_file(path),))


def put(root: Path, component: str, text: str, files: Mapping[str, bytes]) -> None:
    """Make a component with `text` in its file and these manifests: whole, or not at all."""
    folder, file = f"components/{component}", f"components/{component}.yaml"
    with locked(root):
        create_directory(root, "components")
        remove_leftovers(root, "components", _SITE)
        if Tree(root).has(folder):
            raise AppError(
                f"{folder} is there already", where=Location(folder), hint="--name takes another name"
            )
        site = f"components/{_SITE}{secrets.token_hex(4)}"
        try:
            for name, content in files.items():
                write_new(root, f"{site}/{name}", content)
            write_file(
                root, file, text
            )  # first: without manifests it is a component, they without it are none
            rename(root, site, folder)
        except BaseException:
            remove(root, file)
            raise
        finally:
            with suppress(AppError):
                remove(root, site)


def _file(path: Path) -> Source:
    if path.parts[:1] in {("http:",), ("https:",)}:
        raise UsageError("a URL can't be imported, only what is here", hint=_DOWNLOAD)
    _refuse_other(path)
    try:
        raw = read_named(str(path))
    except OSError as error:
        near = _near(path) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"can't read {path}: {error.strerror}", hint=near or _WHAT) from None
    name = path.name.lstrip(".") or "manifest"
    return Source(str(path), name if name.endswith(SUFFIXES) else f"{name}.yaml", raw)


def _refuse_other(path: Path) -> None:
    """Refuse a file that shows that its folder holds no plain manifests."""
    if path.name in _OTHERS and Tree(path.parent).is_file(path.name):
        what, hint = _OTHERS[path.name]
        raise UsageError(f"{path.parent} is {what}: it has a {path.name}", hint=hint.format(path.parent))


def _near(path: Path) -> str:
    """Return which file of its folder may have been meant; nothing where that can't be looked into."""
    with suppress(AppError):
        entries = Tree(path.parent).entries("")
        there = [str(path.parent / each.name) for each in entries if each.name.endswith(SUFFIXES)]
        return did_you_mean(str(path), there)
    return ""


def _folder(folder: Path) -> Intake:
    for name in _OTHERS:
        _refuse_other(folder / name)
    tree = Tree(folder)
    found = sorted(tree.files_below(""))
    wanted = [name for name in found if name.endswith(SUFFIXES)]
    if not wanted:
        raise UsageError(f"{folder} has no manifests", hint=f"they end in {', '.join(SUFFIXES)}")
    sources = (Source(str(folder / name), name, raw) for name, raw in tree.read_all("", wanted).items())
    return Intake(tuple(sources), tuple(name for name in found if name not in wanted))
