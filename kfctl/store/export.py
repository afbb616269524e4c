"""Writes objects into a folder, one file each, and removes from it only what it wrote there before."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.errors import AppError, Location, UsageError
from kfctl.store.appfolder import COMPONENTS, ENVIRONMENTS
from kfctl.store.catalog import PROTOTYPES
from kfctl.store.refusal import told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kfctl.model.resource import Resource

INDEX = ".kfctl-files"  # in the folder: the names of the files that are ours, one a line
LONGEST = 200  # of a file's name: most file systems take 255 bytes


@dataclass(frozen=True)
class Exported:
    """What an export changed in a folder; files that were as they should be are left alone."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def refuse_sources(root: Path, folder: Path) -> None:
    """Refuse a folder that the app in `root` is read from: what is written there would become part of it."""
    place = folder.absolute().resolve()
    for name in (COMPONENTS, ENVIRONMENTS, PROTOTYPES):
        if place.is_relative_to((root / name).resolve()):
            message = f"{folder} is in {name}/, which the app is read from"
            raise UsageError(message, hint="take another folder, such as rendered/")


def export(folder: Path, files: Mapping[str, str]) -> Exported:
    """Make the folder hold `files` (name → text), beside whatever in it is not ours."""
    with told("write", str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        ours = _index(folder)
        _refuse_others(folder, [name for name in files if name not in ours])
        _write(folder / INDEX, [*ours, *files])  # first: a killed run leaves no file that nobody owns
        written = tuple(name for name, text in files.items() if _updated(folder / name, text))
        removed = tuple(name for name in ours if name not in files and _is_file(folder / name))
        for name in removed:
            (folder / name).unlink()
        _write(folder / INDEX, files)
    return Exported(written, removed)


def file_names(resources: Sequence[Resource], suffix: str) -> list[str]:
    """Return a file name for each object: kind and name or, where two share these, all of its identity."""
    short = [_file_name(r.kind, r.name) for r in resources]
    times = Counter(short)
    return [
        (name if times[name] == 1 else _file_name(r.kind, r.group, r.namespace, r.name)) + suffix
        for name, r in zip(short, resources, strict=True)
    ]


def _file_name(*parts: str) -> str:
    whole = "-".join(filter(None, parts)).lower()
    name = re.sub("[^a-z0-9._-]", "_", whole)
    if name == whole and len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _index(folder: Path) -> list[str]:
    if not (folder / INDEX).exists():
        return []
    names = (folder / INDEX).read_text(encoding="utf-8").splitlines()
    wrong = [name for name in names if not re.fullmatch("[a-z0-9_-][a-z0-9._-]*", name)]
    if wrong:
        hint = "remove it: then kfctl removes no file here"
        raise AppError(
            f"'{wrong[0]}' is no file that kfctl wrote", where=Location(str(folder / INDEX)), hint=hint
        )
    return names


def _refuse_others(folder: Path, new: Sequence[str]) -> None:
    taken = [name for name in new if (folder / name).exists() or (folder / name).is_symlink()]
    if taken:
        hint = "take another folder, or remove them"
        raise UsageError(f"{folder} has {', '.join(taken)} already, which kfctl did not write", hint=hint)


def _is_file(path: Path) -> bool:
    return path.is_file() or path.is_symlink()


def _updated(path: Path, text: str) -> bool:
    content = text.encode("utf-8")
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return False
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
    return True


def _write(path: Path, names: Mapping[str, str] | Sequence[str]) -> None:
    _updated(path, "".join(f"{name}\n" for name in dict.fromkeys(names)))
