"""One binary that is every program of a cluster, built from Go modules."""

import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster import golang
from tests.cluster.cache import HarnessError, cache_folder, locked, made_whole, say

MODULE = Path(__file__).parent / "kubernetes"
VERSION = "v1.34.2"
PROGRAMS = (
    "certs",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
)
# Unstamped, the servers give themselves a version that kubectl cannot read.
STAMP = {"gitVersion": VERSION, "gitMajor": "1", "gitMinor": VERSION.split(".")[1], "gitTreeState": "clean"}


def flags() -> list[str]:
    """How the module is compiled: small, and with its version in it."""
    stamps = [f"-X k8s.io/component-base/version.{name}={value}" for name, value in STAMP.items()]
    return ["-buildvcs=false", "-trimpath", "-ldflags", " ".join(["-s", "-w", *stamps])]


def key(module: Path) -> str:
    """Changes whenever what is built changes."""
    digest = hashlib.sha256(repr((flags(), PROGRAMS)).encode())
    for path in sorted([*module.glob("*.go"), module / "go.mod", module / "go.sum"]):
        if path.exists():
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def programs(module: Path = MODULE) -> Path:
    """The folder that holds the programs by their names; built when it is not there yet."""
    if sys.platform != "linux":
        raise HarnessError("a cluster of our own needs Linux; KFCTL_TEST_KUBECONFIG points at any other")
    return built(module, "kubernetes", PROGRAMS, f"Kubernetes {VERSION}", "5 minutes")


def built(module: Path, name: str, links: tuple[str, ...], title: str, duration: str) -> Path:
    """Return the directory with the binary `name` of a module and links to it, building it if missing."""
    folder = cache_folder() / name / key(module)
    if folder.exists():
        return folder
    with locked(name, f"waiting for another process that builds {title} …"):
        if not folder.exists():
            go = golang.choose()
            say(f"building {title} from Go modules; the first time takes about {duration} on two cores …")
            with made_whole(folder) as unfinished:
                compile_module(go, module, unfinished / name)
                for link in links:
                    (unfinished / link).symlink_to(name)
    return folder


def compile_module(go: Path, module: Path, target: Path) -> None:
    """Run `go build`, saying every now and then that it goes on."""
    command = [str(go), "build", *flags(), "-o", str(target), "."]
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(
            command, cwd=module, env=golang.environment(go), stdout=output, stderr=subprocess.STDOUT
        ) as process:
            try:
                follow(process, began)
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            output.seek(0)
            last = "".join(output.readlines()[-30:]).strip()
            raise HarnessError(f"go build in {module} failed (exit {process.returncode}):\n{last}")
    say(f"built in {time.monotonic() - began:.0f} s")


def follow(process: subprocess.Popen[bytes], began: float, every: float = 15) -> None:
    """Wait for a process to end, with a line every few seconds."""
    while True:
        try:
            process.wait(every)
            return
        except subprocess.TimeoutExpired:
            say(f"  still building, {time.monotonic() - began:.0f} s so far")
