"""Many like tasks, spread over the processors by forks of this process."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Child = tuple[int, int]  # process id, and where its results can be read

Task = TypeVar("Task")
Result = TypeVar("Result")

WORTH = 100  # tasks for each process: fewer are done sooner than a fork
MOST = 8  # processes


def spread(function: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    """Return what a function makes of each task.

    It may do nothing else, as part of it happens in children, and its results must be such as can be pickled.
    Where that fails for any reason this process does all by itself, so that errors are raised as without any.
    """
    count = processes(len(tasks))
    if count > 1:
        with suppress(Exception):  # no process or pipe to be had, a child that died, a task that fails
            return _spread(function, tasks, count)
    return [function(task) for task in tasks]


def _spread(function: Callable[[Task], Result], tasks: Sequence[Task], count: int) -> list[Result]:
    children: list[Child] = []
    try:
        for number in range(1, count):
            children.append(_forked(function, tasks[number::count]))
        shares = [iter([function(task) for task in tasks[::count]]), *map(_answer, children)]
    finally:
        _end(children)
    return [next(shares[at % count]) for at in range(len(tasks))]


def processes(tasks: int) -> int:
    """Return how many processes are worth it; one where a fork is not safe, or not to be had."""
    wanted = min(tasks // WORTH, os.cpu_count() or 1, MOST)
    if wanted < 2 or not hasattr(os, "fork"):
        return 1
    import signal
    import threading

    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        return 1  # the system takes ended children away, and their numbers may be another's
    return 1 if threading.active_count() > 1 else wanted  # or a lock may be held in a child for ever


def _forked(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Child:
    import pickle

    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    try:
        os.close(reader)
        with os.fdopen(writer, "wb") as stream:
            stream.write(pickle.dumps([function(task) for task in tasks], pickle.HIGHEST_PROTOCOL))
    finally:
        os._exit(0)  # whatever happened: the parent sees what came


def _answer(child: Child) -> Iterator[Any]:
    """Return a child's results; raises an error where it has none."""
    import pickle

    with os.fdopen(os.dup(child[1]), "rb") as stream:
        return iter(pickle.load(stream))


def _end(children: Sequence[Child]) -> None:
    import signal

    for process, reader in children:
        os.close(reader)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
