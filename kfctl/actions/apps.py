"""The apps of a cluster, as their records there tell of them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.errors import AppError
from kfctl.model.status import Health

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.errors import Problem
    from kfctl.model.app import Environment, Target
    from kfctl.model.inventory import Inventory

ALL = ("",)  # namespaces


@dataclass(frozen=True)
class Listing:
    """An app in an environment, and how it is."""

    inventory: Inventory
    health: Health
    objects: int


def apps(cluster: Cluster, namespaces: Sequence[str]) -> tuple[Listing, ...]:
    """Return the apps of these namespaces."""
    from kfctl.actions.inventory import inventories

    found = [each for namespace in namespaces for each in inventories(cluster, namespace)]
    return tuple(_listing(cluster, each) for each in found)


def nearby(directory: str | None, current: Target) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Return the namespaces of an app's environments in the current context; the current one elsewhere.

    What is wrong with environments comes beside it: the cluster has its apps all the same.
    """
    from kfctl.actions.app import here
    from kfctl.actions.env import each_environment

    found: Mapping[str, Environment | AppError] = {}
    with suppress(AppError):  # no app here
        found = each_environment(here(directory))
    problems = [p for each in found.values() if isinstance(each, AppError) for p in each.problems]
    targets = [each.target for each in found.values() if not isinstance(each, AppError)]
    here_too = [target for target in targets if target.context in (None, current.context)]
    return tuple(sorted({target.namespace or "default" for target in here_too or [current]})), tuple(problems)


def _listing(cluster: Cluster, inventory: Inventory) -> Listing:
    from kfctl.actions.judge import Judge
    from kfctl.actions.spawned import made_by
    from kfctl.cluster.ownership import list_members
    from kfctl.engine.keep import Member, is_copy
    from kfctl.engine.spawned import is_spawned
    from kfctl.model.resource import Resource

    judge, order = Judge(cluster), list(Health)
    listed = list_members(cluster, inventory)
    bodies = [body for each in listed for body in each.items if not is_copy(Member(Resource(dict(body))))]
    made, _ = made_by(cluster, inventory.spawned)
    bodies += [body for _, body in made if is_spawned(body)]
    healths = [judge.health(body, ()).health for body in bodies]
    if any(each.gap for each in listed):
        healths.append(Health.UNKNOWN)
    return Listing(inventory, max(healths, key=order.index, default=Health.READY), len(bodies))
