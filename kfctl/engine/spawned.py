"""What programs of the app make on the cluster, such as the notebooks of a hub, and what becomes of it.

A workload whose prototype declares `spawns` carries the label selectors in an annotation, so that whoever
removes it knows them without the app. What they select in its namespace goes before it does: pods are
stopped, claims hold data. What something else controls, or what is in an app's set, is never taken for it.
The inventory remembers the selectors of makers that went before all that they made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.engine.keep import DATA, Member, controller_of, keeping
from kfctl.engine.ownership import COMPONENT, PART_OF_SET
from kfctl.model.inventory import Spawn
from kfctl.model.plan import Action, Change
from kfctl.model.resource import Resource, at
from kfctl.yamltext.jsontext import JsonError, load_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.engine.keep import Situation
    from kfctl.engine.prune import Pruning

    Body = Mapping[str, Any]
    Labels = Mapping[str, str]

SPAWNS = "kfctl.dev/spawns"
KINDS = (("v1", "Pod"), ("v1", "PersistentVolumeClaim"))


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
        told = load_json(str(at(body, "metadata", "annotations", SPAWNS) or "[]"))
    except JsonError:
        return
    for labels in told if isinstance(told, list) else ():
        if isinstance(labels, dict) and labels:  # an empty selector would select everything
            component = str(at(body, "metadata", "labels", COMPONENT) or "")
            yield Spawn(Resource(body).key, selector_of(labels), component)


@dataclass(frozen=True)
class Remembered:
    """Leftovers that the inventory remembers, by what a run does with them."""

    concerned: tuple[Spawn, ...]
    untouched: tuple[Spawn, ...]  # of components that the run is not about
    outside: tuple[Spawn, ...]  # in namespaces for which the inventory alone is no proof


def remembered(situation: Situation, ours: Iterable[Body]) -> Remembered:
    """Return the leftovers of workloads that were deleted before.

    Leftovers that a workload of the app creates again are forgotten. The inventory is not signed: a user who
    can write Secrets in its namespace can add an entry, so an entry for another namespace needs a permit.
    """
    made, chosen = _places(ours), situation.components
    inventory, permits = situation.inventory, situation.permits
    left = [spawn for spawn in sorted(inventory.spawned) if spawn.place not in made]
    concerned = [spawn for spawn in left if chosen is None or spawn.component in chosen]
    outside = [
        each for each in concerned if not permits.outside and each.maker.namespace != inventory.namespace
    ]
    return Remembered(
        tuple(spawn for spawn in concerned if spawn not in outside),
        tuple(spawn for spawn in left if spawn not in concerned),
        tuple(outside),
    )


def orphaned(going: Iterable[Body], staying: Iterable[Body]) -> list[Spawn]:
    """Return where to find what nobody's program makes any more once `going` is gone."""
    kept = _places(staying)
    return [spawn for body in going for spawn in spawns_of(body) if spawn.place not in kept]


def _places(staying: Iterable[Body]) -> set[tuple[str, str]]:
    return {spawn.place for body in staying for spawn in spawns_of(body)}


def with_spawned(pruning: Pruning, made: Iterable[tuple[Spawn, Body]], *, data: bool) -> Pruning:
    """Return what goes with what programs made: pods before their makers, claims only with `data`."""
    makers = {Resource(body).key: (spawn, body) for spawn, body in made if is_spawned(body)}
    changes = {key: _change(*of, data) for key, of in makers.items()}
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
        makers={key: spawn for key, (spawn, _) in makers.items()},
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
