"""Edits single values in the user's YAML files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl import yamltext
from kfctl.model.absent import ABSENT
from kfctl.store.files.reader import read_file
from kfctl.store.files.writer import write_file
from kfctl.store.lock import locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Edit:
    """One value to set, or to remove if it is ABSENT, in one file of the app."""

    path: str  # relative to the app
    keys: tuple[str | int, ...]
    value: Any


def edit(root: Path, edits: Sequence[Edit]) -> tuple[str, ...]:
    """Carry out all `edits` or, if one of them can't be, none; return the paths of the files that changed."""
    with locked(root):
        before = {path: read_file(root, path) for path in dict.fromkeys(each.path for each in edits)}
        after = dict(before)
        for each in edits:
            after[each.path] = _edited(after[each.path], each)
        changed = tuple(path for path in before if after[path] != before[path])
        for path in changed:
            write_file(root, path, after[path])
    return changed


def _edited(text: str, each: Edit) -> str:
    if each.value is ABSENT:
        return yamltext.unset_in(text, each.keys, each.path)
    return yamltext.set_in(text, each.keys, each.value, each.path)
