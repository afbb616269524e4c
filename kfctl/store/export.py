"""Writes objects into a folder, one file each, and removes from it only what it wrote there before."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.errors import AppError, Location, UsageError
from kfctl.store.appfolder import COMPONENTS, ENVIRONMENTS, PROTOTYPES
from kfctl.store.files.confined import is_below
from kfctl.store.files.reader import Tree
from kfctl.store.files.writer import (
    TEMPORARY,
    confined,
    create_directory,
    remove,
    remove_leftovers,
    write_output,
)
from kfctl.store.lock import locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kfctl.model.resource import Resource
    from kfctl.store.files.reader import Entry

INDEX = ".kfctl-files"  # in the folder: the names of the files that are ours, one a line
LONGEST = 200  # of a file's name: most file systems take 255 bytes


@dataclass(frozen=True)
class Exported:
    """What an export changed in a folder; files that were as they should be are left alone."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def refuse_sources(root: Path, folder: Path) -> None:
    """Refuse a folder that the app in `root` is read from: what is written there would become part of it."""
    place = os.path.realpath(folder)
    for name in (COMPONENTS, ENVIRONMENTS, PROTOTYPES):
        if is_below(place, os.path.realpath(root / name)):
            message = f"{folder} is in {name}/, which the app is read from"
            raise UsageError(message, hint="take another folder, such as rendered/")


def export(root: Path, folder: Path, files: Mapping[str, str]) -> Exported:
    """Make the folder hold `files` (name → text), beside whatever in it is not ours.

    In the app at `root` the folder's path must not lead out of it; nowhere may it be a link, or hold a link
    in place of a file.
    """
    base, path = confined(root, folder)
    if folder.is_symlink():
        raise AppError("it is a link", where=Location(str(folder)), hint="name the directory it leads to")
    create_directory(base, path)
    with locked(folder):
        remove_leftovers(folder, "", TEMPORARY)
        ours = _index(folder)
        there = {entry.name: entry for entry in Tree(folder).entries("")}
        if taken := [name for name in files if name in there and name not in ours]:
            hint = "take another folder, or remove them"
            raise UsageError(f"{folder} has {', '.join(taken)} already, which kfctl did not write", hint=hint)
        _write_index(folder, [*ours, *files])  # first: a killed run leaves no file that nobody owns
        written = tuple(name for name, text in files.items() if write_output(folder, name, text.encode()))
        removed = tuple(name for name in ours if name not in files and _is_file(there.get(name)))
        for name in removed:
            remove(folder, name)
        _write_index(folder, files)
    return Exported(written, removed)


def file_names(resources: Sequence[Resource], suffix: str) -> list[str]:
    """Return a file name for each object, no two alike.

    It has kind and name or, where others have the same one, all of the object's identity or a hash of it.
    """
    names = [_file_name(r.kind, r.name) for r in resources]
    for distinct in (_identified, _hashed):
        times = Counter(names)
        names = [distinct(r) if times[name] > 1 else name for name, r in zip(names, resources, strict=True)]
    if len(set(names)) < len(names):
        (name, _), *_ = Counter(names).most_common(1)
        raise AppError(f"two objects would have the same file, {name}{suffix}", hint="rename one of them")
    return [name + suffix for name in names]


def _identified(resource: Resource) -> str:
    return _file_name(resource.kind, resource.group, resource.namespace, resource.name)


def _hashed(resource: Resource) -> str:
    identity = (resource.kind, resource.group, resource.namespace, resource.name)
    return f"{_readable(resource.kind.lower())}-{hashlib.sha256(repr(identity).encode()).hexdigest()}"


def _file_name(*parts: str) -> str:
    whole = "-".join(filter(None, parts)).lower()
    name = _readable(whole)
    if name == whole:
        return name
    return f"{name}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _readable(text: str) -> str:
    return re.sub("[^a-z0-9._-]", "_", text)[:LONGEST]


def _index(folder: Path) -> list[str]:
    tree = Tree(folder)
    entry = next((entry for entry in tree.entries("") if entry.name == INDEX), None)
    if entry is None:
        return []
    if not _is_file(entry):
        raise AppError("it is no regular file", where=Location(str(folder / INDEX)))
    names = tree.read(INDEX).decode(errors="replace").splitlines()
    if any(not re.fullmatch("[a-z0-9_-][a-z0-9._-]*", name) for name in names):
        hint = "take another folder"
        raise AppError(
            "it is no list of files as kfctl writes it", where=Location(str(folder / INDEX)), hint=hint
        )
    return names


def _is_file(entry: Entry | None) -> bool:
    return entry is not None and not entry.is_directory and not entry.is_link


def _write_index(folder: Path, names: Iterable[str]) -> None:
    write_output(folder, INDEX, "".join(f"{name}\n" for name in dict.fromkeys(names)).encode())
