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
    from kfctl.engine.spawned import Spawn

    Body = Mapping[str, Any]


def with_spawned(
    cluster: Cluster, decided: tuple[Pruning, Situation], staying: Iterable[Body]
) -> tuple[Pruning, Situation, tuple[str, ...]]:
    """Return what goes with what the programs that go made, and warnings of what can't be known."""
    pruning, situation = decided
    going = {change.key: change.live or {} for change in pruning.deletes}
    stays = (body for body in staying if Resource(body).key not in going)
    made, warnings = made_by(cluster, spawned.orphaned(going.values(), stays))
    pruning = spawned.with_spawned(pruning, made, data=situation.permits.data)
    gone = frozenset(_uid(change.live) for change in pruning.deletes if change.key not in going)
    return pruning, replace(situation, spawned=gone), warnings


def made_by(cluster: Cluster, spawns: Iterable[Spawn]) -> tuple[list[tuple[Spawn, Body]], tuple[str, ...]]:
    """Return what programs made, each object once, and warnings of what may not be listed."""
    found: dict[str, tuple[Spawn, Body]] = {}
    warnings = []
    for spawn in spawns:
        for kind in spawned.KINDS:
            try:
                items = cluster.list_all(*kind, Selection(spawn.maker.namespace, labels=spawn.selector)).items
            except Forbidden as error:
                warnings.append(f"what {spawn.maker} made may still be there: {error}")
                continue
            found |= {_uid(body): (spawn, body) for body in items}
    return list(found.values()), tuple(warnings)


def _uid(body: Body | None) -> str:
    return str(at(body, "metadata", "uid"))
