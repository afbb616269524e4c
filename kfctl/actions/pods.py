"""Where the pods of a component are to be found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfctl.cluster.request import Selection
from kfctl.cluster.streams import Source
from kfctl.engine.ownership import COMPONENT, selector
from kfctl.engine.spawned import selector_of
from kfctl.errors import KfctlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.cluster.client import Cluster
    from kfctl.model.app import App
    from kfctl.model.plan import Scope


def sources_of(app: App, cluster: Cluster, scope: Scope, component: str) -> list[Source]:
    """Return what lists a component's pods: those of its objects, and those that its program makes."""
    made = [Selection(scope.namespace, labels=labels) for labels in spawned(app, component)]
    return [Source("v1", "Pod", each) for each in (*places(cluster, scope, component), *made)]


def places(cluster: Cluster, scope: Scope, component: str) -> list[Selection]:
    """Return what selects a component's own objects, wherever they are."""
    from kfctl.actions.inventory import readable_inventory

    labels = f"{selector(scope)},{COMPONENT}={component}"
    spaces = sorted({scope.namespace, *readable_inventory(cluster, scope).namespaces})
    return [Selection(space, labels=labels) for space in spaces]


def spawned(app: App, component: str) -> Iterator[str]:
    """Yield the label selectors of what a component's program makes, as its prototype tells them."""
    from kfctl.store.catalog import catalog

    declared = app.components[component]
    try:
        prototype = catalog(app.root).get(declared.prototype, declared.where)
    except KfctlError:  # the app may be broken: its own pods are found all the same
        return
    yield from map(selector_of, prototype.spawns)
