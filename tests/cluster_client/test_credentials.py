"""Who we are to the server: tokens, plugins, impersonation, and what is said when that fails."""

from __future__ import annotations

import base64
import json
import os
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from kubernetes.config import kube_config

from kfctl.cluster import transport
from kfctl.cluster.client import connect
from kfctl.cluster.credentials import credentials, impersonation
from kfctl.cluster.kubeconfig import Login
from kfctl.errors import ClusterError, Forbidden, Unauthorized
from tests.cluster_client.listeners import REQUESTS, http, listener

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.access import Cluster


def plugin(tmp_path: Path, script: str, **config: Any) -> dict[str, Any]:
    """A kubeconfig's user with a login program of our own."""
    path = tmp_path / "login"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path), **config}}


def credential(**status: str) -> str:
    body = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    return f"cat <<'END'\n{json.dumps(body)}\nEND"


def test_kinds_of_users(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from file\n")
    pair = base64.b64encode(b"joe:pw").decode()
    for user, header in (
        ({}, ""),
        ({"token": "abc"}, "Bearer abc"),
        ({"tokenFile": str(tmp_path / "token")}, "Bearer from file"),
        ({"username": "joe", "password": "pw"}, f"Basic {pair}"),
        (plugin(tmp_path, credential(token="xyz")), "Bearer xyz"),
    ):
        assert credentials(user, {}).authorization == header


def test_a_plugin_gets_what_the_kubeconfig_gives(tmp_path: Path) -> None:
    script = 'printf "%s %s %s" "$1" "$WHO" "$KUBERNETES_EXEC_INFO" >&2; exit 7'
    user = plugin(
        tmp_path, script, args=["--me"], env=[{"name": "WHO", "value": "joe"}], provideClusterInfo=True
    )
    with pytest.raises(Unauthorized) as caught:
        credentials(user, {"server": "https://here"})
    assert 'ended with 7: --me joe {"apiVersion"' in caught.value.message
    assert '"server": "https://here"' in caught.value.message


def test_an_expired_token_is_made_anew(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert credentials(plugin(tmp_path, credential(token="x", expirationTimestamp=soon)), {}).expired
    assert not credentials(plugin(tmp_path, credential(token="x", expirationTimestamp=later)), {}).expired


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'please log in again' >&2; exit 1", "ended with 1: please log in again"),
        ("echo hello", "did not print an ExecCredential"),
        ("echo '{}'", "did not print an ExecCredential"),
        ("echo '[]'", "did not print an ExecCredential"),
        (credential(), "gave neither a token nor a certificate"),
        (credential(clientCertificateData="x"), "gave neither a token nor a certificate"),
        (credential(token="x", expirationTimestamp="tomorrow"), "did not print an ExecCredential"),
    ],
)
def test_a_failing_plugin(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        credentials(plugin(tmp_path, script), {})
    assert message in caught.value.message
    assert "run it by hand to see why" in caught.value.problems[0].hint


def test_a_plugin_that_is_not_there(tmp_path: Path) -> None:
    user = {"exec": {"command": "no-such-login", "installHint": "get it from example.com"}}
    with pytest.raises(Unauthorized, match="no-such-login is not installed") as caught:
        credentials(user, {})
    assert caught.value.problems[0].hint == "get it from example.com"
    with pytest.raises(ClusterError, match="has no command"):
        credentials({"exec": {"args": []}}, {})
    with pytest.raises(Unauthorized, match="can't be started"):
        credentials({"exec": {"command": str(tmp_path)}}, {})


def test_impersonation_is_given_or_of_the_kubeconfig() -> None:
    user = {"as": "config", "as-uid": "1", "as-groups": ["g"]}
    assert impersonation(user, Login(user="me", groups=("a", "b"))) == (
        ("Impersonate-User", "me"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
    )
    assert dict(impersonation(user, Login())) == {
        "Impersonate-User": "config",
        "Impersonate-Uid": "1",
        "Impersonate-Group": "g",
    }
    assert impersonation({}, Login()) == ()
    with pytest.raises(ClusterError, match="needs a user"):
        impersonation({}, Login(groups=("a",)))


def test_the_server_sees_who_is_meant(cluster: Cluster) -> None:
    config = str(cluster.kubeconfig)
    nobody = connect(Login(kubeconfig=config, user="joe@example.com"))
    with pytest.raises(Forbidden, match=r'User "joe@example.com" cannot get resource "namespaces"') as caught:
        nobody.uid()
    assert "have the right granted" in caught.value.problems[0].hint
    admin = connect(Login(kubeconfig=config, user="joe", groups=("a", "system:masters")))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    info = admin.raw("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)["status"][
        "userInfo"
    ]
    assert info["username"] == "joe"
    assert {"a", "system:masters"} <= set(info["groups"])


def test_a_token_the_server_does_not_know(cluster: Cluster, tmp_path: Path) -> None:
    user = {"token": "hunter2"}
    with pytest.raises(Unauthorized, match="does not accept these credentials") as caught:
        client_as(cluster, tmp_path, user).uid()
    assert "hunter2" not in str(caught.value)
    with pytest.raises((Unauthorized, Forbidden)) as anonymous:
        client_as(cluster, tmp_path, {}).uid()
    assert anonymous.value.problems[0].hint


def test_credentials_are_renewed_once_when_they_are_refused(cluster: Cluster, tmp_path: Path) -> None:
    good = token(cluster)
    counter = tmp_path / "runs"
    script = f"""
    echo run >> {counter}
    [ $(wc -l < {counter}) = 1 ] && token=stale || token={good}
    echo '{{"status": {{"token": "'$token'"}}}}'"""
    client = client_as(cluster, tmp_path, plugin(tmp_path, script))
    assert client.version()  # a first 401, then with the new token
    assert counter.read_text().count("run") == 2


def client_as(cluster: Cluster, folder: Path, user: dict[str, Any]) -> Any:
    """The session's cluster, as somebody else."""
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output=json"))
    config["users"][0]["user"] = user
    (folder / "other").write_text(json.dumps(config))
    return connect(Login(kubeconfig=str(folder / "other")))


def test_a_token_file_that_is_replaced_is_read_again(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("stale")
    client = client_as(cluster, tmp_path, {"tokenFile": str(tmp_path / "token")})
    with pytest.raises(Unauthorized):
        client.version()
    (tmp_path / "token").write_text(token(cluster) + "\n")
    assert client.version()


def test_inside_a_pod_the_service_account_is_used(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output=json"))
    server = urlsplit(config["clusters"][0]["cluster"]["server"])
    ca = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    for name, text in {"token": token(cluster), "ca.crt": ca, "namespace": "mine"}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(transport, "_SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", server.hostname or "")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    inside = connect(Login(context="of-the-environment", context_is_default=True))
    assert (inside.context, inside.transport.namespace) == ("in-cluster", "mine")
    assert inside.version()
    with pytest.raises(ClusterError, match="no context 'given' in"):
        connect(Login(context="given"))


def test_no_proxy_stands_before_this_machine(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    address = json.loads(cluster.kubectl("config", "view", "--minify", "--output=json"))
    if urlsplit(address["clusters"][0]["cluster"]["server"]).hostname == "127.0.0.1":
        assert connect(Login(kubeconfig=str(cluster.kubeconfig))).version()


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the system has no files in memory")
def test_no_key_is_written_to_a_disk(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where the library writes them, until it ends
    monkeypatch.setattr(kube_config, "_temp_files", {})
    config = json.loads(cluster.kubectl("config", "view", "--minify", "--raw", "--flatten", "--output=json"))
    assert "certificate-authority-data" in config["clusters"][0]["cluster"]
    (tmp_path / "config").write_text(json.dumps(config))
    assert connect(Login(kubeconfig=str(tmp_path / "config"))).version()
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


def token(cluster: Cluster) -> str:
    return cluster.kubectl("create", "token", "default", "--namespace", "default").strip()


SECRETS = {
    "token": {"token": "t0ken"},
    "tokenFile": {"tokenFile": "/proc/version"},
    "password": {"username": "joe", "password": "t0ken"},
    "exec": {"exec": {"command": "/nowhere/login"}},
    "certificate": {"client-certificate": "/nowhere.crt", "client-key": "/nowhere.key"},
}


# An address without a scheme is https where there are certificates.
@pytest.mark.parametrize(
    ("kind", "scheme"),
    [
        (kind, scheme)
        for kind in SECRETS
        for scheme in ("http://", "HTTP://", "")
        if scheme or kind != "certificate"
    ],
)
def test_credentials_are_not_sent_over_http(tmp_path: Path, kind: str, scheme: str) -> None:
    warnings: list[str] = []
    config = {
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": f"{scheme}127.0.0.1:1"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "joe"}}],
        "users": [{"name": "joe", "user": {**SECRETS[kind], "as": "ann"}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))
    login = Login(kubeconfig=str(tmp_path / "config"), warn=lambda text, _: warnings.append(text))
    with listener(http("401 Unauthorized", b"{}")) as port:
        (tmp_path / "config").write_text(json.dumps(config).replace("127.0.0.1:1", f"127.0.0.1:{port}"))
        with pytest.raises(Unauthorized, match="https only"):
            connect(login).version()
        request = b"".join(REQUESTS)
    assert b"authorization" not in request.lower()
    assert b"Impersonate-User: ann" in request
    assert len(warnings) == 1


@pytest.mark.parametrize("path", ["", ".", "relative", ":/nowhere:"])
def test_plugin_is_not_taken_from_the_current_directory(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, tmp_path / "relative"):
        folder.mkdir(exist_ok=True)
        plugin(folder, f"touch {tmp_path}/ran; exit 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    with pytest.raises(Unauthorized, match="login is not installed"):
        credentials({"exec": {"command": "login"}}, {})
    assert not (tmp_path / "ran").exists()
