"""What the cluster has to say about an object that is not ready: events, and the end of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.cluster.request import LogQuery, Selection
from kfctl.errors import KfctlError
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.cluster.client import Cluster

    Body = Mapping[str, Any]

LINES = 100  # of a log: of these some may be the same


def events_about(cluster: Cluster, body: Body) -> list[Body]:
    """Return the events about an object; about a Deployment also those about what makes its pods."""
    namespace = str(at(body, "metadata", "namespace") or "default")
    try:
        uids = [str(at(body, "metadata", "uid") or ""), *_replica_sets(cluster, body, namespace)]
        return [event for uid in uids if uid for event in cluster.events(namespace, uid=uid)]
    except KfctlError:  # the right to read events may be missing: then there is less to tell
        return []


def pods_of(cluster: Cluster, body: Body) -> list[Body]:
    """Return the pods that an object's controller has made for it directly, as those of a job are."""
    try:
        pods = cluster.list_all("v1", "Pod", Selection(str(at(body, "metadata", "namespace") or ""))).items
    except KfctlError:  # who may not see pods is told less
        return []
    return [pod for pod in pods if _owner(pod) == at(body, "metadata", "uid")]


def last_lines(cluster: Cluster, pod: Body, container: str, *, previous: bool) -> tuple[str, ...]:
    """Return the end of a container's log, or of the log before its last restart."""
    namespace, name = str(at(pod, "metadata", "namespace")), str(at(pod, "metadata", "name"))
    try:
        text = cluster.logs(namespace, name, LogQuery(container, tail=LINES, previous=previous))
    except KfctlError:  # the node may not answer, or the container may be gone
        return ()
    return tuple(text.splitlines()[-LINES:])


def _replica_sets(cluster: Cluster, body: Body, namespace: str) -> list[str]:
    if body.get("kind") != "Deployment":
        return []
    labels = at(body, "spec", "selector", "matchLabels") or {}
    selection = Selection(namespace, labels=",".join(f"{key}={value}" for key, value in labels.items()))
    found = cluster.list_all("apps/v1", "ReplicaSet", selection).items
    return [str(at(item, "metadata", "uid")) for item in found if _owner(item) == at(body, "metadata", "uid")]


def _owner(body: Body) -> str:
    owners = at(body, "metadata", "ownerReferences") or ()
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), "")
