"""Runs commands and says what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LAUNCH = [sys.executable, "-I", "-S", Path(__file__).with_name("launch.py")]


@dataclass(frozen=True)
class Command:
    """A command to measure; `before` prepares each run outside the clock, `requests` counts what it asked."""

    name: str
    argv: Sequence[str | Path]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    before: Callable[[], None] | None = None
    requests: Callable[[], int] | None = None
    once: bool = False  # so slow that a single run has to do


class Run(NamedTuple):
    """One run of a command: wall time in seconds, peak resident memory in MB, requests sent."""

    seconds: float
    megabytes: float
    requests: int


@dataclass(frozen=True)
class Cost:
    """What a command cost: the median of its runs' times, the most memory, the requests of the last run."""

    name: str
    seconds: float
    spread: tuple[float, float]  # fastest and slowest
    megabytes: float
    requests: int = 0  # 0: not counted


def run(command: Command) -> Run:
    """Run a command and return what it cost; raises SystemExit with its words when it fails."""
    if command.before:
        command.before()
    environment = {**os.environ, **(command.env or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # without byte code every start compiles kfctl again
    with tempfile.NamedTemporaryFile() as said:
        launched = subprocess.run(
            [*map(str, LAUNCH), said.name, *map(str, command.argv)],
            cwd=command.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        code, seconds, kilobytes = launched.stdout.split()
        if code != "0":
            words = said.read().decode(errors="replace")[-3000:]
            raise SystemExit(f"{command.name} ended with {code}:\n{words}")
    return Run(float(seconds), int(kilobytes) / 1024, command.requests() if command.requests else 0)


def costs(commands: Sequence[Command], rounds: int, *, warm_up: bool = True) -> list[Cost]:
    """Measure commands in turns, so that a slow moment of the machine hits them all."""
    for command in commands if warm_up else ():
        run(command)
    runs: dict[str, list[Run]] = {command.name: [] for command in commands}
    for number in range(rounds):
        for command in commands:
            if number == 0 or not command.once:
                runs[command.name].append(run(command))
    return [cost(name, results) for name, results in runs.items()]


def cost(name: str, runs: Sequence[Run]) -> Cost:
    """Sum up the runs of one command."""
    seconds = [run.seconds for run in runs]
    most = max(run.megabytes for run in runs)
    return Cost(name, median(seconds), (min(seconds), max(seconds)), most, runs[-1].requests)
