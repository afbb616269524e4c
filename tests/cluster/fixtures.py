"""Pytest fixtures: a real cluster, a namespace of one's own in it, and control planes to break."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.cluster.access import Cluster, given
from tests.cluster.controlplane import ControlPlane
from tests.cluster.session import running, users

NEEDS_A_CLUSTER = {"cluster", "new_control_plane"}
# A pod is refused before its namespace has the one, and listings change when the other comes late.
MADE_BY_CONTROLLERS = ("serviceaccount/default", "configmap/kube-root-ca.crt")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that needs a cluster, so that `-m 'not cluster'` is quick."""
    for item in items:
        if NEEDS_A_CLUSTER.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster of this session: the one of KFCTL_TEST_KUBECONFIG, or our own control plane."""
    kubeconfig = os.environ.get("KFCTL_TEST_KUBECONFIG")
    if kubeconfig:
        yield given(kubeconfig)
        return
    with running() as ours:
        yield ours


@pytest.fixture(scope="session")
def new_namespace(cluster: Cluster) -> Iterator[Callable[[], str]]:
    """Make a namespace that is removed; at the session's end all of them are seen to be gone."""
    made: list[str] = []

    def make() -> str:
        name = f"kfctl-test-{secrets.token_hex(4)}"
        made.append(name)
        cluster.kubectl("create", "namespace", name)
        for thing in MADE_BY_CONTROLLERS:
            cluster.kubectl("wait", "--for=create", thing, "--namespace", name, "--timeout=60s")
        return name

    yield make
    if made:
        remove(cluster, *made)
        cluster.kubectl("wait", "--for=delete", "--timeout=180s", *(f"namespace/{name}" for name in made))


@pytest.fixture
def namespace(cluster: Cluster, new_namespace: Callable[[], str]) -> Iterator[str]:
    """A fresh namespace for one test."""
    name = new_namespace()
    yield name
    remove(cluster, name)


def remove(cluster: Cluster, *namespaces: str) -> None:
    """Have namespaces removed, without waiting for it."""
    cluster.kubectl("delete", "namespace", *namespaces, "--wait=false", "--ignore-not-found")


@contextmanager
def throw_away() -> Iterator[ControlPlane]:
    """A control plane under a name of its own, not started yet, of which nothing stays."""
    plane = ControlPlane(f"test-{secrets.token_hex(4)}")
    try:
        yield plane
    finally:
        plane.down()
        users(plane).unlink(missing_ok=True)


@pytest.fixture
def new_control_plane() -> Iterator[Callable[[], ControlPlane]]:
    """Make control planes that one test has for itself, to stop and kill; not started yet."""
    with ExitStack() as planes:
        yield lambda: planes.enter_context(throw_away())
