"""A plan as Markdown, for a comment on a change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kfctl.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def markdown(lines: Iterable[str]) -> Iterator[str]:
    """Yield a plan's lines as a heading, a block that is coloured as a difference, and the sum."""
    heading, *rest = (console.plain_line(line) for line in lines)
    *body, last = rest
    # Names may come from a stranger's pull request: as code they are no HTML, link or mention.
    yield f"### {_code(heading)}"
    yield ""
    yield f"**{last}**"
    block = "\n".join(body).strip("\n")
    if block:
        fence = _ticks(block, 3)
        yield from ("", f"{fence}diff", *map(_signed, block.split("\n")), fence)


def _signed(line: str) -> str:
    """Return a line with its sign in front, where the colours come from."""
    bare = line.lstrip()
    if bare[:2] in {"+ ", "- "}:
        return f"{bare[0]}{line[: len(line) - len(bare)]} {bare[2:]}"
    return f"!{line[1:]}" if bare[:1] in {"~", "±", "!"} and line == bare else f" {line}"


def _code(text: str) -> str:
    ticks = _ticks(text, 1)
    pad = " " if len(ticks) > 1 else ""  # so that a backtick of the text does not lengthen the ticks
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _ticks(text: str, least: int) -> str:
    """Return a run of backticks that is longer than any in the text, so that the text can't end it."""
    return "`" * max(least, 1 + max(map(len, re.findall("`+", text)), default=0))
