"""Secrets as texts that show whether two of them are equal, and nothing else of them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kfctl.engine.recipes import assemble
from kfctl.model.plan import ABSENT
from kfctl.model.redactor import NOTHING, Redactor, decoded
from kfctl.model.secretfields import NO_SECRETS, SecretFields, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.model.secretfields import Names, Parts

_SECRET_FIELDS = frozenset({"data", "stringData"})


@dataclass(frozen=True)
class Mask:
    """Masks the values of Secrets, of an object's secret `fields`, and what the redactor finds in others.

    `key` is random, a new one for each run; `secrets` are those to which the fields refer.
    """

    key: bytes
    redactor: Redactor = NOTHING
    secrets: Mapping[str, Any] = field(default_factory=dict)
    fields: SecretFields = NO_SECRETS
    live: Mask | None = None  # for the live values, if they were made from other secrets

    def of(self, fields: SecretFields) -> Mask:
        """Return the mask for an object with these secret fields."""
        return replace(self, fields=fields)

    def value(self, value: Any, kind: str, names: Names) -> Any:
        """Return the value of a field, masked where it is secret; `names` are the fields that lead to it."""
        if value is ABSENT or value is None:
            return value
        if self.fields.is_whole(names):
            return self._token(canonical(value))
        if kind == "Secret" and names and names[0] in _SECRET_FIELDS:
            return self._hide_all(value, decode=names[0] == "data")
        if isinstance(value, dict):
            return {key: self.value(inner, kind, (*names, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, kind, names) for inner in value]
        parts = self.fields.find(names, value)
        return self.text(value) if parts is None else self._parts(value, parts)

    def whole(self, value: Any) -> Any:
        """Return a value of which nothing may be shown."""
        return self._hide_all(value, decode=False)

    def text(self, value: Any) -> Any:
        """Return a scalar without the secrets that the redactor finds in it."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        text = str(value)
        masked = self.redactor.replace(text, self._token)
        return value if masked == text else masked

    def _parts(self, value: Any, parts: Parts) -> str:
        """Return a secret value with the text that is none in it."""
        if not parts:
            return self._token(value if isinstance(value, str) else canonical(value))
        shown = (part if isinstance(part, str) else self._token(self._plain(part)) for part in parts)
        return "".join(shown)

    def _plain(self, reference: Mapping[str, Any]) -> str:
        return str(assemble(({**reference, "as": "text"},), self.secrets))

    def _hide_all(self, value: Any, *, decode: bool) -> Any:
        if isinstance(value, dict):
            return {key: self._hide_all(inner, decode=decode) for key, inner in value.items()}
        if value is ABSENT or value is None:
            return value
        return self._token(decoded(str(value)) if decode else str(value))

    def _token(self, secret: str) -> str:
        digest = hmac.new(self.key, secret.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
        return f"(secret {digest[:8]})"
