"""Servers of the tests' own: those that answer wrongly, or never."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Answer = bytes | Callable[[bytes], Iterable[bytes]]

TLS = Path(__file__).with_name("tls")
REQUESTS: list[bytes] = []  # that the last listener has got


def closed_port() -> int:
    """A port on which nobody listens, just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


PAUSE = 0.02  # seconds between two pieces of an answer


@contextmanager
def listener(answer: Answer | None, certificate: str = "") -> Iterator[int]:
    """Answer every request with `answer`, whole or in pieces made from the request, or never (None).

    Speak TLS if there is a certificate.
    """
    held: list[socket.socket] = []
    REQUESTS.clear()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, answer, certificate, held), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for each in held:
                each.close()


def _serve(server: socket.socket, answer: Answer | None, certificate: str, held: list[socket.socket]) -> None:
    with suppress(OSError):  # closed
        while True:
            connection, _ = server.accept()
            held.append(connection)
            if answer is not None:
                _answer(connection, answer, certificate)


def _answer(connection: socket.socket, answer: Answer, certificate: str) -> None:
    with suppress(OSError):  # the client did not like it
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / f"{certificate}.crt", TLS / f"{certificate}.key")
            connection = context.wrap_socket(connection, server_side=True)
        connection.settimeout(10)
        REQUESTS.append(connection.recv(65536))
        for piece in [answer] if isinstance(answer, bytes) else answer(REQUESTS[-1]):
            connection.sendall(piece)
            time.sleep(PAUSE)
        connection.close()


def http(status: str, body: bytes, *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
