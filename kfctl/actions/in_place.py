"""Changes objects in place where server-side apply alone is refused or has no effect."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.cluster.request import MANAGER, Write
from kfctl.cluster.write import managers_at_served_version, replace_managers
from kfctl.engine.fieldpath import follow as follow_server_path
from kfctl.engine.stale_fields import beside_changes, intended_state, previous_state, stale_paths
from kfctl.errors import ClusterError, Invalid
from kfctl.model import field_sets
from kfctl.model.absent import ABSENT
from kfctl.model.managed import dropped_fields, steps_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfctl.cluster.client import Cluster
    from kfctl.model.field_sets import Path
    from kfctl.model.resource import Resource

    Body = Mapping[str, Any]

_ROUNDS = 5  # of putting back what the server assigned and requires
_TRIAL_NAME = 50  # characters of the object's name that the name of its trial begins with


@dataclass(frozen=True)
class InPlace:
    """A change in place: the object afterwards, and the fields to claim so that the apply removes them."""

    preview: Body
    stale: tuple[Path, ...] = field(default=())


def unblock(cluster: Cluster, desired: Resource, live: Body) -> InPlace | None:
    """Return how to make a change that the server refuses because of stale fields; None: they are not why."""
    for drop_nested in (False, True):
        target = intended_state(desired.body, live, MANAGER, drop_nested=drop_nested)
        preview = _dry_run(cluster, live, target)
        if preview is not None:
            stale = stale_paths(desired.body, live, preview, MANAGER)
            return InPlace(preview, stale) if stale else None
    return None


def at_served_version(cluster: Cluster, desired: Resource, live: Body) -> InPlace | None:
    """Return the change of an object with managedFields of a version that is gone; None: all are served."""
    entries = managers_at_served_version(cluster, live)
    if entries is None:
        return None
    repaired = {**live, "metadata": {**live["metadata"], "managedFields": entries}}
    target = intended_state(desired.body, repaired, MANAGER)
    steps = [replace_managers(entries), *steps_to(live, target)]
    return InPlace(cluster.patch(live, steps, write=Write(dry_run=True)))


def redefault(cluster: Cluster, desired: Resource, live: Body, preview: Body) -> InPlace:
    """Return the preview with defaults that depend on what changes and that server-side apply leaves as is.

    Such a default follows from the state before, and another one follows from the state after.
    """
    near = beside_changes(desired.body, live, MANAGER)
    after = _dry_run(cluster, live, intended_state(desired.body, live, MANAGER)) if near else None
    if after is None:
        return InPlace(preview)
    differ = [path for path in stale_paths(desired.body, live, after, MANAGER) if path[:-1] in near]
    stale = [path for path in differ if _at(after, path) != _at(preview, path)]
    before = _dry_run(cluster, live, previous_state(live, MANAGER)) if stale else None
    stale = [path for path in stale if before is not None and _at(before, path) == _at(live, path)]
    exact = _dry_run(cluster, live, _without(preview, stale)) if stale else None
    return InPlace(preview) if exact is None else InPlace(exact, tuple(stale))


def kept_fields(cluster: Cluster, desired: Resource, live: Body, preview: Body) -> tuple[Path, ...]:
    """Return the fields that the app drops and the server keeps, though they are not its defaults."""
    dropped = dropped_fields(desired.body, live, MANAGER)
    stay = [path for path in dropped if path[0] != "f:metadata" and _at(preview, path) == _at(live, path)]
    if not stay:
        return ()
    try:
        new = cluster.create(trial_body(desired), Write(dry_run=True))
    except ClusterError:
        return ()  # the server takes no second one, so nothing tells defaults apart
    return tuple(path for path in stay if _at(new, path) != _at(live, path))


def trial_body(desired: Resource) -> dict[str, Any]:
    """Return the object under another name, to be created in a dry run beside the one that exists."""
    metadata = {**desired.metadata, "name": f"{desired.name[:_TRIAL_NAME]}-anew"}
    return {**desired.body, "metadata": metadata}


def _dry_run(cluster: Cluster, live: Body, target: Body) -> Body | None:
    """Return what an update to `target` would store; None: the server refuses it.

    Fields that the server assigned and requires (a Job's selector) are put back.
    """
    for _ in range(_ROUNDS):
        try:
            return cluster.patch(live, steps_to(live, target), write=Write(dry_run=True))
        except Invalid as error:
            paths = [cause.field for cause in error.answer.causes] if error.answer else []
            restored = _with_live(target, live, paths)
            if restored == target:
                return None
            target = restored
    return None


def _with_live(target: Body, live: Body, paths: Iterable[str]) -> dict[str, Any]:
    """Return `target` with the live values of these fields, where it has none and they are in maps."""
    result = deepcopy(dict(target))
    for path in paths:
        names = follow_server_path(live, path).names
        inside, origin = result, live
        for name in names[:-1]:
            inside, origin = inside.get(name, {}), origin.get(name, {})
            if not isinstance(inside, dict) or not isinstance(origin, dict):
                break
        else:
            if names and names[-1] in origin and isinstance(inside, dict):
                inside.setdefault(names[-1], origin[names[-1]])
    return result


def _without(body: Body, paths: Iterable[Path]) -> dict[str, Any]:
    rest = deepcopy(dict(body))
    for path in paths:
        place = field_sets.follow(rest, path[:-1])
        if place is not ABSENT:
            field_sets.remove(place, path[-1])
    return rest


def _at(body: Body, path: Path) -> Any:
    return field_sets.follow(body, path)
