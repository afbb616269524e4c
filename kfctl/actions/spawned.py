"""What programs of an app made on the cluster, and what of it goes with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfctl.cluster.request import Selection
from kfctl.engine import spawned
from kfctl.errors import Forbidden
from kfctl.model.resource import Resource, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfctl.cluster.client import Cluster
    from kfctl.engine.keep import Situation
    from kfctl.engine.prune import Pruning
    from kfctl.model.inventory import Spawn
    from kfctl.model.resource import Key

    Body = Mapping[str, Any]


def with_spawned(
    cluster: Cluster, decided: tuple[Pruning, Situation], staying: Iterable[Body]
) -> tuple[Pruning, Situation, tuple[str, ...]]:
    """Return what goes with what the programs that go made, and warnings of what can't be known."""
    pruning, situation = decided
    going = {change.key: change.live or {} for change in pruning.deletes}
    stays = [body for body in staying if Resource(body).key not in going]
    earlier = spawned.remembered(situation, [*stays, *going.values()])
    taken = [spawn for spawn in earlier.concerned if _is_there(cluster, spawn.maker)]
    left = (spawn for spawn in earlier.concerned if spawn not in taken)
    made, unseen = made_by(cluster, [*spawned.orphaned(going.values(), stays), *left])
    unseen += [(spawn, f"what {spawn.maker} made stays: there is another {spawn.maker}") for spawn in taken]
    unseen += [
        (spawn, f"only the inventory names {_selected(spawn)}: not deleted") for spawn in earlier.outside
    ]
    pruning = spawned.with_spawned(pruning, made, data=situation.permits.data)
    pruning = replace(pruning, unseen=frozenset([*earlier.untouched, *(spawn for spawn, _ in unseen)]))
    gone = frozenset(_uid(change.live) for change in pruning.deletes if change.key not in going)
    return pruning, replace(situation, spawned=gone), tuple(dict.fromkeys(why for _, why in unseen))


def _is_there(cluster: Cluster, maker: Key) -> bool:
    """Return whether a workload of a maker's name runs: then what the one before it made is in its hands."""
    kind = cluster.kinds.of_group(maker.group, maker.kind)
    return bool(kind and cluster.find(kind.api_version, kind.kind, maker.name, maker.namespace))


def made_by(
    cluster: Cluster, spawns: Iterable[Spawn]
) -> tuple[list[tuple[Spawn, Body]], list[tuple[Spawn, str]]]:
    """Return what programs made, each object once, and what of it may not be listed, with the reason."""
    found: dict[str, tuple[Spawn, Body]] = {}
    unseen = []
    for spawn in spawns:
        for kind in spawned.KINDS:
            try:
                items = cluster.list_all(*kind, Selection(spawn.maker.namespace, labels=spawn.selector)).items
            except Forbidden as error:
                unseen.append((spawn, f"what {spawn.maker} made may still be there: {error}"))
                continue
            found |= {_uid(body): (spawn, body) for body in items}
    return list(found.values()), unseen


def _selected(spawn: Spawn) -> str:
    return f"the pods and PersistentVolumeClaims with {spawn.selector} in namespace {spawn.maker.namespace}"


def _uid(body: Body | None) -> str:
    return str(at(body, "metadata", "uid"))
