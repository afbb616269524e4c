"""A way to a cluster: its kubeconfig, and kubectl for it."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.build import programs
from tests.cluster.cache import cache_folder


class KubectlError(Exception):
    """kubectl said no."""


@dataclass(frozen=True)
class Cluster:
    """A Kubernetes to talk to, whoever runs it."""

    kubeconfig: Path
    kubectl_program: Path
    kubectl_cache: Path

    def kubectl(
        self, *args: str | Path, input: str | None = None, extra: Mapping[str, str] | None = None
    ) -> str:
        """Run kubectl and return what it prints; raise with its message when it fails."""
        answer = subprocess.run(
            [self.kubectl_program, *args],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            env={**self.environment(), **(extra or {})},
        )
        if answer.returncode:
            command = " ".join(["kubectl", *map(str, args)])
            raise KubectlError(f"{command} (exit {answer.returncode}): {answer.stderr.strip()}")
        return answer.stdout

    def environment(self) -> dict[str, str]:
        """Ours, with this cluster and without the user's kubectl settings and caches."""
        own = {
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.kubectl_cache),
            "KUBECTL_KUBERC": "false",
        }
        return {**os.environ, **own}


def given(kubeconfig: str) -> Cluster:
    """The cluster that a kubeconfig of the user names."""
    found = shutil.which("kubectl")
    return Cluster(
        kubeconfig=Path(kubeconfig).expanduser(),
        kubectl_program=Path(found) if found else programs() / "kubectl",
        kubectl_cache=cache_folder() / "kubectl-cache",
    )


def write_kubeconfig(path: Path, *, server: str, pki: Path, user: str, name: str) -> None:
    """Write a kubeconfig with the certificate of `user` in it."""

    def content(file: str) -> str:
        return base64.b64encode((pki / file).read_bytes()).decode()

    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {"name": name, "cluster": {"server": server, "certificate-authority-data": content("ca.crt")}}
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": content(f"{user}.crt"),
                    "client-key-data": content(f"{user}.key"),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
    }
    path.touch(0o600)
    path.write_text(json.dumps(config, indent=2) + "\n")
