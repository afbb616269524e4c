"""The terminal: its streams, colors and questions, and the only way out to them."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TextIO, cast

from kfctl import controls

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence

    from rich.text import Text

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
# What `paint` writes in place of ESC: nothing from outside can hold it, so no value can pass for a style.
_MARK = f"\x1b{os.urandom(8).hex()}"
_MARKED = rf"{_MARK}\[[0-9;]*m"
_COLOR = r"\x1b\[[0-9;:]{0,40}m"  # ECMA-48's SGR, the only sequences of a log that a terminal gets


def _with_styles(found: re.Match[str]) -> str:
    return "\x1b" + found[0].removeprefix(_MARK)


_shown = controls.pattern(_MARKED, _with_styles)
_unstyled = controls.pattern(_MARKED, lambda _: "")
_uncolored = controls.pattern(_COLOR, lambda _: "")
_colored = controls.pattern(_COLOR, lambda found: _MARK + found[0][1:])


class _Guarded:
    """A text stream that escapes control characters, whoever writes to it."""

    def __init__(self, stream: TextIO) -> None:
        self.unguarded = stream

    def write(self, text: str) -> int:
        self.unguarded.write(_shown(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # the way around `write`
            raise AttributeError(name)
        return getattr(self.unguarded, name)


def guard_streams() -> None:
    """Escape control characters in all that this process prints, and what an encoding lacks; once.

    Libraries, warnings and tracebacks write to the same streams. A closed one (`>&-`) takes anything.
    """
    sys.stdout, sys.stderr = map(_guarded, (sys.stdout, sys.stderr))


def _guarded(stream: TextIO | None) -> TextIO:
    if isinstance(stream, _Guarded):
        return cast("TextIO", stream)
    stream = stream or io.StringIO()
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return cast("TextIO", _Guarded(stream))


def out(line: str = "", *, flush: bool = False) -> None:
    """Print one line of a result; `flush` where the next one may be long in coming."""
    document(_line(line), flush=flush)


def lines(several: Iterable[str], *, flush: bool = False) -> None:
    """Print lines of a result; a line break inside of one becomes an escape."""
    document("\n".join(map(_line, several)), flush=flush)


def document(text: str, *, flush: bool = False) -> None:
    """Print a text whose line breaks are its own, such as YAML or help."""
    print(text, file=_guarded(sys.stdout), flush=flush)


def _line(text: str) -> str:
    return text.replace("\n", "\\n") if "\n" in text else text


def note(text: str, hint: str = "") -> None:
    """Print whatever is not a result: progress, warnings, and what to do about them.

    A line break in a message, which may be a server's, begins no line: what follows it is indented.
    """
    told = [text, *([paint(f"  {hint}", "cyan", err=True)] if hint else [])]
    message = "\n".join(each.replace("\n", "\n    ") for each in told)
    if _Region.active:
        _Region.active.print(message)
        return
    with suppress(OSError):  # which the command's end tells
        sys.stdout.flush()  # where both go to one place, what was printed first stands first
    print(message, file=_guarded(sys.stderr))


def warn(text: str, hint: str = "") -> None:
    """Print a warning, and what to do about it."""
    note(f"{paint('warning:', 'yellow', err=True)} {text}", hint)


def as_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON that holds no control character, not even as text."""
    import json

    return controls.escape_json(json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def log_line(prefix: str, text: str, *, raw: bool = False) -> None:
    """Print a line of a log: its colors stay where stdout takes colors; `raw` keeps all its characters."""
    stream = _guarded(sys.stdout)
    if raw:
        print(prefix, end=" ", file=stream)
        print(text, file=cast("_Guarded", stream).unguarded, flush=True)
    elif coloured(stream):
        shown = _colored(text.removesuffix("\r"))
        out(f"{prefix} {shown}{f'{_MARK}[0m' if _MARK in shown else ''}", flush=True)
    else:
        out(f"{prefix} {_uncolored(text.removesuffix(chr(13)))}", flush=True)


def flush() -> None:
    """Have everything printed be out."""
    sys.stdout.flush()


def note_at_once(text: str) -> None:
    """Print a note from a signal handler, which may have come in the middle of another print."""
    os.write(sys.stderr.fileno(), f"{text}\n".encode())


def coloured(stream: TextIO) -> bool:
    """Return whether a stream takes colours (https://no-color.org, FORCE_COLOR, a terminal that can)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def paint(text: str, *styles: str, err: bool = False) -> str:
    """Return the text in the styles (of `STYLES`) if stdout, or stderr with `err`, takes colors."""
    if not text or not coloured(sys.stderr if err else sys.stdout):
        return text
    return f"{_MARK}[{';'.join(STYLES[style] for style in styles)}m{text}{_MARK}[0m"


def plain_line(painted: str) -> str:
    """Return a painted line as `out` prints it where there are no colors."""
    return _unstyled(_line(painted))


def can_ask() -> bool:
    """Return whether somebody is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """Ask for a yes or a no; anything but yes is no. Only where `can_ask`."""
    print(f"{_line(question)} [y/N] ", end="", file=_guarded(sys.stderr), flush=True)
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
    """The lines as rich draws them, around the guard: what they hold is escaped before."""

    active: ClassVar[_Region | None] = None  # where notes go while it is on the terminal

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        stream = cast("_Guarded", _guarded(sys.stderr)).unguarded
        terminal = Console(file=stream, highlight=False, soft_wrap=True)
        self.live = RichLive(
            console=terminal,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def show(self, lines: Sequence[str]) -> None:
        from rich.text import Text

        painted = [_as_rich(_line(line), no_wrap=True, overflow="ellipsis") for line in lines]
        self.live.update(Text("\n").join(painted), refresh=True)

    def log(self, line: str) -> None:
        self.print(_line(line))

    def print(self, text: str) -> None:
        self.live.console.print(_as_rich(text))


def _as_rich(painted: str, **layout: Any) -> Text:
    from rich.text import Text

    return Text.from_ansi(_shown(painted), **layout)


@contextmanager
def live() -> Iterator[Live | None]:
    """Give lines on stderr that change in place, or None where it is no terminal: print plain lines there."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    region = _Region()
    with region.live:
        _Region.active = region
        try:
            yield region
        finally:
            _Region.active = None


def report(error: KfctlError, *, in_json: bool = False) -> None:
    """Print every fault of an error: what, where, what to do."""
    if in_json:
        print(as_json(envelope(error), indent=2), file=_guarded(sys.stderr))
        return
    prefix = paint("kfctl:", "red", err=True)
    for problem, following in zip(error.problems, (*error.problems[1:], None), strict=True):
        repeated = following and following.hint == problem.hint
        note(f"{prefix} {problem}", "" if repeated else problem.hint)
        if problem.manifest:
            print(problem.manifest, file=_guarded(sys.stderr))


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
    manifest = {"manifest": problem.manifest} if problem.manifest else {}
    return {"message": problem.message, "hint": problem.hint or None, **known, **manifest}


def abandon_stdout() -> None:
    """Give up a standard output that nobody reads any more, so that the interpreter's last flush is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
