"""How a pod is, which of several is worst, and what to do about it."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kfctl.engine.conditions import conditions
from kfctl.model.resource import at
from kfctl.model.status import Cause, Health

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Body = Mapping[str, Any]

_WORST_FIRST = [
    Health.FAILED,
    Health.UNKNOWN,
    Health.PROGRESSING,
    Health.TERMINATING,
    Health.PAUSED,
    Health.READY,
    Health.DONE,
]
_FAILING = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "StartError",
        "PreStartHookError",
        "PostStartHookError",
    }
)
_PHASES = ("Failed", "Running", "Succeeded")
_UNREADY = "NotReady"
_FAILED = "the program failed: read its log"
STEADY = 30.0  # seconds after which a program that was started again counts as running
_IMAGE = "check the image's name and tag, and that the nodes may pull it (a private one: imagePullSecrets)"
# What to do, by the reason that Kubernetes gives.
HINTS = {
    "ImagePullBackOff": _IMAGE,
    "ErrImagePull": _IMAGE,
    "ErrImageNeverPull": "the image is on no node, and imagePullPolicy Never forbids to pull it",
    "InvalidImageName": "the image's name is not one: check it",
    "CreateContainerConfigError": (
        "a ConfigMap, Secret or key that it reads is missing, or it may not run as the image's user"
    ),
    "CreateContainerError": "the container can't be made: check its command, its volumes and its image",
    "RunContainerError": "the container can't be started: check its command and its volumes",
    "StartError": "the container can't be started: is its command in the image?",
    "CrashLoopBackOff": "the program ends again and again: read its log",
    "OOMKilled": "it needs more memory than its limit: raise the memory limit",
    "Evicted": "its node ran out of what it used: lower its use or give it requests and limits",
    "DeadlineExceeded": "it took longer than activeDeadlineSeconds allows: raise that or make it quicker",
    "SchedulingGated": "it waits in a queue: kubectl get workloads",
    "NodeLost": "its node does not answer: kubectl get nodes",
}
# What to do about a pod that fits on no node, by what the scheduler says; the first that fits.
_UNSCHEDULABLE = (
    (r"no nodes available", "the cluster has no node that takes pods: kubectl get nodes"),
    (r"unbound immediate PersistentVolumeClaim", "its claim is not bound: kubectl get pvc, storageclass"),
    (r'persistentvolumeclaim "([^"]+)"', "the claim {0} is missing or being deleted: kubectl get pvc"),
    (r"Insufficient ([\w./-]*\w)", "no node has enough {0} free: ask for less, or add nodes"),
    (r"untolerated taint \{([^}]+)\}", "the nodes are tainted ({0}): give the pod a toleration"),
    (
        r"node affinity/selector",
        "no node has these labels: change nodeSelector (kubectl get nodes --show-labels)",
    ),
    (r"volume node affinity conflict", "its volume is tied to another node or zone than the pod may run in"),
    (r"have free ports", "another pod has the node's port: change hostPort or hostNetwork"),
)
_EXITS = {
    126: "the command is not executable in the image",
    127: "the command is not in the image",
    137: "it was killed: out of memory, or it did not end when asked to",
    139: "the program crashed (segmentation fault)",
}


def judge_pod(pod: Body) -> tuple[Health, str]:
    """Return how a pod is, and why in a few words."""
    phase = str(at(pod, "status", "phase") or "Pending")
    trouble = cause(pod)
    said = f"{trouble.reason}: {trouble.message}".rstrip(": ") if trouble else ""
    if phase == "Succeeded":
        return Health.DONE, "ended well"
    if phase == "Failed" or (trouble and trouble.reason in _FAILING):
        return Health.FAILED, said or "failed"
    if phase == "Unknown":
        return Health.UNKNOWN, "its node does not answer"
    if trouble and trouble.reason == "SchedulingGated":
        return Health.PAUSED, "queued"
    if phase == "Running" and _condition(pod, "Ready").get("status") == "True":
        return Health.READY, _restarted(pod)
    return Health.PROGRESSING, said or phase.lower()


def looping(pod: Body, now: float) -> Cause | None:
    """Return why a pod that counts as running ends again and again; None where it does not.

    It may be up at this moment: what failed before must have run for a while to be believed.
    """
    trouble = cause(pod, now)
    fails = trouble is not None and trouble.reason != _UNREADY and at(pod, "status", "phase") == "Running"
    return trouble if fails else None


def unproven(pods: Sequence[Body], now: float) -> bool:
    """Whether pods have failed, none has ended well, and those that run have just been started."""
    by_phase = {phase: [pod for pod in pods if at(pod, "status", "phase") == phase] for phase in _PHASES}
    up = [each for pod in by_phase["Running"] for each in _containers(pod) if at(each, "state", "running")]
    young = bool(up) and all(_is_young(each, now) for each in up)
    return young and bool(by_phase["Failed"]) and not by_phase["Succeeded"]


def _is_young(container: Body, now: float) -> bool:
    since = at(container, "state", "running", "startedAt")
    return bool(since) and now - datetime.fromisoformat(str(since)).timestamp() < STEADY


def _has_just_failed(container: Body, now: float) -> bool:
    return bool(at(container, "lastState", "terminated", "exitCode")) and _is_young(container, now)


def restarts(pod: Body) -> int:
    """Return how often the pod's containers were restarted."""
    return sum(int(container.get("restartCount") or 0) for container in _containers(pod))


