"""How what runs to an end is: one small function a kind, in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfctl.engine import pods as podhealth
from kfctl.engine import workloads
from kfctl.engine.conditions import conditions, true, words
from kfctl.engine.podtemplates import maps
from kfctl.model.resource import at, fields, number
from kfctl.model.status import Health

if TYPE_CHECKING:
    from kfctl.engine.surroundings import Surroundings
    from kfctl.engine.workloads import Body, Judge, Verdict


def running(message: str, around: Surroundings) -> Verdict:
    """Judge a job of which its controller says that it runs: does it stay so, and is that enough?"""
    for pod in around.pods:
        if why := podhealth.looping(pod, around.now):  # its controller counts it as running
            said = f"{why.pod} does not stay so: {why.reason}: {why.message}"
            return Health.PROGRESSING, f"{message}, but {said}"
    if podhealth.unproven(around.pods, around.now):  # its failed pods stay, and others take their place
        return Health.PROGRESSING, f"{message}, for less than {podhealth.STEADY:.0f} s after a failure"
    return (Health.PROGRESSING if around.wait_for_jobs else Health.READY), message


def job(body: Body, around: Surroundings) -> Verdict:
    """Judge a Job: it runs, has ended or is suspended."""
    del around
    if rests := _at_rest(body):
        return rests
    if at(body, "spec", "parallelism") == 0 and not workloads.count(body, "active"):
        return Health.PAUSED, "parallelism is 0"
    if not at(body, "status", "startTime"):
        return workloads.UNSEEN
    active, ready = workloads.count(body, "active"), workloads.count(body, "ready")
    failures = workloads.count(body, "failed")
    message = f"{ready} of {active} running" if active else "no pod yet"
    note = f", {failures} failed before" if failures else ""
    return (Health.READY if 0 < active <= ready else Health.PROGRESSING), message + note


def training_job(body: Body, around: Surroundings) -> Verdict:
    """Judge a TFJob or one of its sisters; a condition counts only while its status is "True"."""
    del around
    if rests := _at_rest(body):
        return rests
    if not (found := conditions(body)):
        return Health.PROGRESSING, workloads.untaken(body)
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
    active, ready = (sum(number(each.get(count)) for each in jobs) for count in ("active", "ready"))
    if not active:
        return Health.PROGRESSING, "none of its jobs runs yet" if jobs else workloads.untaken(body)
    return (Health.READY if ready >= active else Health.PROGRESSING), f"{ready} of {active} jobs running"


def spark_application(body: Body, around: Surroundings) -> Verdict:
    """Judge a SparkApplication, which has a state and no conditions."""
    del around
    return workloads.by_word(body, at(body, "status", "applicationState"), "state", "errorMessage")


def ray_job(body: Body, around: Surroundings) -> Verdict:
    """Judge a RayJob: by how far its cluster and its submission are, in the end by what it came to."""
    del around
    status = at(body, "status")
    # Complete is, too, one that was stopped, and before KubeRay 1.1 one that has failed.
    word = "jobStatus" if at(status, "jobDeploymentStatus") == "Complete" else "jobDeploymentStatus"
    return workloads.by_word(body, status, word, "message")


def workflow(body: Body, around: Surroundings) -> Verdict:
    """Judge a Workflow of Argo by its phase: its condition Completed is true of a failed one, too."""
    del around
    return workloads.by_word(body, at(body, "status"), "phase", "message")


def _at_rest(body: Body) -> Verdict | None:
    """Return how a job is of which its conditions or its spec say that it does not run; None where it may."""
    found = conditions(body)
    if failed := true(found, "Failed"):
        return Health.FAILED, words(failed)
    if true(found, "Succeeded", "Complete", "Completed"):
        return Health.DONE, _ended(body, "succeeded")
    if at(body, "spec", "suspend") or at(body, "spec", "runPolicy", "suspend"):
        return workloads.suspended(body)
    return (Health.PROGRESSING, "about to go on") if true(found, "Suspended") else None


def _replicas_wanted(body: Body) -> int:
    spec = at(body, "spec")
    specs = next((each for key, each in fields(spec) if key.endswith("ReplicaSpecs")), None)
    return sum(number(at(each, "replicas"), 1) for _, each in fields(specs) if isinstance(each, dict))


def _replicas_running(body: Body) -> int:
    statuses = [each for _, each in fields(at(body, "status", "replicaStatuses"))]
    return sum(number(at(each, count)) for each in statuses for count in ("active", "succeeded"))


def _ended(body: Body, word: str) -> str:
    count = workloads.count(body, "succeeded")
    return f"{count} pods {word}" if count > 1 else word


TRAINING = ("TFJob", "PyTorchJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob")

# What runs to an end: ready is one that runs.
JOBS: dict[tuple[str, str], Judge] = {
    ("batch", "Job"): job,
    **{("kubeflow.org", kind): training_job for kind in TRAINING},
    ("trainer.kubeflow.org", "TrainJob"): job_set,
    ("jobset.x-k8s.io", "JobSet"): job_set,
    ("sparkoperator.k8s.io", "SparkApplication"): spark_application,
    ("ray.io", "RayJob"): ray_job,
    ("argoproj.io", "Workflow"): workflow,
}
