"""The ways to write a map without one of its keys, or a list without one of its items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kfctl.yamltext.layout import end_of, is_flow, lead_of
from kfctl.yamltext.lines import BREAK, BREAKS, line_end, line_start, next_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.yamltext.read import Located, Path
    from kfctl.yamltext.reader import Entry


def removed(text: str, old: Located, keys: Path) -> Iterator[str]:
    """Yield the texts in which the map or list that holds `keys`, and more, is without it."""
    above, parent = keys[:-1], old.value_at(*keys[:-1])
    names = list(old.document.places.get(id(parent), {}))
    entry = old.entry(*above)
    if entry is None or keys[-1] not in names or len(names) < 2:
        return
    index = names.index(keys[-1])
    if is_flow(entry):
        yield _from_flow(text, list(old.document.places[id(parent)].values()), index)
        return
    start = _start(text, old, keys)
    if index == 0 and text[line_start(text, start) : start].strip():
        following = _start(text, old, (*above, names[1]))
        yield _from_dash(text, start, end_of(text, old, keys, full=True), following)
    else:
        for full in (False, True):
            end = next_line(text, end_of(text, old, keys, full=full))
            yield from _from_block(text, line_start(text, start), end)


def _start(text: str, old: Located, keys: Path) -> int:
    """Return where a key or a dash starts."""
    places = old.document.places[id(old.value_at(*keys[:-1]))]
    key = places[keys[-1]].key
    start: int = key.start_mark.index if key else (lead_of(text, old, keys) or 1) - 1
    return start


def _from_dash(text: str, start: int, end: int, following: int) -> str:
    """Return the text without a key on a dash's line: the next key moves up, unless comments are between."""
    kept = text[line_end(text, end) : following]
    return (
        text[:start].rstrip(" ") + kept + text[following:]
        if kept.strip()
        else text[:start] + text[following:]
    )


def _from_flow(text: str, entries: list[Entry], index: int) -> str:
    if index == 0:
        starts = [(entry.key or entry.start).start_mark.index for entry in entries[:2]]
        return text[: starts[0]] + text[starts[1] :]
    return text[: entries[index - 1].end.end_mark.index] + text[entries[index].end.end_mark.index :]


def _from_block(text: str, start: int, end: int) -> Iterator[str]:
    """Yield the text without the lines from `start` to `end`, one gap where there were two if that can be."""
    before, after = text[:start], text[end:]
    unended = "" if _LAST_BREAK.search(text) else _LAST_BREAK  # a file without a last line break stays one
    if not after.strip():
        shorter = before[: next_line(before, len(before.rstrip(" \t" + BREAKS)))]
        yield _LAST_BREAK.sub("", shorter) if unended else shorter
    elif not before or _GAP_AT_END.search(before):
        yield before + _GAPS_AT_START.sub("", after)
    yield _LAST_BREAK.sub("", before) if unended and not after else before + after


_LAST_BREAK = re.compile(f"(?:{BREAK.pattern})\\Z")
_GAP_AT_END = re.compile(f"(?:\\A|\n|\r(?!\n)|[\x85\u2028\u2029])[ \t]*(?:{BREAK.pattern})\\Z")
_GAPS_AT_START = re.compile(f"\\A(?:[ \t]*(?:{BREAK.pattern}))+")
