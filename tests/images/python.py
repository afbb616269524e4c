"""Layers of packages from PyPI, installed from outside for the Python of the base."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.images.base import PYTHON
from tests.images.layers import Layer, command

# Packages that are on PyPI as sources only.
NO_WHEELS = ("onetimepass==1.0.1",)
INSTALLED = re.compile(r"(?:\./)?opt/[^/]+/([^/-]+)-([^/]+)\.dist-info/METADATA")
FOREIGN = ("--python-version", PYTHON, "--only-binary=:all:")


def packages(name: str, *wanted: str, over: Layer | None = None, without: tuple[str, ...] = ()) -> Layer:
    """A layer with packages in /opt/NAME; what the layer below has too, it has in the same version."""
    recipe = (PYTHON, *wanted, *NO_WHEELS, *without, *(over.recipe if over else ()))

    def fill(root: Path) -> None:
        install(root / "opt" / name, wanted, over)
        for folder in without:
            shutil.rmtree(root / "opt" / name / folder)

    return Layer(name, recipe, fill)


def lone_package(name: str, wanted: str) -> Layer:
    """A layer with one package in /opt/NAME, without what it requires: that is in a layer below it."""

    def fill(root: Path) -> None:
        pip("install", "--no-deps", *FOREIGN, "--target", root / "opt" / name, wanted)

    return Layer(name, (PYTHON, wanted), fill)


def file_of(name: str, wanted: str, source: str) -> Layer:
    """A layer with one file of a package, in /opt/NAME."""

    def fill(root: Path) -> None:
        target = root / "opt" / name
        target.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as folder:
            pip("install", "--no-deps", *FOREIGN, "--target", folder, wanted)
            shutil.copy(Path(folder) / source, target)

    return Layer(name, (PYTHON, wanted, source), fill)


def install(target: Path, wanted: tuple[str, ...], over: Layer | None) -> None:
    """Have pip install wheels for another Python than its own."""
    target.parent.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        limits = Path(folder) / "constraints"
        limits.write_text("\n".join(versions(over) if over else ()))
        pip("wheel", "--no-deps", "--wheel-dir", folder, *NO_WHEELS)
        pip("install", "--constraint", limits, *FOREIGN, "--find-links", folder, "--target", target, *wanted)
    for script in (target / "bin").glob("*"):
        name_our_python(script)


def pip(*arguments: str | Path) -> None:
    """Run pip."""
    command(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def versions(layer: Layer) -> list[str]:
    """What a layer has installed, as requirements; not what packages carry along inside of them."""
    listing = ["tar", "--list", "--file", str(layer.built().path)]
    files = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.splitlines()
    found = (INSTALLED.fullmatch(file) for file in files)
    return sorted("==".join(match.groups()) for match in found if match)


def name_our_python(script: Path) -> None:
    """Start a script with the Python of the image, not with the one that pip ran on."""
    first, _, rest = script.read_bytes().partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        script.write_bytes(b"#!/usr/bin/python3\n" + rest)
