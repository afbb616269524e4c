"""Ctrl-C: once stops cleanly, twice ends at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kfctl.cli import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event as Flag
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STOPPING = "\nstopping: what is under way is finished, nothing more is begun (again: ends at once)"


@contextmanager
def deciding() -> Iterator[None]:
    """Have Ctrl-C say that nothing was written: so far it is only being decided what to write."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt("nothing was written") from None


@contextmanager
def stopping(stop: Flag) -> Iterator[None]:
    """Set `stop` at the first Ctrl-C (or SIGTERM); let the second one end the program."""

    def stopped(number: int, frame: FrameType | None) -> None:
        del number, frame
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        console.note_at_once(_STOPPING)

    before = {number: signal.signal(number, stopped) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ending() -> Iterator[Callable[[], bool]]:
    """Give what waits until Ctrl-C (or SIGTERM): here that is how a command ends well."""

    def ended(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, ended)
    with suppress(KeyboardInterrupt):
        try:
            yield lambda: bool(threading.Event().wait())
        finally:
            signal.signal(signal.SIGTERM, before)
