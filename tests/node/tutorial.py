"""The tutorial's page, run on the node: what it makes is there for all tests."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.cache import locked, say
from tests.node.app import App, variables
from tests.node.page import Shell, Step, steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from tests.cluster.access import Cluster

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
GIVEN = ROOT / "tests" / "outside" / "tutorial"  # files that the old tutorial lays out in its user's home
CLEAN_UP = "\n## Clean up\n"
NAMESPACE = "kubeflow"
CLUSTER_WIDE = "crd,clusterrole,clusterrolebinding,validatingwebhookconfiguration,persistentvolume,namespace"


@dataclass(frozen=True)
class Tutorial:
    """The app that the page made, and what each of the page's commands printed."""

    app: App
    shell: Shell
    printed: list[tuple[Step, str]]

    def play(self, text: str) -> None:
        """Run the commands of a part of the page; each must succeed."""
        for step in steps(text):
            done = self.shell.run(step)
            assert done.returncode == 0, f"$ {step.command}\n{done.stdout}{done.stderr or ''}"
            self.printed.append((step, done.stdout))


@contextmanager
def played(cluster: Cluster, folder: Path) -> Iterator[Tutorial]:
    """Have the page played up to its clean-up, and that after all; nothing stays on the cluster."""
    app = App(cluster, folder / "kubeflow", NAMESPACE)
    tutorial = Tutorial(app, Shell(folder, variables(cluster, folder)), [])
    for file in GIVEN.glob("*.yaml"):
        shutil.copy(file, folder)
    steps_up, _, steps_down = PAGE.read_text(encoding="utf-8").partition(CLEAN_UP)
    remove_earlier(cluster)
    try:
        tutorial.play(steps_up)
        yield tutorial
        tutorial.play(steps_down)
    finally:
        remove_all(cluster)


def alone() -> AbstractContextManager[None]:
    """Let one demo or session at a time play the tutorial: its names are the page's."""
    return locked("tutorial", "waiting for another demo, or other tests, to be done with the tutorial …")


def remove_earlier(cluster: Cluster) -> None:
    """Remove what a demo left there to be looked at; the folder that it was made from is gone."""
    if cluster.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found"):
        say("removing what an earlier demo left on this cluster …")
        remove_all(cluster)


def remove_all(cluster: Cluster) -> None:
    """Have all gone that the tutorial makes."""
    cluster.kubectl("delete", CLUSTER_WIDE, f"--selector=kfctl.dev/app={NAMESPACE}")
    remove_namespace(cluster, NAMESPACE)


def remove_namespace(cluster: Cluster, name: str) -> None:
    """Have a namespace gone, its pods without their time to end."""
    cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")
    cluster.kubectl("--namespace", name, "delete", "pods", "--all", "--grace-period=1")
    cluster.kubectl("wait", "--for=delete", f"namespace/{name}", "--timeout=180s")
