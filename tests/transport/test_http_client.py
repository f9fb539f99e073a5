"""What the HTTP client says when a server misbehaves on a real socket."""

import asyncio
import contextlib
import gzip
import socket
import traceback
from collections.abc import Iterator
from ipaddress import IPv4Network

import pytest
import uvloop

from crossdock.faults import InDoubt, Invalid, Misconfigured, TryLater
from crossdock.kit.http import Response
from crossdock.transport.http import HttpClient
from tests.harness.ports import free_port
from tests.transport.scripted_server import LOOPBACK, OK, Server, Wire, wait_for_ever, well

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"


@pytest.fixture
def dead_port() -> int:
    """A port on which nobody listens."""
    return free_port()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that answers no SYN: its queue of connections is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):
            yield listener.getsockname()[1]


async def test_an_answer_comes_back_whole_with_lower_case_headers(serve, client):
    async def script(wire: Wire, seen: Server) -> None:
        seen.requests.append(await wire.request())
        await wire.answer(b"HTTP/1.1 201 Created\r\nX-One: a\r\nX-One: b\r\nContent-Length: 2\r\n\r\nok")

    server = await serve(script)
    answer = await client(server.url + "/base").send("POST", "/wh?x=1", body=b"{}", headers={"X-Key": "7.1"})
    assert answer == Response(201, {"x-one": "a, b", "content-length": "2"}, b"ok")
    assert server.requests[0].startswith(b"POST /base/wh?x=1 HTTP/1.1\r\n")
    assert b"\r\nX-Key: 7.1\r\n" in server.requests[0]
    assert server.requests[0].endswith(b"\r\n\r\n{}")


async def test_nothing_was_sent_to_a_port_that_refuses(client, dead_port):
    with pytest.raises(TryLater, match="cannot be reached"):
        await client(f"http://127.0.0.1:{dead_port}").send("POST", "/wh", body=b"{}")


async def test_nothing_was_sent_to_a_host_that_answers_no_syn(client, silent_port):
    with pytest.raises(TryLater, match="cannot be reached"):
        await client(f"http://127.0.0.1:{silent_port}", timeout_s=0.4).send("POST", "/wh", body=b"{}")


async def test_nothing_was_sent_to_a_name_without_address(client):
    async def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(TryLater, match=r"wms\.test has no address"):
        await client("http://wms.test", resolve=nobody).send("POST", "/wh", body=b"{}")


async def test_nothing_was_sent_under_a_certificate_that_nobody_signed(serve, client, tls):
    server = await serve(well, tls=tls[0])
    with pytest.raises(TryLater, match="certificate"):
        await client(f"https://localhost:{server.port}").send("POST", "/wh", body=b"{}")
    assert server.requests == []


async def test_a_certificate_is_trusted_when_the_site_says_so(serve, client, tls):
    server = await serve(well, tls=tls[0])
    answer = await client(f"https://localhost:{server.port}", ca_pem=tls[1]).send("POST", "/wh", body=b"{}")
    assert (answer.status, len(server.requests)) == (200, 1)


async def test_nothing_was_sent_to_a_port_that_speaks_no_tls(serve, client):
    server = await serve(well)
    with pytest.raises(TryLater):
        await client(f"https://127.0.0.1:{server.port}", timeout_s=0.4).send("POST", "/wh", body=b"{}")
    assert server.requests == []


async def test_a_reset_right_after_the_connection_is_never_taken_for_an_answer(serve, client):
    async def script(wire: Wire, seen: Server) -> None:
        wire.reset()

    # Whether the reset comes before or while we write is the network's choice; both are safe to settle.
    server = await serve(script)
    with pytest.raises((TryLater, InDoubt)):
        await client(server.url).send("POST", "/wh", body=b"{}")
    assert server.requests == []


async def test_a_reset_after_the_request_is_in_doubt(serve, client):
    async def script(wire: Wire, seen: Server) -> None:
        seen.requests.append(await wire.request())
        wire.reset()

    server = await serve(script)
    with pytest.raises(InDoubt, match="no complete answer"):
        await client(server.url).send("POST", "/wh", body=b"{}")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nConte",
        HALF,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf",
    ],
    ids=["nothing", "half a head", "half a body", "cut chunks", "broken chunks", "not HTTP", "not gzip"],
)
async def test_an_answer_that_is_not_complete_is_in_doubt(serve, client, raw):
    async def script(wire: Wire, seen: Server) -> None:
        seen.requests.append(await wire.request())
        await wire.answer(raw)

    server = await serve(script)
    with pytest.raises(InDoubt):
        await client(server.url).send("POST", "/wh", body=b"{}")
    assert len(server.requests) == 1


