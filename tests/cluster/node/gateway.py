"""Forwards TCP connections at the node's cable to the API server at the loopback address."""

import asyncio
import sys
from contextlib import suppress

LOOPBACK = "127.0.0.1"
CHUNK = 65_536  # bytes


async def serve(address: str, port: int) -> None:
    """Forward ADDRESS:PORT to 127.0.0.1:PORT until the process ends."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await forward((reader, writer), port)

    server = await asyncio.start_server(accept, address, port)
    async with server:
        await server.serve_forever()


async def forward(client: tuple[asyncio.StreamReader, asyncio.StreamWriter], port: int) -> None:
    """Connect a client with the API server until both have closed their side."""
    try:
        upstream = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        client[1].close()
        return
    try:
        await asyncio.gather(copy(client[0], upstream[1]), copy(upstream[0], client[1]))
    finally:
        client[1].close()
        upstream[1].close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send what comes from the one to the other, and that no more comes."""
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
        return
    writer.transport.abort()  # the other direction ends, too


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
