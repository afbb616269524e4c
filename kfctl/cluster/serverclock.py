"""The time as the server has it: the clock of the machine that kfctl runs on may be an hour off."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime


class ServerClock:
    """Learns from the first answer that tells how far the server is ahead of us, by whole seconds."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._ahead: float | None = None

    def hear(self, date: str | None) -> None:
        """Take the Date of an answer that has just come."""
        if self._ahead is not None or not date:
            return
        try:
            ahead = parsedate_to_datetime(date).timestamp() - time.time()
        except ValueError:
            return
        self._ahead = ahead if abs(ahead) > 1 else 0.0  # a Date has no fractions

    def now(self) -> float:
        """Return the server's time, in seconds since 1970."""
        return time.time() + (self._ahead or 0.0)