async def test_silence_after_the_request_is_in_doubt(serve, client):
    server = await serve(wait_for_ever)
    with pytest.raises(InDoubt, match=r"within 0\.3 s"):
        await client(server.url, timeout_s=0.3).send("POST", "/wh", body=b"{}")
    assert len(server.requests) == 1


async def test_an_answer_that_stops_half_way_is_in_doubt(serve, client):
    async def script(wire: Wire, seen: Server) -> None:
        await wire.request()
        await wire.answer(HALF)
        await asyncio.Event().wait()

    with pytest.raises(InDoubt, match=r"within 0\.3 s"):
        await client((await serve(script)).url, timeout_s=0.3).send("POST", "/wh", body=b"{}")


async def test_a_redirect_is_an_answer_and_is_not_followed(serve, client):
    async def script(wire: Wire, seen: Server) -> None:
        seen.requests.append(await wire.request())
        await wire.answer(b"HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    server = await serve(script)
    answer = await client(server.url).send("POST", "/wh", body=b"{}")
    assert (answer.status, answer.headers["location"], server.connections) == (307, "/elsewhere", 1)
    assert len(server.requests) == 1


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_an_answer_beyond_the_limit_is_in_doubt(serve, client, packed):
    body = gzip.compress(bytes(5_000_000)) if packed else bytes(5_000_000)
    coding = b"Content-Encoding: gzip\r\n" if packed else b""

    async def script(wire: Wire, seen: Server) -> None:
        while await wire.request():
            await wire.answer(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (coding, len(body)) + body)

    server = await serve(script)
    with pytest.raises(InDoubt, match="more than 1,000,000 bytes"):
        await client(server.url, answer_bytes_max=1_000_000).send("GET", "/all")
    assert len((await client(server.url).send("GET", "/all")).body) == 5_000_000  # the limit off


async def test_one_connection_serves_one_request_after_another(serve, client):
    server = await serve(well)
    one = client(server.url)
    for _ in range(5):
        assert (await one.send("POST", "/wh", body=b"{}")).status == 200
    assert (len(server.requests), server.connections) == (5, 1)


async def test_a_kept_connection_that_dies_with_a_request_does_not_send_it_twice(serve, client):
    async def script(wire: Wire, seen: Server) -> None:
        seen.requests.append(await wire.request())
        if len(seen.requests) == 1:
            await wire.answer(OK)
            seen.requests.append(await wire.request())  # read whole, then the connection ends

    server = await serve(script)
    one = client(server.url)
    await one.send("POST", "/wh", body=b"first")
    with pytest.raises(InDoubt):
        await one.send("POST", "/wh", body=b"second")
    assert [request[-6:] for request in server.requests] == [b"\nfirst", b"second"]
    assert server.connections == 1


async def hang_up_after_each_answer(wire: Wire, seen: Server) -> None:
    """Promises to keep the connection, and ends it; every third time without the answer."""
    if request := await wire.request():
        seen.requests.append(request)
        if len(seen.requests) % 3:
            await wire.answer(OK)
        if len(seen.requests) % 2:
            wire.reset()


async def test_a_request_is_never_sent_twice_however_connections_end(serve, client):
    server = await serve(hang_up_after_each_answer)
    one = client(server.url)
    done = list[bytes]()
    for number in range(100):
        body = b"order %04d" % number
        with contextlib.suppress(InDoubt):
            await one.send("POST", "/wh", body=body)
            done.append(body)
    got = [request[-10:] for request in server.requests]
    assert len(got) == len(set(got)), "a request was sent twice"
    assert set(done) <= set(got)
    assert 20 < len(done) < 100


async def test_control_a_client_that_repeats_by_itself_is_caught(serve, client):
    server = await serve(hang_up_after_each_answer)
    one = client(server.url)
    for number in range(10):
        with contextlib.suppress(InDoubt):
            try:
                await one.send("POST", "/wh", body=b"order %04d" % number)
            except InDoubt:
                await one.send("POST", "/wh", body=b"order %04d" % number)
    got = [request[-10:] for request in server.requests]
    assert len(got) > len(set(got))


async def test_a_client_that_is_closed_sends_nothing(serve, client):
    server = await serve(well)
    one = client(server.url)
    await one.close()
    with pytest.raises(TryLater, match="closed"):
        await one.send("POST", "/wh", body=b"{}")
    assert server.connections == 0


async def test_a_request_that_is_under_way_when_the_client_closes_is_in_doubt(serve, client):
    server = await serve(wait_for_ever)
    one = client(server.url)
    under_way = asyncio.create_task(one.send("POST", "/wh", body=b"{}"))
    async with asyncio.timeout(60):
        while not server.requests:
            await asyncio.sleep(0.001)
    await one.close()
    with pytest.raises(InDoubt):
        await under_way


async def test_a_proxy_in_the_environment_is_not_used(serve, client, monkeypatch):
    proxy, server = await serve(well), await serve(well)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    await client(server.url).send("POST", "/wh", body=b"{}")
    assert (proxy.connections, server.connections) == (0, 1)


@pytest.mark.parametrize("path", ["@elsewhere.test/", ".elsewhere.test/", ":9/", "wh"])
async def test_a_path_cannot_move_a_request_to_another_host(serve, client, path):
    server = await serve(well)
    with pytest.raises(Invalid, match="slash"):
        await client(server.url).send("GET", path)
    assert server.connections == 0


async def test_a_header_with_a_line_break_is_refused(serve, client):
    server = await serve(well)
    with pytest.raises(Invalid, match="no HTTP request"):
        await client(server.url).send("GET", "/", headers={"X-Key": "7\r\nHost: elsewhere"})
    assert server.connections == 0


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("wms", "not a URL"),
        ("ftp://wms.test", "not an HTTP URL"),
        ("http://user:word@wms.test", "no user or password"),
        ("http://wms.test/?a=1", "ends with its path"),
    ],
)
async def test_a_base_url_that_cannot_be_right_is_refused_before_the_start(client, url, says):
    with pytest.raises(Misconfigured, match=says) as caught:
        client(url)
    assert caught.value.fix
    assert "word" not in str(caught.value).replace("password", "")


