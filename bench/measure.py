"""Runs commands and says what they cost."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A command to measure; `before` prepares each run outside the clock."""

    name: str
    argv: Sequence[str | Path]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    before: Callable[[], None] | None = None
    codes: tuple[int, ...] = (0,)  # exit codes that count as a success


@dataclass(frozen=True)
class Cost:
    """What a command cost: the median of its runs' wall time in seconds, and its peak memory in MB."""

    name: str
    seconds: float
    spread: tuple[float, float]  # fastest and slowest
    megabytes: float


def once(command: Command) -> tuple[float, float]:
    """Run a command and return its wall time in seconds and peak resident memory in MB."""
    if command.before:
        command.before()
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(a) for a in command.argv],
            cwd=command.cwd,
            env={**os.environ, **(command.env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in command.codes:
            out.seek(0)
            said = out.read().decode(errors="replace")[-3000:]
            raise SystemExit(f"{command.name} ended with {process.returncode}:\n{said}")
    return seconds, usage.ru_maxrss / 1024


def costs(commands: Sequence[Command], rounds: int) -> list[Cost]:
    """Measure commands in turns, so that a slow moment of the machine hits them all; one warm-up each."""
    for command in commands:
        if rounds > 1:
            once(command)
    runs: dict[str, list[tuple[float, float]]] = {command.name: [] for command in commands}
    for _ in range(rounds):
        for command in commands:
            runs[command.name].append(once(command))
    return [cost(name, results) for name, results in runs.items()]


def cost(name: str, results: Sequence[tuple[float, float]]) -> Cost:
    """Sum up the runs of one command."""
    seconds = [s for s, _ in results]
    return Cost(name, median(seconds), (min(seconds), max(seconds)), max(m for _, m in results))
