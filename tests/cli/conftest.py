"""A small app, and kfctl run in this process: hundreds of command lines in a second."""

from __future__ import annotations

import io
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kfctl.cli import main
from tests.cli.world import FILES
from tests.conftest import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Shell:
    """A terminal in an app's folder."""

    folder: Path

    def __call__(self, line: str, *more: str) -> Run:
        """Run a command line as a shell would split it, with `more` arguments as they are."""
        return self.run([*shlex.split(line), *more])

    def run(self, arguments: list[str]) -> Run:
        """Run kfctl with these arguments."""
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
        before = sys.stdout, sys.stderr, Path.cwd()
        os.chdir(self.folder)
        sys.stdout, sys.stderr = out, err
        try:
            code = main(arguments)
        finally:
            sys.stdout, sys.stderr = before[:2]
            os.chdir(before[2])
        return Run(code, text_of(out), text_of(err))

    def read(self, path: str) -> str:
        """Return what a file holds."""
        return (self.folder / path).read_bytes().decode()

    def files(self) -> dict[str, str]:
        """Return every file below the folder."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes().decode()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


def text_of(stream: io.TextIOWrapper) -> str:
    """Return what was written to a stream."""
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@pytest.fixture
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in an empty folder, with a home of its own and no colours."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("KUBECONFIG", "FORCE_COLOR", "_KFCTL_COMPLETE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(home), "NO_COLOR": "1", "COLUMNS": "120"}.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "work"
    folder.mkdir()
    return Shell(folder)


@pytest.fixture
def shell(anywhere: Shell, write_files: Callable[[Path, Mapping[str, str]], None]) -> Shell:
    """A shell in a small app."""
    write_files(anywhere.folder, FILES)
    return anywhere


@pytest.fixture
def write_files() -> Callable[[Path, Mapping[str, str]], None]:
    """Write files given as path → text below a folder."""

    def write(folder: Path, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    return write
