"""Values in, YAML text out: block style as kubectl prints it, that every reader reads alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 200  # as in reading
_LONGEST_KEY = 1000  # a `key:` ends within 1,024 characters, longer keys are written `? key`

# Plain are texts that begin like a name or a path and hold no `: `, ` #` or flow sign; one that begins like a
# number only if it ends like a quantity (500m, 10Gi), as no number or date of any YAML does.
_PLAIN = re.compile(
    r"(?:[A-Za-z/]|[0-9](?=[0-9.]*(?:[msMGKPu]|[KMGTPE]i)\Z))"
    r"(?:[\w./@+=$%()*~;<>!?^'-]|:(?! |\Z)| (?![ #]|\Z)|,(?! |\Z))*",
    re.ASCII,
)
_WORDS = re.compile(r"(?:y|n|yes|no|on|off|true|false|null)\Z", re.IGNORECASE)
_ESCAPED = re.compile(
    '[\\\\"\0-\x1f\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]'
)
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_NO_BLOCK = re.compile("[\0-\x08\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")

_known: dict[str, str] = {}  # short texts as they are written: objects repeat their keys thousands of times


def dump(value: Any) -> str:
    """Return `value` as one YAML document."""
    out: list[str] = []
    _block(value, "", out, "", 0)
    return "".join(out)


def dump_all(values: Iterable[Any]) -> str:
    """Return `values` as YAML documents with `---` between them."""
    return "---\n".join(map(dump, values))


def scalar(value: Any) -> str:
    """Return a text, number, boolean or null as it stands on one line."""
    if type(value) is str:
        return _known.get(value) or _text(value)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _float(value)
    raise AppError(f"a value of Python's type {type(value).__name__} has no form in YAML")


def _block(value: Any, indent: str, out: list[str], lead: str, depth: int) -> None:
    """Write `value` after `lead`, which is on the line already: a key, a dash or nothing."""
    if type(value) is str and "\n" in value:
        out.append(lead + _multiline(value, indent) + "\n")
    elif not isinstance(value, dict | list | tuple | Mapping):
        out.append(lead + scalar(value) + "\n")
    elif not value:
        out.append(f"{lead}{'{}' if isinstance(value, Mapping) else '[]'}\n")
    elif depth >= MAX_DEPTH:
        raise AppError(f"more than {MAX_DEPTH} maps and lists in one another")
    elif isinstance(value, Mapping):
        _map(value, indent, out, lead, depth + 1)
    else:
        _list(value, indent, out, lead, depth + 1)


def _map(value: Mapping[str, Any], indent: str, out: list[str], lead: str, depth: int) -> None:
    """Write a map; after a dash its first key stands on the dash's line."""
    first = lead if lead.endswith("- ") else indent
    if lead and first is indent:
        out.append(lead.rstrip() + "\n")
    for key, item in value.items():
        if type(key) is not str:
            raise AppError(f"the key {key!r} is not a string")
        name = scalar(key)
        prefix = f"{first}{name}: " if len(name) < _LONGEST_KEY else f"{first}? {name}\n{indent}: "
        deeper = indent + "  " if not isinstance(item, list | tuple) else indent
        _block(item, deeper, out, prefix, depth)
        first = indent


def _list(value: Iterable[Any], indent: str, out: list[str], lead: str, depth: int) -> None:
    """Write a list; in a map it is not indented, in a list it follows the dash."""
    first = lead if lead.endswith("- ") else indent
    if lead and first is indent:
        out.append(lead.rstrip() + "\n")
    for item in value:
        _block(item, indent + "  ", out, first + "- ", depth)
        first = indent


def _text(text: str) -> str:
    written = (
        text if _PLAIN.fullmatch(text) and not _WORDS.match(text) else f'"{_ESCAPED.sub(_escape, text)}"'
    )
    if len(text) < 64 and len(_known) < 20_000:
        _known[text] = written
    return written


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":
        raise AppError(f"the text holds the lone surrogate U+{ord(character):04X}, which no file can hold")
    return _SHORT.get(character) or f"\\u{ord(character):04x}"


def _multiline(text: str, indent: str) -> str:
    """Return a text of several lines as a `|` block, or in quotes where a block would not be exact."""
    body = text.rstrip("\n")
    if not body or not indent or _NO_BLOCK.search(text):
        return _text(text)
    chomp = {0: "-", 1: ""}.get(len(text) - len(body), "+")
    start = "2" if text[0] in " \n\t" else ""
    lines = [f"{indent}{line}" if line else "" for line in text.split("\n")]
    if chomp != "-":
        del lines[-1]
    return "\n".join([f"|{start}{chomp}", *lines])


def _integer(value: int) -> str:
    try:
        return str(int(value))
    except ValueError:
        raise AppError("an integer of more than 4,300 digits can't be written") from None


def _float(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise AppError(f"{value} is no number that JSON knows")
    text = repr(float(value))
    return text if "e" not in text or "." in text else text.replace("e", ".0e")  # 1e+16 is text in YAML 1.1
