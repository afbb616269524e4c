"""Checks that only the reader and the writer open, list or change files."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = Path(__file__).resolve().parent.parent / "kfctl"
OWNERS = ("store/files/", "store/lock.py")  # the modules that may

# What is called so, on whatever object or module: pathlib, os, shutil, glob, tempfile, io.
_METHODS = """
chmod chown copy2 copyfile copytree fdopen glob hardlink_to iglob iterdir link link_to listdir makedirs mkdir
mkdtemp mkfifo mkstemp move open_code read_bytes read_text removedirs renames rglob rmdir rmtree scandir
symlink symlink_to touch truncate unlink walk write_bytes write_text
"""
# Names that other objects have as well: only of these modules.
_FUNCTIONS = """
os.open os.remove os.rename os.replace io.open io.FileIO codecs.open shutil.copy tempfile.NamedTemporaryFile
tempfile.TemporaryDirectory tempfile.TemporaryFile
"""
METHODS, FUNCTIONS = frozenset(_METHODS.split()), frozenset(_FUNCTIONS.split())
MODES = "rwaxbt+"

# What reads or writes no file of an app, and why.
ALLOWED: Mapping[str, frozenset[str]] = {
    "cli/console.py": frozenset({"os.open"}),  # /dev/null
    "cluster/kubeconfig.py": frozenset({"open"}),  # the user's kubeconfig
    "cluster/localaccess.py": frozenset({"read_text"}),  # /proc
    "cluster/logs.py": frozenset({"open"}),  # streams of pods
    "renderchild.py": frozenset({"fdopen", "os.open"}),  # its pipes, /dev/null
    "store/compiled.py": frozenset({"mkdir", "read_bytes"}),  # the user's cache
    "cluster/credentials.py": frozenset({"read_text"}),  # certificates and tokens that a kubeconfig names
    "cluster/transport.py": frozenset({"read_text"}),  # the namespace of the pod's ServiceAccount
    "forks.py": frozenset({"fdopen"}),  # pipes between its own processes
}


def violations(source: str, allowed: frozenset[str] = frozenset()) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each use of a file system call in a module's `source`."""
    for node in ast.walk(ast.parse(source)):
        if (name := _name(node)) and name not in allowed:
            yield node.lineno, name  # type: ignore[attr-defined] # nodes with a name have a line


def _name(node: ast.AST) -> str:
    """Return what a node uses of the file system; empty for nothing."""
    match node:
        case ast.ImportFrom() if not (node.module or "").startswith("kfctl"):
            names = {alias.name for alias in node.names}
            return min((each for each in names if _is_banned(node.module or "", each)), default="")
        case ast.Attribute(value=ast.Name(id=module)):
            return f"{module}.{node.attr}" if f"{module}.{node.attr}" in FUNCTIONS else _method(node.attr)
        case ast.Attribute():
            return _method(node.attr)
        case ast.Call(func=ast.Attribute(attr="open")) if _opens_path(node):
            return "open"
        case ast.Name(id="open"):
            return "open"
    return ""


def _method(name: str) -> str:
    return name if name in METHODS else ""


def _is_banned(module: str, name: str) -> bool:
    return name in METHODS or f"{module}.{name}" in FUNCTIONS


def _opens_path(call: ast.Call) -> bool:
    """Whether a call of a method `open` is that of a pathlib.Path: without arguments, or with a mode."""
    if not call.args and not call.keywords:
        return True
    given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    keywords = {keyword.arg for keyword in call.keywords}
    return bool(keywords & {"encoding", "newline", "errors", "buffering"}) or any(
        mode and not mode.strip(MODES) for mode in modes
    )


def main() -> int:
    """Print each violation in the package, and return how many there are."""
    found = 0
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        if module.startswith(OWNERS):
            continue
        for line, name in violations(path.read_text(encoding="utf-8"), ALLOWED.get(module, frozenset())):
            print(f"kfctl/{module}:{line}: {name}: use kfctl.store.files, or see ALLOWED in tools/")
            found += 1
    return found


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
