"""How workloads are: one small function a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.conditions import conditions, true, words
from kfctl.model.resource import at, number
from kfctl.model.status import Health

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kfctl.engine.surroundings import Surroundings

    Body = Mapping[str, Any]
    Verdict = tuple[Health, str]
    Judge = Callable[[Body, Surroundings], Verdict]

UNSEEN = Health.PROGRESSING, "its controller has not seen it yet"
STOPPED = "kubeflow-resource-stopped"  # the annotation of a Notebook that is to have no pod
# What kinds that tell in one word how far they have come mean by it; any other word is on the way.
_WORDS = {
    "ready": Health.READY,
    "running": Health.READY,
    "waiting": Health.READY,  # a RayJob to which somebody is to submit the job
    "succeeded": Health.DONE,
    "completed": Health.DONE,
    "stopped": Health.FAILED,
    "error": Health.FAILED,
    "failed": Health.FAILED,
    "validationfailed": Health.FAILED,
    "submission_failed": Health.FAILED,
}
QUEUE = "kueue.x-k8s.io/queue-name"


def deployment(body: Body, around: Surroundings) -> Verdict:
    """Judge a Deployment: rolled out, old pods gone, all available."""
    del around
    wanted, found = _wanted(body), conditions(body)
    updated, available = count(body, "updatedReplicas"), count(body, "availableReplicas")
    old = count(body, "replicas") - updated
    if found.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded":
        return Health.FAILED, f"{available} of {wanted} available; {words(found['Progressing'])}"
    if updated >= wanted and old <= 0 and available >= wanted:
        return Health.READY, f"{available} of {wanted} available"
    if at(body, "spec", "paused"):
        return Health.PAUSED, "its rollout is paused"
    if failed := true(found, "ReplicaFailure"):
        return Health.PROGRESSING, words(failed)
    if updated < wanted:
        return Health.PROGRESSING, f"{updated} of {wanted} updated"
    return Health.PROGRESSING, f"{available} of {wanted} available" + (
        f", {old} old to go" if old > 0 else ""
    )


def stateful_set(body: Body, around: Surroundings) -> Verdict:
    """Judge a StatefulSet: all ready, and all of the new revision that the partition lets through."""
    del around
    wanted, ready = _wanted(body), count(body, "readyReplicas")
    strategy = at(body, "spec", "updateStrategy")
    partition = number(at(strategy, "rollingUpdate", "partition"))
    updated, new = count(body, "updatedReplicas"), max(0, wanted - partition)
    settled = count(body, "replicas") <= wanted and ready >= wanted
    if at(strategy, "type") == "OnDelete":
        note = (
            "" if updated >= wanted else f", {updated} of {wanted} updated: the others when they are deleted"
        )
        return (Health.READY if settled else Health.PROGRESSING), f"{ready} of {wanted} ready{note}"
    revision, newest = at(body, "status", "currentRevision"), at(body, "status", "updateRevision")
    if updated < new or (not partition and revision != newest):
        return Health.PROGRESSING, f"{updated} of {new} updated"
    return (Health.READY if settled else Health.PROGRESSING), f"{ready} of {wanted} ready"


def daemon_set(body: Body, around: Surroundings) -> Verdict:
    """Judge a DaemonSet: updated and available on every node that it is for."""
    del around
    wanted, available = count(body, "desiredNumberScheduled"), count(body, "numberAvailable")
    updated = count(body, "updatedNumberScheduled")
    by_hand = at(body, "spec", "updateStrategy", "type") == "OnDelete"
    if updated < wanted and not by_hand:
        return Health.PROGRESSING, f"{updated} of {wanted} updated"
    message = f"{available} of {wanted} available" if wanted else "no node is one that it is for"
    return (Health.READY if available >= wanted else Health.PROGRESSING), message


def replica_set(body: Body, around: Surroundings) -> Verdict:
    """Judge a ReplicaSet or ReplicationController: as many as wanted, all available."""
    del around
    wanted, available = _wanted(body), count(body, "availableReplicas")
    if failed := true(conditions(body), "ReplicaFailure"):
        return Health.PROGRESSING, words(failed)
    exact = available >= wanted and count(body, "replicas") <= wanted
    return (Health.READY if exact else Health.PROGRESSING), f"{available} of {wanted} available"


def cron_job(body: Body, around: Surroundings) -> Verdict:
    """Judge a CronJob: there is nothing to wait for."""
    del around
    if at(body, "spec", "suspend"):
        return Health.PAUSED, "suspended"
    last = at(body, "status", "lastScheduleTime")
    return Health.READY, f"last run {last}" if last else "never run yet"


def notebook(body: Body, around: Surroundings) -> Verdict:
    """Judge a Notebook of Kubeflow by its pod, which it has unless it is stopped."""
    del around
    if STOPPED in (at(body, "metadata", "annotations") or {}):
        return Health.PAUSED, "stopped"
    if count(body, "readyReplicas"):
        return Health.READY, "its pod is ready"
    state = at(body, "status", "containerState")
    lacking = (each for each in conditions(body).values() if each.get("status") == "False")
    said = words(at(state, "waiting") or at(state, "terminated") or next(lacking, {}))
    return Health.PROGRESSING, said or ("its pod is not ready yet" if at(body, "status") else untaken(body))


def by_word(body: Body, status: Any, word: str, why: str) -> Verdict:
    """Judge what tells in one word of its status how far it has come, and why in another."""
    told = str(at(status, word) or "").lower()
    found = _WORDS.get(told, Health.PROGRESSING)
    if at(body, "spec", "suspend") and found not in {Health.DONE, Health.FAILED}:
        return suspended(body)
    first_line = str(at(status, why) or "").strip().partition("\n")[0]  # the end of a log may follow
    message = first_line or told or ("" if status else untaken(body))
    return found, "" if message == found.value else message


def untaken(body: Body) -> str:
    """Say of a custom resource without a status why that may be."""
    return f"no operator has taken it up: does one run that knows {body.get('kind')}?"


def suspended(body: Body) -> Verdict:
    """Judge what is told not to run: whoever told it, or a queue, lets it go on."""
    queue = (at(body, "metadata", "labels") or {}).get(QUEUE)
    return Health.PAUSED, f"waits in the queue {queue}" if queue else "suspended"


def _wanted(body: Body) -> int:
    return number(at(body, "spec", "replicas"), 1)


def count(body: Body, field: str) -> int:
    """Return a number of the status; where it tells none, it is 0."""
    return number(at(body, "status", field))
