"""kfctl's own client, talking to the cluster of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfctl.cluster.client import Cluster, connect
from kfctl.cluster.kubeconfig import Login
from tests.faults.conftest import proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster import access
    from tests.faults.proxy import Proxy

__all__ = ["proxy"]


@pytest.fixture
def client(cluster: access.Cluster) -> Iterator[Cluster]:
    connected = connect(Login(kubeconfig=str(cluster.kubeconfig)))
    yield connected
    connected.transport.close()


@pytest.fixture
def proxied(proxy: Proxy, tmp_path: Path) -> Iterator[Cluster]:
    """The client behind the fault proxy; what the proxy counted and broke is forgotten by then."""
    connected = connect(Login(kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied"))))
    connected.kinds  # noqa: B018 (asked now, so that tests count their own requests alone)
    proxy.clear()
    yield connected
    connected.transport.close()
