"""Streams, colours, questions, the live display."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.world import FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conftest import Run

ERROR = "from kfctl.cli import main; main(['xyzzy'])"
ASK = "from kfctl.cli import console; console.out(str(console.can_ask() and console.confirm('sure?')))"
LIVE = """
from kfctl.cli import console
with console.live() as region:
    if region is None:
        console.note('plain')
    else:
        region.show(['one', console.paint('two', 'green')])
        region.log('above')
        region.show(['three'])
"""


def test_results_and_notes_keep_their_order_in_one_pipe() -> None:
    code = "from kfctl.cli import console; console.out('a'); console.note('b'); console.out('c')"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=buffered,
        check=True,
        text=True,
    )
    assert done.stdout == "a\nb\nc\n"


def on_a_terminal(code: str, typed: str = "", **environment: str) -> str:
    """Run Python code with a terminal for all streams, and return what that shows."""
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**clean, "TERM": "xterm", "COLUMNS": "80", **environment},
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # Linux's way to say that the other side is gone
        pass
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colours_on_a_terminal(environment: Mapping[str, str], coloured: bool) -> None:
    assert ("\x1b[31mkfctl:\x1b[0m" in on_a_terminal(ERROR, **environment)) is coloured


def test_no_colours_in_a_pipe(kfctl: Callable[..., Run]) -> None:
    assert "\x1b" not in kfctl("xyzzy", env={"NO_COLOR": ""}).err
    assert "\x1b[31m" in kfctl("xyzzy", env={"NO_COLOR": "", "FORCE_COLOR": "1"}).err


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("y\n", "True"), ("yes\n", "True"), ("n\n", "False"), ("\n", "False"), ("\x04", "False")],
)
def test_questions(typed: str, answer: str) -> None:
    shown = on_a_terminal(ASK, typed)
    assert "sure? [y/N] " in shown
    assert answer in shown


def test_nobody_is_asked_where_nobody_is() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK], input="y\n", capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_live_display() -> None:
    shown = on_a_terminal(LIVE)
    assert "one" in shown
    assert "\x1b[32mtwo" in shown
    assert shown.index("one") < shown.index("above") < shown.index("three")
    done = subprocess.run([sys.executable, "-c", LIVE], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "plain\n")


def test_a_reader_that_goes_away_is_no_error(write_tree: Callable[..., Path]) -> None:
    root = write_tree(FILES)
    for name in map(str, range(200)):
        (root / f"components/c{name}.yaml").write_text(FILES["components/other.yaml"])
    process = subprocess.Popen(
        [sys.executable, "-m", "kfctl", "show"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_an_encoding_that_lacks_characters(
    kfctl: Callable[..., Run], write_tree: Callable[..., Path]
) -> None:
    write_tree(FILES)
    env = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = kfctl("param", "set", "web", "text", "é", env=env)
    assert done.code == 0
    assert r"(not set) \u2192" in done.out


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_fault(tmp_path: Path, closed: str) -> None:
    line = f'"{sys.executable}" -m kfctl version {closed}'
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
