"""The ways to write a new key into a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.yamltext.layout import Style, between_braces, column_of, end_of, is_flow
from kfctl.yamltext.lines import line_end, line_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.yamltext.read import Located, Path


def inserted(text: str, old: Located, keys: Path, key: str, value: Any) -> Iterator[str]:
    """Yield the texts in which the map at `keys`, not empty, ends with a new `key`."""
    entry = old.entry(*keys)
    if entry is None or not old.document.places.get(id(old.value_at(*keys))):
        return
    if is_flow(entry):
        written = (between_braces(each, old.document) for each in (key, value))
        yield from _into_flow(text, old, keys, ": ".join(written))
    else:
        yield from _into_block(text, old, keys, {key: value})


def _into_flow(text: str, old: Located, keys: Path, written: str) -> Iterator[str]:
    """Yield `{a: 1, key: value}`; where each key has a line of its own, the new one gets one too."""
    last = list(old.document.places[id(old.value_at(*keys))].values())[-1]
    end = last.end.end_mark.index
    pad = text[line_start(text, last.key.start_mark.index) : last.key.start_mark.index]
    rest = text[end : line_end(text, end)]
    if line_start(text, end) and not pad.strip():
        before, after = (rest, ",") if rest.lstrip().startswith(",") else (f",{rest}", "")
        eol = Style.of(text, old.document).eol
        yield f"{text[:end]}{before}{eol}{pad}{written}{after}{text[end + len(rest) :]}"
    yield f"{text[:end]}, {written}{text[end:]}"


def _into_block(text: str, old: Located, keys: Path, new: dict[str, Any]) -> Iterator[str]:
    """Yield the map with a new key after the last one, and if that can be, before the blank lines there."""
    style = Style.of(text, old.document)
    lines = style.block(new, column_of(old, keys))
    ends = [line_end(text, end_of(text, old, keys, full=full)) for full in (False, True)]
    for end in dict.fromkeys(ends):
        yield style.eol.join([text[:end], *lines]) + text[end:]
