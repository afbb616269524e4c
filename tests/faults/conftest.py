"""The fault proxy as a fixture."""

from __future__ import annotations

import base64
import json
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.faults.proxy import Proxy, Upstream, proxied

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.access import Cluster


@pytest.fixture
def proxy(cluster: Cluster, tmp_path: Path) -> Iterator[Proxy]:
    """A proxy before the session's API server."""
    with proxied(upstream(cluster, tmp_path)) as running:
        yield running


def upstream(cluster: Cluster, folder: Path) -> Upstream:
    """Read from the cluster's kubeconfig how to reach it."""
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output=json"))
    server = urlsplit(config["clusters"][0]["cluster"]["server"])
    user = config["users"][0]["user"]
    tls = ssl.create_default_context(
        cadata=decoded(config["clusters"][0]["cluster"]["certificate-authority-data"])
    )
    certificate, key = folder / "client.crt", folder / "client.key"
    certificate.write_text(decoded(user["client-certificate-data"]))
    key.write_text(decoded(user["client-key-data"]))
    tls.load_cert_chain(certificate, key)
    return Upstream(server.hostname or "127.0.0.1", server.port or 443, tls)


def decoded(text: str) -> str:
    return base64.b64decode(text).decode()
