"""The ways to write a value over another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.yamltext.emit import double_quoted
from kfctl.yamltext.layout import (
    Style,
    between_braces,
    column_of,
    end_of,
    flow,
    in_flow,
    is_block,
    is_block_text,
    lead_of,
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
        yield from _between_braces(text, entry, between_braces(value, old.document))
    else:
        parent, column = old.value_at(*keys[:-1]), column_of(old, keys[:-1])
        lines = style.entry("", value, column) if isinstance(parent, dict) else style.item("", value, column)
        for full in (False, True):
            span = _Span.of(text, old, keys, full=full)
            yield from span.one_line(text, value, lines) if span.inline else ()
            yield from span.several_lines(text, lines, style.eol)


def _root(text: str, old: Located, value: Any, style: Style) -> Iterator[str]:
    """Yield the text with another root: the comments around it stay."""
    written = style.eol.join(style.block(value, 0) if value else [flow(value)])
    entry = old.document.root
    if entry is None:  # an empty file, or one of comments
        yield text + ("" if not text or text[-1] in "\n\r" else style.eol) + written + style.eol
        return
    for full in (False, True):
        yield text[: entry.start.start_mark.index] + written + text[end_of(text, old, (), full=full) :]


def _between_braces(text: str, entry: Entry, written: str) -> Iterator[str]:
    start, end = entry.start.start_mark.index, entry.end.end_mark.index
    if start < end:
        yield text[:start] + written + text[end:]
    else:  # nothing is written there: `{a: }` or `{a}`
        yield f"{text[:start]} {written}{text[end:]}"
        yield f"{text[:start]}: {written}{text[end:]}"


@dataclass(frozen=True)
class _Span:
    """Where a value stands that is not between braces."""

    entry: Entry
    lead: int | None  # where the `:` or `-` before it is over, None if that can't be told
    start: int
    end: int
    first: int  # where what it has on its first line is over, a comment there left out
    inline: bool  # it is neither a `|` text nor a map or list with a line for each part

    @classmethod
    def of(cls, text: str, old: Located, keys: Path, *, full: bool) -> _Span:
        entry, value = old.entry(*keys), old.value_at(*keys)
        assert entry is not None
        start, end = entry.start.start_mark.index, end_of(text, old, keys, full=full)
        inline = not is_block(value, entry) and not is_block_text(entry)
        first = end if inline else line_end(text, start)
        if is_block_text(entry):
            first = start + len(text[start:first].split(maxsplit=1)[0])
        return cls(entry, lead_of(text, old, keys), start, end, first, inline)

    def one_line(self, text: str, value: Any, lines: list[str]) -> Iterator[str]:
        """Yield the text with one piece of a line for another."""
        if self.start < self.end and len(lines) == 1:
            yield text[: self.start] + _in_style(self.entry, value, lines[0].strip(" ")) + text[self.end :]

    def several_lines(self, text: str, lines: list[str], eol: str) -> Iterator[str]:
        """Yield the text with the lines for this value, of which the first belongs to the line of its key.

        A comment on the key's line stays there; so do those before a value some lines below, if they can.
        """
        if self.lead is None:
            return
        below = line_start(text, self.start) > self.lead
        if below and self.inline and not lines[0].strip():
            rest = text[line_end(text, self.end) :]
            yield text[: line_start(text, self.start)] + eol.join(lines[1:]) + rest
        begin, stop = (self.lead, self.lead) if below or self.start == self.end else (self.start, self.first)
        head, piece = text[:begin].rstrip(" \t"), lines[0].strip(" ")
        tail = text[stop : line_end(text, stop)]
        rest = text[max(line_end(text, stop), line_end(text, self.end)) :]
        line = head + (f" {piece}" if piece else "") + (tail if tail.strip() else "")
        yield eol.join([line, *lines[1:]]) + rest


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
