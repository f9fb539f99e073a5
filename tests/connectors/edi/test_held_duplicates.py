"""What came twice is held with its reason, and goes on once when a person says so: over HTTP and at the terminal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from crossdock.api.app import App
from crossdock.api.keys import digest_of, new_key
from crossdock.journal.open import storage_of
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.keyring import StoredKey, add_key
from tests.cli.console import Said, crossdock
from tests.connectors.edi.trade import drop, hub_of, order, sent, site, table, until


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    running = App(hub_of(site(tmp_path), listen="127.0.0.1:0"))
    await running.start()
    yield running
    await running.stop()


class Olga:
    """An operator, over HTTP and at a terminal."""

    def __init__(self, app: App) -> None:
        self._url, self._key = app.server.url, new_key()
        add_key(
            storage_of(app.hub.settings.database),
            StoredKey(digest_of(self._key), "olga", "operator", None, 1, None),
        )

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        request = Request(f"{self._url}{path}", data, headers, method=method)
        return await asyncio.to_thread(lambda: json.load(urlopen(request, timeout=60)))

    async def type(self, *words: object) -> Said:
        return await asyncio.to_thread(crossdock, *words, "--url", self._url, "--key", self._key)

    async def held(self) -> dict[str, Any]:
        """The one thing that is held."""
        for _ in range(2_000):
            found = (await self.ask("GET", "/v1/incidents?type=duplicate_conflict"))["items"]
            if found:
                (item,) = found
                return item
            await asyncio.sleep(0.05)
        raise AssertionError("nothing is held")


async def held_twice(tmp_path: Path, olga: Olga, second: str) -> dict[str, Any]:
    """An order, then another one that is held beside it."""
    drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
    await until(lambda: len(sent(tmp_path, "threepl", "940")) == 1)
    drop(tmp_path, "retailer", "b.edi", second)
    item = await olga.held()
    await until(lambda: len(sent(tmp_path, "retailer", "997")) == 2)
    assert len(sent(tmp_path, "threepl", "940")) == 1, "it is held, not sent"
    return item


async def goes_on_once(tmp_path: Path, app: App, number: str) -> None:
    await until(lambda: len(sent(tmp_path, "threepl", "940")) == 2)
    drop(tmp_path, "retailer", "z.edi", order("PO-9", 99))
    await until(lambda: len(sent(tmp_path, "threepl", "940")) == 3)
    wanted = [text for text in sent(tmp_path, "threepl", "940") if f"*{number}*" in text]
    assert len(wanted) == (2 if number == "PO-1" else 1), "once for each that was let go"
    assert table(app.hub, "SELECT type FROM incidents WHERE state = 1") == []
    assert verify(storage_of(app.hub.settings.database)) is None


async def test_a_control_number_used_twice_is_let_go_over_http(tmp_path: Path, app: App) -> None:
    olga = Olga(app)
    item = await held_twice(tmp_path, olga, order("PO-2", 7))
    assert (
        item["number"] == "PO-2" and "000000007 was used before" in item["says"] and "retry" in item["acts"]
    )
    after = await olga.ask("POST", f"/v1/incidents/{item['id']}/retry", {})
    assert after["id"] == item["id"]
    await goes_on_once(tmp_path, app, "PO-2")
    assert "olga" in json.dumps(table(app.hub, "SELECT says, detail FROM ledger WHERE kind = 12"))


async def test_an_order_number_used_twice_is_let_go_at_the_terminal(tmp_path: Path, app: App) -> None:
    olga = Olga(app)
    item = await held_twice(tmp_path, olga, order("PO-1", 8).replace("*48*EA", "*60*EA"))
    shown = await olga.type("desk", "show", item["id"])
    assert shown.code == 0 and "PO-1" in shown.out and "before" in shown.out, shown.out + shown.err
    done = await olga.type("desk", "retry", item["id"])
    assert done.code == 0, done.err
    await goes_on_once(tmp_path, app, "PO-1")
    assert any("W01*60*EA" in text for text in sent(tmp_path, "threepl", "940"))


async def test_whoever_lets_it_go_twice_sends_it_once(tmp_path: Path, app: App) -> None:
    olga = Olga(app)
    item = await held_twice(tmp_path, olga, order("PO-2", 7))
    answers = await asyncio.gather(
        *(olga.ask("POST", f"/v1/incidents/{item['id']}/retry", {}) for _ in range(3)), return_exceptions=True
    )
    assert sum(not isinstance(one, BaseException) for one in answers) >= 1
    await goes_on_once(tmp_path, app, "PO-2")


async def test_what_is_ended_instead_never_goes(tmp_path: Path, app: App) -> None:
    """The control: nothing but the release lets it pass."""
    olga = Olga(app)
    item = await held_twice(tmp_path, olga, order("PO-2", 7))
    ended = await olga.type("desk", "resolve", item["id"], "--reason", "sent twice by mistake")
    assert ended.code == 0, ended.err
    drop(tmp_path, "retailer", "z.edi", order("PO-9", 99))
    await until(lambda: len(sent(tmp_path, "threepl", "940")) == 2)
    assert not any("PO-2" in text for text in sent(tmp_path, "threepl", "940"))
