"""Removes secrets from texts."""

from __future__ import annotations

import base64
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

REDACTED = "(secret)"

# The one rule of what is found in a text, by the length of the secret in characters. Where it is known which
# field holds a secret (`SecretFields`), no length counts.
ANYWHERE = 6
AS_A_WORD = 4  # not next to a letter or digit: `root` is no part of `chroot`
# A shorter one counts only where a message quotes exactly it: 'ab', "ab". Booleans never count.
_QUOTES = "\"'`"


class Redactor:
    """Removes secret values from texts, in the forms in which templates and servers write them."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        """Remove these values, and the parts of maps and lists among them."""
        self._secrets = dict.fromkeys(text for value in values for text in texts_of(value) if text)

    def including(self, values: Iterable[Any]) -> Redactor:
        """Return a redactor that removes these values as well."""
        more = list(values)
        return Redactor([*self._secrets, *more]) if more else self

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return self.replace(text, lambda secret: REDACTED)

    def replace(self, text: str, substitute: Callable[[str], str]) -> str:
        """Return a text in which `substitute`, given the secret, replaces each form of a secret."""
        parts, end = [], 0
        for start, stop in find_forms(_folded(text), self._forms_in_any_case):
            parts += [text[end:start], substitute(self._origin(text[start:stop]))]
            end = stop
        return "".join((*parts, text[end:])) if parts else text

    def _origin(self, form: str) -> str:
        return self._forms.get(form) or self._forms_in_any_case.get(_folded(form), form)

    @cached_property
    def _forms(self) -> Mapping[str, str]:
        forms: dict[str, str] = {}
        for secret in self._secrets:
            for form in forms_of(secret):
                forms.setdefault(form, secret)
        return forms

    @cached_property
    def _forms_in_any_case(self) -> Mapping[str, str]:
        return {_folded(form): secret for form, secret in reversed(list(self._forms.items()))}


NOTHING = Redactor()


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in a value, keys of maps included; booleans tell nothing."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts_of(key)
            yield from texts_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def data_of(body: Any) -> list[Any]:
    """Return what a Secret's body holds, encoded and decoded; of other kinds nothing."""
    if not isinstance(body, dict) or body.get("kind") != "Secret":
        return []
    encoded = body.get("data")
    items = encoded.values() if isinstance(encoded, dict) else [encoded]
    values = list(body["stringData"].values()) if isinstance(body.get("stringData"), dict) else []
    loose = [body.get("stringData")] if not values else []
    return [*items, *(text for item in items for text in map(decoded, texts_of(item))), *values, *loose]


def forms_of(secret: str) -> Iterator[str]:
    """Yield a secret as templates, servers and other programs write it; matched in any case."""
    for text in filter(None, dict.fromkeys((secret, secret.strip(), *_lines(secret)))):
        yield text
        yield from (json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True))
        yield from (repr(text)[1:-1], text.replace("'", "''"))
        yield from (quote(text, errors="replace"), quote(text, "", errors="replace"))
        yield quote_plus(text, errors="replace")
    raw = secret.encode(errors="surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from (encode(raw).decode(), encode(raw).decode().rstrip("="))


def decoded(text: str) -> str:
    """Return what base64 text means; other text as it is."""
    try:
        return base64.b64decode(text, validate=True).decode(errors="surrogateescape")
    except ValueError:
        return text


def _lines(text: str) -> list[str]:
    """Return the lines of a text of several, such as a key in PEM; binary data have none."""
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) < 2 or not all(map(str.isprintable, lines)):
        return []
    return [line for line in lines if len(line) >= ANYWHERE]


def find_forms(text: str, forms: Iterable[str], *, always: bool = False) -> Iterator[tuple[int, int]]:
    """Yield where forms of secrets start and end in a text, the longest of those that overlap.

    Those that are too short to be no accident are left out, unless `always`. Each form is searched for by
    itself: an alternation of thousands of forms would be tried at each character.
    """
    found = [(start, start + len(form)) for form in forms for start in _finds(text, form, always=always)]
    end = 0
    for start, stop in sorted(found, key=lambda place: (place[0], -place[1])):
        if start >= end:
            yield start, stop
            end = stop


def _finds(text: str, form: str, *, always: bool) -> Iterator[int]:
    start = text.find(form)
    while start >= 0:
        counts = always or _counts(text, start, start + len(form))
        if counts:
            yield start
        start = text.find(form, start + (len(form) if counts else 1))


def _counts(text: str, start: int, end: int) -> bool:
    """Whether a form that was found is taken for the secret, by its length and what is beside it."""
    if end - start >= ANYWHERE:
        return True
    before, after = text[start - 1 : start], text[end : end + 1]
    if end - start >= AS_A_WORD:
        return not before.isalnum() and not after.isalnum()
    return bool(before and after) and before in _QUOTES and after in _QUOTES


def _folded(text: str) -> str:
    """Return a text in lower case, each character at its place."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)
