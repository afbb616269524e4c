"""The proxy itself: what it lets pass is unchanged, what it breaks is broken."""

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.faults.proxy import Call, Cut, Delay, Request, Reset, Status

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.access import Cluster
    from tests.faults.proxy import Proxy


def get(proxy: Proxy, path: str = "/api/v1/namespaces/default") -> http.client.HTTPResponse:
    """Ask through the proxy, the answer read whole."""
    address = urlsplit(proxy.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.body = response.read()  # type: ignore[attr-defined]
        return response
    finally:
        connection.close()


def test_kubectl_works_through_it(proxy: Proxy, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    kubeconfig = proxy.kubeconfig(tmp_path / "config")
    cluster.kubectl(
        "--kubeconfig",
        kubeconfig,
        "create",
        "configmap",
        "seen",
        "-n",
        namespace,
        "--from-literal=a=" + "b" * 100_000,
    )
    seen = json.loads(
        cluster.kubectl("--kubeconfig", kubeconfig, "get", "configmap", "seen", "-n", namespace, "-o", "json")
    )
    assert seen["data"] == {"a": "b" * 100_000}
    assert {"GET", "POST"} <= {request.method for request in proxy.requests}


def test_a_status_is_given_in_the_servers_place(proxy: Proxy) -> None:
    proxy.script = lambda request: Status(429, "TooManyRequests", retry_after=7)
    response = get(proxy)
    assert (response.status, response.headers["Retry-After"]) == (429, "7")
    assert json.loads(response.body)["reason"] == "TooManyRequests"  # type: ignore[attr-defined]
    assert proxy.fired == {"Status GET": 1}


@pytest.mark.parametrize("fault", [Reset(), Reset(reached=True), Cut()])
def test_a_broken_connection_is_an_error_for_the_client(proxy: Proxy, fault: Reset | Cut) -> None:
    proxy.script = lambda request: fault
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        get(proxy)


def test_faults_go_to_the_request_that_the_script_names(proxy: Proxy) -> None:
    proxy.script = lambda request: Status(503) if request.number == 2 else Delay(0.01)
    assert [get(proxy).status for _ in range(3)] == [200, 503, 200]


@pytest.mark.parametrize("reached", [False, True])
def test_a_function_is_called_at_the_request(proxy: Proxy, reached: bool) -> None:
    called = threading.Event()
    proxy.script = lambda request: Call(called.set, reached)
    assert get(proxy).status == 200
    assert called.is_set()


def test_verbs_are_told_apart() -> None:
    verbs = {Request(1, "GET", path).verb for path in ("/a/b", "/a?limit=500", "/a?watch=true")}
    assert verbs == {"GET", "LIST", "WATCH"}
