"""Many requests side by side: as many as the server likes, results in order."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from kfctl.errors import KfctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")


class Limit:
    """How many requests may be under way: halved when the server asks for less, won back one by one."""

    def __init__(self, most: int) -> None:
        """Start with `most`, which is also the upper bound."""
        self._most = most
        self._limit = float(most)
        self._busy = 0
        self._halvings = 0
        self._free = threading.Condition()

    @property
    def now(self) -> int:
        """The limit as it is."""
        return max(1, int(self._limit))

    @contextmanager
    def place(self) -> Iterator[int]:
        """Wait for a place and hold it; gives how often the limit has been halved before."""
        with self._free:
            self._free.wait_for(lambda: self._busy < self.now)
            self._busy += 1
            halvings = self._halvings
        try:
            yield halvings
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify()

    def halve(self, halvings: int) -> None:
        """Allow half as many, unless it was halved since the request began: one burst halves it once."""
        with self._free:
            if halvings == self._halvings:
                self._limit = max(1.0, self._limit / 2)
                self._halvings += 1

    def widen(self) -> None:
        """Allow a little more: one more after as many successes as the limit."""
        with self._free:
            if self._limit < self._most:
                self._limit = min(float(self._most), self._limit + 1 / self._limit)
                self._free.notify()


class _Work(Generic[Item, Result]):
    """The items of one `parallel`, the threads that take them, and the results as they come."""

    def __init__(self, function: Callable[[Item], Result], items: Sequence[Item]) -> None:
        self.function = function
        self.todo = iter(enumerate(items))
        self.lock = threading.Lock()
        self.done: SimpleQueue[tuple[int, Result | BaseException]] = SimpleQueue()
        self.stopped = False

    def run(self) -> None:
        while (taken := self.take()) is not None:
            index, item = taken
            try:
                self.done.put((index, self.function(item)))
            except BaseException as error:
                self.done.put((index, error))

    def take(self) -> tuple[int, Item] | None:
        with self.lock:
            return None if self.stopped else next(self.todo, None)


def parallel(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int = 32
) -> list[Result | KfctlError]:
    """Return what `function` makes of each item, in order; an error of kfctl stands in its item's place."""
    listed = list(items)
    results: dict[int, Result | KfctlError] = {}
    for index, result in as_completed(function, listed, threads):
        results[index] = result
    return [results[index] for index in range(len(listed))]


def as_completed(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int = 32
) -> Iterator[tuple[int, Result | KfctlError]]:
    """Yield each item's number and result as it comes; closing the iterator starts no further item."""
    work = _Work(function, items)
    for _ in range(min(threads, len(items))):
        # Daemons: an interrupted run does not wait for an answer that never comes.
        threading.Thread(target=work.run, daemon=True).start()
    try:
        for _ in items:
            index, result = work.done.get()
            if isinstance(result, BaseException) and not isinstance(result, KfctlError):
                raise result
            yield index, result
    finally:
        work.stopped = True


def values(results: Iterable[Result | KfctlError]) -> list[Result]:
    """Return results of which none may have failed; raise all the errors of those that did as one."""
    listed = list(results)
    errors = [result for result in listed if isinstance(result, KfctlError)]
    if errors:
        raise type(errors[0]).of([problem for error in errors for problem in error.problems])
    return [result for result in listed if not isinstance(result, KfctlError)]
