"""Access to forwarded ports: the Host of requests, and other users of the machine."""

from __future__ import annotations

import codecs
import os
import socket
import struct
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from kfctl.cluster.localaccess import MAX_HEAD_BYTES, ForeignHostError, HostGuard, is_allowed_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
CONNECT = (
    "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); sys.stdin.read()"
)

PASSING = [
    b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n",
    b"POST /v1/models/m:predict HTTP/1.1\r\nAccept: */*\r\nhost:127.0.0.1\r\n\r\nbody",
    b"GET / HTTP/1.1\nHOST: [::1]:8000\n\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00",
    b"\x16\x03\x01\x02\x00\x01",
    b"\x00binary",
    b"HELLO there\r\n",
]
REFUSED = [
    b"GET / HTTP/1.1\r\nHost: evil.example:8000\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.example@localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 0.0.0.0:8000\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nX-Host: localhost\r\n\r\n",
    b"GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\nHost: localhost\r\n\r\n",
    b"!GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (MAX_HEAD_BYTES // 6 + 1),
]


@pytest.mark.parametrize("step", [1, 2**20])
@pytest.mark.parametrize("data", PASSING)
def test_guard_passes_requests_for_this_machine(data: bytes, step: int) -> None:
    assert b"".join(admitted(data + b"more", step)) == data + b"more"


@pytest.mark.parametrize("step", [64, 2**20])
@pytest.mark.parametrize("data", REFUSED, ids=range(len(REFUSED)))
def test_guard_refuses_requests_for_other_hosts(data: bytes, step: int) -> None:
    passed = []
    with pytest.raises(ForeignHostError):
        passed += admitted(data, step)
    assert not any(passed)


def admitted(data: bytes, step: int) -> Iterator[bytes]:
    """Yield what a guard admits of data that arrives in steps."""
    guard = HostGuard()
    for start in range(0, len(data), step):
        yield guard.admit(data[start : start + step])


@contextmanager
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection: the accepted one, and that of the client."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(listener.getsockname()))
        yield stack.enter_context(listener.accept()[0]), client


@pytest.fixture
def nobody() -> Iterator[None]:
    """Open sockets as another user."""
    codecs.lookup("idna")  # of socket: that user may not be able to read the file
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def test_connection_of_this_user_is_allowed() -> None:
    with connection() as (local, _):
        assert is_allowed_owner(local)


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="needs root to be another user")
@pytest.mark.usefixtures("nobody")
def test_connection_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    with connection() as (local, _):
        assert not is_allowed_owner(local)
        monkeypatch.setenv("SUDO_UID", str(NOBODY))
        assert is_allowed_owner(local)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's table of connections")
def test_connection_without_a_process_is_refused() -> None:
    with connection() as (local, client):
        client.close()
        assert not is_allowed_owner(local)


def test_connection_that_was_reset_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reset(socket.create_connection(listener.getsockname()))
        local, _ = listener.accept()
        with local:
            assert not is_allowed_owner(local)


def reset(client: socket.socket) -> None:
    """Close a connection as a port scanner does: with a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
