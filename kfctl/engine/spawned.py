"""What programs of the app make on the cluster, such as the notebooks of a hub, and what becomes of it.

A workload whose prototype declares `spawns` carries the label selectors in an annotation, so that whoever
removes it knows them without the app. What they select in its namespace goes before it does: pods are
stopped, claims hold data. What something else controls, or what is in an app's set, is never taken for it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.engine.keep import DATA, Member, controller_of, keeping
from kfctl.engine.ownership import PART_OF_SET
from kfctl.model.plan import Action, Change
from kfctl.model.resource import Key, Resource, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.engine.prune import Pruning

    Body = Mapping[str, Any]
    Labels = Mapping[str, str]

SPAWNS = "kfctl.dev/spawns"
KINDS = (("v1", "Pod"), ("v1", "PersistentVolumeClaim"))


class Spawn(NamedTuple):
    """Where what a program makes is to be found."""

    maker: Key
    selector: str

    @property
    def place(self) -> tuple[str, str]:
        """The namespace and the selector."""
        return self.maker.namespace, self.selector


def announced(metadata: Mapping[str, Any], spawns: Sequence[Labels]) -> dict[str, Any]:
    """Return a workload's metadata with the selectors of what its program makes."""
    told = json.dumps([dict(labels) for labels in spawns], separators=(",", ":"))
    return {**metadata, "annotations": {**(metadata.get("annotations") or {}), SPAWNS: told}}


def selector_of(labels: Labels) -> str:
    """Return labels as the API server takes them."""
    return ",".join(f"{name}={value}" for name, value in labels.items())


def spawns_of(body: Body) -> Iterator[Spawn]:
    """Yield where to find what a workload's program makes; a damaged annotation tells of nothing."""
    try:
        told = json.loads(at(body, "metadata", "annotations", SPAWNS) or "[]")
    except ValueError:
        return
    for labels in told if isinstance(told, list) else ():
        if isinstance(labels, dict) and labels:  # an empty selector would select everything
            yield Spawn(Resource(body).key, selector_of(labels))


def orphaned(going: Iterable[Body], staying: Iterable[Body]) -> list[Spawn]:
    """Return where to find what nobody's program makes any more once `going` is gone."""
    kept = {spawn.place for body in staying for spawn in spawns_of(body)}
    return [spawn for body in going for spawn in spawns_of(body) if spawn.place not in kept]


def with_spawned(pruning: Pruning, made: Iterable[tuple[Spawn, Body]], *, data: bool) -> Pruning:
    """Return what goes with what programs made: pods before their makers, claims only with `data`."""
    changes = {Resource(body).key: _change(spawn, body, data) for spawn, body in made if is_spawned(body)}
    going = [key for key, change in changes.items() if change.action is Action.DELETE]
    waves = (tuple(key for key in going if key.kind == kind) for _, kind in KINDS)
    return replace(
        pruning,
        changes=(
            *(changes[key] for key in going),
            *pruning.changes,
            *(changes[k] for k in changes if k not in going),
        ),
        waves=(*filter(None, waves), *pruning.waves),
    )


def is_spawned(body: Body) -> bool:
    """Return whether an object can be what a program made: nothing controls it, and no app has it."""
    return not controller_of(body) and not at(body, "metadata", "labels", PART_OF_SET)


def _change(spawn: Spawn, body: Body, data: bool) -> Change:
    member = Member(Resource(body))
    kept, made = keeping(body), f"{spawn.maker} made it"
    if kept:
        return Change(member.key, Action.KEEP, live=body, reason=f"its annotation says so ({kept})")
    if member.group_kind in DATA and not data:
        return Change(
            member.key,
            Action.KEEP,
            live=body,
            reason=f"{made}; it holds data",
            hint="--delete-data deletes it",
        )
    return Change(member.key, Action.DELETE, live=body, reason=made)
