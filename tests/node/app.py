"""An app on the cluster with the node: kfctl and kubectl as its user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cluster.access import Cluster


@dataclass(frozen=True)
class App:
    """A folder with an app, and the namespace that it is deployed to."""

    cluster: Cluster
    folder: Path
    namespace: str

    def kfctl(self, *args: str) -> Run:
        """Run kfctl in the app's folder."""
        line = [sys.executable, "-m", "kfctl", *args]
        environment = variables(self.cluster, self.folder.parent)
        done = subprocess.run(line, cwd=self.folder, env=environment, capture_output=True, text=True)
        return Run(done.returncode, done.stdout, done.stderr)

    def done(self, *args: str) -> Run:
        """Run kfctl, which is to succeed."""
        done = self.kfctl(*args)
        assert done.code == 0, f"kfctl {' '.join(args)}\n{done.out}{done.err}"
        return done

    def kubectl(self, *args: str) -> str:
        """Run kubectl in the app's namespace."""
        return self.cluster.kubectl("--namespace", self.namespace, *args)

    def address(self, service: str) -> str:
        """Where a Service is, as the machine reaches it."""
        return self.kubectl("get", f"service/{service}", "-o", "jsonpath={.spec.clusterIP}")


def variables(cluster: Cluster, home: Path) -> Mapping[str, str]:
    """The environment of a user of the cluster, who has kfctl and kubectl."""
    programs = [str(Path(sys.executable).parent), str(cluster.kubectl_program.parent)]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("KFCTL_")},
        "PATH": os.pathsep.join([*programs, os.environ.get("PATH", os.defpath)]),
        "HOME": str(home),
        "KUBECONFIG": str(cluster.kubeconfig),
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
