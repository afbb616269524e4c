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
    What a child can't do for any reason this process does itself, so that errors are raised as without any.
    """
    count = processes(len(tasks))
    children = [_forked(function, tasks[number::count]) for number in range(1, count)]
    try:
        shares = [iter([function(task) for task in tasks[::count]])]
        shares += [_answer(child, function, tasks[at::count]) for at, child in enumerate(children, 1)]
    finally:
        _end(children)
    return [next(shares[at % count]) for at in range(len(tasks))]


def processes(tasks: int) -> int:
    """Return how many processes are worth it; one where a fork is not safe, or not to be had."""
    wanted = min(tasks // WORTH, os.cpu_count() or 1, MOST)
    if wanted < 2 or not hasattr(os, "fork"):
        return 1
    import threading

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


def _answer(child: Child, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    """Return a child's results, or our own where it has none."""
    import pickle

    with os.fdopen(os.dup(child[1]), "rb") as stream:
        raw = stream.read()
    found: Any = None
    with suppress(Exception):  # it died, or has nothing that can be passed on
        found = pickle.loads(raw)
    return iter(found if found is not None else [function(task) for task in tasks])


def _end(children: Sequence[Child]) -> None:
    import signal

    for process, reader in children:
        os.close(reader)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
