"""What a run writes down: the cluster it met, where its objects are to be found, what it left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kfctl.errors import KfctlError
from kfctl.model.plan import Action
from kfctl.model.status import Event, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.actions.apply import Apply
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.execute import Executed
    from kfctl.model.inventory import Inventory
    from kfctl.model.resource import Key


def bind(prepared: Apply) -> Iterator[Event]:
    """Record the cluster for the environment, the first time that the app has something there."""
    from kfctl.actions.guard import record

    about = prepared.about
    if not about.app.root or not (prepared.run or prepared.decision.inventory.uid):
        return
    warning = record(about.app, about.environment, prepared.cluster, prepared.plan.scope.cluster_uid)
    if warning:
        yield Event(Step.NOTE, message=warning)


def begin(prepared: Apply) -> Inventory | None:
    """Write where to find what this run will write, before it does; None where it writes nothing."""
    from kfctl.actions import guard, inventory

    if prepared.run is None:
        return None
    decision = prepared.decision
    wanted = [each.key for each in decision.intents]
    spawned = decision.inventory.spawned | decision.pruning.spawned
    cluster = guard.seen(prepared.plan.scope) or decision.inventory.cluster
    known = replace(decision.inventory, spawned=spawned, cluster=cluster)
    return inventory.begin(prepared.cluster, known, wanted, prepared.run)


def close(prepared: Apply, inventory: Inventory, executed: Executed, gone: frozenset[Key]) -> Iterator[Event]:
    """Write what is left: no more than can be proved."""
    from kfctl.actions.inventory import finish
    from kfctl.actions.revise import record
    from kfctl.engine.prune import remaining

    decision = prepared.decision
    deleted = {change.key for change in prepared.plan.changes if change.action is Action.DELETE}
    wanted = [each.key for each in decision.intents]
    left = remaining(inventory, wanted, decision.pruning, deleted - gone)
    done = (
        {change.key for change in prepared.plan.changes if change.writes} - deleted - executed.undone.keys()
    )
    try:
        if prepared.removes and not left.leads:
            _forget(prepared.cluster, inventory)
        else:
            number = record(prepared, inventory, executed.undone) if done | gone else 0
            finish(prepared.cluster, left, number)
    except KfctlError as error:
        yield Event(Step.NOTE, message=f"the end of this run could not be recorded: {error}")


def _forget(cluster: Cluster, inventory: Inventory) -> None:
    """Remove all that is recorded of an app that is no more; what tells of the rest goes last."""
    from kfctl.cluster.history import remove_all
    from kfctl.cluster.ownership import delete_parent

    remove_all(cluster, inventory)
    delete_parent(cluster, inventory)
