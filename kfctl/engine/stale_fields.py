"""Fields that nobody sets any more and that block or outlive a change.

Server-side apply removes only what its manager owns. A default that the server once filled in, or a field of
another manager inside of a structure that the app drops, stays and may contradict the new state: two sources
of a volume, `policyTypes` without the new direction (https://github.com/kubernetes/kubernetes/issues/112014).
The state that the user means is the desired one plus what other managers own; the server defaults the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.model import field_sets
from kfctl.model.absent import ABSENT
from kfctl.model.field_sets import children, extract, overlay
from kfctl.model.managed import fields_of, fields_of_others

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfctl.model.field_sets import Fields, Path

    Body = Mapping[str, Any]

_IDENTITY = ("apiVersion", "kind", "metadata", "status")


def intended_state(desired: Body, live: Body, manager: str, *, drop_nested: bool = False) -> dict[str, Any]:
    """Return `desired` plus what other managers own in `live`, and the metadata that belongs to nobody.

    With `drop_nested`, fields of others inside of structures that `manager` set and now drops are left out.
    """
    others = fields_of_others(live, manager)
    ours = fields_of(live, manager)
    if drop_nested:
        others = _outside_dropped(others, ours, desired)
    base = extract({**live}, {".": {}, **_without_identity(others)})
    merged = overlay(base, {key: desired[key] for key in desired if key not in _IDENTITY}, others)
    named = {key: live[key] for key in ("apiVersion", "kind") if key in live}
    status = {"status": live["status"]} if "status" in live else {}
    return {**named, **merged, "metadata": _metadata(desired, live, ours, others), **status}


def previous_state(live: Body, manager: str) -> dict[str, Any]:
    """Return what all managers own in `live`: from it the server derived the fields that nobody owns."""
    return intended_state(extract(live, {".": {}, **fields_of(live, manager)}), live, manager)


def stale_paths(desired: Body, live: Body, intended: Body, manager: str) -> tuple[Path, ...]:
    """Return the fields of `live` that `desired` does not name and that `intended` lacks or has otherwise."""
    fields = field_sets.merge(fields_of(live, manager), fields_of_others(live, manager))
    step = _Comparison(fields_of(live, manager))
    parts = [(f"f:{name}", name) for name in live if name not in _IDENTITY]
    return tuple(
        path
        for field, name in parts
        for path in step.paths(
            (field,), (desired.get(name, ABSENT), live[name], intended.get(name, ABSENT)), fields
        )
    )


def beside_changes(desired: Body, live: Body, manager: str) -> frozenset[Path]:
    """Return the maps in which `desired` adds, removes or switches a field next to fields that nobody owns.

    Only there may a default depend on what changes. A changed text counts as a switch where an unowned map or
    list lies beside it, as `rollingUpdate` beside `type`.
    """
    owned = field_sets.merge(fields_of(live, manager), fields_of_others(live, manager))
    ours = fields_of(live, manager)
    names = (name for name in desired if name not in _IDENTITY)
    return frozenset(
        path
        for name in names
        for path in _changed_maps((f"f:{name}",), (desired[name], live.get(name)), (ours, owned))
    )


def _changed_maps(path: Path, values: tuple[Any, Any], sets: tuple[Fields, Fields]) -> Iterator[Path]:
    desired, live = values
    ours, owned = (each.get(path[-1], {}) for each in sets)
    if isinstance(desired, dict) and isinstance(live, dict):
        unowned = [live[name] for name in live if f"f:{name}" not in owned and name not in desired]
        if unowned and _switches(
            values, children(ours), any(isinstance(v, dict | list) and v for v in unowned)
        ):
            yield path
        steps: Iterable[str] = (f"f:{name}" for name in desired)
    elif isinstance(desired, list) and isinstance(live, list):
        steps = (step for step in ours if step.startswith("k:"))
    else:
        return
    for step in steps:
        below = field_sets.go(desired, step), field_sets.go(live, step)
        if ABSENT not in below:
            yield from _changed_maps((*path, step), below, (ours, owned))


def _switches(values: tuple[Any, Any], ours: Fields, has_structure: bool) -> bool:
    desired, live = values
    if any(name not in live for name in desired):
        return True
    if any(field_sets.go(desired, step) is ABSENT for step in ours):
        return True
    texts = (name for name in desired if isinstance(desired[name], str))
    return has_structure and any(desired[name] != live[name] for name in texts)


class _Comparison:
    """Compares the live object with the intended one, by the field names of managedFields."""

    def __init__(self, ours: Fields) -> None:
        self._ours = ours

    def paths(self, path: Path, values: tuple[Any, Any, Any], owned: Fields) -> Iterator[Path]:
        desired, live, intended = values
        fields = owned.get(path[-1], {})
        if intended is ABSENT:
            if desired is ABSENT:
                yield path
        elif isinstance(live, dict) and isinstance(intended, dict):
            yield from self._below(path, values, fields, (f"f:{name}" for name in live))
        elif isinstance(live, list) and isinstance(intended, list) and _keyed(fields):
            yield from self._below(path, values, fields, _keyed(fields))
        elif live != intended and desired is ABSENT and path[-1] not in owned:
            yield path

    def _below(
        self, path: Path, values: tuple[Any, Any, Any], fields: Fields, steps: Iterable[str]
    ) -> Iterator[Path]:
        desired, live, intended = values
        for step in steps:
            inner = field_sets.go(live, step)
            if inner is not ABSENT:
                below = field_sets.go(desired, step), inner, field_sets.go(intended, step)
                yield from self.paths((*path, step), below, fields)


def _keyed(fields: Fields) -> list[str]:
    return [step for step in fields if step.startswith("k:")]


def _outside_dropped(others: Fields, ours: Fields, desired: Any) -> Fields:
    """Return the fields of others without those inside of maps and elements of ours that are dropped."""
    left: dict[str, Any] = {}
    for step, below in others.items():
        value = field_sets.go(desired, step)
        if step not in ours or not below:
            left[step] = below
        elif value is not ABSENT:
            left[step] = _outside_dropped(below, ours[step], value)
    return {step: below for step, below in left.items() if below or not others[step]}


def _without_identity(fields: Fields) -> Fields:
    return {step: below for step, below in fields.items() if step[2:] not in _IDENTITY}


def _metadata(desired: Body, live: Body, ours: Fields, others: Fields) -> dict[str, Any]:
    """Return the live metadata with the desired labels and annotations; those of ours that are dropped go."""
    result = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    for part in ("labels", "annotations"):
        mine, theirs = (each.get("f:metadata", {}).get(f"f:{part}", {}) for each in (ours, others))
        kept = {
            name: value
            for name, value in (result.get(part) or {}).items()
            if f"f:{name}" not in mine or f"f:{name}" in theirs
        }
        merged = {**kept, **((desired.get("metadata") or {}).get(part) or {})}
        result = {**{k: v for k, v in result.items() if k != part}, **({part: merged} if merged else {})}
    return result
