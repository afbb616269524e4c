"""What the events about an object and its log say: what tells most of it, and what to do about it."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kfctl.engine.pods import HINTS, unschedulable_hint
from kfctl.model.resource import at
from kfctl.model.status import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Body = Mapping[str, Any]

LINES = 10  # of a log
# What to do, by the event's reason and what its message holds; the first that fits.
_TOLD = (
    ("FailedCreate", "exceeded quota", "ask for less, or have the quota raised (kubectl describe quota)"),
    ("FailedCreate", "maximum .* per|minimum .* per", "a LimitRange forbids it: kubectl describe limitrange"),
    ("FailedCreate", "violates PodSecurity", "the namespace's Pod Security level forbids these fields"),
    ("FailedCreate", "serviceaccount .* not found", "make the ServiceAccount, or change serviceAccountName"),
    ("FailedCreate", "failed calling webhook", "an admission webhook does not answer: does its program run?"),
    ("FailedCreate", "", "the cluster refuses its pods: change what the message names"),
    ("FailedMount", "(configmap|secret) .* not found", "make what is missing, or change its name"),
    ("FailedMount", "", "the volume can't be mounted: is the storage there, and may the node reach it?"),
    ("FailedAttachVolume", "", "the volume is in use elsewhere or out of reach: kubectl describe pvc, pv"),
    ("FailedBinding", "", "make a PersistentVolume that fits, or a default StorageClass"),
    (
        "ProvisioningFailed",
        'storageclass.* "([^"]*)" not found',
        "there is no StorageClass {0}",
    ),
    ("ProvisioningFailed", "", "the storage can't be made: ask who runs the cluster"),
    ("FailedCreatePodSandBox", "", "the node can't start pods: ask who runs the cluster"),
    ("Unhealthy", "", "its probe fails: its log may say why; or the probe's port or path is wrong"),
)
_TELLING = frozenset({reason for reason, _, _ in _TOLD} | {"FailedScheduling"} | HINTS.keys())


def cause_of(events: Iterable[Body]) -> Cause | None:
    """Return what the newest telling event says, or None where none tells anything."""
    telling = [event for event in events if event.get("reason") in _TELLING or event.get("type") == "Warning"]
    telling.sort(key=lambda event: (event.get("reason") in _TELLING, _time(event)))
    if not telling:
        return None
    event = telling[-1]
    reason, message = str(event.get("reason") or ""), " ".join(str(event.get("message") or "").split())
    pod = at(event, "involvedObject", "name") if at(event, "involvedObject", "kind") == "Pod" else ""
    return Cause(str(pod or ""), reason, message, hint=_hint(reason, message))


def telling(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the last lines of a log, each once where it follows itself, with how often it does."""
    runs = ((line, len(list(same))) for line, same in groupby(lines))
    return tuple(f"{line}  ({many} times)" if many > 1 else line for line, many in runs)[-LINES:]


def _hint(reason: str, message: str) -> str:
    if reason == "FailedScheduling":
        return unschedulable_hint(message)
    for known, pattern, hint in _TOLD:
        if known == reason and (found := re.search(pattern, message)):
            return hint.format(*found.groups())
    return HINTS.get(reason, "")


def _time(event: Body) -> str:
    series = at(event, "series", "lastObservedTime")
    return str(series or event.get("lastTimestamp") or event.get("eventTime") or "")
