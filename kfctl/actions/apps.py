"""The apps of a cluster, as their records there tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.model.status import Health

if TYPE_CHECKING:
    from kfctl.cluster.client import Cluster
    from kfctl.model.inventory import Inventory


@dataclass(frozen=True)
class Listing:
    """An app in an environment, and how it is."""

    inventory: Inventory
    health: Health
    objects: int


def apps(cluster: Cluster, namespace: str = "") -> tuple[Listing, ...]:
    """Return the apps of a namespace, or of the whole cluster."""
    from kfctl.actions.inventory import inventories

    return tuple(_listing(cluster, each) for each in inventories(cluster, namespace))


def _listing(cluster: Cluster, inventory: Inventory) -> Listing:
    from kfctl.actions.judge import Judge
    from kfctl.cluster.ownership import list_members
    from kfctl.engine.keep import Member, is_copy
    from kfctl.model.resource import Resource

    judge, order = Judge(cluster), list(Health)
    listed = list_members(cluster, inventory)
    bodies = [body for each in listed for body in each.items if not is_copy(Member(Resource(dict(body))))]
    healths = [judge.health(body, ()).health for body in bodies]
    if any(each.gap for each in listed):
        healths.append(Health.UNKNOWN)
    return Listing(inventory, max(healths, key=order.index, default=Health.READY), len(bodies))
