"""Faults at random, from a seed: each class as often as the others, and no kind of request spared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.proxy import Cut, Delay, Reset, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from tests.faults.proxy import Fault, Request

CLASSES: Mapping[str, Fault] = {
    "429": Status(429, "TooManyRequests", "too many requests, please try again later", retry_after=1),
    "500": Status(500, "InternalError", "Internal error occurred: the proxy wants it so"),
    "leader changed": Status(500, "InternalError", "etcdserver: leader changed"),
    "502": Status(502, "BadGateway"),
    "503": Status(503, "ServiceUnavailable"),
    "504": Status(504, "Timeout"),
    "reset before": Reset(),
    "reset after": Reset(reached=True),
    "cut": Cut(),
    "delay": Delay(0.5),
}
EVERY = 20  # one of so many requests of a kind meets a fault: 5 %
RARE = {"WATCH": 5, "DELETE": 5}  # of these there are few


@dataclass
class Storm:
    """The script of a proxy: out of each so many requests of a kind, one at random meets the next fault."""

    chance: Random
    seen: Counter[str] = field(default_factory=Counter)  # requests, by kind
    by_kind: Counter[str] = field(default_factory=Counter)  # faults, by the request's kind
    by_class: Counter[str] = field(default_factory=Counter)  # faults, by their class
    _due: dict[str, int] = field(default_factory=dict)
    _deck: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Fault | None:
        """Return what happens to a request."""
        kind = kind_of(request)
        every = RARE.get(kind, EVERY)
        place = self.seen[kind] % every
        if not place:
            self._due[kind] = self.chance.randrange(every)
        self.seen[kind] += 1
        return self._next(kind) if place == self._due[kind] else None

    def _next(self, kind: str) -> Fault:
        if not self._deck:
            self._deck = self.chance.sample(sorted(CLASSES), len(CLASSES))
        name = self._deck.pop()
        self.by_kind[kind] += 1
        self.by_class[name] += 1
        return CLASSES[name]


def kind_of(request: Request) -> str:
    """Return what a request is: its verb, unless it is for the lock or the record of what is owned."""
    path = request.path.partition("?")[0]
    if "/leases" in path:
        return "lock"
    return "record" if "/secrets/kfctl." in path else request.verb
