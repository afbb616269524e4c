"""Who has set which fields of an object, as its managedFields say."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from kfctl.model.absent import ABSENT
from kfctl.model.field_sets import discard, go, merge, nested, remove, subtract, union
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kfctl.model.field_sets import Path

    Body = Mapping[str, Any]
    Fields = Mapping[str, Any]

# With these people have sent whole objects from their files, not by server-side apply: when such an object is
# adopted, the app takes the files' place. Not `before-first-apply`: fields of controllers bear it, too.
# `kubectl` is its name for `apply --server-side`.
BY_HAND = frozenset({"kubectl", "kubectl-client-side-apply", "kubectl-create", "kubectl-replace", "ks"})
_SENT_BY = {"kubectl": "Apply"}
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # holds a Secret's values once more


def by_hand(body: Body) -> list[Body]:
    """Return the entries of what people have sent from their files."""
    return [
        entry
        for entry in at(body, "metadata", "managedFields") or []
        if entry.get("manager") in BY_HAND
        and entry.get("operation") == _SENT_BY.get(entry["manager"], "Update")
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
        {**entry, "fieldsV1": subtract(entry.get("fieldsV1") or {}, ours)} if entry in theirs else entry
        for entry in entries
    ]
    return None if left == entries else [entry for entry in left if entry.get("fieldsV1")]


def claim_fields(body: Body, manager: str, paths: Iterable[Path]) -> list[Body] | None:
    """Return the managedFields in which `manager` alone has applied these fields; None: it has already.

    The next apply by `manager` that does not name them removes them, or lets the server default them again.
    """
    paths = tuple(paths)
    entries = at(body, "metadata", "managedFields") or []
    ours = [entry for entry in entries if _applied_by(entry, manager, body)]
    others: list[Body] = [
        {**entry, "fieldsV1": discard(entry.get("fieldsV1") or {}, paths)}
        for entry in entries
        if entry not in ours
    ]
    new = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": body.get("apiVersion"),
        "fieldsType": "FieldsV1",
    }
    fields = merge(_union(ours), union(map(nested, paths)))
    mine = {**new, **(ours[0] if ours else {}), "fieldsV1": fields}
    claimed = [*(entry for entry in others if entry["fieldsV1"]), mine]
    return None if claimed == [*(entry for entry in entries if entry not in ours), *ours] else claimed


def at_version(body: Body, versions: Collection[str]) -> list[Body] | None:
    """Return managedFields with each entry at one of these versions, else that of `body`; None: no change.

    A server that no longer serves the version of an entry can't change the object at all: it converts the
    object to each of these versions (https://github.com/kubernetes/kubernetes/issues/111937).
    """
    entries = at(body, "metadata", "managedFields") or []
    if all(entry.get("apiVersion") in versions for entry in entries):
        return None
    moved: dict[tuple[Any, ...], Body] = {}
    for entry in entries:
        served = entry.get("apiVersion") in versions
        at_its = entry if served else {**entry, "apiVersion": body.get("apiVersion")}
        key = tuple(at_its.get(part) for part in ("manager", "operation", "apiVersion", "subresource"))
        fields = _union([moved[key], at_its]) if key in moved else at_its.get("fieldsV1")
        moved[key] = {**at_its, "fieldsV1": fields}
    return list(moved.values())


def dropped_fields(wanted: Body, live: Body, manager: str) -> tuple[Path, ...]:
    """Return the fields that `manager` alone has applied and `wanted` does not name."""
    others = [
        entry.get("fieldsV1") or {}
        for entry in at(live, "metadata", "managedFields") or []
        if not _applied_by(entry, manager, live)
    ]
    return tuple(_gone(_ours(live, manager), wanted, live, others))


def fields_of(body: Body, manager: str) -> Fields:
    """Return the fields that `manager` has applied."""
    return _ours(body, manager)


def fields_of_others(body: Body, manager: str) -> Fields:
    """Return the fields that anybody else has set, apart from the status."""
    entries = at(body, "metadata", "managedFields") or []
    return _union(
        entry
        for entry in entries
        if not _applied_by(entry, manager, body) and entry.get("subresource") != "status"
    )


def joins(live: Body, preview: Body, manager: str) -> bool:
    """Whether the apply that makes `preview` has `manager` set what was only sent by hand before."""
    theirs = _union(by_hand(live))
    return subtract(theirs, _ours(live, manager)) != subtract(theirs, _ours(preview, manager))


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
            place = go(place, step)
        remove(place, last)
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


def _union(entries: Iterable[Body]) -> Fields:
    return union(entry.get("fieldsV1") or {} for entry in entries)


def _ours(body: Body, manager: str) -> Fields:
    entries = at(body, "metadata", "managedFields") or []
    return _union([entry for entry in entries if _applied_by(entry, manager, body)])


def _gone(fields: Fields, wanted: Any, live: Any, others: Sequence[Fields]) -> Iterator[tuple[str, ...]]:
    """Yield the way to each field that goes, in the steps of managedFields."""
    for step, below in fields.items():
        there, here = go(live, step), go(wanted, step)
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
