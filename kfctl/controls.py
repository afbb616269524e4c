"""Control, bidirectional and invisible characters, and their visible forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Unicode's categories Cc (except line feed and tab), Cs, Zl, Zp, those of Cf that show nothing, and other
# characters that show nothing (fillers, joiners, tags). CVE-2021-25743 and CVE-2021-42574 are about these.
CLASS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_HOSTILE = re.compile(f"[{CLASS}]")
_ASCII = bytes({*range(0x20), 0x7F} - {0x09, 0x0A})


def escape(text: str) -> str:
    r"""Return the text with each control or invisible character as an escape, such as ``\x1b``."""
    return text if is_safe(text) else _HOSTILE.sub(lambda found: visible(found[0]), text)


def escape_json(text: str) -> str:
    r"""Return a JSON text with each control or invisible character as ``\uXXXX``, which means the same."""
    return text if is_safe(text) else _HOSTILE.sub(_json_escape, text)


def is_safe(text: str) -> bool:
    """Return whether the text has no control or invisible character."""
    if text.isascii():  # twenty times as fast as the pattern, for output of megabytes
        raw = text.encode()
        return len(raw.translate(None, _ASCII)) == len(raw)
    return not _HOSTILE.search(text)


def pattern(inside: str, replace: Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    """Return a function that replaces what `inside` matches, and escapes all other hostile characters."""
    either = re.compile(f"{inside}|[{CLASS}]")

    def substitute(found: re.Match[str]) -> str:
        return visible(found[0]) if len(found[0]) == 1 else replace(found)

    return lambda text: text if is_safe(text) else either.sub(substitute, text)


def visible(char: str) -> str:
    r"""Return a character as an escape of two, four or eight hexadecimal digits."""
    code = ord(char)
    if char == "\r":
        return "\\r"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
