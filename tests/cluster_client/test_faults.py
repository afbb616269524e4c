"""What users read when there is no answer: every listener here is real, none of them is an API server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster.client import connect
from kfctl.cluster.kubeconfig import Login
from kfctl.errors import ClusterError, ExitCode, Unreachable
from tests.cluster_client.listeners import TLS, closed_port, http, listener

if TYPE_CHECKING:
    from pathlib import Path

BLACKHOLE = (
    "10.255.255.1"  # of a private network that is nowhere: packets get lost, or the network is unreachable
)


def ask(tmp_path: Path, server: str, **cluster: Any) -> ClusterError:
    """Ask a server for its version and return the error."""
    config = {
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": "it", "context": {"cluster": "it"}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))
    with pytest.raises(ClusterError) as caught:
        connect(Login(kubeconfig=str(tmp_path / "config"))).version()
    assert caught.value.exit_code is ExitCode.CLUSTER
    assert caught.value.problems[0].hint
    return caught.value


def test_a_closed_port(tmp_path: Path) -> None:
    error = ask(tmp_path, f"https://127.0.0.1:{closed_port()}")
    assert isinstance(error, Unreachable)
    assert "the connection is refused" in error.message


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    error = ask(tmp_path, "https://nowhere.invalid:6443")
    assert error.message == "the address of https://nowhere.invalid:6443 can't be found"


def test_an_address_that_swallows_packets(tmp_path: Path) -> None:
    assert isinstance(ask(tmp_path, f"https://{BLACKHOLE}:6443"), Unreachable)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_listener_that_never_answers(tmp_path: Path, scheme: str) -> None:
    with listener(None) as port:
        error = ask(tmp_path, f"{scheme}://127.0.0.1:{port}")
    assert "no answer in time" in error.message or "does not answer" in error.message


@pytest.mark.parametrize(
    ("certificate", "message"),
    [
        ("expired", "the certificate of {} has expired"),
        ("elsewhere", "the certificate of {} is for another name: IP address mismatch"),
        ("stranger", "{} is not the cluster that the kubeconfig means: self-signed certificate"),
    ],
)
def test_a_certificate_that_is_wrong(tmp_path: Path, certificate: str, message: str) -> None:
    with listener(http("200 OK", b"{}"), certificate) as port:
        server = f"https://127.0.0.1:{port}"
        error = ask(tmp_path, server, **{"certificate-authority": str(TLS / "ca.crt")})
    assert message.format(server) in error.message


def test_http_where_tls_is_expected(tmp_path: Path) -> None:
    with listener(http("400 Bad Request", b"what?")) as port:
        assert "does not speak TLS" in ask(tmp_path, f"https://127.0.0.1:{port}").message


def test_a_web_page_is_no_api_server(tmp_path: Path) -> None:
    with listener(http("404 Not Found", b"<html>nothing here</html>")) as port:
        error = ask(tmp_path, f"http://127.0.0.1:{port}")
    assert "answered with HTTP 404 and no Kubernetes object" in error.message


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with listener(http("302 Found", b"", "Location: https://login.example/")) as port:
        assert "HTTP 302" in ask(tmp_path, f"http://127.0.0.1:{port}").message


def test_a_good_answer_of_another_program_is_told(tmp_path: Path) -> None:
    with listener(http("200 OK", b"hello")) as port:
        assert "no Kubernetes object" in ask(tmp_path, f"http://127.0.0.1:{port}").message


@pytest.mark.parametrize(
    "server", ["127.0.0.1:6443", "https://", "https://[::1", "ftp://127.0.0.1", "https://a b"]
)
def test_an_address_that_is_none(tmp_path: Path, server: str) -> None:
    assert ask(tmp_path, server).message


def test_a_server_that_answers_half(tmp_path: Path) -> None:
    half = http("200 OK", b"x" * 1000)[:-500]
    with listener(half) as port:
        assert "in the middle of an answer" in ask(tmp_path, f"http://127.0.0.1:{port}").message


def test_an_expired_client_certificate_is_named(tmp_path: Path, cluster: Any) -> None:
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output=json"))
    user = {"client-certificate": str(TLS / "expired.crt"), "client-key": str(TLS / "expired.key")}
    config["users"][0]["user"] = user
    (tmp_path / "config").write_text(json.dumps(config))
    with pytest.raises(ClusterError, match=r"the client certificate expired on 2021-01-01"):
        connect(Login(kubeconfig=str(tmp_path / "config"))).uid()
