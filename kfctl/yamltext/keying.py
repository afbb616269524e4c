"""Makes a map of a list in YAML text: each item keeps its lines, below a key where its dash was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.yamltext.layout import Style, end_of, flow, is_flow, lead_of
from kfctl.yamltext.lines import line_end, line_start
from kfctl.yamltext.read import load_located
from kfctl.yamltext.replacement import replaced
from kfctl.yamltext.splice import proved, with_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfctl.yamltext.read import Located, Path


def key_in(text: str, keys: Path, names: Sequence[str], path: str = "") -> str:
    """Return `text` with the list at `keys` made a map with the keys `names`, or refuse."""
    mark, text = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
    old = load_located(text, path)
    value = dict(zip(names, old.value_at(*keys), strict=True))
    return mark + proved(_texts(text, old, keys, value), with_value(old, keys, value), old, keys)


def _texts(text: str, old: Located, keys: Path, value: dict[str, Any]) -> Iterator[str]:
    entry = old.entry(*keys)
    written = (
        len(old.document.places.get(id(old.value_at(*keys)), ())) == len(value) > 0
    )  # not so for an alias
    if written and entry is not None and not is_flow(entry):
        dashes = [lead_of(text, old, (*keys, index)) for index in range(len(value))]
        starts = [dash - 1 for dash in dashes if dash is not None]
        end = line_end(text, end_of(text, old, keys, full=True))
        eol = Style.of(text, old.document).eol
        for deeper in ("", "  "):  # a list may stand below its key without being indented, a map may not
            yield _in_lines(text, list(zip(starts, value, strict=False)), end, (eol, deeper))
    yield from replaced(text, old, keys, value)


def _in_lines(text: str, items: list[tuple[int, str]], end: int, style: tuple[str, str]) -> str:
    """Return the text with `name:` for each dash, and what stood behind that below it."""
    eol, deeper = style
    begins = [line_start(text, start) for start, _ in items]
    pieces = [text[: begins[0]]]
    for (start, name), begin, stop in zip(items, begins, [*begins[1:], end], strict=True):
        line, end_of_line, more = f"{text[begin:start]} {text[start + 1 : stop]}".partition(eol)
        below = line + end_of_line + more if line.strip() else more
        pieces.append(f"{deeper}{text[begin:start]}{flow(name)}:{eol}{_indented(below, deeper)}")
    return "".join([*pieces, text[end:]])


def _indented(lines: str, deeper: str) -> str:
    return "".join(deeper + line if line.strip() else line for line in lines.splitlines(keepends=True))
