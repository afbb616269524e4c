"""HTTP/1.1 messages as they pass: read whole or in pieces, sent on as they came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator


@dataclass(frozen=True)
class Head:
    """The first line and the headers of a message."""

    first: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def get(self, name: bytes) -> bytes:
        """Return a header's value, lower case; empty where there is none."""
        return next((value.lower() for key, value in self.headers if key.lower() == name), b"")

    def without(self, *names: bytes) -> Head:
        """Return the head without some headers."""
        return Head(self.first, tuple((k, v) for k, v in self.headers if k.lower() not in names))

    def encoded(self) -> bytes:
        """Return the bytes on the wire."""
        return b"\r\n".join([self.first, *(k + b": " + v for k, v in self.headers), b"", b""])


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read the head of the next message; None where the connection ends before one."""
    import asyncio

    try:
        block = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = block[:-4].split(b"\r\n")
    split = (line.partition(b":") for line in lines)
    return Head(first, tuple((key, value.strip()) for key, _, value in split))


async def pieces(reader: asyncio.StreamReader, head: Head, *, bodiless: bool) -> AsyncIterator[bytes]:
    """Yield a message's body in raw pieces, chunk sizes included, as soon as they come."""
    if bodiless:
        return
    if head.get(b"transfer-encoding") == b"chunked":
        async for piece in chunks(reader):
            yield piece
    elif head.get(b"content-length"):
        left = int(head.get(b"content-length"))
        while left and (piece := await reader.read(min(left, 65536))):
            left -= len(piece)
            yield piece
    elif head.first.startswith(b"HTTP/"):  # a response without a length ends with its connection
        while piece := await reader.read(65536):
            yield piece


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the chunks of a chunked body, each with its size line."""
    while True:
        size = await reader.readline()
        count = int(size.split(b";")[0] or b"0", 16)
        yield size + await reader.readexactly(count + 2)
        if not count:
            return
