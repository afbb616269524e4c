"""A server on 127.0.0.1 that speaks ModelServer's REST, as the peer of the client's program."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JPEG = b"\xff\xd8\xff\xe0 a cat"
PNG = b"\x89PNG\r\n\x1a\n a dog"


@dataclass
class Peer:
    """A model server: answers each request with the next of `script`, the last one for ever."""

    url: str
    script: list[tuple[int, Any]]
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Remember the question, return status and body."""
        question = json.loads(body)
        self.asked.append((path, question))
        status, answer = self.script[0] if len(self.script) == 1 else self.script.pop(0)
        answer = answer(question["instances"]) if callable(answer) else answer
        return status, answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@contextmanager
def peer(*script: tuple[int, Any], files: Mapping[str, bytes] = {}) -> Iterator[Peer]:
    """Start a server that speaks ModelServer's REST, and gives out files."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._send(*serving.answer(self.path, self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            content = files.get(self.path)
            self._send(404 if content is None else 200, content or b"")

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Peer(f"http://127.0.0.1:{server.server_port}", list(script))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield serving
        finally:
            server.shutdown()
            thread.join()


def inception(instances: list[Any]) -> dict[str, Any]:
    """Answer as Inception does: classes and scores, in any order."""
    return {
        "predictions": [{"classes": ["dog", "cat", "hat"], "scores": [1.5, 9.25, -3.0]} for _ in instances]
    }
