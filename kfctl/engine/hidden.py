"""Objects without their secrets, to be kept for long: each is left out, with a note of where to find it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.model.managed import LAST_APPLIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# What stands in the place of a value: nothing that Kubernetes would take for one.
SECRET = "$secret"  # a text with secret parts: [text | {of: parameter, as: form}, …]
LIVE = "$live"  # the value that the object on the cluster has at the same place
LITERAL = "$literal"  # a map that looks like one of these and is none
_NOTES = frozenset({SECRET, LIVE, LITERAL})

_SHORTEST = (
    4  # a shorter secret would be found in ordinary words; alone in a field it is left out all the same
)

_FORMS: Mapping[str, Callable[[str], str]] = {
    "text": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode(errors="surrogatepass")).decode(),
    "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
}


@dataclass(frozen=True)
class Revealed:
    """A value with its secrets, and what was not to be found of them."""

    value: Any
    missing: tuple[str, ...] = ()


class Hider:
    """Leaves secrets out, given as parameter → value, and the values of Secrets."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Prepare the search."""
        self._forms: dict[str, dict[str, str]] = {}
        for name, text in sorted(secrets.items()):
            for form, write in _FORMS.items():
                self._forms.setdefault(write(text), {"of": name, "as": form})
        long = sorted((text for text in self._forms if len(text) >= _SHORTEST), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, long))) if long else None

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object without its secrets."""
        if body.get("kind") != "Secret" or body.get("apiVersion") != "v1":
            return {key: self.value(inner) for key, inner in body.items()}
        return {
            key: _all_live(inner) if key in {"data", "stringData"} else self.value(_without_copy(key, inner))
            for key, inner in body.items()
        }

    def value(self, value: Any) -> Any:
        """Return any value without secrets."""
        if isinstance(value, dict):
            inner = {key: self.value(item) for key, item in value.items()}
            return {LITERAL: inner} if len(value) == 1 and value.keys() <= _NOTES else inner
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and str(value) in self._forms:
            return {SECRET: [{**self._forms[str(value)], "as": "number"}]}
        return value

    def _text(self, text: str) -> Any:
        if text and text in self._forms:
            return {SECRET: [self._forms[text]]}
        parts = list(self._parts(text))
        return text if parts == [text] or not text else {SECRET: parts}

    def _parts(self, text: str) -> Iterator[Any]:
        end = 0
        for found in self._pattern.finditer(text) if self._pattern else ():
            if found.start() > end:
                yield text[end : found.start()]
            yield self._forms[found[0]]
            end = found.end()
        if end < len(text):
            yield text[end:]


def reveal(value: Any, live: Any, secrets: Mapping[str, str]) -> Revealed:
    """Put secrets back: of parameters as they are set now, of Secrets as they are on the cluster."""
    revealer = _Revealer(secrets)
    return Revealed(revealer.value(value, live, ()), tuple(dict.fromkeys(revealer.missing)))


@dataclass
class _Revealer:
    secrets: Mapping[str, str]
    missing: list[str] = field(default_factory=list)

    def value(self, value: Any, live: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            beside = live if isinstance(live, list) and len(live) == len(value) else [None] * len(value)
            return [self.value(item, other, path) for item, other in zip(value, beside, strict=True)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and value.keys() <= _NOTES:
            return self._note(*next(iter(value.items())), live, path)
        return self._map(value, live, path)

    def _map(self, value: Mapping[str, Any], live: Any, path: tuple[str, ...]) -> dict[str, Any]:
        beside = live if isinstance(live, dict) else {}
        return {key: self.value(item, beside.get(key), (*path, str(key))) for key, item in value.items()}

    def _note(self, note: str, held: Any, live: Any, path: tuple[str, ...]) -> Any:
        if note == LITERAL:
            return self._map(held, live, path)
        if note == LIVE:
            if live is None:
                self.missing.append(".".join(path))
            return live
        parts = [self._part(part) for part in held]
        return parts[0] if len(parts) == 1 else "".join(map(str, parts))

    def _part(self, part: Any) -> Any:
        if isinstance(part, str):
            return part
        text = self.secrets.get(part["of"])
        if text is None:
            self.missing.append(f"parameter {part['of']}")
            return ""
        return json.loads(text) if part["as"] == "number" else _FORMS[part["as"]](text)


def _all_live(values: Any) -> Any:
    return {key: {LIVE: True} for key in values} if isinstance(values, dict) else {LIVE: True}


def _without_copy(key: str, value: Any) -> Any:
    """Return a Secret's metadata without the copy of the Secret that kubectl keeps in it."""
    annotations = value.get("annotations") if key == "metadata" and isinstance(value, dict) else None
    if not isinstance(annotations, dict):
        return value
    return {**value, "annotations": {k: text for k, text in annotations.items() if k != LAST_APPLIED}}
