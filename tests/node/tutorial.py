"""The tutorial's page, run on the node: what it makes is there for all tests."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.node.app import App, variables
from tests.node.page import Shell, Step, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.access import Cluster

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
GIVEN = ROOT / "tests" / "outside" / "tutorial"  # files that the old tutorial lays out in its user's home
CLEAN_UP = "\n## Clean up\n"
NAMESPACE = "kubeflow"
CLUSTER_WIDE = "crd,clusterrole,clusterrolebinding,validatingwebhookconfiguration,persistentvolume"


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
    try:
        tutorial.play(steps_up)
        yield tutorial
        tutorial.play(steps_down)
    finally:
        cluster.kubectl("delete", CLUSTER_WIDE, f"--selector=kfctl.dev/app={NAMESPACE}")
        remove(app)


def remove(app: App) -> None:
    """Have the app's namespace gone, its pods without their time to end."""
    app.cluster.kubectl("delete", "namespace", app.namespace, "--ignore-not-found", "--wait=false")
    app.kubectl("delete", "pods", "--all", "--grace-period=1")
    app.cluster.kubectl("wait", "--for=delete", f"namespace/{app.namespace}", "--timeout=180s")
