"""The body of an answer: read whole up to a limit, or line by line as it comes."""

from __future__ import annotations

import http.client
import io
import math
import time
import zlib
from typing import TYPE_CHECKING, Any, Protocol

from kfctl.cluster.faults import Fault
from kfctl.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import urllib3

CHUNK = 64 * 1024
MIB = 1024 * 1024
LONGEST_HEAD = 10.0  # seconds from the first byte of an answer to the last one of its head
LONGEST_ANSWER = 600.0  # seconds from the head of an answer to its last byte
ERROR_LIMIT = MIB  # bytes of the body of an error
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to say that it reads gzip's format


class _TimedBytes(io.RawIOBase):
    """The bytes of a connection, of which the first ones, a head, must come soon after each other."""

    def __init__(self, connection: io.RawIOBase) -> None:
        """Read from `connection`, whose timeout is for each read."""
        self._connection = connection
        self.end: float | None = None  # from the first byte on

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come."""
        if self.end is not None and time.monotonic() > self.end:
            raise TimeoutError("the head of the answer has no end")
        count = self._connection.readinto(buffer)
        if self.end is None:
            self.end = time.monotonic() + LONGEST_HEAD
        return count

    def close(self) -> None:
        """Close it."""
        super().close()
        self._connection.close()


class HttpAnswer(http.client.HTTPResponse):
    """An answer whose head is bounded in time: the library bounds its lines, and the time of each read."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        """Read from a socket."""
        super().__init__(sock, *args, **kwargs)
        self._timed = _TimedBytes(sock.makefile("rb", buffering=0))
        self.fp.close()
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        """Read the head, after those of `100 Continue` if there are any."""
        super().begin()
        self._timed.end = math.inf


class Stream(Protocol):
    """An answer that goes on: a watch, or a log that is followed."""

    status: int
    headers: Mapping[str, str]

    def read(self) -> bytes:
        """Return all that is left of it, up to ERROR_LIMIT bytes."""

    def lines(self, limit: int) -> Iterator[bytes]:
        """Yield each line as it comes, without its end; of one with more than `limit` bytes limit + 1."""

    def close(self) -> None:
        """End it, from any thread."""


def read_whole(answer: urllib3.BaseHTTPResponse, limit: int) -> bytes:
    """Return the body of an answer, unpacked; raise ClusterError if it has more than `limit` bytes.

    The length that a server announces, and the one that its gzip unpacks to, are not trusted.
    """
    body, end = bytearray(), time.monotonic() + LONGEST_ANSWER
    for part in _unpacked(_raw(answer), answer.headers.get("Content-Encoding", "")):
        body += part
        if len(body) > limit:
            answer.close()
            raise ClusterError(f"the server's answer is larger than {limit // MIB} MiB")
        if time.monotonic() > end:
            answer.close()
            raise ClusterError(f"the server's answer took longer than {LONGEST_ANSWER:.0f} s")
    answer.release_conn()
    return bytes(body)


def split_lines(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield lines without their ends, each at once when it is complete or has `limit` + 1 bytes.

    The rest of a longer line is dropped. Takes time in proportion to the bytes, and memory for one line.
    """
    line, is_cut = bytearray(), False
    for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            if not is_cut:
                yield bytes(line + end[: limit + 1 - len(line)])
            line, is_cut = bytearray(), False
        if not is_cut:
            line += rest[: limit + 1 - len(line)]
            is_cut = len(line) > limit
            if is_cut:
                yield bytes(line)
    if line and not is_cut:
        yield bytes(line)


class HttpStream:
    """An answer of urllib3, read as it comes."""

    def __init__(
        self, answer: urllib3.BaseHTTPResponse, faults: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Read from `answer`; `faults` turns the library's errors into ours."""
        self._answer = answer
        self._faults = faults
        self._closed = False
        self.status: int = answer.status
        self.headers: Mapping[str, str] = answer.headers

    def read(self) -> bytes:
        """Return all that is left of it, up to ERROR_LIMIT bytes."""
        with self._faults():
            return read_whole(self._answer, ERROR_LIMIT)

    def lines(self, limit: int) -> Iterator[bytes]:
        """Yield each line as it comes, without its end; of one with more than `limit` bytes limit + 1."""
        return split_lines(self._chunks(), limit)

    def close(self) -> None:
        """End it, from any thread."""
        self._closed = True
        try:
            self._answer.shutdown()  # wakes the thread that reads
        except (ValueError, OSError, RuntimeError, AttributeError):
            self._answer.close()

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self._faults():
                yield from _raw(self._answer)
        except Fault:
            if not self._closed:
                raise
        finally:
            self._answer.close()


def _raw(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body as it comes, packed as the server packed it."""
    while chunk := answer.read1(CHUNK, decode_content=False):
        yield chunk


def _unpacked(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the bytes that the chunks unpack to, at most CHUNK at a time."""
    if encoding.lower() in {"", "identity"}:
        yield from chunks
        return
    if encoding.lower() != "gzip":
        raise ClusterError(f"the server packed its answer as {encoding!r}, which was not asked for")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            packed = chunk
            while packed:
                yield unpacker.decompress(packed, CHUNK)
                packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise ClusterError(f"the server's answer is no gzip: {error}") from error
    if not unpacker.eof:
        raise ConnectionResetError("the packed answer has no end")
