"""Containers' logs, read as they are written, and again from where a connection broke off."""

from __future__ import annotations

import heapq
import threading
import time
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Protocol, Self

from kfctl.cluster.pool import parallel
from kfctl.errors import KfctlError, Unreachable
from kfctl.model.log import Line, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.request import LogQuery
    from kfctl.cluster.transport import Stream
    from kfctl.model.log import Source

PAUSE = 0.5  # seconds before a log that ended is asked for again, growing while it holds nothing new
LONGEST_PAUSE = 5.0
TRIES = 5
AHEAD = 1000  # lines that are read before they are taken
AHEAD_CHARACTERS = 32 * 1024 * 1024  # of all of them
LONGEST_LINE = 1024 * 1024  # bytes
FULL_PAUSE = 0.02  # seconds between two looks at whether there is room
_CUT = f" … (the line is longer than {LONGEST_LINE // 1024 // 1024} MiB; kfctl cut it)"
FAREWELL = 0.5  # seconds for the threads to end


class Position(Protocol):
    """How far a log has been read."""

    @property
    def since(self) -> str:
        """The time to go on from; empty: from the start."""

    def resume(self) -> None:
        """Expect the lines that have been read last once more."""

    def line(self, raw: str) -> tuple[str, str] | None:
        """Return the time and the text of a line; None where it has been read before."""


class Standing(Enum):
    """How a container is, as far as its log is concerned."""

    SILENT = "silent"  # it has no log yet
    TALKING = "talking"  # it runs, or will be started again
    OVER = "over"  # it has ended for good
    GONE = "gone"  # with its pod, or before it printed anything


class Reader:
    """Reads the log of one container."""

    def __init__(self, cluster: Cluster, source: Source, query: LogQuery, position: Position) -> None:
        """Read what `query` asks for, from `position`; nothing is sent yet."""
        self.source = source
        self._cluster = cluster
        self._query = replace(query, container=source.container, timestamps=True)
        self._position = position
        self._stream: Stream | None = None
        self._closed = False

    def open(self, *, follow: bool = False) -> None:
        """Ask for what has not been read yet."""
        query, since = self._query, self._position.since
        if since:
            query = replace(query, tail=None, since_seconds=None, since=since)
        self._position.resume()
        stream = self._cluster.open_log(self.source.namespace, self.source.pod, query, follow=follow)
        self._stream = stream
        if self._closed:  # it was closed while the answer was awaited
            stream.close()

    def lines(self) -> Iterator[Line]:
        """Yield what is new until the answer ends; Unreachable where it breaks off."""
        for raw in self._stream.lines(LONGEST_LINE) if self._stream else ():
            text = raw[:LONGEST_LINE].decode(errors="replace")
            if found := self._position.line(text + _CUT * (len(raw) > LONGEST_LINE)):
                yield Line(found[0], self.source, found[1])

    def whole(self) -> Iterator[Line]:
        """Yield all there is now, in several goes where the connection breaks."""
        for tried in range(TRIES):
            try:
                yield from self.lines()
                return
            except Unreachable:
                if tried == TRIES - 1:
                    raise
            time.sleep(PAUSE)
            self.open()

    def close(self) -> None:
        """End reading, from any thread."""
        self._closed = True
        if self._stream:
            self._stream.close()


def history(readers: Sequence[Reader], notes: list[Note]) -> Iterator[Line]:
    """Yield what all the logs hold now, by time; `notes` takes why one can't be read."""
    opened = parallel(lambda reader: reader.open(), readers)
    failed = {
        reader.source: result
        for reader, result in zip(readers, opened, strict=True)
        if isinstance(result, KfctlError)
    }
    notes += (unreadable(source, error) for source, error in failed.items())
    there = (reader for reader in readers if reader.source not in failed)
    yield from heapq.merge(*(_guarded(reader, notes) for reader in there), key=lambda line: line.time)


