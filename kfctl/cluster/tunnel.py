"""A TCP connection to a port of a pod, carried by a websocket through the API server."""

from __future__ import annotations

import selectors
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from websocket import ABNF, WebSocketException

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable

PROTOCOL = "v4.channel.k8s.io"
CHUNK = 64 * 1024
AHEAD = 1024 * 1024  # bytes that one side may send before the other takes them
LONGEST_ERROR = 1000  # characters of what the node says
TICK = 0.5  # seconds between two looks at whether it is to end
LINGER = 30.0  # seconds that an answer may pause after the user's side has said that it sends no more
_REFUSED = "connection refused"  # what the system says of a port that nobody listens on
_DATA, _ERROR = 0, 1  # channels: the first byte of a message
_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Tunnel:
    """The pod's end: what is written goes to the port, what is read comes from it; nothing blocks."""

    def __init__(self, websocket: Any) -> None:
        """Speak through a websocket that was opened for one port."""
        self._websocket = websocket
        self._out = bytearray()
        self._greeted: set[int] = set()
        self.pending = False  # there may be more to read that no select tells of
        self.error = ""  # what the node says went wrong
        self.heard = False  # whether the pod has said anything
        self.said = bytearray()  # to it, before that
        websocket.settimeout(0)

    @property
    def socket(self) -> socket.socket:
        """What to wait for."""
        found: socket.socket = self._websocket.sock
        return found

    @property
    def waiting(self) -> int:
        """How many bytes are still to be sent."""
        return len(self._out)

    def read(self) -> bytes | None:
        """Return what has come; None when nothing will come any more."""
        found = bytearray()
        self.pending = False
        try:
            while len(found) < CHUNK:
                frame = self._websocket.recv_frame()
                if frame.opcode == ABNF.OPCODE_CLOSE:
                    return bytes(found) or None
                if frame.opcode == ABNF.OPCODE_PING and len(self._out) < AHEAD:
                    self._send(frame.data, ABNF.OPCODE_PONG)
                elif frame.opcode == ABNF.OPCODE_BINARY:
                    found += self._message(frame.data)
        except _LATER:
            return bytes(found)
        except (WebSocketException, OSError):  # the pod has closed it, or the way there is broken
            return bytes(found) or None
        self.pending = True
        return bytes(found)

    def write(self, data: bytes) -> None:
        """Have data sent."""
        if not self.heard and len(self.said) <= AHEAD:
            self.said += data
        self._send(bytes((_DATA,)) + data, ABNF.OPCODE_BINARY)

    @property
    def refused(self) -> bool:
        """Whether nothing took the connection, and another one can be told all that this one was."""
        return _REFUSED in self.error and not self.heard and len(self.said) <= AHEAD

    @property
    def why(self) -> str:
        """What went wrong, in fewer words than the node's; empty where nothing has."""
        return "nothing listens there yet" if _REFUSED in self.error else self.error

    def flush(self) -> None:
        """Send as much as can be sent now."""
        with suppress(*_LATER):
            while self._out:
                sent = self.socket.send(memoryview(self._out)[:CHUNK])
                del self._out[:sent]

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError, WebSocketException):
            self._websocket.shutdown()

    def _message(self, message: bytes) -> bytes:
        if not message:
            return b""
        channel, rest = message[0], message[1:]
        if channel not in self._greeted:  # the first message of a channel tells its port
            self._greeted.add(channel)
            return b""
        if channel == _ERROR:
            room = LONGEST_ERROR - len(self.error)
            self.error += rest[:room].decode(errors="replace").strip()
            return b""
        self.heard = True
        return rest

    def _send(self, data: bytes, opcode: int) -> None:
        self._out += ABNF.create_frame(data, opcode).format()


def pump(
    local: socket.socket, tunnel: Tunnel, ended: threading.Event, admit: Callable[[bytes], bytes]
) -> None:
    """Carry bytes both ways until one side has ended, or all has; `admit` filters those for the pod."""
    local.setblocking(False)
    with selectors.DefaultSelector() as selector:
        _Pump(local, tunnel, selector, admit).run(ended)


class _Pump:
    """Carrying bytes, no more at a time than the other side takes."""

    def __init__(
        self,
        local: socket.socket,
        tunnel: Tunnel,
        selector: selectors.BaseSelector,
        admit: Callable[[bytes], bytes],
    ) -> None:
        self._local = local
        self._admit = admit
        self._tunnel = tunnel
        self._selector = selector
        self._back = bytearray()  # on its way to the user
        self._user_talks = self._pod_talks = True
        self._heard = time.monotonic()

    def run(self, ended: threading.Event) -> None:
        with suppress(ConnectionError, ssl.SSLError):  # one side has gone: nobody is left to tell
            while (self._pod_talks or self._back) and not (ended.is_set() or self._is_forgotten()):
                ready = self._ready()
                if self._tunnel.socket in ready or self._tunnel.pending:
                    self._from_pod()
                if self._local in ready:
                    self._from_user()
                self._tunnel.flush()
                self._to_user()

    def _is_forgotten(self) -> bool:
        """Whether the user's side says no more and no answer comes: it may have gone altogether."""
        return not self._user_talks and time.monotonic() - self._heard > LINGER

    def _ready(self) -> set[object]:
        room, read, write = len(self._back) < AHEAD, selectors.EVENT_READ, selectors.EVENT_WRITE
        listens = self._user_talks and self._tunnel.waiting < AHEAD
        self._watch(self._local, read * listens | write * bool(self._back))
        self._watch(
            self._tunnel.socket, read * (self._pod_talks and room) | write * bool(self._tunnel.waiting)
        )
        at_once = self._tunnel.pending and room
        return {key.fileobj for key, _ in self._selector.select(0 if at_once else TICK)}

    def _watch(self, end: socket.socket, events: int) -> None:
        if end not in self._selector.get_map():
            if events:
                self._selector.register(end, events)
        elif events:
            self._selector.modify(end, events)
        else:
            self._selector.unregister(end)

    def _from_pod(self) -> None:
        if len(self._back) >= AHEAD:
            return
        found = self._tunnel.read()
        self._heard = time.monotonic()
        self._pod_talks = found is not None
        self._back += found or b""

    def _from_user(self) -> None:
        if not self._user_talks or self._tunnel.waiting >= AHEAD:
            return
        with suppress(BlockingIOError):
            data = self._local.recv(CHUNK)
            self._user_talks = bool(data)
            if admitted := self._admit(data):
                self._tunnel.write(admitted)

    def _to_user(self) -> None:
        with suppress(BlockingIOError):
            while self._back:
                sent = self._local.send(memoryview(self._back)[:CHUNK])
                del self._back[:sent]
