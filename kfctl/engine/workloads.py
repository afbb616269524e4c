"""How workloads and jobs are: one small function a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine import pods as podhealth
from kfctl.engine.conditions import conditions, true, words
from kfctl.engine.podtemplates import maps
from kfctl.model.resource import at
from kfctl.model.status import Health

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.engine.surroundings import Surroundings

    Body = Mapping[str, Any]
    Verdict = tuple[Health, str]

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
    updated, available = _count(body, "updatedReplicas"), _count(body, "availableReplicas")
    old = _count(body, "replicas") - updated
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
    wanted, ready = _wanted(body), _count(body, "readyReplicas")
    strategy = at(body, "spec", "updateStrategy") or {}
    partition = int(at(strategy, "rollingUpdate", "partition") or 0)
    updated, new = _count(body, "updatedReplicas"), max(0, wanted - partition)
    settled = _count(body, "replicas") <= wanted and ready >= wanted
    if strategy.get("type") == "OnDelete":
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
    wanted, available = _count(body, "desiredNumberScheduled"), _count(body, "numberAvailable")
    updated = _count(body, "updatedNumberScheduled")
    by_hand = at(body, "spec", "updateStrategy", "type") == "OnDelete"
    if updated < wanted and not by_hand:
        return Health.PROGRESSING, f"{updated} of {wanted} updated"
    message = f"{available} of {wanted} available" if wanted else "no node is one that it is for"
    return (Health.READY if available >= wanted else Health.PROGRESSING), message


def replica_set(body: Body, around: Surroundings) -> Verdict:
    """Judge a ReplicaSet or ReplicationController: as many as wanted, all available."""
    del around
    wanted, available = _wanted(body), _count(body, "availableReplicas")
    if failed := true(conditions(body), "ReplicaFailure"):
        return Health.PROGRESSING, words(failed)
    exact = available >= wanted and _count(body, "replicas") <= wanted
    return (Health.READY if exact else Health.PROGRESSING), f"{available} of {wanted} available"


def running(message: str, around: Surroundings) -> Verdict:
    """Judge a job of which its controller says that it runs: does it stay so, and is that enough?"""
    for pod in around.pods:
        if why := podhealth.looping(pod, around.now):  # its controller counts it as running
            said = f"{why.pod} does not stay so: {why.reason}: {why.message}"
            return Health.PROGRESSING, f"{message}, but {said}"
    return (Health.PROGRESSING if around.wait_for_jobs else Health.READY), message


def job(body: Body, around: Surroundings) -> Verdict:
    """Judge a Job: it runs, has ended or is suspended."""
    del around
    if rests := _at_rest(body):
        return rests
    if not at(body, "status", "startTime"):
        return UNSEEN
    active, ready = _count(body, "active"), _count(body, "ready")
    failures = _count(body, "failed")
    message = f"{ready} of {active} running" if active else "no pod yet"
    note = f", {failures} failed before" if failures else ""
    return (Health.READY if 0 < active <= ready else Health.PROGRESSING), message + note


def cron_job(body: Body, around: Surroundings) -> Verdict:
    """Judge a CronJob: there is nothing to wait for."""
    del around
    if at(body, "spec", "suspend"):
        return Health.PAUSED, "suspended"
    last = at(body, "status", "lastScheduleTime")
    return Health.READY, f"last run {last}" if last else "never run yet"


def training_job(body: Body, around: Surroundings) -> Verdict:
    """Judge a TFJob or one of its sisters; a condition counts only while its status is "True"."""
    del around
    if rests := _at_rest(body):
        return rests
    if not (found := conditions(body)):
        return Health.PROGRESSING, untaken(body)
    up, wanted = _replicas_running(body), _replicas_wanted(body)
    message = f"{up} of {wanted} replicas running"
    if restarting := true(found, "Restarting"):
        return Health.PROGRESSING, f"{message}; {words(restarting)}"
    runs = up >= wanted if at(body, "status", "replicaStatuses") else bool(true(found, "Running"))
    return (Health.READY if runs else Health.PROGRESSING), message


def job_set(body: Body, around: Surroundings) -> Verdict:
    """Judge a JobSet, or a TrainJob, which is made of one: those of its jobs that are active are up."""
    del around
    if rests := _at_rest(body):
        return rests
    if starting := true(conditions(body), "RestartingJobSet", "StartupPolicyInProgress"):
        return Health.PROGRESSING, words(starting)
    jobs = maps(at(body, "status", "replicatedJobsStatus") or at(body, "status", "jobsStatus"))
    active, ready = (sum(int(each.get(count) or 0) for each in jobs) for count in ("active", "ready"))
    if not active:
        return Health.PROGRESSING, "none of its jobs runs yet" if jobs else untaken(body)
    return (Health.READY if ready >= active else Health.PROGRESSING), f"{ready} of {active} jobs running"


def notebook(body: Body, around: Surroundings) -> Verdict:
    """Judge a Notebook of Kubeflow by its pod, which it has unless it is stopped."""
    del around
    if STOPPED in (at(body, "metadata", "annotations") or {}):
        return Health.PAUSED, "stopped"
    if _count(body, "readyReplicas"):
        return Health.READY, "its pod is ready"
    state = at(body, "status", "containerState")
    lacking = (each for each in conditions(body).values() if each.get("status") == "False")
    said = words(at(state, "waiting") or at(state, "terminated") or next(lacking, {}))
    return Health.PROGRESSING, said or ("its pod is not ready yet" if at(body, "status") else untaken(body))


def spark_application(body: Body, around: Surroundings) -> Verdict:
    """Judge a SparkApplication, which has a state and no conditions."""
    del around
    return by_word(body, at(body, "status", "applicationState"), "state", "errorMessage")


def ray_job(body: Body, around: Surroundings) -> Verdict:
    """Judge a RayJob: by how far its cluster and its submission are, in the end by what it came to."""
    del around
    status = at(body, "status")
    # Complete is, too, one that was stopped, and before KubeRay 1.1 one that has failed.
    word = "jobStatus" if at(status, "jobDeploymentStatus") == "Complete" else "jobDeploymentStatus"
    return by_word(body, status, word, "message")


def workflow(body: Body, around: Surroundings) -> Verdict:
    """Judge a Workflow of Argo by its phase: its condition Completed is true of a failed one, too."""
    del around
    return by_word(body, at(body, "status"), "phase", "message")


def by_word(body: Body, status: Any, word: str, why: str) -> Verdict:
    """Judge what tells in one word of its status how far it has come, and why in another."""
    told = str(at(status, word) or "").lower()
    found = _WORDS.get(told, Health.PROGRESSING)
    if at(body, "spec", "suspend") and found not in {Health.DONE, Health.FAILED}:
        return _suspended(body)
    first_line = str(at(status, why) or "").strip().partition("\n")[0]  # the end of a log may follow
    message = first_line or told or ("" if status else untaken(body))
    return found, "" if message == found.value else message


def _at_rest(body: Body) -> Verdict | None:
    """Return how a job is of which its conditions or its spec say that it does not run; None where it may."""
    found = conditions(body)
    if failed := true(found, "Failed"):
        return Health.FAILED, words(failed)
    if true(found, "Succeeded", "Complete", "Completed"):
        return Health.DONE, _ended(body, "succeeded")
    if at(body, "spec", "suspend") or at(body, "spec", "runPolicy", "suspend"):
        return _suspended(body)
    return (Health.PROGRESSING, "about to go on") if true(found, "Suspended") else None


def untaken(body: Body) -> str:
    """Say of a custom resource without a status why that may be."""
    return f"no operator has taken it up: does one run that knows {body.get('kind')}?"


def _replicas_wanted(body: Body) -> int:
    specs = _replica_specs(body).values()
    return sum(int(spec.get("replicas", 1)) for spec in specs if isinstance(spec, dict))


def _replicas_running(body: Body) -> int:
    statuses = (at(body, "status", "replicaStatuses") or {}).values()
    return sum(int(s.get("active") or 0) + int(s.get("succeeded") or 0) for s in statuses if s)


def _replica_specs(body: Body) -> Body:
    spec = body.get("spec") or {}
    return next((spec[key] or {} for key in spec if key.endswith("ReplicaSpecs")), {})


def _suspended(body: Body) -> Verdict:
    queue = (at(body, "metadata", "labels") or {}).get(QUEUE)
    return Health.PAUSED, f"waits in the queue {queue}" if queue else "suspended"


def _ended(body: Body, word: str) -> str:
    count = _count(body, "succeeded")
    return f"{count} pods {word}" if count > 1 else word


def _wanted(body: Body) -> int:
    replicas = at(body, "spec", "replicas")
    return 1 if replicas is None else int(replicas)


def _count(body: Body, field: str) -> int:
    return int(at(body, "status", field) or 0)
