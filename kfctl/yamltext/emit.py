"""Values in, YAML text out: block style as kubectl prints it, that every reader reads alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kfctl import controls
from kfctl.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_DEPTH = 200  # as in reading
_LONGEST_KEY = 1000  # a `key:` ends within 1,024 characters, longer keys are written `? key`

# Plain are texts that begin like a name, a path or a flag and hold no `: `, ` #`, bracket or brace; one that
# begins like a number only if it ends like a quantity (500m, 10Gi), as no number or date of any YAML does.
_PLAIN = re.compile(
    r"(?:[A-Za-z/$(_]|--?(?=[A-Za-z])|[0-9](?=[0-9.]*(?:[msMGKPu]|[KMGTPE]i)\Z))"
    r"(?:[\w./@+=$%()*~;,<>!?^'-]|:(?! |\Z)| (?![ #]|\Z))*",
    re.ASCII,
)
_WORDS = re.compile(r"(?:y|n|yes|no|on|off|true|false|null)\Z", re.IGNORECASE)
_ESCAPED = re.compile(f'[\\\\"\n\t\xa0\u2000-\u200a\u202f\u205f\ufff0-\ufff8\ufffc\ufffd{controls.CLASS}]')
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_NO_BLOCK = re.compile(f"[\xa0{controls.CLASS}]")

_LISTS = (list, tuple)

_known: dict[str, str] = {}  # short texts as they are written: objects repeat their keys thousands of times


def dump(value: Any) -> str:
    """Return `value` as one YAML document."""
    out: list[str] = []
    if not _collection(value, "", "", out, 0):
        out.append(f"{scalar(value)}\n")
    return "".join(out)


def dump_all(values: Iterable[Any]) -> str:
    """Return `values` as YAML documents with `---` between them."""
    return "---\n".join(map(dump, values))


def scalar(value: Any) -> str:
    """Return a value that is no map and no list, or an empty one, as it stands on one line."""
    kind = type(value)
    kind = kind if kind in _WRITERS else next((each for each in _WRITERS if isinstance(value, each)), kind)
    if kind in _WRITERS:
        return _WRITERS[kind](value)
    if isinstance(value, Mapping | list | tuple) and not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    raise AppError(f"a value of Python's type {kind.__name__} has no form in YAML")


def _collection(value: Any, first: str, indent: str, out: list[str], depth: int) -> bool:
    """Write a map or list that is not empty, its first line after `first`; False for anything else."""
    kind = type(value)
    if not value:
        return False
    if kind is dict or (kind is not list and isinstance(value, Mapping)):  # which takes long to tell
        _map(value, first, indent, out, depth)
    elif isinstance(value, _LISTS):
        _list(value, first, indent, out, depth)
    else:
        return False
    return True


def _map(value: Mapping[str, Any], first: str, indent: str, out: list[str], depth: int) -> None:
    _check(depth)
    known, append, deeper = _known, out.append, indent + "  "
    for key, item in value.items():
        name = known.get(key) or _key(key, indent)
        kind = type(item)
        if kind is str:
            append(f"{first}{name}: {known.get(item) or _line(item, deeper)}\n")
        elif kind in _WRITERS:
            append(f"{first}{name}: {_WRITERS[kind](item)}\n")
        else:
            append(f"{first}{name}:\n")
            under = indent if isinstance(item, _LISTS) else deeper  # a list is not indented
            if not _collection(item, under, under, out, depth + 1):
                out[-1] = f"{first}{name}: {_line(item, deeper)}\n"
        first = indent


def _list(value: Iterable[Any], first: str, indent: str, out: list[str], depth: int) -> None:
    _check(depth)
    deeper = indent + "  "
    for item in value:
        if type(item) is str or not _collection(item, f"{first}- ", deeper, out, depth + 1):
            out.append(f"{first}- {_line(item, deeper)}\n")
        first = indent


def _check(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise AppError(f"more than {MAX_DEPTH} maps and lists in one another")


def _line(value: Any, indent: str) -> str:
    """Return what stands after a key or a dash, in one line or, for a text of several, a block."""
    return multiline(value, indent) if isinstance(value, str) and "\n" in value else scalar(value)


def _key(key: Any, indent: str) -> str:
    if not isinstance(key, str):
        raise AppError(f"the key {key!r} is not a string")
    written = _text(key)
    return written if len(written) < _LONGEST_KEY else f"? {written}\n{indent}"


def _text(text: str) -> str:
    written = text if _PLAIN.fullmatch(text) and not _WORDS.match(text) else double_quoted(text)
    if len(text) < 64 and "\n" not in text and len(_known) < 20_000:
        _known[text] = written
    return written


def double_quoted(text: str) -> str:
    """Return a text in double quotes, on one line."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":
        raise AppError(f"the text holds the lone surrogate U+{ord(character):04X}, which no file can hold")
    code = ord(character)
    return _SHORT.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def multiline(text: str, indent: str, step: int = 2) -> str:
    """Return a text of several lines as a `|` block, or in quotes where a block would not be exact.

    `indent` is that of its lines, `step` how much deeper that is than what it is the value of.
    """
    body = text.rstrip("\n")
    if not body or not indent or _NO_BLOCK.search(text):
        return _text(text)
    chomp = {0: "-", 1: ""}.get(len(text) - len(body), "+")
    start = str(step) if text[0] in " \n\t" else ""
    lines = [f"{indent}{line}" if line else "" for line in text.split("\n")]
    if chomp != "-":
        del lines[-1]
    return "\n".join([f"|{start}{chomp}", *lines])


def _integer(value: int) -> str:
    try:
        return str(int(value))
    except ValueError:
        raise AppError("an integer of more than 4,300 digits can't be written") from None


def _string(value: str) -> str:
    return _known.get(value) or _text(value)


def _float(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise AppError(f"{value} is no number that JSON knows")
    text = repr(float(value))
    return text if "e" not in text or "." in text else text.replace("e", ".0e")  # 1e+16 is text in YAML 1.1


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _string,
    bool: lambda value: "true" if value else "false",
    int: _integer,
    float: _float,
    type(None): lambda _: "null",
}
