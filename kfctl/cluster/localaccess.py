"""Rules for who may use a forwarded port of this machine."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path
from typing import NamedTuple

MAX_HEAD_BYTES = 64 * 1024
LOOPBACK_HOST = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]*)?", re.IGNORECASE)
_METHOD_START = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]")
_HTTP1_LINE = re.compile(rb".* HTTP/1\.[0-9]\r?\n")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_HOST_FIELD = re.compile(rb"\n[ \t]*host[ \t]*:([^\r\n]*)", re.IGNORECASE)
_PROC_NET = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

REFUSAL_TEXT = b"kfctl open serves only localhost, 127.0.0.1, and [::1]\n"
REFUSAL = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
    % (
        len(REFUSAL_TEXT),
        REFUSAL_TEXT,
    )
)


class ForeignHostError(Exception):
    """A request for a host other than this machine."""


class HostGuard:
    """Checks the Host field of the first request of a connection, against DNS rebinding.

    Browsers use a connection for one origin only, so the first request decides. What is not HTTP/1 passes:
    browsers send HTTP/2 only over TLS, where the certificate protects.
    """

    def __init__(self) -> None:
        """Wait for the first bytes."""
        self._head = bytearray()
        self._is_checked = False

    def admit(self, data: bytes) -> bytes:
        """Return the bytes that may pass now, which can be none yet; raise ForeignHostError."""
        if self._is_checked:
            return data
        self._head += data
        if self._is_http() and not self._is_complete():
            return b""
        self._is_checked = True
        return bytes(self._head)

    def _is_http(self) -> bool:
        """Return whether this is an HTTP/1 request, or can become one."""
        if not self._head or not _METHOD_START.match(self._head):
            return False
        return b"\n" not in self._head or bool(_HTTP1_LINE.match(self._head))

    def _is_complete(self) -> bool:
        """Return whether the head of the request has arrived, and is for this machine."""
        end = _END_OF_HEAD.search(self._head)
        if end is None:
            if len(self._head) > MAX_HEAD_BYTES:
                raise ForeignHostError
            return False
        hosts = _HOST_FIELD.findall(self._head, 0, end.end())
        if len(hosts) != 1 or not LOOPBACK_HOST.fullmatch(hosts[0].strip()):
            raise ForeignHostError
        return True


class Owner(NamedTuple):
    """The process behind a connection of this machine."""

    user_id: int
    is_alive: bool  # False for a process that closed its end: Linux no longer knows its user


def is_allowed_owner(local: socket.socket) -> bool:
    """Return whether the peer of an accepted connection is this user, or root; True where nobody can tell.

    A peer that is gone already, or that Linux does not know although it knows this end, is nobody's.
    """
    try:
        peer_port, port = local.getpeername()[1], local.getsockname()[1]
    except OSError:  # reset by the peer before it was accepted
        return False
    owner = _owner(peer_port, port)
    if owner is None:
        return _owner(port, peer_port) is None
    invoker = os.environ.get("SUDO_UID", "") if os.getuid() == 0 else ""
    allowed = {0, os.getuid(), *([int(invoker)] if invoker.isdecimal() else ())}
    return owner.is_alive and owner.user_id in allowed


def _owner(peer_port: int, port: int) -> Owner | None:
    """Return who owns the end of a loopback connection, from Linux's table (proc_net_tcp(5))."""
    address = socket.inet_aton("127.0.0.1")
    word = address[::-1].hex() if sys.byteorder == "little" else address.hex()
    peer, own = f"{word}:{peer_port:04x}", f"{word}:{port:04x}"
    for path in _PROC_NET:
        try:
            lines = path.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[1].lower().endswith(peer) and fields[2].lower().endswith(own):
                return Owner(int(fields[7]), fields[9] != "0")
    return None
