"""Secrets as texts that show whether two of them are equal, and nothing else of them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.model.plan import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECRET_FIELDS = frozenset({"data", "stringData"})
_SHORTEST = (
    4  # a shorter secret would hide parts of ordinary words; alone in a field it is hidden all the same
)


@dataclass(frozen=True)
class Mask:
    """Hides the values of Secrets, and `secrets` wherever they stand; `key` is random, a new one each run."""

    key: bytes
    secrets: frozenset[str] = frozenset()
    _pattern: re.Pattern[str] | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        """Prepare the search for the secrets inside longer texts, the longest first."""
        forms = {form for text in self.secrets if len(text) >= _SHORTEST for form in (text, _base64(text))}
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        if ordered:
            object.__setattr__(self, "_pattern", re.compile("|".join(map(re.escape, ordered))))

    def value(self, value: Any, kind: str, path: tuple[str, ...]) -> Any:
        """Return the value of a field, masked where it is secret; `path` holds the fields that lead to it."""
        if kind == "Secret" and path and path[0] in _SECRET_FIELDS:
            return self._hide_all(value, decode=path[0] == "data")
        return self._hide_known(value)

    def whole(self, value: Any) -> Any:
        """Return a value of which nothing may be shown."""
        return self._hide_all(value, decode=False)

    def text(self, text: str) -> str:
        """Return a message without the secrets."""
        if text in self.secrets:
            return self._token(text)
        return self._pattern.sub(lambda found: self._token(found[0]), text) if self._pattern else text

    def _hide_all(self, value: Any, *, decode: bool) -> Any:
        if isinstance(value, dict):
            return {key: self._hide_all(inner, decode=decode) for key, inner in value.items()}
        if value is ABSENT or value is None:
            return value
        return self._token(_decoded(str(value)) if decode else str(value))

    def _hide_known(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._hide_known(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._hide_known(inner) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._token(str(value)) if str(value) in self.secrets else value
        return self.text(value) if isinstance(value, str) else value

    def _token(self, secret: str) -> str:
        encoded = {_base64(text): text for text in self.secrets}.get(secret, secret)
        digest = hmac.new(self.key, encoded.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
        return f"(secret {digest[:8]})"


def without(secrets: Iterable[str], text: str) -> str:
    """Return a message in which no secret is quoted; one of a letter or two would be found everywhere."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "(secret)") if len(secret) > 2 else text
    return text


def _base64(text: str) -> str:
    return base64.b64encode(text.encode(errors="surrogatepass")).decode()


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="surrogateescape")
    except (binascii.Error, ValueError):
        return text
