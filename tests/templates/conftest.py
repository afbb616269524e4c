"""Places where tests run a real JupyterHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.templates.hub import Place
from tests.templates.hubprograms import HUBS, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cluster.access import Cluster


@pytest.fixture(scope="module")
def restricted(cluster: Cluster, new_namespace: Callable[[], str]) -> str:
    """A namespace that accepts only pods of Pod Security `restricted`."""
    name = new_namespace()
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    return name


@pytest.fixture(params=HUBS)
def place(request: pytest.FixtureRequest, cluster: Cluster, restricted: str, tmp_path: Path) -> Place:
    """Each supported release of JupyterHub."""
    return Place(programs(request.param), cluster, restricted, tmp_path / "pod")


@pytest.fixture
def newest(cluster: Cluster, restricted: str, tmp_path: Path) -> Place:
    """The release that the default image has."""
    return Place(programs("5.5"), cluster, restricted, tmp_path / "pod")


@pytest.fixture(autouse=True)
def clean_namespace(request: pytest.FixtureRequest) -> Iterator[None]:
    """Delete what a hub created in the namespace that the tests of a module share."""
    yield
    if {"place", "newest"} & set(request.fixturenames):
        cluster, namespace = request.getfixturevalue("cluster"), request.getfixturevalue("restricted")
        cluster.kubectl("delete", "pods,pvc", "--all", "--namespace", namespace)
