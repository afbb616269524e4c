"""Values taken apart into text and references to secrets, and put together again."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kfctl.model.redactor import AS_A_WORD, find_forms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from kfctl.model.secretfields import Parts, Reference

VALUE = "value"  # the form of a value that keeps its type
_NUMBER = "number"  # the same, in revisions of kfctl 0.1
_FORMS: Mapping[str, Callable[[str], str]] = {
    "text": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode(errors="surrogatepass")).decode(),
    "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "upper": str.upper,
    "lower": str.lower,
    "trimmed": str.strip,
    "url": lambda text: quote(text, "", errors="replace"),
}


class Recipes:
    """Finds secrets in values: parameters → values of any type."""

    def __init__(self, secrets: Mapping[str, Any], listed: Collection[str] = ()) -> None:
        """Prepare the search for each text and number in the values.

        No reference names a key of the maps in `listed`: their keys are secret.
        """
        self._secrets = secrets
        self._values: dict[tuple[type, Any], Reference] = {}
        self._texts: dict[str, Reference] = {}
        for name, value in sorted(secrets.items()):
            for path, leaf in _leaves(value):
                if name in listed and not all(isinstance(step, int) for step in path):
                    continue
                self._add({"of": name, **({"at": path} if path else {})}, leaf)
        self._long = [text for text in self._texts if len(text) >= AS_A_WORD]

    def _add(self, reference: Reference, leaf: Any) -> None:
        self._values.setdefault((type(leaf), leaf), {**reference, "as": VALUE})
        for form, write in _FORMS.items() if not isinstance(leaf, bool) else ():
            if text := write(str(leaf)):
                self._texts.setdefault(text, {**reference, "as": form})

    def parts(self, value: Any) -> Parts:
        """Return what a scalar is made of; empty if no secret is found in it."""
        if isinstance(value, dict | list):
            return ()
        if isinstance(value, str):
            return (self._texts[value],) if value in self._texts else self._found(value, always=True)
        known = self._values.get((type(value), value))
        return (known,) if known else ()

    def make(self, parts: Parts, value: Any) -> bool:
        """Whether parts make a value of these secrets."""
        try:
            found = assemble(parts, self._secrets)
        except KeyError:
            return False
        return type(found) is type(value) and bool(found == value)

    def parts_of_text(self, text: str) -> Parts:
        """Return the same, for text that is a secret only if it is long enough to be no accident."""
        return self._found(text, always=False)

    def _found(self, text: str, *, always: bool) -> Parts:
        parts = tuple(self._split(text, always=always))
        return parts if any(isinstance(part, dict) for part in parts) else ()

    def _split(self, text: str, *, always: bool) -> Iterator[str | Reference]:
        end = 0
        for start, stop in find_forms(text, self._long, always=always):
            if start > end:
                yield text[end:start]
            yield self._texts[text[start:stop]]
            end = stop
        if end < len(text):
            yield text[end:]


def assemble(parts: Parts, secrets: Mapping[str, Any]) -> Any:
    """Return the value that parts make; KeyError names the parameter that has no such value."""
    values = [part if isinstance(part, str) else _resolve(part, secrets) for part in parts]
    return values[0] if len(values) == 1 else "".join(map(str, values))


def _resolve(reference: Reference, secrets: Mapping[str, Any]) -> Any:
    value = secrets.get(reference["of"])
    try:
        for step in reference.get("at", ()):
            value = value[step]  # type: ignore[index]  # what is no map or list raises TypeError
    except (KeyError, IndexError, TypeError):
        value = None
    if value is None:
        raise KeyError(reference["of"])
    if reference["as"] in {VALUE, _NUMBER}:
        return value
    return _FORMS[reference["as"]](str(value))


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[list[str | int], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif value is not None:
        yield list(path), value
