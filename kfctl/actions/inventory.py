"""What an app owns on a cluster: read and checked, widened before a write, shrunk after a prune, listed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kfctl.cluster import ownership
from kfctl.engine import applyset
from kfctl.errors import Forbidden, Refused
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfctl.cluster.client import Cluster
    from kfctl.model.inventory import Inventory, Listed, Run
    from kfctl.model.plan import Scope
    from kfctl.model.resource import Key


def load_inventory(cluster: Cluster, scope: Scope, *, take_over: bool = False) -> Inventory:
    """Return what this app owns in this environment; refuse what is another's, or damaged."""
    empty = applyset.inventory_of(scope)
    return applyset.read(
        ownership.find_parent(cluster, empty.name, empty.namespace), scope, take_over=take_over
    )


def readable_inventory(cluster: Cluster, scope: Scope) -> Inventory:
    """Return what this app owns, as far as that can be read: nothing where the record is another app's."""
    try:
        return load_inventory(cluster, scope)
    except (Refused, Forbidden):
        return applyset.inventory_of(scope)


def begin(cluster: Cluster, inventory: Inventory, keys: Iterable[Key], run: Run) -> Inventory:
    """Write, before the first object, where this run's objects and all earlier ones are to be found."""
    return _write(cluster, replace(inventory.including(keys), run=run, finished=False))


def finish(cluster: Cluster, inventory: Inventory, revision: int = 0) -> Inventory:
    """Write what is left after a run that has come to its end: `inventory` is what `remaining` says."""
    done = replace(inventory, finished=True, revision=revision or inventory.revision)
    return _write(cluster, done)


def inventories(cluster: Cluster, namespace: str = "") -> tuple[Inventory, ...]:
    """Return all apps of a namespace, or of the cluster, damaged or not."""
    found = (applyset.tolerant(body) for body in ownership.find_parents(cluster, namespace))
    return tuple(sorted(found, key=lambda each: (each.namespace, each.app, each.environment)))


def contents(
    cluster: Cluster, keys: Iterable[Key], bodies: Mapping[Key, object]
) -> dict[Key, tuple[Listed, ...]]:
    """Return what lives in namespaces and what instances definitions have, as a prune must know it."""
    found: dict[Key, tuple[Listed, ...]] = {}
    for key in keys:
        if key.kind == "Namespace":
            found[key] = ownership.contents(cluster, key.name)
        else:
            spec = at(bodies[key], "spec")
            found[key] = ownership.instances(cluster, str(at(spec, "group")), str(at(spec, "names", "kind")))
    return found


def _write(cluster: Cluster, inventory: Inventory) -> Inventory:
    written = applyset.tolerant(ownership.write_parent(cluster, applyset.parent(inventory)))
    return replace(inventory, uid=written.uid, version=written.version)
