"""A proxy before a real API server that counts requests and injects faults by script."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.wire import Head, pieces, read_head

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Request:
    """A request as the proxy saw it; `number` counts from 1."""

    number: int
    method: str
    path: str  # with its query

    @property
    def verb(self) -> str:
        """What it does: WATCH and LIST are told from GET by their path."""
        if self.method != "GET":
            return self.method
        if "watch=true" in self.path or "watch=1" in self.path:
            return "WATCH"
        return "LIST" if "?" in self.path else "GET"


@dataclass(frozen=True)
class Status:
    """Answer with an error of the API server's making, without asking it."""

    code: int
    reason: str = "ServiceUnavailable"
    message: str = "injected by the fault proxy"
    retry_after: int | None = None


@dataclass(frozen=True)
class Reset:
    """Break the connection; `reached` says whether the server has carried the request out before."""

    reached: bool = False


@dataclass(frozen=True)
class Cut:
    """Pass the request on, and break the connection in the middle of a piece of the answer's body."""

    after: int = 0  # pieces that pass whole before


@dataclass(frozen=True)
class Delay:
    """Pass the request on after some seconds."""

    seconds: float


@dataclass(frozen=True)
class Call:
    """Call a function before the request is passed on, or after the server has carried it out."""

    function: Callable[[], None]
    reached: bool = False


Fault = Status | Reset | Cut | Delay | Call
Script = Callable[[Request], "Fault | None"]


def no_faults(request: Request) -> None:
    """Let every request pass."""


@dataclass
class Proxy:
    """A running proxy; set `script` to inject, read `requests` and `fired` for what happened."""

    url: str
    script: Script = no_faults
    latency: float = 0.0  # seconds, added before every request
    requests: list[Request] = field(default_factory=list)
    sent_on: set[int] = field(default_factory=set)  # numbers of the requests that the server was sent
    fired: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Forget what was counted, and let everything pass."""
        self.script = no_faults
        self.requests.clear()
        self.sent_on.clear()
        self.fired.clear()

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig that leads through the proxy by a plain address; the proxy authenticates."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxied",
            "clusters": [{"name": "proxied", "cluster": {"server": self.url}}],
            "users": [{"name": "proxied", "user": {}}],
            "contexts": [{"name": "proxied", "context": {"cluster": "proxied", "user": "proxied"}}],
        }
        path.write_text(json.dumps(config))
        return path


@dataclass(frozen=True)
class Upstream:
    """The API server behind the proxy."""

    host: str
    port: int
    tls: ssl.SSLContext


@contextmanager
def proxied(upstream: Upstream) -> Iterator[Proxy]:
    """Run a proxy on a free port of 127.0.0.1, in a thread of its own."""
    loop = asyncio.new_event_loop()
    proxy = Proxy("")
    serving: set[asyncio.Task[None] | None] = set()

    async def start() -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            serving.add(task)  # the loop itself holds tasks only weakly
            await Connection(proxy, upstream, reader, writer).serve()
            serving.discard(task)

        return await asyncio.start_server(serve, "127.0.0.1", 0)

    server = loop.run_until_complete(start())
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def stop(server: asyncio.Server) -> None:
    """Close the server and end what still runs."""
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)  # what is closing is given the time to


class Broken(Exception):
    """The client's connection is to be broken now."""


@dataclass
class Connection:
    """One connection of the client, with one to the server beside it."""

    proxy: Proxy
    upstream: Upstream
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def serve(self) -> None:
        """Pass requests on until one side ends."""
        try:
            while head := await read_head(self.reader):
                await self.pass_on(head)
        except (Broken, ConnectionError, asyncio.IncompleteReadError):
            self.writer.transport.abort()  # a reset, not a polite end
        except asyncio.CancelledError:
            pass  # the proxy stops; Python 3.11 would log a task that ends as cancelled
        finally:  # without waiting: the end of a TLS connection may never come
            for writer in filter(None, [self.writer, self.server and self.server[1]]):
                writer.close() if writer is self.writer else writer.transport.abort()

    async def pass_on(self, head: Head) -> None:
        """Pass one request on, or do to it what the script says."""
        body = b"".join([piece async for piece in pieces(self.reader, head, bodiless=False)])
        method, path, _ = head.first.decode().split(" ")
        request = Request(len(self.proxy.requests) + 1, method, path)
        self.proxy.requests.append(request)
        fault = self.proxy.script(request)
        if fault:
            self.proxy.fired[f"{type(fault).__name__} {request.verb}"] += 1
        if self.proxy.latency:
            await asyncio.sleep(self.proxy.latency)
        match fault:
            case Status():
                return await self.answer(fault)
            case Reset(reached=False):
                raise Broken
            case Call(function, reached=False):
                function()
            case Delay(seconds):
                await asyncio.sleep(seconds)
        await self.forward(head, body, request, fault)
        return None

    async def forward(self, head: Head, body: bytes, request: Request, fault: Fault | None) -> None:
        """Let the server carry the request out and return its answer."""
        reader, writer = await self.connected()
        self.proxy.sent_on.add(request.number)
        writer.write(head.without(b"host").encoded()[:-2] + b"Host: kubernetes\r\n\r\n" + body)
        answer = await read_head(reader)
        if answer is None:
            raise Broken
        match fault:
            case Reset(reached=True):
                raise Broken
            case Call(function, reached=True):
                function()
        code = int(answer.first.split(b" ")[1])
        self.writer.write(answer.encoded())
        passed = 0
        async for piece in pieces(reader, answer, bodiless=request.method == "HEAD" or code in {204, 304}):
            if isinstance(fault, Cut) and passed == fault.after:
                self.writer.write(piece[: len(piece) // 2])
                await self.writer.drain()
                raise Broken
            passed += 1
            self.writer.write(piece)
            await self.writer.drain()

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the connection to the server, made when it is needed first."""
        if self.server and self.server[0].at_eof():
            self.server[1].close()
            self.server = None
        if self.server is None:
            up = self.upstream
            self.server = await asyncio.open_connection(
                up.host, up.port, ssl=up.tls, server_hostname=up.host, limit=2**20
            )
        return self.server

    async def answer(self, status: Status) -> None:
        """Answer in the server's place."""
        body = json.dumps(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "message": status.message,
                "reason": status.reason,
                "code": status.code,
            }
        ).encode()
        headers = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())]
        if status.retry_after is not None:
            headers.append((b"Retry-After", str(status.retry_after).encode()))
        first = f"HTTP/1.1 {status.code} {status.reason}".encode()
        self.writer.write(Head(first, tuple(headers)).encoded() + body)
        await self.writer.drain()
