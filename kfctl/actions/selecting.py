"""Services that select nothing: no object of the app makes such pods, and none are on the cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kfctl.cluster.pool import parallel
from kfctl.cluster.request import Selection
from kfctl.engine.together import idle_services, selector_text
from kfctl.errors import KfctlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.model.resource import Key, Resource
    from kfctl.model.status import Status


def with_idle(
    cluster: Cluster, statuses: Mapping[Key, Status], wanted: Sequence[Resource], among: Iterable[Key]
) -> dict[Key, Status]:
    """Return the statuses of the Services `among` these that select nothing, with a note that says so."""
    looked_at = frozenset(among) & statuses.keys()
    idle = [service for service in idle_services(wanted) if service.key in looked_at]
    texts = [selector_text(service) for service in idle]
    found = parallel(
        lambda i: cluster.list_all("v1", "Pod", Selection(idle[i].namespace, texts[i])), range(len(idle))
    )
    return {
        service.key: _noted(statuses[service.key], f"selects {text}, and there are no such pods")
        for service, text, listed in zip(idle, texts, found, strict=True)
        if not isinstance(listed, KfctlError) and not listed.items  # who may not see pods can't tell
    }


def _noted(status: Status, note: str) -> Status:
    return replace(status, message="; ".join(filter(None, (note, status.message))))
