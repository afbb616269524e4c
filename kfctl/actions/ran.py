"""Which jobs have run and were removed by their TTL: these are not made again unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfctl.errors import KfctlError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.cluster.client import Cluster
    from kfctl.model.app import App, Environment
    from kfctl.model.inventory import Inventory
    from kfctl.model.resource import Key, Resource


def ran(
    cluster: Cluster, inventory: Inventory, absent: Iterable[Resource], of: tuple[App, Environment]
) -> frozenset[Key]:
    """Return which of the absent objects are jobs with a TTL that were last applied as they are wanted."""
    from kfctl.actions.history import read
    from kfctl.actions.plan import secrets
    from kfctl.engine.health import has_ttl
    from kfctl.engine.hidden import Hider

    jobs = [resource for resource in absent if has_ttl(resource.body)]
    if not jobs or not inventory.revision:
        return frozenset()
    try:
        _, last = read(cluster, inventory, inventory.revision)
    except KfctlError:
        return frozenset()  # what is not known to have run runs
    hider = Hider(secrets(*of))
    applied = {resource.key: resource.body for resource in last.objects}
    return frozenset(job.key for job in jobs if applied.get(job.key) == hider.body(job.body))
