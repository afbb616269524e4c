"""What is going on in an apply: lines that change in place on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kfctl.cli import console
from kfctl.cli.statusview import short_cause, sign
from kfctl.model.plan import Action
from kfctl.model.status import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfctl.model.plan import Plan
    from kfctl.model.resource import Key
    from kfctl.model.status import Event, Status

    Told = Callable[[Event], None]

TALL = 10  # lines for objects in the live display; the others are counted
BETWEEN = 0.2  # seconds between two pictures
MANY = 20  # objects being waited for above which plain lines don't name each
SILENCE = 5.0  # seconds after which plain lines say how far it is


def _paint(text: str, style: str) -> str:
    return console.paint(text, style, err=True)


@contextmanager
def progress(plan: Plan) -> Iterator[Told]:
    """Give what shows each event as it comes."""
    with console.live() as region:
        if region is None:
            yield _Plain(plan).take
            return
        display = _Display(plan, region)
        with display.ticking():
            yield display.take


class Tally:
    """What is known of the apply so far."""

    def __init__(self, plan: Plan) -> None:
        """Start with a plan of which nothing is done."""
        actions = {change.action for change in plan.changes if change.writes}
        self.total = sum(change.writes for change in plan.changes) + plan.scope.namespace_missing
        removes = actions == {Action.DELETE}
        self.doing, self.done = ("deleting", "deleted") if removes else ("applying", "applied")
        self.ended = 0
        self.busy: dict[Key, str] = {}
        self.waiting: dict[Key, Status] = {}
        self.followed: set[Key] = set()
        self.started = time.monotonic()

    def take(self, event: Event) -> None:
        """Count an event."""
        if event.key is None:
            return
        if event.step in {Step.STARTED, Step.RETRIED}:
            self.busy[event.key] = event.message
        elif event.step in {Step.DONE, Step.FAILED, Step.SKIPPED}:
            self.busy.pop(event.key, None)
            self.ended += 1
        elif event.status:
            self.followed.add(event.key)
            self.waiting.pop(event.key, None)
            if not event.status.health.good:
                self.waiting[event.key] = event.status

    @property
    def elapsed(self) -> str:
        """How long it has been going on."""
        seconds = int(time.monotonic() - self.started)
        return f"{seconds // 60}:{seconds % 60:02d}"

    def headline(self) -> str:
        """Return in one line how far it is."""
        if self.ended < self.total:
            return f"{self.doing} {self.ended} of {self.total}"
        if self.waiting:
            return f"waiting: {len(self.followed) - len(self.waiting)} of {len(self.followed)} ready"
        return f"{self.done} {self.ended}"


def line_of(event: Event) -> str:
    """Return an event as a line that stays; empty for one that is not worth it."""
    hint = f" ({event.hint})" if event.hint else ""
    if event.step is Step.FAILED:
        return f"{_paint('✗', 'red')} {event.key}: {event.message}{hint}"
    if event.step is Step.SKIPPED:
        return f"{_paint('-', 'yellow')} {event.key} skipped: {event.message}"
    if event.step is Step.NOTE:
        return f"{_paint('note:', 'cyan')} {f'{event.key} ' if event.key else ''}{event.message}{hint}"
    if event.step is Step.DONE and event.message:
        return f"{_paint('+', 'green')} {event.key}: {event.message}"
    return ""


class _Plain:
    """Lines for a log: what is worth knowing, and now and then how far it is."""

    def __init__(self, plan: Plan) -> None:
        self._tally = Tally(plan)
        self._said = time.monotonic()
        self._shown: dict[Key, str] = {}

    def take(self, event: Event) -> None:
        self._tally.take(event)
        line = line_of(event)
        if event.step is Step.RETRIED:
            line = f"{event.key}: {event.message}"
        if event.status and self._is_news(event.status) and len(self._tally.waiting) <= MANY:
            line = f"{sign(event.status.health, err=True)} {event.key} {short_cause(event.status)}"
        if not line and time.monotonic() - self._said > SILENCE:
            line = self._tally.headline()
        if line:
            self._said = time.monotonic()
            console.note(line)

    def _is_news(self, status: Status) -> bool:
        """Whether a status is worth a line: what is well at once, or said already, is not."""
        before = self._shown.get(status.key)
        self._shown[status.key] = short_cause(status)
        return before != self._shown[status.key] and not (before is None and status.health.good)


class _Display:
    """Lines at the bottom of the terminal: a headline, and what is under way or not ready yet."""

    def __init__(self, plan: Plan, region: console.Live) -> None:
        self._tally = Tally(plan)
        self._region = region
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def take(self, event: Event) -> None:
        with self._lock:
            self._tally.take(event)
            if line := line_of(event):
                self._region.log(line)

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Draw a picture now and then, until it is over."""
        drawing = threading.Thread(target=self._draw, daemon=True)
        drawing.start()
        try:
            yield
        finally:
            self._ended.set()
            drawing.join()
            self._region.show([])

    def _draw(self) -> None:
        while not self._ended.wait(BETWEEN):
            with self._lock:
                self._region.show(list(picture(self._tally)))


def picture(tally: Tally) -> Iterator[str]:
    """Yield the lines of the live display."""
    yield f"{_paint(tally.headline(), 'bold')} {_paint(tally.elapsed, 'dim')}"
    busy = [f"  {_paint('›', 'cyan')} {key} {why}" for key, why in tally.busy.items()]
    waiting = [
        f"  {sign(status.health, err=True)} {key} {short_cause(status)}"
        for key, status in tally.waiting.items()
    ]
    lines = [*waiting, *busy]
    yield from lines[:TALL]
    if len(lines) > TALL:
        yield _paint(f"  … and {len(lines) - TALL} more", "dim")
