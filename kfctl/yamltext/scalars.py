"""What a plain (unquoted) scalar means: the reading of kubectl, which is YAML 1.1 with Go's numbers."""

from __future__ import annotations

import re

WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"), False),
}
FLOAT_WORDS = frozenset(
    f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")
) | frozenset((".nan", ".NaN", ".NAN"))

_FIRST = frozenset("0123456789+-.~yYnNtTfFoO")  # of everything that is not simply text
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (None, None, 16, 2, 8, 10)  # of the groups above
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INT64, _UINT64 = -(2**63), 2**64 - 1


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value of a plain scalar; a date stays text, `.inf` and `.nan` are a ValueError."""
    if text and text[0] not in _FIRST:
        return text
    if text in WORDS:
        return WORDS[text]
    if text in FLOAT_WORDS:
        raise ValueError(f"{text} is no number that JSON knows")
    return _number(text)


def _number(text: str) -> str | int | float:
    """Return the number that Go's strconv reads, after its YAML reader dropped the underscores."""
    digits = text if text[0] == "." else text.replace("_", "")
    if text[0] in "0123456789+-":
        match = _INTEGER.fullmatch(digits)
        if match and match.lastindex:
            value = int(match[1] + match[match.lastindex], _BASES[match.lastindex] or 10)
            # Beyond 64 bits Go tries a float, which has only a decimal form; those stay exact here.
            if match.lastindex == 5 or _INT64 <= value <= _UINT64:
                return value
    if _FLOAT.fullmatch(digits):
        real = float(digits)
        return text if real in (float("inf"), float("-inf")) else real
    return text
