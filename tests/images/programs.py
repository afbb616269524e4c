"""Programs from Go modules, each the only file of its image."""

import hashlib
import shutil
import time
from pathlib import Path

from tests.cluster import golang
from tests.cluster.cache import locked, made_whole, say
from tests.images.layers import Layer, command, images

MODULE = Path(__file__).parent / "programs"
GO = (1, 26)  # what the operator's module asks for
OPERATOR = "github.com/kubeflow/training-operator/cmd/training-operator.v1"
PROVISIONER = "github.com/rancher/local-path-provisioner"
# Go refuses to load these two sets of packages at once: they spell a common one differently.
TOGETHER = (("./pause", "./coredns", OPERATOR), (PROVISIONER,))
FLAGS = ("-buildvcs=false", "-trimpath", "-ldflags=-s -w")


def sources() -> tuple[str, ...]:
    """All that decides what is built."""
    files = sorted([*MODULE.rglob("*.go"), *MODULE.glob("go.*")])
    return (*FLAGS, *(f"{path.relative_to(MODULE)}\n{path.read_text()}" for path in files))


def built() -> Path:
    """The folder with all programs; built when it is not there yet."""
    folder = images() / "programs" / hashlib.sha256(repr(sources()).encode()).hexdigest()[:16]
    with locked("programs", "waiting for another process that builds the images' programs …"):
        if not folder.exists():
            say("building the operator, DNS and storage from Go modules (once, about 3 minutes) …")
            began = time.monotonic()
            with made_whole(folder) as unfinished:
                compile_all(unfinished)
            say(f"built in {time.monotonic() - began:.0f} s")
    return folder


def compile_all(target: Path) -> None:
    """Run `go build` for each set."""
    go = golang.choose(minimum=GO)
    for packages in TOGETHER:
        arguments = ["build", *FLAGS, "-o", f"{target}/", *packages]
        command(go, *arguments, folder=MODULE, environment=golang.environment(go))


def program(package: str, path: str) -> Layer:
    """A layer with one of the programs, at `path`."""
    name = package.rpartition("/")[2]

    def fill(root: Path) -> None:
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        shutil.copy2(built() / name, root / path.lstrip("/"))

    return Layer(name, (path, *sources()), fill)
