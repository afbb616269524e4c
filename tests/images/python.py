"""Layers of packages from PyPI, installed from outside for the Python of the base."""

import shutil
import tempfile
from pathlib import Path

from tests.cluster import pypi
from tests.images.base import PYTHON
from tests.images.layers import Layer

FOREIGN = ("--python-version", PYTHON, "--only-binary=:all:")


def packages(name: str, lock: str, *, source: bool = False, without: tuple[str, ...] = ()) -> Layer:
    """A layer with the packages of a lock in /opt/NAME, and with the one that has no wheel if `source`."""
    recipe = (PYTHON, locked(lock), *([locked(pypi.SOURCE)] if source else []), *without)

    def fill(root: Path) -> None:
        target = root / "opt" / name
        target.parent.mkdir()
        pypi.install(lock, *FOREIGN, "--target", target)
        if source:
            pypi.install_source("--target", target)
        for script in (target / "bin").glob("*"):
            name_our_python(script)
        for folder in without:
            shutil.rmtree(target / folder)

    return Layer(name, recipe, fill)


def file_of(name: str, lock: str, source: str) -> Layer:
    """A layer with one file of a package, in /opt/NAME."""

    def fill(root: Path) -> None:
        target = root / "opt" / name
        target.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as folder:
            pypi.install(lock, *FOREIGN, "--target", folder)
            shutil.copy(Path(folder) / source, target)

    return Layer(name, (PYTHON, *pypi.pins(lock), source, locked(lock)), fill)


def locked(lock: str) -> str:
    """What a lock file holds."""
    return pypi.lock_file(lock).read_text(encoding="utf-8")


def name_our_python(script: Path) -> None:
    """Start a script with the Python of the image, not with the one that pip ran on."""
    first, _, rest = script.read_bytes().partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        script.write_bytes(b"#!/usr/bin/python3\n" + rest)
