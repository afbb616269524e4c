"""A result as a table, as JSON or as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.cli import console
from kfctl.cli.options import Format

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WIDEST = 100  # a cell longer than this is cut in a table; JSON and YAML have it whole


def write_list(
    records: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    output: Format,
    titles: Mapping[str, str] = {},
) -> None:
    """Print records; a table has the columns named, the other formats have every field."""
    if output is not Format.TABLE:
        write_value([dict(record) for record in records], output)
        return
    rows = [[cell(record.get(column)) for column in columns] for record in records]
    console.lines(table([titles.get(column) or heading(column) for column in columns], rows))


def write_value(value: Any, output: Format) -> None:
    """Print one value as JSON or YAML."""
    if output is Format.JSON:
        console.document(console.as_json(value, indent=2))
    else:
        from kfctl import yamltext

        console.document(yamltext.dump(value).rstrip("\n"))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose columns are two spaces apart."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def heading(field: str) -> str:
    """Return the column's title for a field: clusterUid → CLUSTER UID."""
    return "".join(f" {c}" if c.isupper() else c.upper() for c in field)


def cell(value: Any) -> str:
    """Return a value in one line: a string bare unless that would be unclear or look like another type."""
    if value is None:
        return ""
    text = value if isinstance(value, str) and plain(value) else console.as_json(value)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def plain(text: str) -> bool:
    """Return whether a string can stand in a table without quotes."""
    if not text or not text.isprintable() or text != text.strip():
        return False
    if text[0] not in '[{"-0123456789tfnNI':  # the first letters of JSON
        return True
    import json

    try:
        json.loads(text)
    except ValueError:
        return True
    except RecursionError:  # thousands of brackets: it may be JSON or not
        return False
    return False
