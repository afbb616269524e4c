"""Which logs pods have, why a container has none, and how far one has been read."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kfctl.engine import pods as podhealth
from kfctl.engine.podtemplates import containers
from kfctl.model.log import Source
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Body = Mapping[str, Any]

_REPLICA_TYPE = "training.kubeflow.org/replica-type"
# The labels that tell the pods of one object apart by a number.
_NUMBERS = (
    "training.kubeflow.org/replica-index",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
)
MOST_REMEMBERED = 100_000  # lines of a second; of a faster log some may come twice when a connection breaks
_ENDED = frozenset({"Succeeded", "Failed"})
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def sources(pod: Body) -> list[Source]:
    """Return the pod's containers in the order in which they start."""
    names = [str(each.get("name")) for each in containers(pod.get("spec"))]
    metadata = pod["metadata"]
    place = str(metadata.get("namespace") or ""), str(metadata.get("name"))
    return [Source(str(metadata.get("uid")), *place, name, alone=len(names) == 1) for name in names]


def has_log(pod: Body, container: str, *, previous: bool = False) -> bool:
    """Return whether a container has printed anything that can be read, or had before its last restart."""
    status = _status(pod, container)
    before = bool(at(status, "lastState", "terminated", "containerID"))
    ended = bool(at(status, "state", "terminated", "containerID"))
    now = ended or at(status, "state", "running") is not None
    return before if previous else now or before


def is_over(pod: Body, container: str) -> bool:
    """Return whether a container has ended for good."""
    if at(pod, "status", "phase") in _ENDED:
        return True
    ended = at(_status(pod, container), "state", "terminated")
    if not ended:
        return False
    initial = next((c for c in at(pod, "spec", "initContainers") or () if c.get("name") == container), None)
    policy = at(pod, "spec", "restartPolicy") or "Always"
    if initial is not None:
        policy = initial.get("restartPolicy") or ("OnFailure" if policy == "Always" else policy)
    return policy == "Never" or (policy == "OnFailure" and ended.get("exitCode") == 0)


def why_none(pod: Body, name: str, container: str, *, previous: bool = False) -> tuple[str, str]:
    """Return why `name` (the pod, or the container in it) has no log, and what to do about it."""
    if previous:
        return f"{name} has not been restarted: there is no log from before", ""
    waiting = at(_status(pod, container), "state", "waiting") or {}
    cause = podhealth.cause(pod)
    if cause is not None and cause.reason != "NotReady":
        said = ": ".join(text for text in (cause.reason, cause.message) if text)
        return f"{name} has no log yet: {said}", cause.hint
    reason = str(waiting.get("reason") or at(pod, "status", "phase") or "Pending")
    return f"{name} has no log yet: {reason}", ""


def replica(pod: Body) -> str:
    """Return what users call one of several pods: worker-0; empty where it has no number."""
    labels = at(pod, "metadata", "labels") or {}
    number = next((str(labels[name]) for name in _NUMBERS if name in labels), "")
    kind = str(labels.get(_REPLICA_TYPE) or "")
    return "-".join(part for part in (kind, number) if part)


def is_meant(pod: Body, name: str) -> bool:
    """Return whether `name` means this pod: by its replica, its replica's kind or its own name."""
    wanted, own = name.lower(), replica(pod)
    return wanted in {own, own.rpartition("-")[0], str(at(pod, "metadata", "name"))} - {""}


def makers(pods: Iterable[Body]) -> Iterator[tuple[str, str, str, str]]:
    """Yield what controls the pods, each once: apiVersion, kind, namespace, name."""
    found: dict[tuple[str, str, str, str], None] = {}
    for pod in pods:
        for owner in at(pod, "metadata", "ownerReferences") or ():
            if owner.get("controller"):
                space = str(at(pod, "metadata", "namespace") or "")
                found[owner["apiVersion"], owner["kind"], space, owner["name"]] = None
    yield from found


def split(line: str) -> tuple[str, str]:
    """Return when a line was printed, and the line; no time where the node says something of its own."""
    stamp, _, text = line.partition(" ")
    time = moment(stamp)
    return (time, text) if time else ("", line)


def moment(stamp: str) -> str:
    """Return a time of RFC 3339 in UTC with nine digits after the second; empty if it is none."""
    found = _STAMP.fullmatch(stamp)
    if found is None:
        return ""
    second, fraction, offset = found.groups()
    if offset != "Z":  # nodes write the time of their own zone
        second = f"{datetime.fromisoformat(second + offset).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    return f"{second}.{fraction or '':0<9}Z"


class Position:
    """How far a log has been read: it goes on from there with no line lost and none told twice.

    A server takes the time to start from in whole seconds, and a program's two outputs may be written down
    a little out of order. So the lines of the last two seconds are remembered, and passed over once.
    """

    def __init__(self) -> None:
        """Start before the first line."""
        self._told: dict[str, Counter[int]] = {}  # by second, the hashes of its lines
        self._again: Counter[int] = Counter()
        self._behind = False  # before the first line that is known
        self._first = ""  # the time of the oldest line that was asked for

    @property
    def since(self) -> str:
        """The time to go on from; empty: from the start."""
        return f"{min(self._told)}Z" if self._told else ""

    def resume(self) -> None:
        """Expect the lines that have been read last once more."""
        self._again = sum(self._told.values(), Counter())
        self._behind = bool(self._again)

    def line(self, raw: str) -> tuple[str, str] | None:
        """Return the time and the text of a line; None where it was read before, or not asked for."""
        time, text = split(raw)
        if not time:
            return None if self._told else ("", text)  # the node's own words come at every start
        key = hash(raw)
        if self._again[key] > 0:
            self._again[key] -= 1
            self._behind = False
            return None
        if self._behind and time < self._first:
            return None
        self._first = self._first or time
        of_second = self._told.setdefault(time[:19], Counter())
        if len(of_second) < MOST_REMEMBERED:
            of_second[key] += 1
        while len(self._told) > 2:
            del self._told[min(self._told)]
        return time, text


def _status(pod: Body, container: str) -> Body:
    fields = ("initContainerStatuses", "containerStatuses")
    listed = (status for field in fields for status in at(pod, "status", field) or ())
    return next((status for status in listed if status.get("name") == container), {})
