"""The terminal: its streams, its colours, its questions, and the one place that imports rich."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfctl.errors import KfctlError, Problem

STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


def out(text: str, *, flush: bool = False) -> None:
    """Print a result; `flush` where the next one may be long in coming."""
    print(text, file=sys.stdout, flush=flush)


def note(text: str, hint: str = "") -> None:
    """Print whatever is not a result: progress, warnings, and what to do about them."""
    with suppress(OSError):  # which the command's end tells
        sys.stdout.flush()  # where both go to one place, what was printed first stands first
    print(text, file=sys.stderr)
    if hint:
        print(paint(f"  {hint}", "cyan", stream=sys.stderr), file=sys.stderr)


def warn(text: str, hint: str = "") -> None:
    """Print a warning, and what to do about it."""
    note(f"{paint('warning:', 'yellow', stream=sys.stderr)} {text}", hint)


def coloured(stream: TextIO) -> bool:
    """Return whether a stream takes colours (https://no-color.org, FORCE_COLOR, a terminal that can)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def paint(text: str, *styles: str, stream: TextIO | None = None) -> str:
    """Return the text in the styles (of `STYLES`) if the stream, stdout unless given, takes colours."""
    if not text or not coloured(stream or sys.stdout):
        return text
    return f"\x1b[{';'.join(STYLES[style] for style in styles)}m{text}\x1b[0m"


def can_ask() -> bool:
    """Return whether somebody is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """Ask for a yes or a no; anything but yes is no. Only where `can_ask`."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        return input().strip().lower() in {"y", "yes"}
    except EOFError:
        note("")
        return False


class Live(Protocol):
    """Lines at the bottom of the terminal that change in place."""

    def show(self, lines: Sequence[str]) -> None:
        """Replace the lines; they may be painted."""

    def log(self, line: str) -> None:
        """Print a line above them that stays."""


class _Region:
    """The lines as rich draws them."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        terminal = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self.live = RichLive(console=terminal, auto_refresh=False, transient=True, redirect_stdout=False)

    def show(self, lines: Sequence[str]) -> None:
        from rich.text import Text

        painted = [Text.from_ansi(line, no_wrap=True, overflow="ellipsis") for line in lines]
        self.live.update(Text("\n").join(painted), refresh=True)

    def log(self, line: str) -> None:
        from rich.text import Text

        self.live.console.print(Text.from_ansi(line))


@contextmanager
def live() -> Iterator[Live | None]:
    """Give lines on stderr that change in place, or None where it is no terminal: print plain lines there."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    region = _Region()
    with region.live:
        yield region


def report(error: KfctlError, *, as_json: bool = False) -> None:
    """Print every fault of an error: what, where, what to do."""
    if as_json:
        import json

        note(json.dumps(envelope(error), ensure_ascii=False, indent=2))
        return
    prefix = paint("kfctl:", "red", stream=sys.stderr)
    for problem, following in zip(error.problems, (*error.problems[1:], None), strict=True):
        note(f"{prefix} {problem}")
        if problem.hint and not (following and following.hint == problem.hint):
            note(paint(f"  {problem.hint}", "cyan", stream=sys.stderr))


def envelope(error: KfctlError) -> dict[str, object]:
    """Return an error as JSON has it."""
    return {
        "error": error.code,
        "exitCode": int(error.exit_code),
        "problems": [value(problem) for problem in error.problems],
    }


def value(problem: Problem) -> dict[str, object]:
    """Return a fault as JSON has it."""
    where = problem.where
    place = {"path": where.path, "line": where.line, "column": where.column} if where else {}
    known = {key: part for key, part in place.items() if part}
    return {"message": problem.message, "hint": problem.hint or None, **known}


def accept_any_text() -> None:
    """Let the streams print what their encoding lacks in escapes; a closed one (`>&-`) takes anything."""
    sys.stdout, sys.stderr = sys.stdout or io.StringIO(), sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def abandon_stdout() -> None:
    """Give up a standard output that nobody reads any more, so that the interpreter's last flush is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
