"""What to do when a request fails: which answers are worth another try, and how long to wait before it."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kfctl.cluster.faults import Fault
    from kfctl.cluster.request import Request
    from kfctl.errors import Answer


class Again(Enum):
    """Whether a request is sent once more."""

    NO = "no"
    IF_REPEATABLE = "if repeatable"  # it may have been carried out although it failed
    IF_ANY_VERSION = (
        "if any version"  # somebody else changed the object, which is all the same to the request
    )
    YES = "yes"  # it was certainly not carried out


@dataclass(frozen=True)
class Rule:
    """One class of answers; `said` is part of the server's message, in lower case."""

    again: Again
    statuses: frozenset[int]
    said: str = ""
    reason: str | None = None
    tries: int = 8

    def fits(self, answer: Answer) -> bool:
        """Whether the answer is of this class."""
        return (
            answer.status in self.statuses
            and self.said in answer.message.lower()
            and self.reason in (None, answer.reason)
        )


def _rule(again: Again, *statuses: int, said: str = "", reason: str | None = None, tries: int = 8) -> Rule:
    return Rule(again, frozenset(statuses), said, reason, tries)


# The first rule that fits decides; an answer that no rule fits is final.
RULES = (
    _rule(Again.YES, 429),
    _rule(Again.YES, 409, said="on resourcequota"),  # two writes counted against one quota at once
    _rule(Again.IF_ANY_VERSION, 409, said="please apply your changes to the latest version"),
    _rule(Again.YES, 404, said="404 page not found", tries=4),  # the path of a new kind is not served yet
    _rule(Again.NO, 500, said="failed to create typed patch object"),
    _rule(Again.NO, 500, said="failed to convert new object"),
    _rule(Again.IF_REPEATABLE, 500, said="failed calling webhook", tries=5),
    _rule(Again.IF_REPEATABLE, 500, said="conversion webhook", tries=5),
    _rule(Again.IF_REPEATABLE, 500, said="etcdserver:"),  # leader changed, request timed out
    _rule(Again.IF_REPEATABLE, 500, 502, 503, 504, tries=6),
)

FINAL = Rule(Again.NO, frozenset())


@dataclass(frozen=True)
class Patience:
    """How often and how long to try: full jitter, doubling, within `total` seconds."""

    base: float = 0.25
    cap: float = 8.0
    total: float = 60.0
    fault_tries: int = 5

    def delay(self, tried: int, retry_after: float, chance: float) -> float:
        """Return the seconds to wait after `tried` tries; `chance` is a random number in [0, 1)."""
        jitter = min(self.cap, self.base * 2.0**tried) * chance
        return min(retry_after, self.total) + jitter if retry_after else jitter


@dataclass(frozen=True)
class Failure:
    """One try that failed: how it is worded, whether and when to try again."""

    why: str
    again: Again
    tries: int
    retry_after: float = 0.0

    def may_repeat(self, request: Request) -> bool:
        """Whether this request may be sent again after this failure."""
        return {
            Again.NO: False,
            Again.IF_REPEATABLE: request.repeatable,
            Again.IF_ANY_VERSION: not request.names_version,
            Again.YES: True,
        }[self.again]


@dataclass(frozen=True)
class Clock:
    """Time and chance, so that tests can have their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass
class Tries:
    """The tries of one request: counts them and says how long to wait for the next."""

    request: Request
    patience: Patience
    clock: Clock
    count: int = 0
    started: float = -1.0

    def wait_after(self, failure: Failure) -> float | None:
        """Return the seconds to wait, or None when the failure is final."""
        self.started = self.clock.now() if self.started < 0 else self.started
        self.count += 1
        if self.count >= failure.tries or not failure.may_repeat(self.request):
            return None
        delay = self.patience.delay(self.count, failure.retry_after, self.clock.chance())
        late = self.clock.now() - self.started + delay > self.patience.total
        return None if late else delay


PATIENCE = Patience()
CLOCK = Clock()


def rule_for(answer: Answer) -> Rule:
    """Return the rule of an answer."""
    return next((rule for rule in RULES if rule.fits(answer)), FINAL)


def failure_of_answer(answer: Answer, retry_after: str) -> Failure:
    """Return what an error status means for the next try."""
    rule = rule_for(answer)
    seconds = float(retry_after) if retry_after.isdecimal() else 0.0
    return Failure(answer.message or f"HTTP {answer.status}", rule.again, rule.tries, seconds)


def failure_of_fault(fault: Fault, patience: Patience) -> Failure:
    """Return what a missing answer means for the next try."""
    again = Again.IF_REPEATABLE if fault.again else Again.NO
    return Failure(fault.message, again, patience.fault_tries)
