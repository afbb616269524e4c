"""Fields of an object that hold secrets, or what was made from them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Names = tuple[str, ...]  # of the fields that lead to a value; entries of lists share one path
    Reference = Mapping[str, Any]  # to a secret: {of: parameter, at: path in its value, as: form}
    Parts = tuple[str | Reference, ...]  # a value as text and references; empty: nothing is known of it


@dataclass(frozen=True)
class SecretFields:
    """Which values of one object are secret, by path."""

    parts: Mapping[Names, Mapping[str, Parts]] = field(default_factory=dict)  # by the value as JSON
    public: Mapping[Names, frozenset[str]] = field(default_factory=dict)  # other values at the same paths
    whole: frozenset[Names] = frozenset()  # maps and lists that are secret with all keys and entries

    def find(self, names: Names, value: Any) -> Parts | None:
        """Return what a value at this path is made of; None if it is not secret."""
        if self.is_whole(names):
            return ()
        if names not in self.parts:
            return None
        known, text = self.parts[names], canonical(value)
        if text in known:
            return known[text]
        return None if text in self.public.get(names, ()) else ()

    def is_whole(self, names: Names) -> bool:
        """Whether everything at this path is secret, the names of fields included."""
        return bool(self.whole) and any(names[:end] in self.whole for end in range(len(names) + 1))

    def joined(self, other: SecretFields) -> SecretFields:
        """Return the fields that are secret in this version of an object or in another."""
        paths = dict.fromkeys((*self.parts, *other.parts))
        return SecretFields(
            {path: self.parts.get(path, {}) for path in paths},
            {
                path: self.public.get(path, frozenset()) | other.public.get(path, frozenset())
                for path in paths
            },
            self.whole | other.whole,
        )

    def with_others(self, body: Any, names: Names = ()) -> Any:
        """Return an object with other values of the same types in place of its secrets."""
        if isinstance(body, list) and names not in self.whole:
            return [self.with_others(item, names) for item in body]
        if body is not None and self.find(names, body) is not None:
            return _other(body)
        if isinstance(body, dict):
            return {name: self.with_others(item, (*names, name)) for name, item in body.items()}
        return body

    def opaque(self, body: Any, names: Names = ()) -> Iterator[tuple[Names, Any]]:
        """Yield the values in an object of which nothing is known but that they are secret."""
        if isinstance(body, list) and names not in self.whole:
            for item in body:
                yield from self.opaque(item, names)
        elif self.find(names, body) == ():
            yield names, body
        elif isinstance(body, dict):
            for name, item in body.items():
                yield from self.opaque(item, (*names, name))


NO_SECRETS = SecretFields()


def canonical(value: Any) -> str:
    """Return a value as text that only equal values have."""
    return json.dumps(value, sort_keys=True, default=str)


def _other(value: Any) -> Any:
    """Return a value of the same type that tells nothing of this one but its length."""
    if isinstance(value, dict):
        return {str(number): _other(item) for number, item in enumerate(value.values())}
    if isinstance(value, list):
        return [_other(item) for item in value]
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else "0" * len(value)
