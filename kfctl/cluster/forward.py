"""Ports of this machine that lead to ports of pods, whichever pods these are when somebody connects."""

from __future__ import annotations

import errno
import socket
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from kfctl.cluster.localaccess import REFUSAL, ForeignHostError, HostGuard, is_allowed_owner
from kfctl.cluster.tunnel import CHUNK, pump
from kfctl.errors import ClusterError, Forbidden, KfctlError, Unauthorized, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.tunnel import Tunnel

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds that a connection waits for a pod
PAUSE = 0.5
FAREWELL = 1.0  # seconds for the threads to end
BACKLOG = 128
MAX_DRAINED_CHUNKS = 16


@dataclass(frozen=True)
class End:
    """A port of a pod."""

    namespace: str
    pod: str
    port: int


class Forward:
    """A port of this machine that is listened on; what connects to it is led to a pod, in the context."""

    def __init__(
        self, cluster: Cluster, ports: Iterable[int], find: Callable[[], End], tell: Callable[[str], None]
    ) -> None:
        """Listen on the first of `ports` that is free; `find` says where to, or raises while nowhere."""
        self._cluster = cluster
        self._find = find
        self._tell = tell
        self._told = ""
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._socket = _listening(ports)
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        """Take connections."""
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more, and end those there are."""
        self._ended.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the next
        self._socket.close()
        end = time.monotonic() + FAREWELL
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _start(self, function: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                local, _ = self._socket.accept()
            except OSError:
                if self._ended.is_set():
                    return
                self._ended.wait(PAUSE)  # too many open files: some will be closed
                continue
            if is_allowed_owner(local):
                self._start(self._serve, local)
            else:
                local.close()
                self._say("refused a connection from another user of this machine")

    def _serve(self, local: socket.socket) -> None:
        """Carry one connection, if it is meant for this machine."""
        with closing(local):
            try:
                self._carry(local, HostGuard())
            except ForeignHostError:
                self._say("refused a request whose Host is not localhost, 127.0.0.1, or [::1]")
                _answer(local, REFUSAL)

    def _carry(self, local: socket.socket, guard: HostGuard) -> None:
        """Lead one connection to a pod; to another one, or the same later, as long as none takes it."""
        deadline, said = time.monotonic() + PATIENCE, b""
        while True:
            try:
                end, tunnel = self._connected(deadline)
            except KfctlError as error:
                self._say(str(error))
                return
            with closing(tunnel):
                if said:
                    tunnel.write(said)
                pump(local, tunnel, self._ended, guard.admit)
            self._say(tunnel.why and f"port {end.port} of pod {end.pod}: {tunnel.why}")
            if not tunnel.refused or time.monotonic() > deadline or self._ended.wait(PAUSE):
                return
            said = bytes(tunnel.said)

    def _connected(self, deadline: float) -> tuple[End, Tunnel]:
        """Return a connection to a pod; wait for one that can be connected to."""
        while True:
            try:
                end = self._find()
                return end, self._cluster.tunnel(end.namespace, end.pod, end.port)
            except (Forbidden, Unauthorized):
                raise
            except KfctlError as error:
                if time.monotonic() > deadline or self._ended.wait(PAUSE):
                    raise
                self._say(f"{error}; waiting")

    def _say(self, what: str) -> None:
        """Tell something once, until something else happens."""
        if what and what != self._told:
            self._tell(what)
        self._told = what


def _answer(local: socket.socket, text: bytes) -> None:
    """Send a last answer; a peer that is gone gets none."""
    with suppress(OSError):
        local.settimeout(FAREWELL)
        local.sendall(text)
        local.shutdown(socket.SHUT_WR)
        for _ in range(MAX_DRAINED_CHUNKS):  # a close with unread data would discard the answer
            if not local.recv(CHUNK):
                return


def _listening(ports: Iterable[int]) -> socket.socket:
    for port in ports:
        try:
            return socket.create_server((HOST, port), backlog=BACKLOG)
        except (OSError, OverflowError) as error:
            number = getattr(error, "errno", 0)
            why = "is in use" if number == errno.EADDRINUSE else "can't be listened on"
            refused = UsageError(
                f"port {port} of this machine {why}", hint="--port N takes another; without it a free one"
            )
    raise refused if port else ClusterError("no port of this machine is free")
