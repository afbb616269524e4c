"""The ways to write a map without one of its keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kfctl.yamltext.layout import end_of, is_flow
from kfctl.yamltext.lines import BREAK, line_start, next_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.yamltext.read import Located, Path
    from kfctl.yamltext.reader import Entry


def removed(text: str, old: Located, keys: Path) -> Iterator[str]:
    """Yield the texts in which the map that holds `keys`, and other keys too, is without it."""
    parent = old.value_at(*keys[:-1])
    entry = old.entry(*keys[:-1])
    places = list(old.document.places.get(id(parent), {}).items())
    index = next((index for index, (key, _) in enumerate(places) if key == keys[-1]), None)
    if entry is None or index is None or len(places) < 2:
        return
    entries = [place for _, place in places]
    if is_flow(entry):
        yield _from_flow(text, entries, index)
    elif index == 0 and text[line_start(text, _start(entries[0])) : _start(entries[0])].strip():
        yield (
            text[: _start(entries[0])] + text[_start(entries[1]) :]
        )  # on the line of a dash: the next key moves up
    else:
        for full in (False, True):
            end = end_of(text, parent[keys[-1]], entries[index], old.document.places, full=full)
            yield from _from_block(text, line_start(text, _start(entries[index])), next_line(text, end))


def _start(entry: Entry) -> int:
    index: int = entry.key.start_mark.index
    return index


def _from_flow(text: str, entries: list[Entry], index: int) -> str:
    if index == 0:
        return text[: _start(entries[0])] + text[_start(entries[1]) :]
    return text[: entries[index - 1].end.end_mark.index] + text[entries[index].end.end_mark.index :]


def _from_block(text: str, start: int, end: int) -> Iterator[str]:
    """Yield the text without the lines from `start` to `end`, one gap where there were two if that can be."""
    before, after = text[:start], text[end:]
    unended = "" if _LAST_BREAK.search(text) else _LAST_BREAK  # a file without a last line break stays one
    if not after.strip():
        shorter = _GAPS_AT_END.sub("", before)
        yield _LAST_BREAK.sub("", shorter) if unended else shorter
    elif not before or _GAP_AT_END.search(before):
        yield before + _GAPS_AT_START.sub("", after)
    yield _LAST_BREAK.sub("", before) if unended and not after else before + after


_LAST_BREAK = re.compile(f"(?:{BREAK.pattern})\\Z")
_GAP_AT_END = re.compile(f"(?:\\A|\n|\r(?!\n)|[\x85\u2028\u2029])[ \t]*(?:{BREAK.pattern})\\Z")
_GAPS_AT_END = re.compile(f"(?<=[\n\r\x85\u2028\u2029])(?:[ \t]*(?:{BREAK.pattern}))+\\Z")
_GAPS_AT_START = re.compile(f"\\A(?:[ \t]*(?:{BREAK.pattern}))+")
