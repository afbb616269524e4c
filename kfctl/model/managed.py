"""Who has set which fields of an object, as its managedFields say."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from kfctl.model.absent import ABSENT
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Body = Mapping[str, Any]
    Fields = Mapping[str, Any]

# With these people have sent whole objects from their files, not by server-side apply: when such an object is
# adopted, the app takes the files' place. Not `before-first-apply`: fields of controllers bear it, too.
BY_HAND = frozenset({"kubectl-client-side-apply", "kubectl-create", "kubectl-replace", "ks"})
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # holds a Secret's values once more
_DEFAULTS = {"protocol": "TCP"}
_STRATEGY = ("spec", "strategy")


def by_hand(body: Body) -> list[Body]:
    """Return the entries of what people have sent from their files."""
    return [
        entry
        for entry in at(body, "metadata", "managedFields") or []
        if entry.get("manager") in BY_HAND
        and entry.get("operation") == "Update"
        and not entry.get("subresource")
        and entry.get("apiVersion") == body.get("apiVersion")
    ]


def taken_over(body: Body, manager: str) -> list[Body] | None:
    """Return the managedFields in which `manager` has applied what was sent by hand; None: nothing was.

    An apply then removes what the applied object no longer names. (kubectl does the same when it changes from
    client-side to server-side apply.)
    """
    theirs = by_hand(body)
    if not theirs:
        return None
    ours = [entry for entry in at(body, "metadata", "managedFields") if _applied_by(entry, manager, body)]
    rest = [
        entry for entry in at(body, "metadata", "managedFields") if entry not in ours and entry not in theirs
    ]
    fields = _union([*ours, *theirs])
    return [*rest, {**theirs[0], "manager": manager, "operation": "Apply", "fieldsV1": fields}]


def let_go(body: Body, manager: str) -> list[Body] | None:
    """Return the managedFields in which what `manager` applied was not sent by hand, too; None: it was not.

    What has only been sent by hand stays with who sent it.
    """
    theirs = by_hand(body)
    entries = at(body, "metadata", "managedFields") or []
    ours = _ours(body, manager)
    left = [
        {**entry, "fieldsV1": _less(entry.get("fieldsV1") or {}, ours)} if entry in theirs else entry
        for entry in entries
    ]
    return None if left == entries else [entry for entry in left if entry.get("fieldsV1")]


def stale_default(wanted: Body, live: Body) -> tuple[str, ...]:
    """Return the way to what the server once set by itself and refuses beside what is wanted; mostly none.

    Nobody has set it, so that no apply takes it away. Other kinds drop such defaults by themselves.
    """
    recreates = wanted.get("kind") == "Deployment" and at(wanted, *_STRATEGY, "type") == "Recreate"
    return (*_STRATEGY, "rollingUpdate") if recreates and at(live, *_STRATEGY, "rollingUpdate") else ()


def claimed(body: Body, manager: str, way: Sequence[str]) -> list[Body] | None:
    """Return the managedFields in which `manager` has applied a field, too; None: it has.

    The field goes with the next apply that does not name it.
    """
    fields: Fields = {}
    for step in reversed(way):
        fields = {f"f:{step}": fields}
    entries = at(body, "metadata", "managedFields") or []
    ours = [entry for entry in entries if _applied_by(entry, manager, body)]
    new = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": body.get("apiVersion"),
        "fieldsType": "FieldsV1",
    }
    mine = {**new, **(ours[0] if ours else {}), "fieldsV1": _merged(_union(ours), fields)}
    return None if ours == [mine] else [*(entry for entry in entries if entry not in ours), mine]


def joins(live: Body, preview: Body, manager: str) -> bool:
    """Whether the apply that makes `preview` has `manager` set what was only sent by hand before."""
    theirs = _union(by_hand(live))
    return _less(theirs, _ours(live, manager)) != _less(theirs, _ours(preview, manager))


def without_left_over(body: Body, wanted: Body, live: Body, entries: Sequence[Body], manager: str) -> Body:
    """Return `body` without what `manager` alone has by `entries` and `wanted` does not name.

    It goes when these are the managedFields of `live` and `manager` applies `wanted`.
    """
    ours = [entry for entry in entries if _applied_by(entry, manager, live)]
    others = [entry.get("fieldsV1") or {} for entry in entries if entry not in ours]
    rest = deepcopy(dict(body))
    for *way, last in _gone(_union(ours), wanted, live, others):
        place: Any = rest
        for step in way:
            place = _at(place, step)
        _remove(place, last)
    return rest


def steps_to(live: Body, target: Body) -> list[dict[str, Any]]:
    """Return the JSON patch that makes of an object another, apart from what the server writes."""
    inside = (at(live, "metadata") or {}, at(target, "metadata") or {})
    return [
        *_steps("", live, target, {*live, *target} - {"apiVersion", "kind", "metadata", "status"}),
        *_steps("/metadata", *inside, {"labels", "annotations"}),
    ]


def _applied_by(entry: Body, manager: str, body: Body) -> bool:
    named = (entry.get("manager"), entry.get("operation"), entry.get("apiVersion"))
    return named == (manager, "Apply", body.get("apiVersion")) and not entry.get("subresource")


def _ours(body: Body, manager: str) -> Fields:
    entries = at(body, "metadata", "managedFields") or []
    return _union([entry for entry in entries if _applied_by(entry, manager, body)])


def _union(entries: Iterable[Body]) -> Fields:
    fields: Fields = {}
    for entry in entries:
        fields = _merged(fields, entry.get("fieldsV1") or {})
    return fields


def _less(fields: Fields, taken: Fields) -> Fields:
    """Return fields without those that are `taken`; an element of which one is left keeps what names it."""
    left: dict[str, Fields] = {}
    for step, below in fields.items():
        if step not in taken:
            left[step] = below
            continue
        rest = _less(below, taken[step])
        if rest and step.startswith("k:"):
            names = (".", *(f"f:{key}" for key in json.loads(step[2:])))
            rest = {**{name: below[name] for name in names if name in below}, **rest}
        if rest or (not below and taken[step] and "." not in taken[step]):
            left[step] = rest
    return left


def _merged(left: Fields, right: Fields) -> Fields:
    both = {step: _merged(left.get(step, {}), below) for step, below in right.items()}
    return {**left, **both}


def _gone(fields: Fields, wanted: Any, live: Any, others: Sequence[Fields]) -> Iterator[tuple[str, ...]]:
    """Yield the way to each field that goes, in the steps of managedFields."""
    for step, below in fields.items():
        there, here = _at(live, step), _at(wanted, step)
        if there is ABSENT:
            continue
        beside = [other[step] for other in others if step in other]
        deeper = any(inner != "." for inner in below)
        if here is ABSENT and not beside and ("." in below or not deeper):
            yield (step,)
        elif deeper:
            yield from ((step, *way) for way in _gone(below, here, there, beside))


def _steps(path: str, live: Body, target: Body, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    for name in sorted(names):
        if name in target and live.get(name) != target[name]:
            yield {"op": "add", "path": f"{path}/{name}", "value": target[name]}
        elif name in live and name not in target:
            yield {"op": "remove", "path": f"{path}/{name}"}


def _remove(place: Any, step: str) -> None:
    found = _at(place, step)
    if found is ABSENT:
        return
    if isinstance(place, dict):
        del place[step.partition(":")[2]]
    else:
        place.remove(found)


def _at(value: Any, step: str) -> Any:
    """Go one step as managedFields name it: `f:` a field, `k:` an element by its keys, `v:` by its value."""
    kind, _, name = step.partition(":")
    if kind == "f":
        return value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
    if kind not in {"k", "v"} or not isinstance(value, list):
        return ABSENT
    named = json.loads(name)
    if kind == "v":
        return named if named in value else ABSENT
    return next((item for item in value if _has(item, named)), ABSENT)


def _has(item: Any, keys: Mapping[str, Any]) -> bool:
    return isinstance(item, dict) and all(
        item.get(key, _DEFAULTS.get(key)) == value for key, value in keys.items()
    )
