"""What a scalar means: the reading of kubectl, which is YAML 1.1 with Go's numbers."""

from __future__ import annotations

import re
from binascii import a2b_base64

Scalar = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"), False),
}
_INFINITE = frozenset(
    [".nan", ".NaN", ".NAN", *(f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF"))]
)

_FIRST = frozenset(["", *"0123456789+-.~yYnNtTfFoO"])  # of everything that is not simply text
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = {2: 16, 3: 2, 4: 8, 5: 10}  # of the groups above
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_POINT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")  # `_` only between digits here

_TAG = "tag:yaml.org,2002:"
_TAGGED: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


def is_text(text: str) -> bool:
    """Whether the first character of a plain scalar shows already that it is simply text."""
    return text[:1] not in _FIRST


def resolve(text: str) -> Scalar:
    """Return the value of a plain scalar; a date stays text, `.inf` and `.nan` are a ValueError."""
    if is_text(text):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text in _INFINITE:
        raise ValueError(f"{text} is no number that JSON knows")
    return _number(text)


def tagged(tag: str, text: str, *, as_kubectl: bool = False) -> Scalar:
    """Return the value of a scalar with one of YAML's own tags; other tags are a ValueError.

    `as_kubectl`: a tag of an application is passed over.
    """
    if tag in ("!", _TAG + "str"):
        return text
    if as_kubectl and not tag.startswith(_TAG):
        return text
    if tag == _TAG + "binary":
        return _decoded(text)
    kinds = _TAGGED.get(tag.removeprefix(_TAG))
    if kinds is None:
        raise ValueError("this tag is not supported: write a plain value")
    value = resolve(text)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ValueError(f"this is no {short(tag)}")
    return _real(value) if float in kinds and isinstance(value, int) else value


def _decoded(text: str) -> str:
    try:
        return a2b_base64("".join(text.split()), strict_mode=True).decode()
    except ValueError:  # of both steps
        raise ValueError("the value of !!binary is not text in base64") from None


def _real(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError("the number is too large for !!float") from None


def quoted(text: str) -> str:
    """Return a text as an error quotes it: the start of a long one."""
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def short(tag: str) -> str:
    """Return a tag as it is written."""
    text = "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
    return text if len(text) <= 60 else f"{text[:57]}…"


def _number(text: str) -> str | int | float:
    """Return the number that Go's strconv reads, after its YAML reader dropped the underscores."""
    if text[0] == "." and not _POINT.fullmatch(text):
        return text
    digits = text.replace("_", "")
    if text[0] in "0123456789+-":
        match = _INTEGER.fullmatch(digits)
        if match and match.lastindex:
            value = _integer(match[1] + match[match.lastindex], _BASES[match.lastindex])
            # Beyond 64 bits Go tries a float, which has only a decimal form; those stay exact here.
            if match.lastindex == 5 or -(2**63) <= value < 2**64:
                return value
    if _FLOAT.fullmatch(digits):
        real = float(digits)
        return text if real in (float("inf"), float("-inf")) else real
    return text


def _integer(digits: str, base: int) -> int:
    try:
        return int(digits, base)
    except ValueError:
        raise ValueError("an integer of more than 4,300 digits is too long") from None
