"""A plan as Markdown, for a comment on a change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def markdown(lines: Iterable[str]) -> Iterator[str]:
    """Yield a plan's lines as a heading, a block that is coloured as a difference, and the sum."""
    heading, *rest = (_STYLE.sub("", line) for line in lines)
    *body, last = rest
    yield f"### {_literal(heading)}"
    yield ""
    yield f"**{_literal(last)}**"
    block = "\n".join(body).strip("\n")
    if block:
        # No fence in the values may end the block.
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", block)), default=0))
        yield from ("", f"{fence}diff", *map(_signed, block.splitlines()), fence)


def _signed(line: str) -> str:
    """Return a line with its sign in front, where the colours come from."""
    bare = line.lstrip()
    if bare[:2] in {"+ ", "- "}:
        return f"{bare[0]}{line[: len(line) - len(bare)]} {bare[2:]}"
    return f"!{line[1:]}" if bare[:1] in {"~", "±", "!"} and line == bare else f" {line}"


def _literal(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", text)
