"""How far an object has come: one small function a kind, in a table."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from kfctl.engine import jobs, workloads
from kfctl.engine import pods as podhealth
from kfctl.engine.conditions import conditions, is_outdated, observed, true, words
from kfctl.engine.podtemplates import BETWEEN, pod_templates
from kfctl.engine.surroundings import Surroundings
from kfctl.model.resource import Resource, at, fields, is_custom
from kfctl.model.status import Health, Status

if TYPE_CHECKING:
    from kfctl.engine.workloads import Body, Judge, Verdict

COMPONENT = "kfctl.dev/component"
LOAD_BALANCER_PATIENCE = 30.0  # seconds until a load balancer without an address counts as ready
CONDITION_PATIENCE = 10.0  # seconds until a custom resource without conditions counts as ready


def health(body: Body, around: Surroundings) -> Status:
    """Return how an object is; its pods become its children, the worst of them the cause."""
    found, message = verdict(body, around)
    children = tuple(health(pod, Surroundings(around.now)) for pod in around.pods)
    cause = None
    if not found.good and (pod := podhealth.worst(around.pods, around.now)):
        cause = podhealth.cause(pod, around.now)
    elif not found.good and body.get("kind") == "Pod":
        cause = podhealth.cause(body)
    component = str((at(body, "metadata", "labels") or {}).get(COMPONENT) or "")
    since = str(at(body, "metadata", "creationTimestamp") or "")
    again = podhealth.restarts(body) if body.get("kind") == "Pod" else 0
    return Status(Resource(body).key, found, message, component, cause, children, since, again)


def gone(body: Body) -> Status:
    """Return how an object is that was there as `body` and is no more."""
    key = Resource(body).key
    component = str((at(body, "metadata", "labels") or {}).get(COMPONENT) or "")
    if ttl(body) is not None:
        return Status(key, Health.DONE, "done (removed by its TTL)", component)
    return Status(key, Health.MISSING, "it was deleted meanwhile", component)


def ttl(body: Body) -> int | None:
    """Return after how many seconds an object goes that is a job and has ended; None where it stays."""
    if body.get("kind") == "RayJob":  # its TTL is that of its cluster
        return None
    limits = (at(body, "spec"), at(body, "spec", "runPolicy"))
    told = [at(limit, "ttlSecondsAfterFinished") for limit in limits]
    told += (value for _, value in fields(at(body, "spec", "ttlStrategy")))
    return min((seconds for seconds in told if isinstance(seconds, int)), default=None)


def needs_pods(body: Body) -> bool:
    """Return whether an object is nothing without pods that run."""
    has_pods = bool(between(body) or pod_templates(Resource(body)))
    sizes = (at(body, "spec", size) for size in ("replicas", "parallelism", "completions"))
    return has_pods and 0 not in sizes and not at(body, "spec", "suspend")


def between(body: Body) -> tuple[tuple[str, str], ...]:
    """Return what stands between an object and its pods: apiVersion and kind of what its controller makes."""
    resource = Resource(body)
    return BETWEEN.get(f"{resource.group}/{resource.kind}", ())


def has_ended(body: Body) -> bool:
    """Return whether an object is a job that has ended, well or not: it makes no more pods."""
    resource = Resource(body)
    found = verdict(body, Surroundings(0.0))[0]
    return found is Health.DONE or (found is Health.FAILED and (resource.group, resource.kind) in jobs.JOBS)


def leaves_pods(body: Body) -> bool:
    """Return whether an object is a job whose operator leaves pods as they were started."""
    resource = Resource(body)
    trains = resource.group == "kubeflow.org" and resource.kind in jobs.TRAINING
    return trains and not at(body, "spec", "runPolicy", "suspend")


def verdict(body: Body, around: Surroundings) -> Verdict:
    """Return an object's health and why in a few words."""
    resource = Resource(body)
    if resource.metadata.get("deletionTimestamp"):
        finalizers = ", ".join(resource.metadata.get("finalizers") or ())
        return Health.TERMINATING, "being deleted" + (f"; waits for {finalizers}" if finalizers else "")
    kind = (resource.group, resource.kind)
    if not observed(body, must_tell=kind in _OBSERVED):
        return workloads.UNSEEN
    found = HEALTH.get(kind, _custom if is_custom(resource.group) else _there)(body, around)
    return jobs.running(found[1], around) if found[0] is Health.READY and kind in jobs.JOBS else found


def _pod(body: Body, around: Surroundings) -> Verdict:
    del around
    return podhealth.judge_pod(body)


def _service(body: Body, around: Surroundings) -> Verdict:
    kind = at(body, "spec", "type")
    if kind != "LoadBalancer":
        needs_address = kind != "ExternalName" and not at(body, "spec", "clusterIP")
        return (Health.PROGRESSING, "no cluster address yet") if needs_address else (Health.READY, "")
    found = [
        str(i.get("ip") or i.get("hostname")) for i in at(body, "status", "loadBalancer", "ingress") or ()
    ]
    addresses = found or [str(address) for address in at(body, "spec", "externalIPs") or ()]
    if addresses:
        return Health.READY, f"reachable at {', '.join(addresses)}"
    if _age(body, around.now) < LOAD_BALANCER_PATIENCE:
        return Health.PROGRESSING, "waits for the address of its load balancer"
    return Health.READY, "no load balancer has given it an address: does this cluster have them?"


def _claim(body: Body, around: Surroundings) -> Verdict:
    phase = str(at(body, "status", "phase") or "Pending")
    if phase == "Bound":
        return Health.READY, "bound"
    if phase == "Lost":
        return Health.FAILED, "the volume it was bound to is gone"
    name = at(body, "spec", "storageClassName")
    if around.binding_modes.get(str(name)) == "WaitForFirstConsumer":
        return Health.READY, "will be bound when a pod uses it"
    if name is None:
        return Health.PROGRESSING, "not bound: no default StorageClass, and no volume fits"
    return Health.PROGRESSING, f"not bound to a volume of class {name!r}" if name else "no volume fits it yet"


