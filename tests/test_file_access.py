"""The check that keeps file system calls in the reader and the writer."""

from __future__ import annotations

import pytest

from tools.file_access import main, violations


@pytest.mark.parametrize(
    "code",
    [
        "open('x')",
        "path.open()",
        "path.open('rb')",
        "path.open(encoding='utf-8')",
        "path.read_text()",
        "(root / 'x').read_bytes()",
        "path.write_text('x')",
        "path.write_bytes(b'')",
        "list(path.rglob('*'))",
        "path.glob('*.yaml')",
        "path.iterdir()",
        "os.walk(path)",
        "os.scandir(path)",
        "os.listdir(path)",
        "os.open(path, 0)",
        "os.rename(old, new)",
        "shutil.rmtree(path)",
        "io.open(path)",
        "map(open, paths)",
        "from os import scandir",
        "from io import open as opened",
        "read = Path.read_text",
    ],
)
def test_file_access_outside_the_reader_is_found(code: str) -> None:
    assert [line for line, _ in violations(f"\n{code}\n")] == [2]


@pytest.mark.parametrize(
    "code", ["tree.read('x')", "sender.open(request)", "webbrowser.open(url)", "text.replace('a', 'b')"]
)
def test_other_calls_are_no_file_access(code: str) -> None:
    assert list(violations(code)) == []


def test_package_accesses_files_in_one_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out
