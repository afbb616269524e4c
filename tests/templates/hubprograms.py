"""The real JupyterHub and its proxy for tests: from PyPI and npm, kept in kfctl's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import venv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cluster import pypi
from tests.cluster.cache import cache_folder, say
from tests.cluster.cache import locked as alone
from tests.images import npm
from tests.images.python import locked

if TYPE_CHECKING:
    from pathlib import Path

HUBS = ("5.5", "6.1")  # what the image jupyterHubImage has, and the release after it
RECIPE = "2"  # to be counted up when the functions below install differently


@dataclass(frozen=True)
class Programs:
    """A folder with a Python that has JupyterHub, and the proxy."""

    folder: Path

    @property
    def python(self) -> Path:
        """The Python that can import jupyterhub."""
        return self.folder / "bin" / "python"

    def path(self) -> str:
        """A search path with the proxy, node and that Python."""
        proxy = self.folder / "node_modules" / ".bin"
        return os.pathsep.join([str(proxy), str(self.python.parent), os.environ.get("PATH", os.defpath)])


def programs(release: str) -> Programs:
    """The programs of that release of JupyterHub; installed when they are not there yet."""
    locks = [locked(name) for name in (f"hub-{release}", "node", pypi.SOURCE)]
    recipe = "\n".join([*locks, *npm.LAYER.recipe, sys.version, RECIPE])
    folder = cache_folder() / "jupyterhub" / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    with alone("jupyterhub", "waiting for another process that installs JupyterHub …"):
        if not (folder / "complete").exists():
            say(f"installing JupyterHub {release} and its proxy for the tests of the hub (once, 30 s) …")
            shutil.rmtree(folder, ignore_errors=True)
            install(Programs(folder), release)
            (folder / "complete").touch()
    return Programs(folder)


def install(into: Programs, release: str) -> None:
    """Make a virtual environment in its final place, and put the proxy beside it."""
    venv.create(into.folder)
    pypi.install(f"hub-{release}", python=into.python)
    pypi.install_source(python=into.python)
    pypi.install("node", python=into.python)
    npm.install_proxy((into.folder / "bin" / "npm",), into.folder)
