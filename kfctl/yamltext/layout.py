"""How a YAML text is laid out: where values end in it, and how a new one looks like its neighbours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.yamltext.emit import double_quoted, multiline, scalar
from kfctl.yamltext.lines import BREAK, BREAKS, line_end

if TYPE_CHECKING:
    from kfctl.yamltext.read import Located, Path
    from kfctl.yamltext.reader import Document, Entry

_FLOW_PLAIN = re.compile(
    r"[A-Za-z/][\w./-]*", re.ASCII
)  # what is plain between { and } in every version of YAML

_NOTHING = re.compile(r"(?:\s|(?:^|(?<=\s))#.*)*")  # blank characters, lines and comments


@dataclass(frozen=True)
class Style:
    """How a file is indented, and how its lines end."""

    step: int  # of a map in a map
    dash: int  # of a list in a map
    eol: str

    @classmethod
    def of(cls, text: str, document: Document) -> Style:
        """Return the style of the first neighbours in a text that show one."""
        steps: list[int] = []
        dashes: list[int] = []
        for places in document.places.values():
            for entry in places.values():
                if entry.key is not None and entry.start.start_mark.line > entry.key.start_mark.line:
                    deeper = entry.start.start_mark.column - entry.key.start_mark.column
                    {"Map": steps, "Seq": dashes}.get(type(entry.start).__name__[:3], []).append(deeper)
        found = BREAK.search(text)
        step = next((deeper for deeper in steps if 0 < deeper < 10), 2)
        return cls(step, next(iter(dashes), 0), found[0] if found else "\n")

    def block(self, value: Any, column: int) -> list[str]:
        """Return the lines of a map or list that is not empty, indented to `column`."""
        pad = " " * column
        lines: list[str] = []
        for item in value.items() if isinstance(value, dict) else value:
            if isinstance(value, dict):
                lines += self.entry(f"{pad}{scalar(item[0])}:", item[1], column)
            else:
                lines += self.item(f"{pad}-", item, column)
        return lines

    def entry(self, lead: str, value: Any, column: int) -> list[str]:
        """Return the lines of a key, given as `lead`, and its value; `column` is the key's."""
        if value and isinstance(value, dict | list):
            return [lead, *self.block(value, column + (self.dash if isinstance(value, list) else self.step))]
        return self._leaf(lead, value, column)

    def item(self, lead: str, value: Any, column: int) -> list[str]:
        """Return the lines of an item of a list; `column` is that of its dash."""
        if value and isinstance(value, dict | list):
            first, *rest = self.block(value, column + 2)
            return [f"{lead} {first.lstrip(' ')}", *rest]
        return self._leaf(lead, value, column)

    def _leaf(self, lead: str, value: Any, column: int) -> list[str]:
        # A text that ends in blank lines goes into quotes: a `|+` block takes those that follow it, too.
        if isinstance(value, str) and "\n" in value and not value.endswith("\n\n"):
            first, *rest = multiline(value, " " * (column + self.step), self.step).split("\n")
            return [f"{lead} {first}", *rest]
        return [f"{lead} {scalar(value)}"]


def flow(value: Any, *, quoted: bool = False) -> str:
    """Return a value as it stands between braces or brackets; `quoted`: its texts in quotes, as in JSON."""
    if isinstance(value, dict):
        items = (f"{flow(key, quoted=quoted)}: {flow(item, quoted=quoted)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item, quoted=quoted) for item in value) + "]"
    if not isinstance(value, str):
        return scalar(value)
    plain = not quoted and _FLOW_PLAIN.fullmatch(value) and scalar(value) == value
    return value if plain else double_quoted(value)


def between_braces(value: Any, document: Document) -> str:
    """Return a value as it stands between braces or brackets of a text: as JSON, if the text is JSON."""
    return flow(value, quoted=_is_json(document))


def _is_json(document: Document) -> bool:
    """Whether a text has braces around all of it, and quotes around its keys."""
    first = next(iter(document.places.get(id(document.value), {}).values()), None)
    quoted = first is not None and getattr(first.key, "style", None) == '"'
    return quoted and document.root is not None and is_flow(document.root)


def is_flow(entry: Entry) -> bool:
    """Whether a value is a map in braces or a list in brackets."""
    return bool(getattr(entry.start, "flow_style", False))


def is_block_text(entry: Entry) -> bool:
    """Whether a value is a text after `|` or `>`."""
    return getattr(entry.start, "style", None) in ("|", ">")


def is_block(value: Any, entry: Entry) -> bool:
    """Whether a value is a map or list with a line for each of its parts."""
    return isinstance(value, dict | list) and hasattr(entry.start, "flow_style") and not is_flow(entry)


def in_flow(old: Located, keys: Path) -> bool:
    """Whether a value stands between braces or brackets."""
    entries = (old.entry(*keys[:depth]) for depth in range(len(keys)))
    return any(entry is not None and is_flow(entry) for entry in entries)


def column_of(old: Located, keys: Path) -> int:
    """Return the column of the keys, or the dashes, of a map or list in block style."""
    entry = old.entry(*keys)
    first = next(iter(old.document.places[id(old.value_at(*keys))].values()))
    column: int = (first.key or (entry or first).start).start_mark.column
    return column


def end_of(text: str, old: Located, keys: Path, *, full: bool = False) -> int:
    """Return where a value is over; `full`: with the blank lines that follow a `|` text."""
    entry, value = old.entry(*keys), old.value_at(*keys)
    assert entry is not None
    while is_block(value, entry):
        key, entry = list(old.document.places[id(value)].items())[-1]
        value = value[key] if isinstance(value, list) or isinstance(key, str) else None  # a number is `<<`
    end: int = entry.end.end_mark.index
    return _end_of_block_text(text, entry.start.start_mark.index, end, full) if is_block_text(entry) else end


def _end_of_block_text(text: str, start: int, end: int, full: bool) -> int:
    keep = full or "+" in text[start : line_end(text, start)].split(maxsplit=1)[0]
    content = text[start:end] if keep else text[start:end].rstrip(" \t" + BREAKS)
    last = list(BREAK.finditer(content))[-1:] if keep else []
    return start + (last[0].start() if last and last[0].end() == len(content) else len(content))


def lead_of(text: str, old: Located, keys: Path) -> int | None:
    """Return where the `:` or `-` before a value is over, or None if that can't be told."""
    entry, around = old.entry(*keys), old.entry(*keys[:-1])
    assert entry is not None and around is not None
    sign = ":" if entry.key is not None else "-"
    if entry.key is not None:
        index = entry.key.end_mark.index
    elif keys[-1] == 0:
        index = around.start.start_mark.index
    else:
        index = end_of(text, old, (*keys[:-1], int(keys[-1]) - 1))
    blank = _NOTHING.match(text, index)
    index = blank.end() if blank else index
    return index + 1 if text[index : index + 1] == sign else None
