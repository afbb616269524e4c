"""Renames one key in YAML text: its own characters change and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError
from kfctl.yamltext.layout import between_braces
from kfctl.yamltext.read import load, load_located
from kfctl.yamltext.splice import same

if TYPE_CHECKING:
    from kfctl.yamltext.read import Path


def rename_in(text: str, keys: Path, new: str, path: str = "") -> str:
    """Return `text` with the last of `keys` called `new`, proved to be all that changes, or refuse."""
    offset = len(text) - len(text.removeprefix("\ufeff"))
    located = load_located(text, path)
    entry = located.entry(*keys)
    refusal = AppError(
        f"can't rename {keys[-1]} to {new} here",
        where=located.key_at(*keys),
        hint="rename it in the file by hand",
    )
    if entry is None or entry.key is None:
        raise refusal
    start, end = (mark.index + offset for mark in (entry.key.start_mark, entry.key.end_mark))
    result = text[:start] + between_braces(new, located.document) + text[end:]
    try:
        proved = same(load(result), _renamed(located.value, keys, new))
    except AppError:
        proved = False
    if not proved:
        raise refusal
    return result


def _renamed(value: Any, keys: Path, new: str) -> Any:
    if not keys:
        return value
    first, *rest = keys
    return {
        (new if key == first and not rest else key): _renamed(item, tuple(rest), new)
        if key == first
        else item
        for key, item in value.items()
    }
