"""Why objects are not ready: the worst pod, its reason, the end of its log, what events say, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.cluster.explain import events_about, last_lines, pods_of
from kfctl.cluster.pool import parallel
from kfctl.engine import pods as podhealth
from kfctl.engine.causes import cause_of, telling
from kfctl.engine.health import has_ended
from kfctl.errors import KfctlError
from kfctl.model.status import Health

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfctl.actions.judge import Judge
    from kfctl.cluster.client import Cluster
    from kfctl.model.status import Cause, Status

    Body = Mapping[str, Any]

MOST = 50  # objects that are looked into: after so many the reasons repeat
# Reasons that a pod gives before anything can be known; its events know more.
_VAGUE = frozenset({"", "NotReady", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True)
class Troubled:
    """An object that is not ready, as it was found, with its pods."""

    status: Status
    body: Body
    pods: Sequence[Body] = ()


def explained(cluster: Cluster, troubled: Sequence[Troubled], judge: Judge) -> list[Status]:
    """Return the statuses with their causes, as far as these can be found out and may be told."""
    looked = parallel(lambda each: _explained(cluster, _with_pods(cluster, each)), troubled[:MOST])
    statuses = [each.status for each in troubled]
    found = [
        status if isinstance(result, KfctlError) else judge.told(result)
        for status, result in zip(statuses, looked, strict=False)
    ]
    return found + statuses[len(found) :]


def _with_pods(cluster: Cluster, each: Troubled) -> Troubled:
    """Return it with its pods; of a job that had failed before anybody waited for it nobody has seen them."""
    if each.pods or each.status.health is not Health.FAILED or not has_ended(each.body):
        return each
    return replace(each, pods=pods_of(cluster, each.body))


def _explained(cluster: Cluster, each: Troubled) -> Status:
    if each.status.cause and not each.status.cause.pod:
        return each.status  # it is known already: no node
    pod = each.body if each.body.get("kind") == "Pod" else podhealth.worst(each.pods, cluster.now())
    cause = _of_pod(cluster, pod) if pod else None
    if cause is None and each.status.health is not Health.MISSING:
        cause = cause_of(events_about(cluster, each.body))
    return replace(each.status, cause=cause or each.status.cause)


def _of_pod(cluster: Cluster, pod: Body) -> Cause | None:
    cause = podhealth.cause(pod, cluster.now())
    if cause is None or cause.reason in _VAGUE:
        told = cause_of(events_about(cluster, pod))
        cause = told or cause
    if cause is None:
        return None
    container = podhealth.troubled_container(pod)
    if container is None:
        return cause
    name, previous = container
    return replace(cause, log=telling(last_lines(cluster, pod, name, previous=previous)))
