"""What a command may import: start-up is most of the time that a short command takes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.world import FILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run

PROGRAM = """
import json, sys
before = set(sys.modules)
from kfctl.cli import main
main(sys.argv[1:])
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""
TYPER = {"typer", "annotated_doc", "shellingham"}
YAML = {"yaml", "_yaml", "cython_runtime", "re2"}  # re2 where a prototype or a value has a pattern
JINJA = {"jinja2", "markupsafe"}
# Slow parts of the standard library that no short command needs.
SLOW = {
    "importlib.metadata",
    "importlib.resources",
    "asyncio",
    "ssl",
    "http.client",
    "email",
    "multiprocessing",
    "concurrent.futures",
}


def test_ctrl_c_while_it_starts_is_no_traceback() -> None:
    broken = """
import builtins, sys
real = builtins.__import__
def stopped(name, *rest):
    if name == "kfctl.cli":
        raise KeyboardInterrupt
    return real(name, *rest)
builtins.__import__ = stopped
from kfctl.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "kfctl: interrupted\n")


def test_module_run_imports_nothing_from_the_current_directory(
    kfctl: Callable[..., Run], tmp_path: Path
) -> None:
    for name in ("yaml", "typer", "json", "encodings"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the current directory')\n")
    done = kfctl("version")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("version", TYPER),
        ("version -o json", TYPER),
        ("--help", TYPER),
        ("param set web numGpus 2", TYPER | YAML),
        ("param set web numGpus 2 --env prod", TYPER | YAML),
        ("param unset web numGpus", TYPER | YAML),
        ("param list", TYPER | YAML),
        ("param list -o json", TYPER | YAML),
        ("param describe web", TYPER | YAML),
        ("param diff default prod", TYPER | YAML),
        ("generate thing new --path=/x", TYPER | YAML),
        ("env list", TYPER | YAML),
        ("component list", TYPER | YAML),
        ("prototype list", TYPER | YAML),
        ("init --dir .. new --bare", TYPER | YAML),
        ("show -c web", TYPER | YAML | JINJA),
        ("validate", TYPER | YAML | JINJA),
    ],
)
def test_a_command_imports_only_what_it_uses(
    write_tree: Callable[..., Path], line: str, allowed: set[str]
) -> None:
    root = write_tree({f"app/{path}": text for path, text in FILES.items()}) / "app"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *line.split()], cwd=root, capture_output=True, text=True, check=True
    )
    modules = set(json.loads(done.stderr.splitlines()[-1]))
    tops = {module.partition(".")[0] for module in modules if not module.startswith("_cython")}
    assert tops - set(sys.stdlib_module_names) - {"kfctl"} <= allowed
    assert modules.isdisjoint(SLOW)
