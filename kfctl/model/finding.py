"""What was found out about a cluster's ability to run an app."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Result(Enum):
    """How a question was answered."""

    OK = "ok"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """The answer to one question, and what to do about it."""

    what: str  # a word or two: version, storage class
    result: Result
    message: str
    hint: str = ""
    needed: bool = False  # without it the app can't run

    @property
    def fatal(self) -> bool:
        """Whether the app can't run."""
        return self.needed and self.result is Result.BAD


def ok(what: str, message: str) -> Finding:
    """Return a good answer."""
    return Finding(what, Result.OK, message)


def bad(what: str, message: str, hint: str = "", *, needed: bool = True) -> Finding:
    """Return a bad answer."""
    return Finding(what, Result.BAD, message, hint, needed)


def unknown(what: str, message: str, hint: str = "") -> Finding:
    """Return that there is no answer."""
    return Finding(what, Result.UNKNOWN, message, hint)
