"""How far an object has come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from kfctl import controls

if TYPE_CHECKING:
    from collections.abc import Callable

    from kfctl.model.resource import Key


class Health(Enum):
    """How an object is, from best to worst."""

    READY = "ready"
    DONE = "done"  # a job that has succeeded
    PAUSED = "paused"  # suspended or queued: neither waited for nor an error
    PROGRESSING = "progressing"
    TERMINATING = "terminating"
    UNKNOWN = "unknown"
    MISSING = "missing"
    FAILED = "failed"

    @property
    def settled(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self in _SETTLED

    @property
    def good(self) -> bool:
        """Whether an apply counts it as a success."""
        return self in _GOOD


_GOOD = frozenset({Health.READY, Health.DONE, Health.PAUSED})
_SETTLED = _GOOD | {Health.FAILED}


@dataclass(frozen=True)
class Cause:
    """Why an object is not ready: the pod that decides it, what that says, and what to do."""

    pod: str = ""
    reason: str = ""  # such as ImagePullBackOff, CrashLoopBackOff, Unschedulable
    message: str = ""
    log: tuple[str, ...] = ()  # the last lines
    hint: str = ""

    def __post_init__(self) -> None:
        """Escape control characters: whoever can write /dev/termination-log writes the message."""
        object.__setattr__(self, "message", controls.escape(self.message))

    @property
    def anywhere(self) -> Cause:
        """The same, whichever pod shows it."""
        return replace(self, pod="")


@dataclass(frozen=True)
class Status:
    """The health of one object, in words."""

    key: Key
    health: Health
    message: str = ""
    component: str = ""
    cause: Cause | None = None
    children: tuple[Status, ...] = field(default=())  # its pods
    since: str = ""  # when it was made, as RFC 3339; empty where it is not there
    restarts: int = 0  # of a pod's containers

    def said(self, tell: Callable[[str], str]) -> Status:
        """The same in the words that `tell` makes of what the object says of itself."""
        cause = self.cause
        if cause:
            cause = replace(cause, message=tell(cause.message), log=tuple(map(tell, cause.log)))
        children = tuple(child.said(tell) for child in self.children)
        return replace(self, message=tell(self.message), cause=cause, children=children)


class Step(Enum):
    """What an event of an apply says of an object."""

    STARTED = "started"
    DONE = "done"
    RETRIED = "retried"
    FAILED = "failed"
    SKIPPED = "skipped"  # something it depends on failed, or the run was interrupted
    STATUS = "status"
    NOTE = "note"


@dataclass(frozen=True)
class Event:
    """One thing that happened in an apply; the terminal, `-o json` and the tests read the same stream."""

    step: Step
    key: Key | None = None
    action: str = ""  # of Action, for what is done to an object
    message: str = ""
    hint: str = ""
    status: Status | None = None
