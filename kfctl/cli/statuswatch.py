"""How an app is, again and again: in place on a terminal, elsewhere what changes."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from kfctl.cli import console, output, statusview
from kfctl.cli.options import Format, Tree
from kfctl.errors import ClusterError, ExitCode, Forbidden, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfctl.actions.status import AppStatus

    Shown = Callable[[AppStatus], None]

EVERY = 2.0  # seconds between two looks


class Looking(Protocol):
    """Tells how an app is."""

    def look(self) -> AppStatus:
        """Return how it is now."""


def watched(looking: Looking, form: Tree) -> ExitCode:
    """Show how an app is until Ctrl-C, and return what that ends with."""
    if form is not Tree.TEXT:
        return again(looking, States(form).show)
    with console.live() as region:
        if region is None:
            return again(looking, Changes().show)
        shown: list[AppStatus] = []

        def draw(found: AppStatus) -> None:
            shown[:] = [found]
            region.show(list(statusview.tree(found)))

        try:
            return again(looking, draw)
        finally:  # the last picture stays when the display goes
            region.show([])
            for found in shown:
                console.lines(statusview.tree(found))


def again(looking: Looking, show: Shown) -> ExitCode:
    """Show each look, and its warnings when they are new, until Ctrl-C; return what that ends with."""
    last: AppStatus | None = None
    with suppress(KeyboardInterrupt):
        for found in looks(looking):
            for warning in found.warnings:
                if last is None or warning not in last.warnings:
                    console.warn(warning)
            show(found)
            last = found
    return ExitCode.CLUSTER if last and last.unread else ExitCode.INTERRUPTED


def looks(looking: Looking) -> Iterator[AppStatus]:
    """Look again and again; a server that does not answer is told and asked once more."""
    told = ""
    while True:
        try:
            found = looking.look()
        except (Forbidden, Unauthorized):
            raise
        except ClusterError as error:
            if str(error) != told:
                console.note(f"{error}; trying again")
            told = str(error)
        else:
            yield found
            told = ""
        time.sleep(EVERY)


class States:
    """Each state that is another than the last, as a value for programs."""

    def __init__(self, form: Tree) -> None:
        """Print JSON, one line a state, or YAML documents."""
        self._form = form
        self._last: object = None

    def show(self, found: AppStatus) -> None:
        """Print it if it is new."""
        value = statusview.tree_value(found)
        if value == self._last:
            return
        self._last = value
        if self._form is Tree.JSON:
            console.out(console.as_json(value), flush=True)
        else:
            console.out("---")
            output.write_value(value, Format.YAML)
            console.out("", flush=True)


class Changes:
    """First everything, then a line for each object and pod that is another way than before."""

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self._last: dict[str, str] | None = None

    def show(self, found: AppStatus) -> None:
        """Print what is new."""
        now = dict(said(found))
        if self._last is None:
            console.lines(statusview.tree(found), flush=True)
        else:
            when = time.strftime("%H:%M:%S")
            for name in [*now, *(self._last.keys() - now.keys())]:
                if now.get(name) != self._last.get(name):
                    console.out(f"{when} {now.get(name) or f'- {name} is gone'}", flush=True)
        self._last = now


def said(found: AppStatus) -> Iterator[tuple[str, str]]:
    """Yield a line for each object and pod, without its age."""
    for component in found.components:
        for each in (*component.objects, *component.spawned):
            for one in (each, *each.children):
                cause = statusview.short_cause(one)
                yield str(one.key), f"{statusview.sign(one.health)} {one.key}  {cause}"
