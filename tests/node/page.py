"""A page of docs/ as a script: its console blocks are run in order, and compared with what they printed.

A command that would go on for ever is ended as a user ends it: where the page shows `^C` below its output,
Ctrl-C is typed as soon as it has printed the line above that.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

BLOCK = re.compile(r"^```console\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs from run to run, and what stands for it in a comparison.
VARIES = (
    (r"(?<=context )[\w.-]+", "CONTEXT"),
    (r"-[0-9a-f]{8,10}-[a-z0-9]{5}\b", "-POD"),
    (r"\bclient-[a-z0-9]{5}\b", "client-POD"),
    (r"\b\d{4}-\d\d-\d\d[T ][\d:.]+Z?\b", "MOMENT"),
    (r"\b(\d+[smhd])+\b", "AGE"),
    (r"\b\d+\.\d+%?", "NUMBER"),
    (r"\b10(\.\d+){3}\b", "ADDRESS"),
    (r"\b127.0.0.1:\d+\b", "LOCAL"),
    (r"\b\d\d:\d\d:\d\d\b", "CLOCK"),
    (r"ready: (bound|will be bound when a pod uses it)", "ready: BOUND"),
    (r"  +", "  "),
)
# These report their progress on stderr, which is never the same.
REPORTING = ("kfctl apply ", "kfctl delete ")
LEFT_OUT = "…"  # a line that stands for any lines
INTERRUPT = "^C"
# Ctrl-C ends a command even where who runs all this ignores it, as shells have it for `… &`.
CTRL_C = ("env", "--default-signal=INT")
INTERRUPTED = {130, -signal.SIGINT}  # how a command ends then, and how its shell does if it hears first
PATIENCE = 300  # seconds for a command to come to the line at which it is interrupted


@dataclass(frozen=True)
class Step:
    """A command of a page, and what the page says that it prints."""

    command: str
    printed: str

    @property
    def last(self) -> str:
        """The line at which Ctrl-C is typed; empty where the command ends by itself."""
        *_, line, end = "", "", *self.printed.splitlines()
        return line if end == INTERRUPT else ""

    def shown_of(self, printed: str) -> str:
        """What the page shows of such an output."""
        return "\n".join(abridged(printed.strip().splitlines(), self.printed.splitlines()))


@dataclass(frozen=True)
class Shell:
    """Where commands are typed: a folder and variables. `cd` takes effect on the commands after it."""

    folder: Path
    environment: Mapping[str, str]

    def line(self, command: str) -> list[str]:
        """What runs a command line in the folder that earlier ones went to."""
        where = shlex.quote(str(self.folder / ".where"))
        there = f'cd "$(cat {where} 2>/dev/null || pwd)"'
        return [*CTRL_C, "bash", "-c", f"{there} && {command}\nended=$?; pwd > {where}; exit $ended"]

    def run(self, step: Step) -> subprocess.CompletedProcess[str]:
        """Run a command; what it prints is in order."""
        if step.last:
            return self.interrupted(step, lambda line: None)
        return subprocess.run(
            self.line(step.command),
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if step.command.startswith(REPORTING) else subprocess.STDOUT,
            text=True,
        )

    def interrupted(self, step: Step, tell: Callable[[str], None]) -> subprocess.CompletedProcess[str]:
        """Run a command up to the page's last line of it, and type Ctrl-C; tell each line as it comes."""
        printed = []
        with subprocess.Popen(
            self.line(step.command),
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C reaches a whole group of processes
        ) as process:
            assert process.stdout
            typed = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGINT))
            typed.start()
            for line in chain(up_to(process.stdout, step.last), [f"{INTERRUPT}\n"]):
                tell(line)
                printed.append(line)
            os.killpg(process.pid, signal.SIGINT)
            process.communicate()
            typed.cancel()
        ended = 0 if process.returncode in INTERRUPTED else process.returncode
        return subprocess.CompletedProcess(step.command, ended, "".join(printed), "")


def up_to(lines: Iterable[str], last: str) -> Iterator[str]:
    """Yield lines up to the first that is like another."""
    for line in lines:
        yield line
        if comparable(line) == comparable(last):
            return


def steps(text: str) -> Iterator[Step]:
    """The commands of a page. A line that begins with `> ` goes on with the command above it."""
    for block in BLOCK.finditer(text):
        for part in parts(block):
            lines, printed = divided(part)
            yield Step("\n".join(line[2:] for line in lines), "\n".join(printed))


def parts(block: re.Match[str]) -> list[str]:
    """The commands of a block, each with what it prints."""
    return re.split(r"^(?=\$ )", block["text"], flags=re.MULTILINE)[1:]


def divided(part: str) -> tuple[list[str], list[str]]:
    """The lines of a command, and those that it prints."""
    first, *rest = part.strip().splitlines()
    more = [line for line in rest if line.startswith("> ")]
    return [first, *more], rest[len(more) :]


def rewritten(text: str, printed: Iterator[str]) -> str:
    """The page with other outputs, in the order of its commands; it leaves out as many lines as before."""

    def part(old: str) -> str:
        lines, shown = divided(old)
        new = "\n".join([*lines, *abridged(next(printed).strip().splitlines(), shown)])
        return f"{new}\n\n" if old.endswith("\n\n") else f"{new}\n"

    return BLOCK.sub(lambda block: f"```console\n{''.join(map(part, parts(block)))}```", text)


def abridged(lines: list[str], like: list[str]) -> list[str]:
    """As many of the first and last lines as another output shows."""
    if LEFT_OUT not in like:
        return lines
    first = like.index(LEFT_OUT)
    last = len(like) - first - 1
    return [*lines[:first], LEFT_OUT, *lines[len(lines) - last :]]


def comparable(printed: str) -> str:
    """An output without what differs from run to run."""
    for pattern, word in VARIES:
        printed = re.sub(pattern, word, printed)
    return "\n".join(line.strip() for line in printed.strip().splitlines())
