"""How objects are: as text for people and as values for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from kfctl.cli.console import paint
from kfctl.model.status import Health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.model.status import Cause, Status

# What stands before an object, and in which style.
SIGNS: dict[Health, tuple[str, str]] = {
    Health.READY: ("✓", "green"),
    Health.DONE: ("✓", "green"),
    Health.PAUSED: ("‖", "yellow"),
    Health.PROGRESSING: ("…", "yellow"),
    Health.TERMINATING: ("…", "yellow"),
    Health.UNKNOWN: ("?", "yellow"),
    Health.MISSING: ("✗", "red"),
    Health.FAILED: ("✗", "red"),
}


def sign(health: Health, stream: TextIO | None = None) -> str:
    """Return the sign of a health, painted as `stream` (stdout unless given) takes it."""
    mark, style = SIGNS[health]
    return paint(mark, style, stream=stream)


def words(status: Status) -> str:
    """Return a status in one line: the health and what it says of itself."""
    return f"{status.health.value}: {clean(status.message)}" if status.message else status.health.value


def short_cause(status: Status) -> str:
    """Return in one line what a status says, and its cause if it has one."""
    cause = status.cause
    if cause is None or not cause.pod:
        return words(status)
    return f"{words(status)} ({clean(cause.reason)}: {clean(cause.message)})"


def cause_lines(cause: Cause) -> Iterator[str]:
    """Yield a cause: the pod, its reason, the end of its log, what to do."""
    of = f"pod {cause.pod}: " if cause.pod else ""
    yield f"{of}{': '.join(clean(text) for text in (cause.reason, cause.message) if text)}"
    yield from (paint(f"| {clean(line)}", "dim") for line in cause.log)
    if cause.hint:
        yield paint(cause.hint, "cyan")


def clean(text: str) -> str:
    """Return text of the cluster without what would steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def status_value(status: Status) -> dict[str, Any]:
    """Return a status as JSON has it."""
    value: dict[str, Any] = {
        **status.key._asdict(),
        "component": status.component,
        "health": status.health.value,
        "message": status.message,
        "cause": _cause_value(status.cause) if status.cause else None,
    }
    return value | ({"pods": [status_value(pod) for pod in status.children]} if status.children else {})


def _cause_value(cause: Cause) -> dict[str, Any]:
    return {
        "pod": cause.pod,
        "reason": cause.reason,
        "message": cause.message,
        "log": list(cause.log),
        "hint": cause.hint,
    }
