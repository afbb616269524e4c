"""A real node for tests: pods run, names are found, claims get volumes.

They need root on Debian; a run that leaves them out says so. The first time they take minutes and gigabytes,
for images are made from packages: `pytest -m "not node"` does without.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster.client import connect
from kfctl.cluster.kubeconfig import Login
from tests.apply.conftest import World
from tests.cluster.node import debian
from tests.cluster.node.nodecluster import NodeCluster
from tests.cluster.node.space import COVERED
from tests.cluster.session import running
from tests.node.tutorial import alone, played

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.access import Cluster
    from tests.node.app import App
    from tests.node.tutorial import Tutorial

# What a node could leave on its machine, as its own tools list it.
TRACES = (
    ("ip", "-brief", "link"),
    ("ip", "route"),
    ("iptables-save",),
    ("ip6tables-save",),
    ("sysctl", "kernel.panic", "kernel.panic_on_oops", "vm.overcommit_memory", "net.ipv4.ip_forward"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that needs the node."""
    for item in items:
        if "node" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.node)


@pytest.fixture(scope="session")
def node() -> Iterator[Cluster]:
    """The cluster with a node; one that the session started leaves nothing on the machine."""
    reason = debian.why_not()
    if reason:
        pytest.skip(f"the tests of a real node are left out: {reason}")
    debian.prepare()
    with alone():
        before = traces()
        with running(NodeCluster()) as cluster:
            yield cluster
        if not NodeCluster().folder.exists():
            assert traces() == before


def traces() -> dict[str, list[str]]:
    """What is on the machine that a node could have left: mounts, network, firewall, groups, processes."""
    found = {" ".join(command): listed(*command) for command in TRACES}
    found["mounts"] = sorted(
        line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()
    )
    found["groups"] = sorted(str(path) for path in Path("/sys/fs/cgroup").rglob("kfctl*"))
    found["folders"] = [place for place in COVERED if Path(place).exists()]
    mine = str(NodeCluster().folder)
    found["processes"] = [line for line in listed("ps", "-eo", "args") if mine in line]
    return found


def listed(*command: str) -> list[str]:
    """The lines that a command prints; the firewall's dates and counts are no traces."""
    search = {**os.environ, "PATH": debian.SEARCH}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=search)
    return [line.partition(" [")[0] for line in done.stdout.splitlines() if not line.startswith("#")]


@pytest.fixture(scope="session")
def tutorial(node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tutorial]:
    """The page of the tutorial as it was played: operator, hub, a trained model and its server are there."""
    with played(node, tmp_path_factory.mktemp("tutorial")) as tutorial:
        yield tutorial


@pytest.fixture(scope="session")
def kubeflow(tutorial: Tutorial) -> App:
    """The app that the tutorial's page makes."""
    return tutorial.app


@contextmanager
def fresh(node: Cluster) -> Iterator[str]:
    """A namespace for as long as the block runs."""
    name = f"kfctl-test-{secrets.token_hex(4)}"
    node.kubectl("create", "namespace", name)
    try:
        node.kubectl("wait", "--for=create", "serviceaccount/default", "--namespace", name, "--timeout=60s")
        yield name
    finally:
        node.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace(node: Cluster) -> Iterator[str]:
    """A fresh namespace on the cluster with the node."""
    with fresh(node) as name:
        yield name


@pytest.fixture(scope="module")
def shared_namespace(node: Cluster) -> Iterator[str]:
    """One for all tests of a module."""
    with fresh(node) as name:
        yield name


@pytest.fixture
def app(node: Cluster, namespace: str, tmp_path: Path) -> Iterator[World]:
    """An app of raw manifests, in that namespace."""
    login = Login(kubeconfig=str(node.kubeconfig))
    admin = connect(login)
    yield World(tmp_path / "app", namespace, replace(login, context=admin.context), admin)
    admin.transport.close()


@pytest.fixture
def start(node: Cluster, namespace: str) -> Callable[..., None]:
    """Start a pod that runs a program; it ends without the wait that Python takes for SIGTERM."""

    def start(name: str, image: str, *command: str, **more: Any) -> None:
        container = {
            "name": "main",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            **more.pop("container", {}),
        }
        if command:
            container["command"] = list(command)
        spec = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
            **more,
        }
        labels = {"app": name}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}
        node.kubectl("create", "--namespace", namespace, "--filename=-", input=json.dumps(pod))

    return start


@pytest.fixture
def output(node: Cluster, namespace: str, start: Callable[..., None]) -> Callable[..., str]:
    """Run a program in a pod to its end, and return what it printed."""

    def run(name: str, image: str, *command: str, **more: Any) -> str:
        start(name, image, *command, **more)
        ended = "--for=jsonpath={.status.containerStatuses[0].state.terminated}"
        node.kubectl("wait", ended, f"pod/{name}", "--namespace", namespace, "--timeout=180s")
        return node.kubectl("logs", name, "--namespace", namespace)

    return run
