"""What happens to objects, as it happens: a list and a watch for each kind, begun again whenever one ends."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from kfctl.cluster.answers import Expired
from kfctl.errors import ClusterError, Forbidden, KfctlError, Unreachable
from kfctl.model.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.request import Request, Selection
    from kfctl.cluster.watch import Watch

    Body = Mapping[str, Any]

PAUSE = 0.5  # between a stream's end and the next list, so that a server that ends each at once is spared
LONGEST_PAUSE = 5.0
FAREWELL = 0.5  # seconds for the threads to end
WITHOUT_WATCH = 2.0  # between two lists where the right to watch is missing


@dataclass(frozen=True)
class Source:
    """Objects of one kind that are listed and watched together."""

    api_version: str
    kind: str
    selection: Selection


@dataclass(frozen=True)
class Listed:
    """Everything that a source holds now; what it held before and is not in it is gone."""

    source: Source
    bodies: tuple[Body, ...]


@dataclass(frozen=True)
class Changed:
    """One object that was made, changed or deleted."""

    source: Source
    body: Body
    gone: bool = False


@dataclass(frozen=True)
class Lost:
    """A source that can't be read; `final` where trying again is no use."""

    source: Source
    error: KfctlError
    final: bool = False


News = Listed | Changed | Lost


class Streams:
    """The news of several sources in one queue, read by a thread for each; a context manager."""

    def __init__(self, cluster: Cluster, sources: Iterable[Source]) -> None:
        """Read `sources`; nothing is sent before the context is entered."""
        self._cluster = cluster.noticing(_no_patience)
        self._sources = tuple(sources)
        self._news: SimpleQueue[News] = SimpleQueue()
        self._ended = threading.Event()
        self._watches: dict[Source, Watch] = {}
        self._threads = [threading.Thread(target=self._run, args=(s,), daemon=True) for s in self._sources]

    def __enter__(self) -> Self:
        """Start reading."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End all reading; who does not end soon is left to itself."""
        self._ended.set()
        for watch in list(self._watches.values()):
            watch.close()
        end = time.monotonic() + FAREWELL
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def take(self, timeout: float) -> Iterator[News]:
        """Wait for news, at most `timeout` seconds, and yield all there is."""
        try:
            yield self._news.get(timeout=max(timeout, 0.0))
            while True:
                yield self._news.get_nowait()
        except Empty:
            return

    def _run(self, source: Source) -> None:
        pause = PAUSE
        while not self._ended.is_set():
            try:
                self._read(source)
                pause = PAUSE
            except Expired:
                pause = PAUSE
            except KfctlError as error:
                final = isinstance(error, Forbidden)
                if self._ended.is_set():
                    return
                self._news.put(Lost(source, error, final))
                if final:
                    return
                pause = min(pause * 2, LONGEST_PAUSE)
            self._ended.wait(pause)

    def _read(self, source: Source) -> None:
        """List once and watch until the stream ends."""
        listing = self._cluster.list_all(source.api_version, source.kind, source.selection)
        self._news.put(Listed(source, tuple(_slim(body) for body in listing.items)))
        try:
            watch = self._cluster.watch(
                source.api_version, source.kind, source.selection, listing.resource_version
            )
        except Forbidden:
            self._ended.wait(WITHOUT_WATCH)
            return
        self._watches[source] = watch
        if self._ended.is_set():  # it ended while the watch was being opened
            watch.close()  # and reading on closes what is below
        with suppress(Unreachable):  # a watch that is cut off is nothing to tell: the next list may work
            for event, body in watch:
                if event in {"ADDED", "MODIFIED", "DELETED"}:
                    self._news.put(Changed(source, _slim(body), gone=event == "DELETED"))


def _no_patience(request: Request, why: str, delay: float) -> None:
    """Let a failed try be final: a stream begins again by itself, and it must be able to end soon."""
    del request, delay
    raise ClusterError(why)


def sources_of(bodies: Iterable[Body], labels: str) -> list[Source]:
    """Return the sources that hold these objects: by name where one is alone, else by `labels`."""
    from kfctl.cluster.request import Selection

    found: dict[tuple[str, str, str], list[str]] = {}
    for resource in map(Resource, bodies):
        place = (resource.api_version, resource.kind, resource.namespace)
        found.setdefault(place, []).append(resource.name)
    return [
        Source(
            version,
            kind,
            Selection(namespace, fields=f"metadata.name={names[0]}")
            if len(names) == 1
            else Selection(namespace, labels=labels),
        )
        for (version, kind, namespace), names in found.items()
    ]


def _slim(body: Body) -> Body:
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    return {**body, "metadata": metadata}
