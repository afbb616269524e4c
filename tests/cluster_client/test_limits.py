"""Answers without an end, packed too small, nested too deep, or of a wrong shape."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import select
import struct
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster import client as client_module
from kfctl.cluster import httpstream, upgrade
from kfctl.cluster.client import connect
from kfctl.cluster.httpstream import split_lines
from kfctl.cluster.kinds import Kind
from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import Request
from kfctl.cluster.shapes import MAX_DEPTH, check_object, decode, decode_object
from kfctl.cluster.tunnel import PROTOCOL
from kfctl.cluster.watch import Watch
from kfctl.errors import ClusterError
from tests.cluster_client.listeners import PAUSE, http, listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kfctl.cluster.client import Cluster
    from tests.cluster_client.listeners import Answer

LIMIT = 1024 * 1024
GZIP = "Content-Encoding: gzip"


def ask(tmp_path: Path, answer: Answer) -> bytes:
    """Return the body of an answer, of which LIMIT bytes are read."""
    with listener(answer) as port:
        return cluster_at(tmp_path, port).transport.send(Request("GET", "/x", limit=LIMIT)).body


def cluster_at(tmp_path: Path, port: int) -> Cluster:
    """Return the cluster whose API server listens at a port."""
    config = {
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it"}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))
    return connect(Login(kubeconfig=str(tmp_path / "config")))


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
    ids=["not gzip", "cut off", "packed twice", "other packing", "no chunks"],
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


DRIPS: dict[str, list[bytes]] = {
    "a status line": [b"HTTP/1.1 200 ", *[b"x"] * 200],
    "a header": [b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * 200],
    "many headers": [b"HTTP/1.1 200 OK\r\n", *(b"X: %d\r\n" % number for number in range(90))],
    "100 Continue": [b"HTTP/1.1 100 Continue\r\n\r\n"] * 200,
}


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_head_that_comes_too_slowly_is_an_error(
    tmp_path: Path, drip: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpstream, "LONGEST_HEAD", 10 * PAUSE)
    with pytest.raises(ClusterError, match="in time"):
        ask(tmp_path, lambda request: [*drip, b"\r\n\r\n" + http("200 OK", b"x")])


def test_body_may_come_slowly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpstream, "LONGEST_HEAD", 2 * PAUSE)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    assert ask(tmp_path, lambda request: [head, *[b"x"] * 10]) == b"x" * 10


@pytest.mark.parametrize("kind", ["a status line", "a header", "many headers"])
def test_handshake_that_comes_too_slowly_is_an_error(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "TIMEOUT", 10 * PAUSE)
    with listener(lambda request: DRIPS[kind]) as port, pytest.raises(ClusterError, match="timed out"):
        cluster_at(tmp_path, port).tunnel("demo", "web", 80)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99999999999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "]
)
def test_handshake_of_many_bytes_is_an_error(tmp_path: Path, head: bytes) -> None:
    answer = [head, b"x" * (2 * upgrade.LONGEST_HANDSHAKE)]
    with listener(lambda request: answer) as port, pytest.raises(ClusterError, match="more than"):
        cluster_at(tmp_path, port).tunnel("demo", "web", 80)


def accepted(request: bytes) -> bytes:
    """Return the head of an answer that accepts a websocket, see RFC 6455, 4.2.2."""
    key = next(line[19:] for line in request.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key: "))
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
    lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade",
             b"Sec-WebSocket-Accept: " + base64.b64encode(digest),
             b"Sec-WebSocket-Protocol: " + PROTOCOL.encode()]  # fmt: skip
    return b"\r\n".join(lines) + b"\r\n\r\n"


def frame(payload: bytes, length: int = 0) -> bytes:
    """Return an unmasked binary frame, which announces `length` bytes."""
    return b"\x82\x7f" + struct.pack(">Q", length or len(payload)) + payload


@pytest.mark.parametrize("over", [0, 1, 2**62])
def test_frame_of_more_than_its_limit_ends_a_tunnel(tmp_path: Path, over: int) -> None:
    greeting = frame(b"\0\x50\0")
    data = frame(b"\0" + b"x" * (upgrade.LONGEST_FRAME - 1), upgrade.LONGEST_FRAME + over)
    with listener(lambda request: [accepted(request) + greeting, data]) as port:
        tunnel = cluster_at(tmp_path, port).tunnel("demo", "web", 80)
        received = bytearray()
        while (found := tunnel.read()) is not None:
            received += found
            select.select([tunnel.socket], [], [], 10)
        tunnel.close()
    assert len(received) == (0 if over else upgrade.LONGEST_FRAME - 1)


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


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"metadata": {"name": "x"}, "status": 5}, "status"),
        ({"kind": "Other", "metadata": {"name": "x"}, "status": 5}, "status"),
        ({"apiVersion": "example.com/v1", "metadata": {"name": "x"}, "status": 5}, "status"),
        ({"metadata": {"name": "y"}}, "'y'"),
        ({"metadata": {"name": "x", "creationTimestamp": "yesterday"}}, "creationTimestamp"),
        ({"metadata": {"name": "x", "annotations": {"a": None}}}, "annotations"),
        ({"metadata": {"name": "x", "finalizers": [None]}}, "finalizers"),
        ({}, "metadata.name"),
    ],
)
def test_object_other_than_what_was_asked_is_refused(body: Any, reason: str) -> None:
    with pytest.raises(ClusterError, match=f"malformed object.*{reason}"):
        check_object(body, "v1", "Pod", "x")


class Events:
    """A stream of a watch."""

    status, headers = 200, {}

    def __init__(self, *events: Any) -> None:
        self.events = [json.dumps(event).encode() for event in events]

    def lines(self, limit: int) -> list[bytes]:
        return self.events


def test_watch_checks_objects_but_not_bookmarks() -> None:
    pod = Kind("", "v1", "Pod", "pods", namespaced=True)
    bookmark = {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "7"}}}
    found = iter(Watch(Events(bookmark, {"type": "MODIFIED", "object": {"metadata": {}}}), pod))  # type: ignore[arg-type]
    assert next(found)[1]["metadata"]["resourceVersion"] == "7"
    with pytest.raises(ClusterError, match="malformed object"):
        next(found)
