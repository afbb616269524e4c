"""An answer that goes on, read as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kfctl.cluster.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import urllib3


class Stream(Protocol):
    """An answer that goes on: a watch, or a log that is followed."""

    status: int
    headers: Mapping[str, str]

    def read(self) -> bytes:
        """Return all that is left of it."""

    def lines(self) -> Iterator[bytes]:
        """Yield each line as it comes, without its end."""

    def close(self) -> None:
        """End it, from any thread."""


class HttpStream:
    """An answer of urllib3, read as it comes."""

    def __init__(
        self, answer: urllib3.BaseHTTPResponse, faults: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Read from `answer`; `faults` turns the library's errors into ours."""
        self._answer = answer
        self._faults = faults
        self._closed = False
        self.status: int = answer.status
        self.headers: Mapping[str, str] = answer.headers

    def read(self) -> bytes:
        """Return all that is left of it."""
        with self._faults():
            return self._answer.read()

    def lines(self) -> Iterator[bytes]:
        """Yield each line as it comes, without its end."""
        rest = b""
        for chunk in self._chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def close(self) -> None:
        """End it, from any thread."""
        self._closed = True
        try:
            self._answer.shutdown()  # wakes the thread that reads
        except (ValueError, OSError, RuntimeError, AttributeError):
            self._answer.close()

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self._faults():
                yield from self._answer.stream(65536)
        except Fault:
            if not self._closed:
                raise
        finally:
            self._answer.close()
