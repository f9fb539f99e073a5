"""CPU per outbound request: our client, with and without its guards, beside aiohttp and bare sockets.

    python -m bench.http_clients [--requests 20000] [--connections 32]

The server is a process of its own; what is counted is this process: loop, client threads and all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from ipaddress import IPv4Network

import aiohttp
import uvloop
from pyreqwest.client import ClientBuilder

from crossdock.kit.guarded import GuardedClient
from crossdock.kit.http import Response
from crossdock.transport.http import HttpClient

BODY = (
    b'{"wh_order": "SO-1001", "lines": [' + b'{"line": 1, "item": "W-10001", "quantity": 24},' * 28 + b"{}]}"
)
HEADERS = {"Content-Type": "application/json", "Idempotency-Key": "184467.1", "Crossdock-Attempt": "1"}
ANSWER = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
    b'Content-Length: 13\r\n\r\n{"id": "778"}'
)

Send = Callable[[], Awaitable[int]]


class Answers(asyncio.Protocol):
    """A server that reads whole requests and answers each with the same bytes."""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers every request that is whole now."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(ANSWER)


async def serve() -> None:
    """Listens on a free port and says which, until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@asynccontextmanager
async def bare(port: int, connections: int) -> AsyncIterator[Send]:
    """Streams of the standard library: the least that a client can cost."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    head = f"POST /wh HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(BODY)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()) + "\r\n"
    request = head.encode() + BODY

    async def send() -> int:
        reader, writer = free.get_nowait()
        writer.write(request)
        answer = await reader.readexactly(len(ANSWER))
        free.put_nowait((reader, writer))
        return int(answer[9:12])

    yield send
    while not free.empty():
        free.get_nowait()[1].close()


@asynccontextmanager
async def of_aiohttp(port: int, connections: int) -> AsyncIterator[Send]:
    """aiohttp, one session."""
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(10)) as session:
        url = f"http://127.0.0.1:{port}/wh"

        async def send() -> int:
            async with session.post(url, data=BODY, headers=HEADERS, allow_redirects=False) as response:
                await response.read()
                return response.status

        yield send


@asynccontextmanager
async def of_pyreqwest(port: int, connections: int) -> AsyncIterator[Send]:
    """The client in Rust that the hub had before, one pool."""
    builder = ClientBuilder().no_proxy().http1_only().pool_max_idle_per_host(connections)
    async with builder.timeout(timedelta(seconds=10)).build() as client:
        url = f"http://127.0.0.1:{port}/wh"

        async def send() -> int:
            request = client.post(url).headers(HEADERS).body_bytes(BODY).build()
            response = await request.send()
            await response.bytes()
            return response.status

        yield send


def _ours(port: int, connections: int) -> HttpClient[Response]:
    allow = (IPv4Network("127.0.0.0/8"),)
    return HttpClient(f"http://127.0.0.1:{port}", make=Response, allow=allow, connections_max=connections)


@asynccontextmanager
async def of_transport(port: int, connections: int) -> AsyncIterator[Send]:
    """Our transport alone."""
    client = _ours(port, connections)

    async def send() -> int:
        return (await client.send("POST", "/wh", body=BODY, headers=HEADERS)).status

    yield send
    await client.close()


@asynccontextmanager
async def of_guarded(port: int, connections: int) -> AsyncIterator[Send]:
    """Our transport behind limits, breaker and pace: what the pipeline speaks through."""
    client = GuardedClient(_ours(port, connections), concurrency=connections)

    async def send() -> int:
        return (await client.send("POST", "/wh", body=BODY, headers=HEADERS)).status

    yield send
    await client.close()


async def measured(send: Send, requests: int, connections: int) -> tuple[float, float]:
    """CPU µs and wall µs a request."""

    async def worker(count: int) -> None:
        for _ in range(count):
            assert await send() == 201

    await asyncio.gather(*(worker(20) for _ in range(connections)))  # warm: connections, code
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker(requests // connections) for _ in range(connections)))
    done = requests // connections * connections
    return (time.process_time() - cpu) / done * 1e6, (time.perf_counter() - wall) / done * 1e6


async def compare(port: int, requests: int, connections: int) -> None:
    """Prints a table; the best of three rounds for each client, rounds taken in turn."""
    async with AsyncExitStack() as stack:
        clients = {
            "bare streams": await stack.enter_async_context(bare(port, connections)),
            "our transport": await stack.enter_async_context(of_transport(port, connections)),
            "our guarded client": await stack.enter_async_context(of_guarded(port, connections)),
            "pyreqwest (Rust)": await stack.enter_async_context(of_pyreqwest(port, connections)),
            "aiohttp": await stack.enter_async_context(of_aiohttp(port, connections)),
        }
        best: dict[str, tuple[float, float]] = {}
        for _ in range(3):
            for name, send in clients.items():
                best[name] = min(best.get(name, (1e9, 1e9)), await measured(send, requests, connections))
    print(f"| client, {connections} connections | CPU µs a request | wall µs a request |\n|---|---|---|")
    for name, (cpu, wall) in best.items():
        print(f"| {name} | {cpu:.0f} | {wall:.0f} |")


def main() -> None:
    """Starts the server, compares, ends the server."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=6_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(serve())
        return
    server = subprocess.Popen([sys.executable, "-m", "bench.http_clients", "--serve"], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        uvloop.run(compare(int(server.stdout.readline()), chosen.requests, chosen.connections))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
