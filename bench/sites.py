"""A place on the cluster for each tool, with the same objects in the form that it reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from bench.measure import Command
from bench.peers import peer
from bench.workload import CHANGED, KFCTL, index, rendered, write_app, write_config_maps, write_manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.cluster.access import Cluster
    from tests.faults.proxy import Proxy

# What each tool is told, in its folder: for objects that are not there yet, for those that are, and to look
# at what would change. None waits until they are ready. helm knows no diff.
KAPP = ("-a", "bench", "-f", "templates", "-y", "--wait=false")
VERBS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "kfctl": {
        "new": ("apply", "default", "--no-wait"),
        "again": ("apply", "default", "--no-wait"),
        "diff": ("diff", "default"),
    },
    "kubectl": {
        "new": ("apply", "--server-side", "-f", "templates"),
        "again": ("apply", "--server-side", "-f", "templates"),
        "diff": ("diff", "--server-side", "-f", "templates"),
    },
    "helm": {"new": ("install", "bench", "."), "again": ("upgrade", "bench", ".")},
    "kapp": {
        "new": ("deploy", *KAPP),
        "again": ("deploy", *KAPP),
        "diff": ("deploy", "--diff-run", *KAPP),
    },
}
SLOW = {("kapp", "new")}  # measured once


@dataclass(frozen=True)
class Way:
    """How to reach the cluster: directly, or by a proxy that counts and delays."""

    cluster: Cluster
    kubeconfig: Path
    context: str
    proxy: Proxy | None = None


@dataclass(frozen=True)
class Site:
    """A tool, its namespace, and the folder that it is run in."""

    tool: str
    way: Way
    namespace: str
    folder: Path
    objects: Sequence[dict[str, Any]]
    edits: Iterator[int] = field(default_factory=lambda: count(1))

    def command(self, verb: str, before: Callable[[Site], None]) -> Command:
        """Return the command that does this, from the state that `before` makes."""
        program = KFCTL if self.tool == "kfctl" else [self.program]
        proxy = self.way.proxy

        def prepare() -> None:
            before(self)
            if proxy:
                proxy.requests.clear()

        return Command(
            self.called(verb),
            [*program, *VERBS[self.tool][verb]],
            self.folder,
            self.environment(),
            prepare,
            (lambda: len(proxy.requests)) if proxy else None,
            once=(self.tool, verb) in SLOW,
        )

    def called(self, verb: str) -> str:
        """What the table calls it: kfctl by its number of objects, the others as they are typed."""
        if self.tool == "kfctl":
            return f"kfctl, {len(self.objects):,} objects"
        first, second, *_ = VERBS[self.tool][verb]
        return " ".join([self.tool, first, *([second] if second.startswith("--") else [])])

    @property
    def program(self) -> Path:
        return self.way.cluster.kubectl_program if self.tool == "kubectl" else peer(self.tool)

    def environment(self) -> dict[str, str]:
        """The way to the cluster for any tool, and nothing of the user's."""
        own = {"HELM_NAMESPACE": self.namespace, "KAPP_NAMESPACE": self.namespace}
        own |= {f"HELM_{kind}_HOME": str(self.folder / kind) for kind in ("CACHE", "CONFIG", "DATA")}
        return {**self.way.cluster.environment(), "KUBECONFIG": str(self.way.kubeconfig), **own}

    def removed(self, *, wait: bool = True) -> None:
        """Remove the namespace, with all that is in it."""
        self.way.cluster.kubectl(
            "delete", "namespace", self.namespace, "--ignore-not-found", f"--wait={str(wait).lower()}"
        )

    def emptied(self) -> None:
        """Let there be the namespace and nothing in it."""
        self.removed()
        self.way.cluster.kubectl("create", "namespace", self.namespace)

    def edited(self) -> None:
        """Change ten objects in the tool's files."""
        edit = next(self.edits)
        maps = [body for body in self.objects if body["kind"] == "ConfigMap"]
        if self.tool == "kfctl":
            write_config_maps(self.folder, len(maps), edit)
            return
        changed = ({**body, "data": {"index": index(i, edit)}} for i, body in enumerate(maps[:CHANGED]))
        write_manifests(self.folder / "templates", changed)

    def as_it_is(self) -> None:
        """Change nothing."""


def site(work: Path, tool: str, way: Way, objects: int) -> Site:
    """Make a tool's place for so many objects: 2 in 5 Deployments, 2 in 5 Services, 1 in 5 ConfigMaps."""
    folder, namespace = work / f"{tool}-{objects}", f"kfctl-bench-{tool}-{objects}"
    app = folder if tool == "kfctl" else work / f"app-of-{tool}"
    write_app(app, objects * 2 // 5, objects // 5, namespace, way.context)
    bodies = rendered(app)
    if tool != "kfctl":
        write_manifests(folder / "templates", bodies)
        (folder / "Chart.yaml").write_text("apiVersion: v2\nname: bench\nversion: 1.0.0\n")
    return Site(tool, way, namespace, folder, bodies)
