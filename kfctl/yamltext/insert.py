"""The ways to write a value over another one, or a new key into a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.yamltext.emit import double_quoted
from kfctl.yamltext.layout import (
    Style,
    end_of,
    flow,
    is_block,
    is_block_text,
    is_flow,
)
from kfctl.yamltext.lines import line_end, line_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.yamltext.read import Located, Path
    from kfctl.yamltext.reader import Entry


def replaced(text: str, old: Located, keys: Path, value: Any) -> Iterator[str]:
    """Yield the texts in which `value` is written over what is at `keys`."""
    entry = old.entry(*keys)
    style = Style.of(text, old.document)
    if entry is None or not keys:
        yield from _root(text, old, value, style)
    elif in_flow(old, keys):
        yield from _over_flow(text, entry, value)
    else:
        yield from _over_block(text, old, keys, value, style)


def inserted(text: str, old: Located, keys: Path, key: str, value: Any) -> Iterator[str]:
    """Yield the texts in which the map at `keys`, not empty, ends with a new `key`."""
    entry = old.entry(*keys)
    parent = old.value_at(*keys)
    if entry is None or not old.document.places.get(id(parent)):
        return
    if is_flow(entry):
        yield from _into_flow(text, old, parent, key, value)
    else:
        yield from _into_block(text, old, parent, entry, {key: value})


def in_flow(old: Located, keys: Path) -> bool:
    """Whether a value stands between braces or brackets."""
    entries = (old.entry(*keys[:depth]) for depth in range(len(keys)))
    return any(entry is not None and is_flow(entry) for entry in entries)


def _root(text: str, old: Located, value: Any, style: Style) -> Iterator[str]:
    """Yield the text with another root: the comments around it stay."""
    lines = style.block(value, 0) if value else [flow(value)]
    entry = old.document.root
    if entry is None:  # an empty file, or one of comments
        start = "" if not text or text[-1] in "\n\r" else style.eol
        yield text + start + style.eol.join(lines) + style.eol
        return
    start, end = entry.start.start_mark.index, end_of(text, old.value, entry, old.document.places)
    yield text[:start] + style.eol.join(lines) + text[end:]


def _over_flow(text: str, entry: Entry, value: Any) -> Iterator[str]:
    start, end = entry.start.start_mark.index, entry.end.end_mark.index
    if start < end:
        yield text[:start] + flow(value) + text[end:]
    else:  # nothing is written there: `{a}` or `{a: }`
        yield f"{text[:start]} {flow(value)}{text[end:]}"
        yield f"{text[:start]}: {flow(value)}{text[end:]}"


def _over_block(text: str, old: Located, keys: Path, value: Any, style: Style) -> Iterator[str]:
    entry = old.entry(*keys)
    assert entry is not None
    before = old.value_at(*keys)
    start, end = entry.start.start_mark.index, end_of(text, before, entry, old.document.places)
    parent, around = old.value_at(*keys[:-1]), old.entry(*keys[:-1])
    assert around is not None
    column = _column(old, parent, around)
    lead = _lead(text, entry)
    lines = style.entry("", value, column) if isinstance(parent, dict) else style.item("", value, column)
    on_line = start < end and not is_block(before, entry) and not is_block_text(entry)
    if on_line and len(lines) == 1:  # one piece of a line for another
        yield text[:start] + _in_style(entry, value, lines[0].strip(" ")) + text[end:]
        return
    if lead is None:
        return
    begin, stop = lead, lead  # of what stands after the key on its line, but for a comment
    if start < end and line_start(text, start) == line_start(text, lead):
        begin, stop = start, line_end(text, start) if is_block(before, entry) else end
        if is_block_text(entry):
            stop = start + len(text[start : line_end(text, start)].split(" ", 1)[0])
    yield _rewritten(text, (begin, stop), end, lines, style)


def _rewritten(text: str, piece: tuple[int, int], end: int, lines: list[str], style: Style) -> str:
    """Return the text with `lines` for a value that begins with a piece of the key's line and ends at `end`.

    A comment after the piece stays on the key's line.
    """
    begin, stop = piece
    head, inline = text[:begin].rstrip(" \t"), lines[0].strip(" ")
    tail = text[stop : line_end(text, stop)]
    rest = text[max(line_end(text, stop), line_end(text, end)) :]
    first = head + (f" {inline}" if inline else "") + (tail if tail.strip() else "")
    return style.eol.join([first, *lines[1:]]) + rest


def _lead(text: str, entry: Entry) -> int | None:
    """Return where the `:` or `-` before a value is over, or None if that can't be told."""
    if entry.key is None:
        index = entry.start.start_mark.index
        dash = text.rfind("-", 0, index)
        return dash + 1 if dash >= 0 and not text[dash + 1 : index].strip() else None
    index = entry.key.end_mark.index
    colon = index + len(text[index:]) - len(text[index:].lstrip(" \t"))
    return colon + 1 if text[colon : colon + 1] == ":" else None


def _column(old: Located, parent: Any, entry: Entry) -> int:
    """Return the column of the keys, or the dashes, of a map or list in block style."""
    first = next(iter(old.document.places[id(parent)].values()))
    column: int = (first.key or entry.start).start_mark.column
    return column


def _in_style(entry: Entry, value: Any, plain: str) -> str:
    """Return a text in the quotes of the one it replaces; anything else as it is."""
    style = getattr(entry.start, "style", None)
    if not isinstance(value, str):
        return plain
    if style == '"':
        return double_quoted(value)
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return plain


def _into_flow(text: str, old: Located, parent: Any, key: str, value: Any) -> Iterator[str]:
    """Yield `{a: 1, key: value}`; where each key has a line of its own, the new one gets one too."""
    last = list(old.document.places[id(parent)].values())[-1]
    end = last.end.end_mark.index
    written = f"{flow(key)}: {flow(value)}"
    start = line_start(text, last.key.start_mark.index)
    pad = text[start : last.key.start_mark.index]
    rest = text[end : line_end(text, end)]
    if start and not pad.strip():
        eol = Style.of(text, old.document).eol
        if not rest.strip() or rest.lstrip().startswith("#"):
            yield f"{text[:end]},{rest}{eol}{pad}{written}{text[end + len(rest) :]}"
        elif rest.lstrip().startswith(","):
            yield f"{text[:end]}{rest}{eol}{pad}{written},{text[end + len(rest) :]}"
    yield f"{text[:end]}, {written}{text[end:]}"


def _into_block(text: str, old: Located, parent: Any, entry: Entry, new: dict[str, Any]) -> Iterator[str]:
    """Yield the map with a new key after the last one, and if that can be, before the blank lines there."""
    style = Style.of(text, old.document)
    lines = style.block(new, _column(old, parent, entry))
    ends = [end_of(text, parent, entry, old.document.places, full=full) for full in (False, True)]
    for end in dict.fromkeys(line_end(text, end) for end in ends):
        yield style.eol.join([text[:end], *lines]) + text[end:]
