"""What programs in pods have printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Source(NamedTuple):
    """One container of one pod."""

    uid: str  # the pod's: one that takes its place may have its name
    namespace: str
    pod: str
    container: str
    alone: bool = False  # the pod has no other

    def __str__(self) -> str:
        """Return what stands before its lines: the pod, with the container where there are several."""
        return self.pod if self.alone else f"{self.pod}/{self.container}"


class Line(NamedTuple):
    """One line that a program printed."""

    time: str  # RFC 3339 in UTC, nine digits after the second: texts that sort as the times do
    source: Source
    text: str


@dataclass(frozen=True)
class Note:
    """Something to know about the logs that is in none of them."""

    message: str
    hint: str = ""
    failure: bool = False  # a log that is there could not be read
