"""Removes secrets from texts."""

from __future__ import annotations

import base64
import json
import re
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
        if self._pattern is None or not text:
            return text
        return self._pattern.sub(lambda match: substitute(self._origin(match[0])), text)

    def _origin(self, form: str) -> str:
        return self._forms.get(form) or self._forms_in_any_case.get(form.lower(), form)

    @cached_property
    def _forms(self) -> Mapping[str, str]:
        forms: dict[str, str] = {}
        for secret in self._secrets:
            for form in forms_of(secret):
                forms.setdefault(form, secret)
        return forms

    @cached_property
    def _forms_in_any_case(self) -> Mapping[str, str]:
        return {form.lower(): secret for form, secret in reversed(list(self._forms.items()))}

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        longest_first = sorted(self._forms_in_any_case, key=lambda form: (-len(form), form))
        return re.compile("|".join(map(_pattern_of, longest_first)), re.IGNORECASE) if longest_first else None


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
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if len(line) >= ANYWHERE] if len(lines) > 1 else []


def _pattern_of(form: str) -> str:
    escaped = re.escape(form)
    if len(form) >= ANYWHERE:
        return escaped
    if len(form) >= AS_A_WORD:
        return rf"(?<![^\W_]){escaped}(?![^\W_])"
    return rf"""(?<=["'`]){escaped}(?=["'`])"""
