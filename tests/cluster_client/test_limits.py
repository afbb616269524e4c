"""Answers without an end, packed too small, nested too deep, or of a wrong shape."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster import client as client_module
from kfctl.cluster.client import connect
from kfctl.cluster.httpstream import split_lines
from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import Request
from kfctl.cluster.shapes import MAX_DEPTH, decode, decode_object
from kfctl.errors import ClusterError
from tests.cluster_client.listeners import http, listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 1024 * 1024
GZIP = "Content-Encoding: gzip"


def ask(tmp_path: Path, answer: bytes) -> bytes:
    """Return the body of an answer, of which LIMIT bytes are read."""
    with listener(answer) as port:
        config = {
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "contexts": [{"name": "it", "context": {"cluster": "it"}}],
        }
        (tmp_path / "config").write_text(json.dumps(config))
        cluster = connect(Login(kubeconfig=str(tmp_path / "config")))
        return cluster.transport.send(Request("GET", "/x", limit=LIMIT)).body


def test_body_is_read_up_to_its_limit(tmp_path: Path) -> None:
    assert len(ask(tmp_path, http("200 OK", b"x" * LIMIT))) == LIMIT
    with pytest.raises(ClusterError, match="larger than 1 MiB"):
        ask(tmp_path, http("200 OK", b"x" * (LIMIT + 1)))


def test_limit_is_that_of_the_unpacked_body(tmp_path: Path) -> None:
    assert ask(tmp_path, http("200 OK", gzip.compress(b"x" * LIMIT), GZIP)) == b"x" * LIMIT
    with pytest.raises(ClusterError, match="larger than 1 MiB"):
        ask(tmp_path, http("200 OK", gzip.compress(b"\0" * (LIMIT + 1)), GZIP))


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"no gzip", GZIP),
        (gzip.compress(b"x" * 1000)[:-9], GZIP),
        (gzip.compress(gzip.compress(b"x")), "Content-Encoding: gzip, gzip"),
        (b"x", "Content-Encoding: br"),
        (b"x", "Transfer-Encoding: chunked"),
    ],
)
def test_body_that_cannot_be_unpacked_is_an_error(tmp_path: Path, body: bytes, header: str) -> None:
    with pytest.raises(ClusterError):
        ask(tmp_path, http("200 OK", body, header))


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10**6,
        b"HTTP/9 x\r\n",
        b"\0" * 10**6,
    ],
)
def test_head_out_of_bounds_is_an_error(tmp_path: Path, head: bytes) -> None:
    with pytest.raises(ClusterError):
        ask(tmp_path, head + b"\r\n\r\n")


def test_long_line_is_cut_and_comes_before_its_end() -> None:
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for chunk in [b"ab\nc", b"d\n\n", b"x" * 6, b"y" * 6, b"z\ne", b"f"]:
            taken += 1
            yield chunk

    lines = split_lines(chunks(), 5)
    assert [next(lines) for _ in range(3)] == [b"ab", b"cd", b""]
    assert next(lines) == b"x" * 6  # one byte over the limit: cut
    assert taken == 3
    assert list(lines) == [b"ef"]


def test_line_without_an_end_is_held_once() -> None:
    lines = split_lines((b"x" * 1000 for _ in range(10000)), 5000)
    assert [len(line) for line in lines] == [5001]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 10**6,
        b'{"a":' * 10**5,
        b"NaN",
        b'{"a":Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    ],
)
def test_json_that_no_server_writes_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, ClusterError)):
        decode(body)


@pytest.mark.parametrize(
    "metadata",
    [5, [], {"name": 5}, {"labels": []}, {"labels": {"a": 1}}, {"ownerReferences": {}},
     {"ownerReferences": [None]}, {"managedFields": [5]}, {"finalizers": "x"},
     {"generation": "1"}, {"uid": {}}],
)  # fmt: skip
def test_metadata_of_a_wrong_shape_is_refused(metadata: Any) -> None:
    with pytest.raises(ClusterError, match="metadata"):
        decode_object(json.dumps({"metadata": metadata}).encode())


class Pages:
    """A transport whose lists go on as `metadata` says."""

    server, context, namespace = "https://x", "x", ""

    def __init__(self, tokens: Iterator[str], items: list[Any]) -> None:
        self.tokens, self.items, self.asked = tokens, items, 0

    def send(self, request: Request) -> Any:
        from kfctl.cluster.transport import Response

        self.asked += 1
        resources = [{"resource": "pods", "responseKind": {"kind": "Pod"}, "scope": "Namespaced"}]
        groups = [{"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": resources}]}]
        if request.path in {"/api", "/apis"}:
            return Response(200, {}, json.dumps({"items": groups if request.path == "/api" else []}).encode())
        page = {"metadata": {"continue": next(self.tokens)}, "items": self.items}
        return Response(200, {}, json.dumps(page).encode())

    def doubt(self) -> str:
        return ""


def test_list_ends_when_a_token_comes_again() -> None:
    pages = Pages(iter("abababab"), [{"metadata": {"name": "x"}}])
    with pytest.raises(ClusterError, match="has no end"):
        client_module.Cluster(pages).list_all("v1", "Pod")  # type: ignore[arg-type]
    assert pages.asked == 2 + 3


def test_list_ends_when_it_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LIST_LIMIT", 1000)
    pages = Pages(map(str, range(10**6)), [{"metadata": {"name": "x" * 100}}])
    with pytest.raises(ClusterError, match="has no end"):
        client_module.Cluster(pages).list_all("v1", "Pod")  # type: ignore[arg-type]
    assert pages.asked < 20


@pytest.mark.parametrize(
    "items", [5, {}, [5], [None], [{}], [{"spec": {}}], [{"metadata": {}}], [{"metadata": 5}]]
)
def test_list_with_items_that_are_no_objects_is_refused(items: Any) -> None:
    with pytest.raises(ClusterError):
        client_module.Cluster(Pages(iter([""]), items)).list_all("v1", "Pod")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "status",
    [5, {"containerStatuses": [[]]}, {"containerStatuses": [{"state": []}]}, {"conditions": {}}, {"phase": 1},
     {"containerStatuses": [{"restartCount": "x"}]},
     {"initContainerStatuses": [{"lastState": {"terminated": 1}}]}],
)  # fmt: skip
def test_pod_of_a_wrong_shape_is_refused(status: Any) -> None:
    pages = Pages(iter([""]), [{"metadata": {"name": "x"}, "status": status}])
    with pytest.raises(ClusterError, match="status"):
        client_module.Cluster(pages).list_all("v1", "Pod")  # type: ignore[arg-type]
