"""What every test may use: a tree of files written as a dict, and kfctl run as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytest_plugins = ["tests.parallel", "tests.cluster.fixtures", "tests.shop", "tests.tfjobs"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run rewrite the expected renders instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden with what renders")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run rewrites the goldens."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(autouse=True)
def new_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test have the rendering time of a process of its own."""
    from kfctl import isolation

    monkeypatch.setattr(isolation, "account", isolation.Account())


@dataclass(frozen=True)
class Run:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def write_tree(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write files given as path → text below a fresh directory, and return that."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        return tmp_path

    return write


@pytest.fixture
def kfctl(tmp_path: Path) -> Callable[..., Run]:
    """Run the real command in a process of its own, in `tmp_path` unless `cwd` is given."""

    def run(
        *args: str, cwd: Path | None = None, stdin: str | None = None, env: Mapping[str, str] = {}
    ) -> Run:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("KFCTL_", "KUBECONFIG"))}
        clean |= {"HOME": str(tmp_path), "NO_COLOR": "1", "COLUMNS": "160", **env}
        done = subprocess.run(
            [sys.executable, "-m", "kfctl", *args],
            cwd=cwd or tmp_path,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            env=clean,
            text=True,
            capture_output=True,
            timeout=300,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tell what a campaign came to; the end of the run prints it."""
    return partial(record_property, "figures")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the campaigns."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(f"{report.nodeid}: {text}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that must leave nothing out (KFCTL_NO_SKIP, as in CI) if a test was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("KFCTL_NO_SKIP") and reporter and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
