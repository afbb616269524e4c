"""Whatever a server answers, a command ends with an error of kfctl, soon, and prints no control character."""

from __future__ import annotations

import copy
import random
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster import transport
from kfctl.errors import ExitCode
from tests.campaign import size
from tests.cli.test_terminal import hostile
from tests.faults.hostile import HostileServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.cli.conftest import Shell

FILES = {
    "kfctl.yaml": "apiVersion: kfctl/v1\nkind: App\nname: demo\nid: 11111111-2222-3333-4444-555555555555\n",
    "environments/default.yaml": """\
apiVersion: kfctl/v1
kind: Environment
target: {context: prod, namespace: demo}
""",
    "components/web.yaml": "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n",
    "components/web/all.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: nginx}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: nginx}]}}}
---
apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {name: train}
spec:
  tfReplicaSpecs:
    Worker: {replicas: 1, template: {spec: {containers: [{name: tensorflow, image: x}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
""",
}
KUBECONFIG = """\
clusters: [{name: c, cluster: {server: "https://hostile"}}]
contexts: [{name: prod, context: {cluster: c, namespace: demo}}]
current-context: prod
"""
COMMANDS = (
    "diff", "diff -o json", "apply --yes --adopt --no-wait", "apply --yes --rerun --no-wait",
    "apply --dry-run --adopt -o json", "status", "status -o json", "logs web", "list -A", "list", "doctor",
    "history", "history -o json", "fsck", "fsck --repair", "delete --yes --timeout 1s", "validate --server",
    "rollback 1 --yes --no-wait",
)  # fmt: skip


@pytest.fixture
def hostile_shell(anywhere: Shell, write_files: Callable[[Path, Mapping[str, str]], None]) -> Shell:
    write_files(anywhere.folder, FILES)
    write_files(anywhere.folder.parent / "home", {".kube/config": KUBECONFIG})
    return anywhere


@pytest.fixture
def deployed(hostile_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is on the server after an apply."""
    server = HostileServer(random.Random(1), at=-1)
    monkeypatch.setattr(transport, "connect", lambda login: server)
    assert hostile_shell("apply --yes --adopt --no-wait").code == 0
    return server.stored


@pytest.mark.parametrize("line", COMMANDS)
def test_wrong_answer_ends_in_an_error(
    hostile_shell: Shell, deployed: dict[str, Any], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, cases, at = random.Random(line), size(1000), 0
    for _ in range(cases):
        server = HostileServer(chance, at, stored=copy.deepcopy(deployed))
        monkeypatch.setattr(transport, "connect", lambda login, server=server: server)
        try:
            done = hostile_shell(line)
        except Exception:
            raise AssertionError(f"{line}, answer {at}: {traceback.format_exc()}") from None
        assert done.code in {int(code) for code in ExitCode}
        assert hostile(done.out + done.err) == []
        at = at + 1 if server.answered > at else 0
