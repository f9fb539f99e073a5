"""Callers that connect and say little or nothing: they must not shut the others out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from crossdock.api.server import HttpServer

SILENT = 1_200  #: more than wait at a listening socket
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"


async def answers(_scope: Any, protocol: Any) -> None:
    protocol.response_bytes(200, [], b"it lives")


@asynccontextmanager
async def served(connections_max: int | None = None) -> AsyncIterator[HttpServer]:
    app = type("App", (), {"__rsgi__": staticmethod(answers)})()
    server = HttpServer(app, "127.0.0.1", 0, connections_max=connections_max)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def asked(server: HttpServer, request: bytes = REQUEST) -> bytes:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def silent(server: HttpServer, count: int) -> list[asyncio.StreamWriter]:
    return [(await asyncio.open_connection(server.host, server.port))[1] for _ in range(count)]


async def test_a_thousand_callers_that_say_nothing_keep_nobody_out():
    async with served() as server:
        callers = await silent(server, SILENT)
        answer = await asked(server)
        for caller in callers:
            caller.close()
    assert answer.endswith(b"it lives")


async def test_control_where_fewer_are_held_the_next_one_waits_until_somebody_goes():
    async with served(connections_max=3) as server:
        callers = await silent(server, 5)
        asking = asyncio.create_task(asked(server))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not asking.done()
        for caller in callers:
            caller.close()
        assert (await asking).endswith(b"it lives")


async def test_only_the_first_version_of_http_is_spoken_for_only_there_the_head_has_a_time_limit():
    async with served() as server:
        answer = await asked(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    assert not answer or answer.startswith(b"HTTP/1.1 400")
