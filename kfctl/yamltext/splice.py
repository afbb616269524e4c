"""Sets or removes one value in YAML text: the lines of that value change and no others.

Each edit is proved: what the new text reads as is what the old one reads as with that one change, types too.
An edit may have several ways to be written, best first; the first that is proved is taken, and if none is,
the edit is refused with the reason.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError, Location
from kfctl.yamltext.insertion import inserted
from kfctl.yamltext.read import Located, load, load_located
from kfctl.yamltext.removal import removed
from kfctl.yamltext.replacement import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kfctl.yamltext.read import Path
    from kfctl.yamltext.reader import Entry


def set_in(text: str, keys: Path, value: Any, path: str = "") -> str:
    """Return `text` with `value` at `keys`; missing maps on the way are made, all else stays as it was."""
    mark, text = _split_mark(text)
    old = load_located(text, path)
    value = _plain(value)
    new = with_value(old, keys, value)
    if same(old.value, new):
        return mark + text
    return mark + proved(_settings(text, old, keys, value), new, old, keys)


def unset_in(text: str, keys: Path, path: str = "") -> str:
    """Return `text` without the value at `keys`; a map that loses its last key becomes `{}`."""
    mark, text = _split_mark(text)
    old = load_located(text, path)
    new = without(old, keys)
    return mark + proved(_removals(text, old, keys), new, old, keys)


def with_value(old: Located, keys: Path, value: Any) -> Any:
    """Return a copy of a value in which `value` is at `keys`; missing and null parents become maps."""
    root = copy.deepcopy(old.value)
    at: Any = root if root is not None else {}
    root = at
    for depth, key in enumerate(keys):
        _check_step(old, at, keys[: depth + 1])
        if depth == len(keys) - 1:
            at[key] = value
        elif _part(at, key) is None:
            at[key] = {}
        at = at[key]
    return root if keys else value


def without(old: Located, keys: Path) -> Any:
    """Return a copy of a value without what is at `keys`, which must be there."""
    root = at = copy.deepcopy(old.value)
    for depth, key in enumerate(keys):
        if at is None or (isinstance(at, dict) and key not in at):
            raise AppError(f"{_shown(keys)} is not set", where=old.at(*keys))
        _check_step(old, at, keys[: depth + 1])
        if depth == len(keys) - 1:
            del at[key]
        else:
            at = at[key]
    return root


def same(one: Any, other: Any) -> bool:
    """Whether two values are alike in every type too: 1 is neither True nor 1.0, and 0.0 not -0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and (not isinstance(one, float) or repr(one) == repr(other))


def _part(at: Any, key: str | int) -> Any:
    return at.get(key) if isinstance(at, dict) else at[key]


def _check_step(old: Located, at: Any, keys: Path) -> None:
    """Refuse to go from the value `at` to its part `keys[-1]` where it can't have one."""
    key = keys[-1]
    fits = isinstance(key, str) if isinstance(at, dict) else isinstance(at, list) and isinstance(key, int)
    if not fits:
        what = _shown(keys[:-1]) or "the file"
        message = f"{what} is no map, so that {key!r} can't be set or removed in it"
        raise AppError(message, where=old.at(*keys[:-1]))
    if isinstance(at, list) and not 0 <= int(key) < len(at):
        raise AppError(f"{_shown(keys[:-1])} has no item {key}", where=old.at(*keys[:-1]))


def _settings(text: str, old: Located, keys: Path, value: Any) -> Iterator[str]:
    """Yield the ways to write `value` at `keys`."""
    at, depth = _deepest(old, keys)
    for key in reversed(keys[depth:]):
        value = {key: value}
    empty = at is None or (at == {} and not old.document.places.get(id(at)))  # `{<<: *other}` is not
    if depth == len(keys) or empty:
        yield from replaced(text, old, keys[:depth], value)
    else:
        ((key, item),) = value.items()
        yield from inserted(text, old, keys[:depth], key, item)


def _removals(text: str, old: Located, keys: Path) -> Iterator[str]:
    """Yield the ways to write the text without `keys`."""
    parent = old.value_at(*keys[:-1])
    rest: Any = without(old, keys)
    for key in keys[:-1]:
        rest = rest[key]
    if len(parent) > 1:
        yield from removed(text, old, keys)
    if len(parent) == 1 or isinstance(parent, list):
        yield from replaced(text, old, keys[:-1], rest)


def _deepest(old: Located, keys: Path) -> tuple[Any, int]:
    """Return the deepest value on the way to `keys` that stands in the text, and how deep it is."""
    value = old.value
    for depth, key in enumerate(keys):
        if old.document.places.get(id(value), {}).get(key) is None:
            return value, depth
        value = value[key]
    return value, len(keys)


def proved(texts: Iterable[str], wanted: Any, old: Located, keys: Path) -> str:
    """Return the first of `texts` that reads as `wanted`; if none does, refuse."""
    for text in texts:
        eol = "\r\n" if "\r\n" in text else "\n"
        for ending in ("", eol):  # a block at the end of a file may need its last line break
            if _reads_as(text + ending, wanted):
                return text + ending
    reason, where = _reason(old, keys)
    message = f"can't change {_shown(keys)}: {reason}"
    raise AppError(message, where=where, hint="change it in the file by hand")


def _reads_as(text: str, wanted: Any) -> bool:
    try:
        return same(load(text), wanted)
    except AppError:
        return False


def _reason(old: Located, keys: Path) -> tuple[str, Location]:
    """Return what is most likely in the way of an edit that could not be proved, and where that is."""
    value, depth = _deepest(old, keys)
    for length in range(depth + 1):
        entry = old.entry(*keys[:length])
        if entry is not None and (found := _shared(entry)):
            return found, old.key_at(*keys[:length])
    if isinstance(value, dict) and depth < len(keys) and keys[depth] in value:
        return "it comes from what is merged with <<", old.key_at(*keys)
    return "the text around it is laid out in a way that kfctl can't edit", old.key_at(*keys)


def _shared(entry: Entry) -> str:
    anchor, tag = getattr(entry.start, "anchor", None), getattr(entry.start, "tag", None)
    if anchor and type(entry.start).__name__ == "AliasEvent":
        return f"it is shared, written elsewhere and used here as *{anchor}"
    if anchor:
        return f"it is shared, and used elsewhere as *{anchor}"
    return f"it has the tag {tag}" if tag else ""


def _shown(keys: Path) -> str:
    return ".".join(map(str, keys))


def _plain(value: Any) -> Any:
    """Return a value made of dicts and lists only, as reading gives it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _split_mark(text: str) -> tuple[str, str]:
    """Return the byte order mark of a text, if it has one, and the rest."""
    return (text[:1], text[1:]) if text.startswith("\ufeff") else ("", text)
