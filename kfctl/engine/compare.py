"""Two objects in, the fields that differ out; what the server adds is left out, secrets are masked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.engine.listkeys import elements, keyed
from kfctl.engine.quantity import holds_quantity, same_quantity
from kfctl.model.managed import LAST_APPLIED
from kfctl.model.plan import ABSENT, FieldChange
from kfctl.model.secretfields import NO_SECRETS, SecretFields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfctl.engine.mask import Mask

_NOISE = frozenset(
    {
        "managedFields",
        "resourceVersion",
        "generation",
        "uid",
        "creationTimestamp",
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    }
)
_PLAIN_NAME = re.compile(r"[A-Za-z_$][\w$-]*")
_SETS = frozenset({"finalizers"})


@dataclass(frozen=True)
class _Path:
    """Where a field is: for people, and as the names of the fields alone."""

    text: str = ""
    names: tuple[str, ...] = ()

    def field(self, name: str) -> _Path:
        plain = _PLAIN_NAME.fullmatch(name)
        text = (f"{self.text}.{name}" if self.text else name) if plain else f"{self.text}[{name}]"
        return _Path(text, (*self.names, name))

    def element(self, label: str) -> _Path:
        return _Path(f"{self.text}[{label}]", self.names)


@dataclass(frozen=True)
class _Comparison:
    """The rules of one comparison; `only_wanted` passes over what live has and wanted does not name."""

    group: str
    only_wanted: bool
    secrets: SecretFields = NO_SECRETS

    def differences(self, live: Any, wanted: Any, path: _Path) -> Iterator[tuple[_Path, Any, Any]]:
        if self.secrets.is_whole(path.names):
            if live != wanted:
                yield path, live, wanted
        elif isinstance(live, dict) and isinstance(wanted, dict):
            yield from self._maps(live, wanted, path)
        elif isinstance(live, list) and isinstance(wanted, list):
            yield from self._lists(live, wanted, path)
        elif not self._equal(live, wanted, path):
            yield path, live, wanted

    def _equal(self, live: Any, wanted: Any, path: _Path) -> bool:
        if live is ABSENT or wanted is ABSENT:
            # The server drops empty values of many fields; whether of this one, only it knows.
            return self.only_wanted and (wanted is ABSENT or _is_empty(wanted))
        if live == wanted and (type(live) is type(wanted) or _are_numbers(live, wanted)):
            return True
        return self.only_wanted and holds_quantity(self.group, path.names) and same_quantity(live, wanted)

    def _maps(
        self, live: dict[str, Any], wanted: dict[str, Any], path: _Path
    ) -> Iterator[tuple[_Path, Any, Any]]:
        for name in dict.fromkeys((*live, *wanted)):
            yield from self.differences(live.get(name, ABSENT), wanted.get(name, ABSENT), path.field(name))

    def _lists(self, live: list[Any], wanted: list[Any], path: _Path) -> Iterator[tuple[_Path, Any, Any]]:
        field = path.names[-1]
        if field in _SETS and sorted(map(str, live)) == sorted(map(str, wanted)):
            return
        keys = keyed(field, live, wanted)
        if any((*path.names, *key.split(".")) in self.secrets.parts for key in keys or ()):
            keys = None  # the path would show them
        if (
            keys is None
            and len(live) != len(wanted)
            and not any(isinstance(i, dict) for i in (*live, *wanted))
        ):
            yield path, live, wanted  # words of a command line: one change is easier to read than many
            return
        before, after = elements(live, keys), elements(wanted, keys)
        for label in dict.fromkeys((*before, *after)):
            pair = before.get(label, ABSENT), after.get(label, ABSENT)
            if keys is None and ABSENT in pair:  # a list without keys is as long as it is
                yield path.element(label), *pair
            else:
                yield from self.differences(*pair, path.element(label))
        yield from _order(list(before), list(after), path)


def compare(live: Mapping[str, Any], wanted: Mapping[str, Any], mask: Mask) -> tuple[FieldChange, ...]:
    """Return every field in which two whole objects differ."""
    return _changes(live, wanted, mask, only_wanted=False)


def compare_wanted(live: Mapping[str, Any], wanted: Mapping[str, Any], mask: Mask) -> tuple[FieldChange, ...]:
    """Return the fields of `wanted` that live has otherwise; an approximation: defaults are not known."""
    return _changes(live, wanted, mask, only_wanted=True)


def field_change(
    live: Any, wanted: Any, path: tuple[str, str, tuple[str, ...]], mask: Mask, owner: str = ""
) -> FieldChange:
    """Return a change of one field; `path` is its object's kind, its text for people, the fields' names."""
    kind, text, names = path
    before, after = (mask.live or mask).value(live, kind, names), mask.value(wanted, kind, names)
    if after != wanted and before == live:  # the secret that was there before is known to nobody here
        before = mask.whole(live)
    elif after == wanted and wanted is not ABSENT:  # what was in the place of a public value was public, too
        before = (mask.live or mask).of(NO_SECRETS).value(live, kind, names)
    return FieldChange(text, before, after, owner)


def _changes(
    live: Mapping[str, Any], wanted: Mapping[str, Any], mask: Mask, *, only_wanted: bool
) -> tuple[FieldChange, ...]:
    kind = str(wanted.get("kind"))
    group = str(wanted.get("apiVersion") or "").rpartition("/")[0]
    found = _Comparison(group, only_wanted, mask.fields).differences(_quiet(live), _quiet(wanted), _Path())
    return tuple(field_change(was, will, (kind, path.text, path.names), mask) for path, was, will in found)


def _quiet(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without what the server writes by itself."""
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key not in _NOISE}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    metadata["labels"] = metadata.get("labels") or {}
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def _order(before: list[str], after: list[str], path: _Path) -> Iterator[tuple[_Path, Any, Any]]:
    """Tell when elements that both lists have stand in another order: it counts for environment variables."""
    common = set(before) & set(after)
    left, right = ([label for label in labels if label in common] for labels in (before, after))
    if left != right:
        yield path.element("order"), left, right


def _is_empty(value: Any) -> bool:
    return value is None or (not value and isinstance(value, bool | int | float | str | list | dict))


def _are_numbers(left: Any, right: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in (left, right))
