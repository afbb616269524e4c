"""What a cluster with a node does: pods run, are read, find each other by name, and keep files."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.node.nodecluster import NodeCluster
from tests.cluster.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.access import Cluster

PYTHON = "python:3.12-slim"
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "files"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
}
VERSION = "import importlib.metadata as m; print(m.version('{}'))"
GET = "import urllib.request; print(urllib.request.urlopen('http://{}', timeout=20).status)"


def test_a_pod_runs_and_is_read(node: Cluster, namespace: str, start: Callable[..., None]) -> None:
    start("sleeper", PYTHON, "python", "-uc", "import time; print('awake'); time.sleep(600)")
    node.kubectl("wait", "--for=condition=Ready", "pod/sleeper", "--namespace", namespace, "--timeout=60s")
    assert wait_until(lambda: node.kubectl("logs", "sleeper", "--namespace", namespace) == "awake\n", 20)
    inside = node.kubectl("exec", "sleeper", "--namespace", namespace, "--", "hostname")
    assert inside == "sleeper\n"


def test_services_answer_by_name_and_from_the_machine(
    node: Cluster, namespace: str, start: Callable[..., None], output: Callable[..., str]
) -> None:
    start("web", PYTHON, "python", "-m", "http.server", "8000")
    node.kubectl("expose", "pod", "web", "--port=80", "--target-port=8000", "--namespace", namespace)
    node.kubectl("wait", "--for=condition=Ready", "pod/web", "--namespace", namespace, "--timeout=60s")
    assert output("client", PYTHON, "python", "-c", GET.format("web")) == "200\n"
    full = f"web.{namespace}.svc.cluster.local"
    assert output("full", PYTHON, "python", "-c", GET.format(full)) == "200\n"
    address = node.kubectl("get", "service/web", "-o", "jsonpath={.spec.clusterIP}", "--namespace", namespace)
    with urllib.request.urlopen(f"http://{address}", timeout=20) as answer:
        assert answer.status == 200


def test_a_name_that_nobody_has_is_unknown(output: Callable[..., str]) -> None:
    ask = (
        "import socket\ntry: socket.getaddrinfo('nobody.example', 80)\nexcept OSError as e: print(e.strerror)"
    )
    assert output("asker", PYTHON, "python", "-c", ask) == "Name or service not known\n"


def test_a_claim_keeps_files_for_a_user_who_is_not_root(
    node: Cluster, namespace: str, output: Callable[..., str]
) -> None:
    node.kubectl("create", "--namespace", namespace, "--filename=-", input=json.dumps(CLAIM))
    more = {
        "securityContext": {"runAsUser": 1000},
        "volumes": [{"name": "files", "persistentVolumeClaim": {"claimName": "files"}}],
        "container": {"volumeMounts": [{"name": "files", "mountPath": "/files"}]},
    }
    output("writer", PYTHON, "sh", "-c", "echo kept > /files/a", **more)
    assert output("reader", PYTHON, "cat", "/files/a", **more) == "kept\n"
    volumes = NodeCluster().folder / "volumes"
    (kept,) = volumes.glob(f"*_{namespace}_files/a")
    node.kubectl("delete", "pods,pvc", "--all", "--namespace", namespace)
    assert wait_until(lambda: not kept.parent.exists(), 60), "a volume's files go with its claim"


def test_an_image_that_was_not_made_is_never_pulled(
    node: Cluster, namespace: str, start: Callable[..., None]
) -> None:
    start("stranger", "quay.io/nobody/nothing:1")
    state = "{.status.containerStatuses[0].state.waiting.reason}"

    def reason() -> str:
        return node.kubectl("get", "pod/stranger", "-o", f"jsonpath={state}", "--namespace", namespace)

    assert wait_until(lambda: reason() in ("ErrImagePull", "ImagePullBackOff"), 30)
    events = node.kubectl("get", "events", "-o", "jsonpath={.items[*].message}", "--namespace", namespace)
    assert "127.0.0.1:53: read: connection refused" in events, "no name of a registry is even looked up"


@pytest.mark.parametrize(
    ("image", "package", "version"),
    [
        ("quay.io/jupyterhub/k8s-hub:4.4.0", "jupyterhub", "5.5."),
        ("quay.io/jupyterhub/k8s-hub:4.4.0", "jupyterhub-kubespawner", "7.0."),
        ("quay.io/jupyter/tensorflow-notebook:2026-08-07", "tensorflow-cpu", "2.21."),
        ("quay.io/jupyter/tensorflow-notebook:2026-08-07", "jupyterhub", "5.5."),
        ("tensorflow/tensorflow:2.21.0", "tensorflow-cpu", "2.21."),
    ],
)
def test_images_hold_what_their_names_promise(
    output: Callable[..., str], image: str, package: str, version: str
) -> None:
    assert output("asker", image, "python", "-c", VERSION.format(package)).startswith(version)


def test_the_proxy_is_the_version_of_its_image(output: Callable[..., str]) -> None:
    image = "quay.io/jupyterhub/configurable-http-proxy:5.2.0"
    assert output("asker", image, "configurable-http-proxy", "--version") == "5.2.0\n"


def test_volumes_are_on_the_machine_only_below_the_clusters_folder(node: Cluster) -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    assert "containerd" not in mounts
    assert "kubelet" not in mounts
