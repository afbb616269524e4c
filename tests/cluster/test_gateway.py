"""The gateway of the node: bytes go both ways, and each side closes on its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.cluster.node import gateway
from tests.cluster.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "127.0.0.2"  # all of 127.0.0.0/8 is the loopback interface of Linux


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server at 127.0.0.1 that answers with what it has read, once its client closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=echo, args=[listener], daemon=True).start()
        yield listener.getsockname()[1]


def echo(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(read_all(connection))


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def connect(port: int) -> socket.socket:
    """Connect with the gateway, which may not listen yet."""
    found: list[socket.socket] = []

    def is_connected() -> bool:
        with suppress(ConnectionRefusedError):
            found.append(socket.create_connection((ADDRESS, port), timeout=20))
        return bool(found)

    assert wait_until(is_connected, 20)
    return found[0]


def test_gateway_forwards_until_both_sides_close(port: int) -> None:
    sent = bytes(range(256)) * 4096
    with subprocess.Popen([sys.executable, "-I", gateway.__file__, ADDRESS, str(port)]) as process:
        try:
            with connect(port) as client:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                assert read_all(client) == sent
        finally:
            process.terminate()
