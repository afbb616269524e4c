"""What is spread over processes comes out as if it were not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench.workload import write_app

if TYPE_CHECKING:
    from pathlib import Path

# In a process of its own, which has no other threads; as on a machine of four processors.
BEGIN = '''
import os, signal, sys, threading
from kfctl import forks
os.cpu_count = lambda: 4
me, tasks = os.getpid(), list(range(1000))

def scarce(count):
    """Let only so many more processes be had."""
    fork, left = os.fork, [None] * count
    os.fork = lambda: (left.pop(), fork())[1]

def check(function, processes):
    seen = forks.spread(lambda task: (function(task), os.getpid()), tasks)
    assert [value for value, _ in seen] == [task * 2 for task in tasks]
    assert len({process for _, process in seen}) == processes, processes
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        return
    raise AssertionError("a child is left")
'''


@pytest.mark.parametrize(
    "script",
    [
        "check(lambda task: task * 2, 4)",
        "del tasks[forks.WORTH * 2 - 1:]; check(lambda task: task * 2, 1)",  # too few
        "threading.Thread(target=threading.Event().wait, daemon=True).start(); check(lambda t: t * 2, 1)",
        # Started with `trap '' CHLD`, so that nobody can wait for a child.
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN); check(lambda task: task * 2, 1)",
        "scarce(0); check(lambda task: task * 2, 1)",
        "scarce(2); check(lambda task: task * 2, 1)",
        # Where one dies, the parent does it all.
        "check(lambda t: os.kill(os.getpid(), signal.SIGKILL) if os.getpid() != me else t * 2, 1)",
        "check(lambda t: os._exit(3) if os.getpid() != me and t == 501 else t * 2, 1)",
    ],
)
def test_results_are_those_of_one_process(script: str) -> None:
    subprocess.run([sys.executable, "-c", f"{BEGIN}\n{script}"], check=True, timeout=60)


def test_what_can_not_be_passed_on_is_made_by_the_parent() -> None:
    script = "made = forks.spread(lambda t: (lambda: t), tasks); assert [f() for f in made] == tasks"
    subprocess.run([sys.executable, "-c", f"{BEGIN}\n{script}"], check=True, timeout=60)


def test_an_error_is_raised_as_by_one_process() -> None:
    script = "forks.spread(lambda task: 1 // (task - 999), tasks)"
    done = subprocess.run(
        [sys.executable, "-c", f"{BEGIN}\n{script}"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert done.stderr.rstrip().endswith("ZeroDivisionError: integer division or modulo by zero")


@pytest.mark.parametrize("broken", [False, True])
def test_an_app_is_shown_as_by_one_process(tmp_path: Path, broken: bool) -> None:
    app = write_app(tmp_path, servings=60, config_maps=30)
    for number in (7, 8, 31) if broken else ():
        file = app / f"components/model-{number:04d}.yaml"
        file.write_text(file.read_text() + ("  replicaz: 1\n" if number != 8 else "  - \n"))
    show = f"from kfctl.cli import main; sys.exit(main(['show', '--dir', {str(app)!r}]))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", f"{BEGIN}\nforks.WORTH = {worth}\n{show}"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        for worth in (10, 10_000)
    ]
    assert runs[0].returncode == (1 if broken else 0)
    assert (runs[0].stdout, runs[0].stderr, runs[0].returncode) == (
        runs[1].stdout,
        runs[1].stderr,
        runs[1].returncode,
    )
    assert runs[0].stderr if broken else runs[0].stdout.count("\n---\n") == 149
