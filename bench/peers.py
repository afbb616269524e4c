"""The peers, built from their published Go modules into the cache."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.cluster import golang
from tests.cluster.cache import cache_folder, locked, made_whole, say

if TYPE_CHECKING:
    from pathlib import Path

# module, version and the package in it that is the program
PEERS = {
    "helm": ("helm.sh/helm/v4", "v4.3.1", "helm.sh/helm/v4/cmd/helm"),
    "kapp": ("carvel.dev/kapp", "v0.64.2", "carvel.dev/kapp/cmd/kapp"),
    "kustomize": ("sigs.k8s.io/kustomize/kustomize/v5", "v5.7.1", "sigs.k8s.io/kustomize/kustomize/v5"),
}


def peer(name: str) -> Path:
    """Return a peer's program, built at the first call; raises SystemExit with the compiler's words."""
    module, version, package = PEERS[name]
    folder = cache_folder() / "peers" / f"{name}-{version}"
    with locked(f"peer-{name}", f"waiting for another process that builds {name} …"):
        if not folder.exists():
            say(f"building {name} {version} from its Go module (once, some minutes) …")
            with made_whole(folder) as unfinished:
                build(unfinished, name, module, version, package)
    return folder / name


def build(folder: Path, name: str, module: str, version: str, package: str) -> None:
    """Build a program by a module of our own that requires the peer's: it needs no replacements this way."""
    go = golang.choose()
    (folder / "tools.go").write_text(f'package tools\n\nimport _ "{package}"\n')
    for argv in (
        ["mod", "init", "peers"],
        ["get", f"{module}@{version}"],
        ["build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", name, package],
    ):
        done = subprocess.run(
            [go, *argv], cwd=folder, env=golang.environment(go), capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"building {name} failed at `go {argv[0]}`:\n{done.stderr[-2000:]}")
