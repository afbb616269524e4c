"""An admission webhook that is really served: it refuses what asks for a size below nothing."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.cluster_client.listeners import TLS

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE = "a size may not be negative"


@dataclass
class Webhook:
    """A running webhook, and which objects it was asked about."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    quotes: bool = False  # refuse everything, quoting it

    def configuration(self, name: str, group: str, plural: str) -> dict[str, Any]:
        """Return the object that has the API server ask it about a kind."""
        rule = {
            "apiGroups": [group],
            "apiVersions": ["*"],
            "resources": [plural],
            "operations": ["CREATE", "UPDATE"],
        }
        authority = base64.b64encode((TLS / "ca.crt").read_bytes()).decode()
        webhook = {
            "name": f"sizes.{group}",
            "rules": [rule],
            "clientConfig": {"url": self.url, "caBundle": authority},
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 10,
        }
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [webhook],
        }


@contextmanager
def served() -> Iterator[Webhook]:
    """Serve a webhook on a free port of 127.0.0.1."""
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            webhook.asked.append(review["request"]["name"])
            body = json.dumps(
                {**review, "request": None, "response": verdict(review["request"], webhook)}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(TLS / "valid.crt", TLS / "valid.key")
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        webhook.url = f"https://127.0.0.1:{server.server_address[1]}/sizes"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield webhook
        finally:
            server.shutdown()
            thread.join(10)


def verdict(request: dict[str, Any], webhook: Webhook) -> dict[str, Any]:
    """Return what the webhook says of an object."""
    size = request["object"].get("spec", {}).get("size", 0)
    message = MESSAGE if size < 0 else quoted(request["object"]) if webhook.quotes else ""
    status = {"status": {"code": 422, "message": message}} if message else {}
    return {"uid": request["uid"], "allowed": not message, **status}


def quoted(body: dict[str, Any]) -> str:
    """Return a refusal that holds all of an object, and its secrets in plain: policies do so."""
    plain = [base64.b64decode(value).decode() for value in (body.get("data") or {}).values()]
    return f"not allowed: {json.dumps(body)}, with {plain} and {json.dumps(plain)}"