def worst(pods: Sequence[Body], now: float = math.inf) -> Body | None:
    """Return the pod that is in the most trouble, or else, with `now`, one that ends again and again.

    The pods of the newest revision come first, and those that are being deleted do not count: programs that
    are told to end end as they like.
    """
    pods = [pod for pod in pods if not at(pod, "metadata", "deletionTimestamp")]

    def badness(pod: Body) -> tuple[int, int, str]:
        return _WORST_FIRST.index(judge_pod(pod)[0]), -restarts(pod), str(at(pod, "metadata", "name"))

    troubled = [pod for pod in pods if not judge_pod(pod)[0].good]
    troubled = troubled or [pod for pod in pods if looping(pod, now)]
    newest = _revision(max(pods, key=lambda pod: str(at(pod, "metadata", "creationTimestamp")), default={}))
    return min([pod for pod in troubled if _revision(pod) == newest] or troubled, key=badness, default=None)


def _revision(pod: Body) -> str | None:
    """Return of which state of its Deployment, StatefulSet or DaemonSet a pod is; None where it has none."""
    labels = at(pod, "metadata", "labels") or {}
    return labels.get("pod-template-hash") or labels.get("controller-revision-hash")


def cause(pod: Body, now: float = math.inf) -> Cause | None:
    """Return what keeps a pod from being ready, or None where it says nothing.

    With `now` a program that is up counts, too, if it has just failed.
    """
    found = next(_reasons(pod, now), None)
    if found is None:
        return None
    reason, message, hint = found
    name = str(at(pod, "metadata", "name") or "")
    return Cause(name, reason, " ".join(message.split()), hint=hint or HINTS.get(reason, ""))


def troubled_container(pod: Body) -> tuple[str, bool] | None:
    """Return the container whose log tells most, and whether it is the log before its restart."""
    for container in _containers(pod):
        state, last = container.get("state") or {}, at(container, "lastState", "terminated")
        if at(state, "waiting", "reason") == "CrashLoopBackOff" and last:
            return str(container.get("name")), True
        if at(state, "terminated", "exitCode"):
            return str(container.get("name")), False
    for container in _containers(pod):
        if at(container, "state", "running") and not container.get("ready"):
            return str(container.get("name")), False
    for container in _containers(pod):
        if at(container, "lastState", "terminated", "exitCode"):
            return str(container.get("name")), True
    return None


def _reasons(pod: Body, now: float) -> Iterator[tuple[str, str, str]]:
    """Yield what the pod complains of, the most telling first: reason, message, what to do."""
    if at(pod, "status", "phase") == "Failed" and at(pod, "status", "reason"):
        yield str(at(pod, "status", "reason")), str(at(pod, "status", "message") or ""), ""
    for container in _containers(pod):
        yield from _of_container(container, now)
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and at(pod, "status", "phase") in {None, "Pending"}:
        message = str(scheduled.get("message") or "")
        reason = str(scheduled.get("reason") or "Unschedulable")
        yield reason, message, unschedulable_hint(message) if reason == "Unschedulable" else ""
    yield from _unready(pod)


def unschedulable_hint(message: str) -> str:
    """Return what to do about a pod of which the scheduler says `message`."""
    for pattern, hint in _UNSCHEDULABLE:
        if found := re.search(pattern, message):
            return hint.format(*found.groups())
    return ""


def _of_container(container: Body, now: float) -> Iterator[tuple[str, str, str]]:
    name = str(container.get("name"))
    state = container.get("state") or {}
    waiting = str(at(state, "waiting", "reason") or "")
    failed = _has_just_failed(container, now)
    ended = at(state, "terminated") or at(container, "lastState", "terminated")
    if waiting == "CrashLoopBackOff" or at(state, "terminated", "exitCode") or failed:
        yield _crash(name, container, waiting, ended or {})
    elif waiting in _FAILING:
        yield waiting, f"container {name}: {at(state, 'waiting', 'message') or waiting}", ""


def _crash(name: str, container: Body, waiting: str, ended: Body) -> tuple[str, str, str]:
    reason, code = str(ended.get("reason") or "Error"), ended.get("exitCode")
    again = int(container.get("restartCount") or 0)
    parts = [f"container {name} ended" + (f" with exit code {code}" if code is not None else "")]
    parts += [reason] if reason not in {"Error", "Completed"} else []
    parts += [f"{again} restart{'s' * (again != 1)}"] if again else []
    parts += [str(ended["message"]).strip()] if ended.get("message") else []
    looping = waiting == "CrashLoopBackOff" or again > 1
    hint = HINTS.get(reason) or _EXITS.get(code or 0) or (HINTS["CrashLoopBackOff"] if looping else _FAILED)
    return waiting or reason, ", ".join(parts), hint


def _unready(pod: Body) -> Iterator[tuple[str, str, str]]:
    if at(pod, "status", "phase") != "Running" or _condition(pod, "Ready").get("status") == "True":
        return
    unready = [str(c.get("name")) for c in at(pod, "status", "containerStatuses") or () if not c.get("ready")]
    many = "s" * (len(unready) > 1)
    if unready:
        yield (
            _UNREADY,
            f"container{many} {', '.join(unready)} not ready yet",
            "its readiness probe does not pass yet",
        )


def _restarted(pod: Body) -> str:
    count = restarts(pod)
    return f"{count} restart{'s' * (count != 1)}" if count else ""


def _containers(pod: Body) -> list[Body]:
    found = ("initContainerStatuses", "containerStatuses")
    return [container for field in found for container in at(pod, "status", field) or ()]


def _condition(pod: Body, type_: str) -> Body:
    return conditions(pod).get(type_, {})