def _volume(body: Body, around: Surroundings) -> Verdict:
    del around
    phase = str(at(body, "status", "phase") or "Pending")
    known = {"Failed": Health.FAILED, "Pending": Health.PROGRESSING}
    return known.get(phase, Health.READY), phase.lower()


def _snapshot(body: Body, around: Surroundings) -> Verdict:
    del around
    if at(body, "status", "readyToUse") is True:
        return Health.READY, "ready to use"
    error = " ".join(str(at(body, "status", "error", "message") or "").split())  # its controller tries again
    untold = "not ready to use yet" if at(body, "status") else workloads.untaken(body)
    return Health.PROGRESSING, error or untold


def _definition(body: Body, around: Surroundings) -> Verdict:
    del around
    found = conditions(body)
    refused = found.get("NamesAccepted", {})
    if refused.get("status") == "False" and refused.get("reason") != "NotAccepted":
        return Health.FAILED, words(refused)
    if true(found, "Established") and true(found, "NamesAccepted"):
        return Health.READY, "established"
    return Health.PROGRESSING, "not established yet"


def _namespace(body: Body, around: Surroundings) -> Verdict:
    del around
    if at(body, "status", "phase") == "Terminating":
        return Health.TERMINATING, "being deleted"
    return Health.READY, ""


def _api_service(body: Body, around: Surroundings) -> Verdict:
    del around
    found = conditions(body)
    if true(found, "Available"):
        return Health.READY, "available"
    return Health.PROGRESSING, words(found.get("Available", {})) or "not available yet"


def _scaler(body: Body, around: Surroundings) -> Verdict:
    del around
    found = conditions(body)
    for kind in ("AbleToScale", "ScalingActive"):
        if found.get(kind, {}).get("status") == "False":
            return Health.READY, words(found[kind])  # without metrics it does nothing, which breaks nothing
    return Health.READY, ""


def _there(body: Body, around: Surroundings) -> Verdict:
    del body, around
    return Health.READY, ""


def _custom(body: Body, around: Surroundings) -> Verdict:
    """Judge a resource that only its conditions tell about, by the names that most controllers use."""
    found = conditions(body)
    for health_, types in _BY_CONDITION:
        if condition := true(found, *types):
            return health_, words(condition)
    if at(body, "spec", "suspend") is True:
        return Health.PAUSED, "suspended"
    for kind in ("Ready", "Available", "Succeeded"):
        if kind in found:
            good = found[kind].get("status") == "True"
            return (Health.READY if good else Health.PROGRESSING), words(found[kind])
    if not found and is_outdated(body):
        return workloads.UNSEEN
    parts = {
        name: each
        for name, each in found.items()
        if name.endswith(_OF_PARTS) and not name.endswith("NotReady")
    }
    if bad := next((name for name, each in parts.items() if each.get("status") != "True"), ""):
        return Health.PROGRESSING, f"{bad} is not so: {words(parts[bad])}"
    if not found and _age(body, around.now) < CONDITION_PATIENCE:
        return Health.PROGRESSING, "no controller has said anything about it yet"
    return Health.READY, "" if found else "it has no conditions"


def _route(body: Body, around: Surroundings) -> Verdict:
    """Judge a route by what each of its gateways says of it."""
    parents = at(body, "status", "parents")
    listed = [at(parent, "conditions") for parent in (parents if isinstance(parents, list) else ())]
    said = [each for part in listed if isinstance(part, list) for each in part if isinstance(each, dict)]
    # Of several that say the same thing the last one counts: one that does not take it.
    said.sort(key=lambda condition: condition.get("status") != "True")
    return _custom({**body, "status": {"conditions": said}}, around)


def _ray_cluster(body: Body, around: Surroundings) -> Verdict:
    """Judge a RayCluster by its conditions; before KubeRay 1.3 it has a state instead."""
    if conditions(body):
        return _custom(body, around)
    return workloads.by_word(body, at(body, "status"), "state", "reason")


def _age(body: Body, now: float) -> float:
    made = at(body, "metadata", "creationTimestamp")
    return now - datetime.fromisoformat(str(made)).timestamp() if made else 0.0


_BY_CONDITION = (
    (Health.FAILED, ("Failed", "Stalled")),
    (Health.DONE, ("Succeeded", "Complete", "Completed")),
    (Health.PAUSED, ("Suspended",)),
    (Health.PROGRESSING, ("Reconciling", "ReplicaFailure")),
)
# What conditions of parts, and of gateways, end with.
_OF_PARTS = (
    *("Ready", "Available", "Accepted", "Programmed", "Provisioned", "ResolvedRefs", "Synced", "Healthy"),
)
_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")

HEALTH: dict[tuple[str, str], Judge] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("", "ReplicationController"): workloads.replica_set,
    ("batch", "CronJob"): workloads.cron_job,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "PersistentVolume"): _volume,
    ("snapshot.storage.k8s.io", "VolumeSnapshot"): _snapshot,
    ("", "Namespace"): _namespace,
    ("autoscaling", "HorizontalPodAutoscaler"): _scaler,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    ("kubeflow.org", "Notebook"): workloads.notebook,
    ("ray.io", "RayCluster"): _ray_cluster,
    **{("gateway.networking.k8s.io", kind): _route for kind in _ROUTES},
    **jobs.JOBS,
}

# The kinds whose controllers always say which generation their status is about.
_OBSERVED = frozenset(
    {
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("apps", "ReplicaSet"),
        ("", "ReplicationController"),
    }
)
