"""Manifests that large projects publish, out of their Go modules.

Left out are those in which a controller of Kubernetes itself changes what they say: a ClusterRole that is
aggregated and yet has `rules`, as the training operator and Kubernetes' own have.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl.store.manifests import documents_in
from tests.cluster import golang
from tests.cluster.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

# Name → module, and the files in it.
PROJECTS = {
    "argo-cd": ("github.com/argoproj/argo-cd/v2@v2.13.3", ("manifests/install.yaml",)),
    "gateway-api": ("sigs.k8s.io/gateway-api@v1.2.1", ("config/crd/standard/*.yaml",)),
    "prometheus-operator": (
        "github.com/prometheus-operator/prometheus-operator@v0.79.2",
        ("bundle.yaml",),
    ),
    "tekton": ("github.com/tektoncd/pipeline@v0.66.0", ("config/*.yaml", "config/300-imported/*.yaml")),
}


def published(name: str) -> list[dict[str, Any]]:
    """Return the objects of a project, without the namespace that they name."""
    module, patterns = PROJECTS[name]
    folder = fetched(module)
    files = [file for pattern in patterns for file in sorted(folder.glob(pattern))]
    return [plain(body) for file in files for body in documents(file)]


def fetched(module: str) -> Path:
    """Return the folder of a module, which Go fetches if it is not there."""
    go = golang.choose()
    settings = {**golang.environment(go), "GOMODCACHE": str(cache_folder() / "go/path/pkg/mod")}
    settings["GOFLAGS"] = "-modcacherw"
    ran = subprocess.run(
        [go, "mod", "download", "-json", module],
        cwd=cache_folder(),
        env=settings,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return Path(json.loads(ran.stdout)["Dir"])


def documents(file: Path) -> Iterator[dict[str, Any]]:
    yield from (found.value for found in documents_in(file.read_bytes(), str(file)) if found.value)


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object that goes to the namespace it is applied to, not to the one it is written for."""
    metadata = {key: value for key, value in body["metadata"].items() if key != "namespace"}
    return {**body, "metadata": metadata}