def unreadable(source: Source, error: KfctlError, more: str = "") -> Note:
    """Return the note that a log can't be read."""
    failed = not more  # what is tried again may still be read
    return Note(f"the log of {source} can't be read: {error}{more}", error.problems[0].hint, failure=failed)


def _guarded(reader: Reader, notes: list[Note]) -> Iterator[Line]:
    try:
        yield from reader.whole()
    except KfctlError as error:
        notes.append(unreadable(reader.source, error))


class Followers:
    """Logs that are followed, each by a thread, their lines in one queue; a context manager."""

    def __init__(self, standing: Callable[[Source], Standing]) -> None:
        """Follow logs of containers of which `standing` tells how they are."""
        self._standing = standing
        self._ended = threading.Event()
        self._said: Queue[Line | Note] = Queue(AHEAD)
        self._characters = 0  # of the lines in the queue
        self._counting = threading.Lock()
        self._running: dict[threading.Thread, Reader] = {}

    def __enter__(self) -> Self:
        """Begin with no log."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all reading; who does not end soon is left to itself."""
        self._ended.set()
        end = time.monotonic() + FAREWELL
        for reader in self._running.values():
            reader.close()
        for thread in self._running:
            thread.join(max(0.0, end - time.monotonic()))

    def start(self, readers: Iterable[Reader]) -> None:
        """Follow more logs."""
        for reader in readers:
            thread = threading.Thread(target=self._run, args=(reader,), daemon=True)
            self._running[thread] = reader
            thread.start()

    @property
    def busy(self) -> bool:
        """Whether any log may still go on, or a line has not been taken yet."""
        self._running = {thread: reader for thread, reader in self._running.items() if thread.is_alive()}
        return bool(self._running) or not self._said.empty()

    def take(self, timeout: float) -> Iterator[Line | Note]:
        """Wait for lines, at most `timeout` seconds, and yield all there are."""
        try:
            yield self._counted(self._said.get(timeout=timeout))
            for _ in range(AHEAD):  # so that a log that never pauses does not keep its reader from all else
                yield self._counted(self._said.get_nowait())
        except Empty:
            return

    def _counted(self, taken: Line | Note) -> Line | Note:
        with self._counting:
            self._characters -= _size(taken)
        return taken

    def _run(self, reader: Reader) -> None:
        pause, failed = 0.0, 0
        while not self._ended.wait(pause):
            standing = self._standing(reader.source)  # before reading: after its end there is no more to read
            if standing is Standing.GONE:
                return
            if standing is Standing.SILENT:
                pause = PAUSE
                continue
            found, error = self._read(reader, follow=standing is Standing.TALKING)
            failed = failed + 1 if error else 0
            if standing is Standing.OVER and failed in {0, TRIES}:
                self._tell(reader, error)
                return
            if failed == 2:  # once alone is a connection that broke
                self._tell(reader, error, "; trying again")
            pause = PAUSE if found else min(LONGEST_PAUSE, max(PAUSE, pause * 2))

    def _read(self, reader: Reader, *, follow: bool) -> tuple[bool, KfctlError | None]:
        """Read until the answer ends; return whether anything was new, and what broke it off."""
        found = False
        try:
            reader.open(follow=follow)
            for line in reader.lines():
                found = True
                self._put(line)
        except KfctlError as error:
            return found, error
        return found, None

    def _tell(self, reader: Reader, error: KfctlError | None, more: str = "") -> None:
        if error:
            self._put(unreadable(reader.source, error, more))

    def _put(self, said: Line | Note) -> None:
        while not self._ended.is_set():  # whoever takes them is slower than the programs print
            if self._characters > AHEAD_CHARACTERS:
                self._ended.wait(FULL_PAUSE)
                continue
            with suppress(Full):
                self._said.put(said, timeout=PAUSE)
                with self._counting:
                    self._characters += _size(said)
                return


def _size(said: Line | Note) -> int:
    return len(said.text) if isinstance(said, Line) else 0
