"""How the end of an answer is told, and that every way of telling it is understood, however it is cut."""

import asyncio

import pytest

from crossdock.faults import InDoubt
from tests.transport.scripted_server import OK, Server, Wire

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n4;why=not\r\nwhol\r\n1\r\ne\r\n0\r\n"
WHOLE = {
    "a length": HEAD + b"Content-Length: 5\r\n\r\nwhole",
    "chunks": CHUNKS + b"\r\n",
    "chunks with trailers": CHUNKS + b"X-Sum: 7\r\nX-More: 8\r\n\r\n",
    "the end of the connection": HEAD + b"Connection: close\r\n\r\nwhole",
    "an early hint before it": b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD + b"Content-Length: 5\r\n\r\nwhole",
    "an older version": b"HTTP/1.0 200 OK\r\n\r\nwhole",
}  # fmt: skip


@pytest.mark.parametrize("step", [1, 7, 10_000], ids=["byte by byte", "in sevens", "at once"])
@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE.keys())
async def test_an_answer_is_understood_however_its_end_is_told_and_however_it_is_cut(
    serve, client, raw, step
):
    async def script(wire: Wire, seen: Server) -> None:
        await wire.request()
        for at in range(0, len(raw), step):
            await wire.answer(raw[at : at + step])
            await asyncio.sleep(0)

    answer = await client((await serve(script)).url).send("POST", "/wh", body=b"{}")
    assert (answer.status, answer.body) == (200, b"whole")


@pytest.mark.parametrize(
    ("method", "head"),
    [("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), ("GET", b"HTTP/1.1 204 None\r\n\r\n"),
     ("GET", b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n")],
)  # fmt: skip
async def test_an_answer_that_has_no_body_ends_with_its_head_and_the_connection_is_kept(
    serve, client, method, head
):
    async def script(wire: Wire, seen: Server) -> None:
        while await wire.request():
            await wire.answer(head)

    server = await serve(script)
    one = client(server.url)
    for _ in range(3):
        assert (await one.send(method, "/wh")).body == b""
    assert server.connections == 1


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
     b"Content-Length: -5\r\n", b"Content-Length : 5\r\n",
     b" folded: 1\r\nContent-Length: 5\r\n", b"no colon\r\nContent-Length: 5\r\n"],
)  # fmt: skip
async def test_an_answer_that_two_readers_could_read_differently_is_in_doubt(serve, client, head):
    async def script(wire: Wire, seen: Server) -> None:
        await wire.request()
        await wire.answer(HEAD + head + b"\r\nwhole")

    with pytest.raises(InDoubt):
        await client((await serve(script)).url).send("POST", "/wh", body=b"{}")


async def test_bytes_that_nobody_asked_for_are_never_taken_for_the_next_answer(serve, client):
    async def script(wire: Wire, seen: Server) -> None:
        while request := await wire.request():
            seen.requests.append(request)
            wrong = HEAD + b"Content-Length: 5\r\n\r\nwrong"
            await wire.answer(OK + wrong if len(seen.requests) == 1 else OK)

    server = await serve(script)
    one = client(server.url)
    for _ in range(3):
        assert (await one.send("GET", "/")).body == b"ok"
    assert server.connections == 2


async def test_who_waits_no_more_does_not_end_the_request_of_who_came_after(serve, client):
    async def script(wire: Wire, seen: Server) -> None:
        while await wire.request():
            await wire.answer(OK)

    server = await serve(script)
    one = client(server.url, timeout_s=0.5)
    await one.send("GET", "/")  # there is a connection, and its patience was for the first
    first = asyncio.create_task(one.send("GET", "/first"))
    while not first.done():
        await asyncio.sleep(0)
        first.cancel()
    for _ in range(3):
        assert (await one.send("GET", "/next")).body == b"ok"
