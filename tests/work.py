"""Counts the work of a call, so that tests of scaling need no clock."""

from __future__ import annotations

import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SLACK = 1.3  # of twice as much: constant parts, and tables that double


def instructions(call: Callable[[], object]) -> int:
    """Return how many bytecode instructions of Python a call executes; work inside of C does not count."""
    count = 0

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def peak_memory(call: Callable[[], object]) -> int:
    """Return the most bytes that a call had allocated at one time."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def assert_linear(
    make: Callable[[int], Callable[[], object]],
    size: int,
    measure: Callable[[Callable[[], object]], int] = instructions,
) -> None:
    """Check that twice the input takes at most twice the work; `make` returns the call for a size."""
    make(size)()  # what is imported and compiled once
    once, twice = measure(make(size)), measure(make(2 * size))
    assert twice <= 2 * SLACK * once, (once, twice)


class CountedText(str):
    """A text that counts the characters which are copied out of it."""

    copied = 0

    def __getitem__(self, index: Any) -> str:
        part = super().__getitem__(index)
        self.copied += len(part)
        return part