async def test_the_fault_names_host_and_cause_but_no_query_and_no_header(client, dead_port):
    secret = "neddih"[::-1]  # a traceback quotes source lines
    with pytest.raises(TryLater, match="refused") as caught:
        await client(f"http://127.0.0.1:{dead_port}").send(
            "GET", f"/wh?key={secret}", headers={"Token": secret}
        )
    assert secret not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(Invalid) as caught_too:
        await client(f"http://127.0.0.1:{dead_port}").send("GET", "/wh", headers={"Token": secret + "\n"})
    assert secret not in "".join(traceback.format_exception(caught_too.value))


async def test_another_host_than_the_listed_ones_is_refused(client):
    with pytest.raises(Misconfigured, match=r"127\.0\.0\.2 is not a public address"):
        client("http://127.0.0.2:9", allow=(IPv4Network("127.0.0.1/32"),))
    assert client("http://127.0.0.2:9", allow=LOOPBACK)  # the guard told otherwise


async def test_a_body_is_asked_for_at_the_moment_of_the_writing_and_sent_as_it_is(serve, client):
    server = await serve(well)
    asked: list[int] = []
    sending = client(server.url)
    sending.may_send = lambda: asked.append(len(server.requests)) is None
    assert (await sending.send("POST", "/wh", body=b'{"n": 1}', headers={"X-Key": "7.1"})).status == 200
    (request,) = server.requests
    assert request.lower().count(b"content-length: 8\r\n") == 1
    assert b"chunked" not in request.lower()
    assert request.endswith(b'\r\n\r\n{"n": 1}')
    assert asked == [0]


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_body_leaves_in_the_step_in_which_it_was_asked_for_since_the_loop_may_stand_still_after_it(loop):
    got: list[bytes] = []

    async def sent(listening: socket.socket) -> None:
        def next_step() -> None:
            # The loop stands still in here: what the server gets now was written before.
            with listening.accept()[0] as accepted:
                accepted.settimeout(2)
                got.append(accepted.recv(4096))
                accepted.sendall(OK)

        def asked() -> bool:
            asyncio.get_running_loop().call_soon(next_step)
            return True

        one = HttpClient(f"http://127.0.0.1:{listening.getsockname()[1]}", make=Response, allow=LOOPBACK)
        one.may_send = asked
        assert (await one.send("POST", "/wh", body=b"{}")).status == 200
        await one.close()

    with socket.create_server(("127.0.0.1", 0)) as listening, asyncio.Runner(loop_factory=loop) as runner:
        listening.settimeout(2)
        runner.run(sent(listening))
    assert got[0].endswith(b"\r\n\r\n{}")


async def test_whoever_may_not_send_any_more_writes_nothing_and_may_again_later(serve, client):
    server = await serve(well)
    sending, held = client(server.url), False
    sending.may_send = lambda: held
    with pytest.raises(TryLater, match="may not send now"):
        await sending.send("POST", "/wh", body=b"{}")
    assert server.requests == []
    held = True
    assert (await sending.send("POST", "/wh", body=b"{}")).status == 200
    assert len(server.requests) == 1
