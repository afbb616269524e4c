"""`kfctl open`: ports of this machine that lead to pods, and go on when the pods are others."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from kfctl.errors import ExitCode
from tests.cluster.processes import wait_until
from tests.node.programs import container, deployment, pod, running, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.apply.conftest import Body, World
    from tests.conftest import Run

SERVER = """
import hashlib, http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/end":
            os._exit(1)
        self.answer(b"x" * int(self.path[1:]) if self.path != "/" else os.environ["HOSTNAME"].encode())
    def do_POST(self):
        digest, left = hashlib.sha256(), int(self.headers["Content-Length"])
        while left:
            piece = self.rfile.read(min(left, 65536))
            left -= len(piece)
            digest.update(piece)
        self.answer(digest.hexdigest().encode())
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def server(*ports: Body) -> list[Body]:
    """A Deployment that answers HTTP, and its Service."""
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    spec = pod(container(SERVER, ports=[{"name": "web", "containerPort": 8080}], readinessProbe=probe))
    page = {"name": "http", "port": 80, "targetPort": "web"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [page, *ports]},
    }
    return [deployment("web", spec), service]


def get(url: str | urllib.request.Request) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        body: bytes = answer.read()
        return body


def test_requests_for_other_hosts_are_refused(app: World) -> None:
    app.write(web=server())
    app.apply(timeout=120)
    with running(app.root, "open", "web", kubeconfig=app.login.kubeconfig or "") as opened:
        url = until(opened, "http://")[-1].split()[0]
        assert get(url).startswith(b"web-")
        rebound = urllib.request.Request(f"{url}/", headers={"Host": "evil.example:8000"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(rebound)
        assert get(url).startswith(b"web-")


def test_bytes_go_both_ways_side_by_side_and_on_with_the_next_pod(app: World) -> None:
    app.write(web=server())
    app.apply(timeout=120)
    with running(app.root, "open", "web", kubeconfig=app.login.kubeconfig or "") as opened:
        url = until(opened, "http://")[-1].split()[0]
        data = os.urandom(20_000_000)
        assert get(urllib.request.Request(url, data)).decode() == hashlib.sha256(data).hexdigest()
        with ThreadPoolExecutor(30) as pool:
            sizes = pool.map(lambda number: len(get(f"{url}/{number * 20_000}")), range(1, 61))
        assert list(sizes) == [number * 20_000 for number in range(1, 61)]
        before = get(url)
        for body in app.pods("web"):
            app.admin.delete(body)
        assert wait_until(lambda: get(url) != before, 60)
        opened.send_signal(signal.SIGINT)
        assert opened.wait(20) == ExitCode.OK
    with socket.socket() as closed:
        assert closed.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0


def test_several_ports_and_one_that_nothing_listens_on(app: World) -> None:
    app.write(web=server({"name": "grpc-api", "port": 8500, "targetPort": 8500}))
    app.apply(timeout=120)
    with running(
        app.root, "open", "web", "--port", "0:http", "--port", ":8500", kubeconfig=app.login.kubeconfig or ""
    ) as opened:
        page, api = until(opened, "port grpc-api")[-2:]
        assert page.startswith("http://127.0.0.1:")
        host, _, port = api.split()[0].rpartition(":")
        assert host == "127.0.0.1"
        with socket.create_connection((host, int(port)), 60):
            until(opened, "nothing listens there yet")


def test_a_program_that_starts_again_is_waited_for(app: World) -> None:
    app.write(web=server())
    app.apply(timeout=120)
    with running(app.root, "open", "web", kubeconfig=app.login.kubeconfig or "") as opened:
        url = until(opened, "http://")[-1].split()[0]
        assert get(url)
        (found,) = app.pods("web")
        with suppress(OSError):
            get(f"{url}/end")
        assert get(url) == found["metadata"]["name"].encode()
        (found,) = app.pods("web")
        assert found["status"]["containerStatuses"][0]["restartCount"] == 1


def test_what_can_not_be_opened_is_told(app: World, kfctl: Callable[..., Run]) -> None:
    app.write(web=server(), none=[deployment("lone", pod(container("import time; time.sleep(600)")))])
    environment = {"KUBECONFIG": app.login.kubeconfig or ""}
    ran = kfctl("open", "web", cwd=app.root, env=environment)
    assert (ran.code, "web has nothing to open" in ran.err) == (ExitCode.USAGE, True)
    app.apply(timeout=120)
    ran = kfctl("open", "none", cwd=app.root, env=environment)
    assert (ran.code, "none has nothing to open" in ran.err) == (ExitCode.USAGE, True)
    ran = kfctl("open", "web", "--port", "1:nosuch", cwd=app.root, env=environment)
    assert (ran.code, "there are 80 (http)" in ran.err) == (ExitCode.USAGE, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = kfctl("open", "web", "--port", str(port), cwd=app.root, env=environment)
    assert (ran.code, f"port {port} of this machine is in use" in ran.err) == (ExitCode.USAGE, True)
