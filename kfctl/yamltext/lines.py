"""The characters and lines of a text: what ends a line in YAML, and where in a file something stands."""

from __future__ import annotations

import re
from bisect import bisect_right

from kfctl.errors import AppError, Location

BREAKS = "\n\r\x85\u2028\u2029"
BREAK = re.compile(f"\r\n|[{BREAKS}]")  # what ends a line in YAML 1.1

# What YAML does not allow: the class of what it does allow takes five times as long to compile.
_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def decode(raw: bytes, path: str = "") -> str:
    """Return the text of a file, which must be UTF-8."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")  # a byte order mark
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode()
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8: the file is in another encoding, or binary"
        raise AppError(message, where=position(before, len(before), path)) from None


def check_printable(text: str, path: str) -> None:
    """Refuse a text with characters that no YAML may hold."""
    found = _UNPRINTABLE.search(text)
    if found:
        code = f"U+{ord(found[0]):04X}"
        message = f"the control character {code} is not allowed in YAML: is the file binary?"
        if "\ud800" <= found[0] <= "\udfff":
            message = f"the lone surrogate {code} is not text"
        raise AppError(message, where=position(text, found.start(), path))


class Lines:
    """Where the lines of a text start, found once for many positions."""

    def __init__(self, text: str, path: str) -> None:
        """Take a text, and the path of its file."""
        self._text, self._path = text, path
        self._starts: list[int] = []

    def at(self, index: int) -> Location:
        """Return the line and column of the character at `index`."""
        if not self._starts:
            self._starts = [0, *(match.end() for match in BREAK.finditer(self._text))]
        line = bisect_right(self._starts, index)
        return Location(self._path, line, index - self._starts[line - 1] + 1)


def position(text: str, index: int, path: str) -> Location:
    """Return the line and column of the character at `index`; for many, use `Lines`."""
    return Lines(text, path).at(index)


def line_start(text: str, index: int) -> int:
    """Return where the line of the character at `index` starts."""
    start = text.rfind("\n", 0, index) + 1
    return max(text.rfind(end, start, index) + 1 for end in BREAKS) or start


def line_end(text: str, index: int) -> int:
    """Return where the line of the character at `index` ends, before its line break."""
    found = BREAK.search(text, index)
    return found.start() if found else len(text)


def next_line(text: str, index: int) -> int:
    """Return where the line after that of the character at `index` starts."""
    found = BREAK.search(text, index)
    return found.end() if found else len(text)
