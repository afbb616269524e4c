"""A request that turns its connection into a websocket."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from websocket import (
    WebSocket,
    WebSocketBadStatusException,
    WebSocketException,
    WebSocketProtocolException,
    frame_buffer,
)

from kfctl.cluster.faults import Fault

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

LONGEST_FRAME = 1024 * 1024  # bytes; API servers send 32 KiB at most
LONGEST_HANDSHAKE = 128 * 1024  # bytes of the answer: its head, and the body of one that says no
TIMEOUT = 10.0  # seconds to connect, and then to be answered


class Declined(Exception):
    """The server answered with something else than a websocket."""

    def __init__(self, status: int, body: bytes) -> None:
        """Keep what it answered."""
        super().__init__(status)
        self.status = status
        self.body = body


def open_websocket(
    url: str, protocol: str, headers: Iterable[tuple[str, str]], configuration: Any
) -> WebSocket:
    """Return the websocket at `url` (http or https), secured as `configuration` of the library has it."""
    parts = urlsplit(url)
    websocket: Any = _BoundedWebSocket(sslopt=_tls(configuration), enable_multithread=False)
    websocket.frame_buffer = _BoundedFrames(websocket.frame_buffer.recv, skip_utf8_validation=False)
    try:
        websocket.connect(
            parts._replace(scheme={"https": "wss", "http": "ws"}[parts.scheme]).geturl(),
            header=[f"{name}: {value}" for name, value in headers],
            subprotocols=[protocol],
            suppress_origin=True,
            redirect_limit=0,
            timeout=TIMEOUT,
            **_proxy(configuration),
        )
    except WebSocketBadStatusException as error:
        raise Declined(error.status_code, error.resp_body or b"") from error
    except (WebSocketException, ValueError, OverflowError) as error:  # such as Content-Length: x
        raise Fault(f"{parts.netloc} does not speak websocket: {error}") from error
    websocket.lift_bounds()
    found: WebSocket = websocket
    return found


class _BoundedSocket:
    """A socket of which so many bytes are read, in so much time: the library counts neither."""

    def __init__(self, inner: socket.socket) -> None:
        """Read from `inner`."""
        self.inner = inner
        self._left = LONGEST_HANDSHAKE
        self._end = time.monotonic() + TIMEOUT

    def recv(self, size: int) -> bytes:
        """Return bytes as a socket does."""
        if self._left <= 0:
            raise WebSocketProtocolException(f"an answer of more than {LONGEST_HANDSHAKE} bytes")
        if time.monotonic() > self._end:
            raise TimeoutError("the answer to the handshake has no end")
        received = self.inner.recv(size)
        self._left -= len(received)
        return received

    def __getattr__(self, name: str) -> Any:
        """Do all else as the socket does."""
        return getattr(self.inner, name)


class _BoundedWebSocket(WebSocket):
    """A websocket whose handshake is bounded."""

    _socket: Any = None

    @property
    def sock(self) -> Any:
        """The connection."""
        return self._socket

    @sock.setter
    def sock(self, connection: Any) -> None:
        self._socket = connection and _BoundedSocket(connection)

    def lift_bounds(self) -> None:
        """Read on for as long as the connection lives, each frame being bounded."""
        self._socket = self._socket.inner


class _BoundedFrames(frame_buffer):
    """Reads frames; a server may announce one of 2**63 bytes."""

    def recv_length(self) -> None:
        """Read the length of a frame, and refuse one that no API server sends."""
        super().recv_length()
        if self.length is not None and self.length > LONGEST_FRAME:
            raise WebSocketProtocolException(f"a frame of {self.length} bytes")


def _tls(configuration: Any) -> dict[str, Any]:
    checked = bool(configuration.verify_ssl)
    given = {
        "ca_certs": configuration.ssl_ca_cert,  # without it those of the system
        "certfile": configuration.cert_file,
        "keyfile": configuration.key_file,
        "server_hostname": configuration.tls_server_name,
    }
    return {
        "cert_reqs": ssl.CERT_REQUIRED if checked else ssl.CERT_NONE,
        "check_hostname": checked and configuration.assert_hostname is not False,
        **{name: value for name, value in given.items() if value},
    }


def _proxy(configuration: Any) -> dict[str, Any]:
    # Where no proxy is given the library takes one of the environment, so one is given, and kept from use.
    proxy = urlsplit(configuration.proxy or "http://none:1")
    exempt = (configuration.no_proxy or "").split(",") if configuration.proxy else ["*"]
    return {
        "http_proxy_host": proxy.hostname,
        "http_proxy_port": proxy.port,
        "http_proxy_auth": (proxy.username, proxy.password) if proxy.username else None,
        "http_no_proxy": exempt,
    }
