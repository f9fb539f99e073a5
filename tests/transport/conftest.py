"""Servers and clients of the tests of the transports."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from crossdock.kit.http import Response
from crossdock.transport.http import HttpClient
from tests.transport.scripted_server import LOOPBACK, Script, Serve, Server, Wire


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A way to start servers that end with the test."""
    ends: list[asyncio.Server] = []
    running: set[asyncio.Task[None]] = set()

    async def start(script: Script, tls: ssl.SSLContext | None = None) -> Server:
        seen = Server()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(follow(reader, writer))
            running.add(task)
            task.add_done_callback(running.discard)

        async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.connections += 1
            wire = Wire(reader, writer)
            try:
                await script(wire, seen)
            except ConnectionError:
                pass  # the client under test hung up
            finally:
                writer.close()

        end = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        seen.port = end.sockets[0].getsockname()[1]
        ends.append(end)
        return seen

    yield start
    for end in ends:
        end.close()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@pytest.fixture
async def client() -> AsyncIterator[Callable[..., HttpClient[Response]]]:
    """Makes clients that may call the loopback; all are closed with the test."""
    made: list[HttpClient[Response]] = []

    def make(url: str, **options: object) -> HttpClient[Response]:
        one = HttpClient(url, make=Response, **{"allow": LOOPBACK, "timeout_s": 2.0, **options})  # type: ignore[arg-type]
        made.append(one)
        return one

    yield make
    for one in made:
        await one.close()


@pytest.fixture
def tls() -> tuple[ssl.SSLContext, bytes]:
    """A server's TLS for `localhost` that nobody has signed, and its certificate to trust."""
    pem = Path(__file__).with_name("localhost.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    text = pem.read_bytes()
    return context, text[text.index(b"-----BEGIN CERTIFICATE") :]
