"""Which jobs have run and were removed by their TTL: these are not made again unasked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from kfctl.errors import KfctlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.engine.revision import Revision
    from kfctl.model.app import App, Environment
    from kfctl.model.inventory import Inventory
    from kfctl.model.resource import Key, Resource

    Past = Sequence[tuple[Revision, Mapping[Key, Any]]]  # what each revision applied, the newest first


def ran(
    cluster: Cluster, inventory: Inventory, absent: Iterable[Resource], of: tuple[App, Environment]
) -> frozenset[Key]:
    """Return which of the absent objects are jobs with a TTL that were last applied as they are wanted.

    Not those that were applied less than their TTL ago: somebody has deleted them.
    """
    from kfctl.actions.secrets import secrets_of
    from kfctl.engine.health import ttl
    from kfctl.engine.hidden import Hider

    jobs = [(resource, seconds) for resource in absent if (seconds := ttl(resource.body)) is not None]
    if not jobs or not inventory.revision:
        return frozenset()
    past = list(_past(cluster, inventory))
    hider = Hider(secrets_of(*of).parameters)
    return frozenset(
        job.key
        for job, seconds in jobs
        if _has_run(past, job.key, hider.resource(job), cluster.now() - seconds)
    )


def _past(cluster: Cluster, inventory: Inventory) -> Iterator[tuple[Revision, Mapping[Key, Any]]]:
    from kfctl.actions.history import contents, revisions

    for revision in revisions(cluster, inventory):
        if revision.number > inventory.revision:
            continue
        try:
            held = contents(cluster, inventory, revision)
        except KfctlError:
            return  # what is not known to have run runs
        yield revision, {resource.key: resource.body for resource in held.objects}


def _has_run(past: Past, key: Key, wanted: Mapping[str, Any], latest: float) -> bool:
    """Whether a job was last applied as it is wanted, and began by `latest` (seconds since 1970).

    A change that leaves its pods as they are makes no other run of it. Where the history does not go back to
    its first apply, that was long ago.
    """
    number = 0
    for revision, held in past:
        body = held.get(key)
        if body != wanted and not (number and body and _program(body) == _program(wanted)):
            return False
        if datetime.fromisoformat(revision.run.when).timestamp() <= latest:
            return True
        number = revision.number
    return number > 1


def _program(body: Mapping[str, Any]) -> Any:
    """Return what of a job makes it another run where it is changed: its pods' templates."""
    from kfctl.engine.podtemplates import pod_templates
    from kfctl.model.resource import Resource

    return pod_templates(Resource(body)) or body.get("spec")
