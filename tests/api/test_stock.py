"""Stock and promises over HTTP, asked as a shop, an operator and an observer would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI

from crossdock.api.keys import Keys, digest_of
from crossdock.api.refusals import add_handlers
from crossdock.api.stock import add_stock
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.stock.policy import ChannelPolicy
from tests.api.test_admin import ROLES
from tests.api.wire import Reply, ask
from tests.pipeline.stockkeeping.shelf import Clock, put, stockroom


class Door:
    """The routes over a real journal."""

    def __init__(self, journal: SqliteJournal, *, keeps: bool = True) -> None:
        clock = Clock()
        room = (
            stockroom(journal, ChannelPolicy("shop", ("AMS",), publish=True), clock=clock) if keeps else None
        )
        rows = [(digest_of(name), name, role, system) for name, (role, system) in ROLES.items()]
        context: Any = SimpleNamespace(stock=room, charter=SimpleNamespace(systems={"shop": 1, "wms": 1}))
        self.app = FastAPI()
        add_handlers(self.app)
        add_stock(self.app, Keys(lambda: rows, lambda: 0.0), journal, context, clock.now_ms)  # type: ignore[arg-type]

    async def ask(
        self, method: str, target: str, body: Any = b"", key: str = "shop", **headers: str
    ) -> Reply:
        return await ask(self.app, method, target, body, key=key, **headers)

    async def promise(self, quantity: Any = 1, key: str = "shop", **more: Any) -> Reply:
        return await self.ask(
            "POST", "/v1/promises", {"lines": [{"sku": "A", "quantity": quantity}], **more}, key
        )


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    made = SqliteJournal(tmp_path / "hub.db", clock_ms=Clock().now_ms, dedup=ArrivalDedup())
    made.start()
    yield made
    await made.close()


async def test_a_cart_is_promised_shown_and_given_back(journal: SqliteJournal) -> None:
    door = Door(journal)
    await put(journal, "A", 3)
    made = await door.promise(2, reference="cart-7", hold_s=60)
    assert made.status == 201
    assert made.json["state"] == "held"
    assert made.json["channel"] == "shop"
    assert made.json["lines"][0]["from"] == [{"site": "AMS", "sku": "A", "quantity": 2}]
    again = await door.ask("GET", f"/v1/promises/{made.json['id']}")
    assert again.json == made.json
    assert (await door.ask("GET", f"/v1/promises/{made.json['id']}", key="wms")).status == 404
    assert (await door.ask("DELETE", f"/v1/promises/{made.json['id']}", key="obs")).status == 403
    gone = await door.ask("DELETE", f"/v1/promises/{made.json['id']}")
    assert (gone.status, gone.json["state"]) == (200, "released")


async def test_whoever_comes_too_late_is_told_what_is_there(journal: SqliteJournal) -> None:
    door = Door(journal)
    await put(journal, "A", 1)
    replies = await asyncio.gather(*(door.promise() for _ in range(20)))
    assert sorted(reply.status for reply in replies) == [201, *[409] * 19]
    lost = next(reply for reply in replies if reply.status == 409)
    assert lost.headers["content-type"] == "application/problem+json"
    assert lost.json["short"] == [{"sku": "A", "wanted": 1, "available": 0}]


async def test_one_key_is_one_promise(journal: SqliteJournal) -> None:
    door = Door(journal)
    await put(journal, "A", 5)
    body = {"lines": [{"sku": "A", "quantity": 1}]}
    first = await door.ask("POST", "/v1/promises", body, idempotency_key="k")
    again = await door.ask("POST", "/v1/promises", body, idempotency_key="k")
    assert first.body == again.body
    other = {"lines": [{"sku": "A", "quantity": 2}]}
    assert (await door.ask("POST", "/v1/promises", other, idempotency_key="k")).status == 409


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"lines": [{"sku": "A", "quantity": "1"}]}, "lines[0].quantity"),
        ({"lines": [{"sku": "A", "quantity": True}]}, "lines[0].quantity"),
        ({"lines": [{"quantity": 1}]}, "lines[0].sku"),
        ({"lines": [{"sku": "A", "quantity": 1, "colour": "red"}]}, "lines[0].colour"),
        ({"lines": []}, "lines"),
        ({"lines": "A"}, "lines"),
        ({"lines": [{"sku": "A", "quantity": 1, "line": 1}, {"sku": "A", "quantity": 1, "line": "1"}]}, "lines"),
        ({"lines": [{"sku": "A", "quantity": 1}], "hold_s": "long"}, "hold_s"),
        ({"lines": [{"sku": "A", "quantity": 1}], "hold_s": -1}, "hold_s"),
    ],
)  # fmt: skip
async def test_a_cart_that_cannot_be_read_is_refused_with_its_place(
    journal: SqliteJournal, body: dict[str, Any], path: str
) -> None:
    reply = await Door(journal).ask("POST", "/v1/promises", body)
    assert (reply.status, reply.json["path"]) == (422, path)


async def test_a_system_sells_as_itself_and_an_operator_names_who_sells(journal: SqliteJournal) -> None:
    door = Door(journal)
    await put(journal, "A", 5)
    assert (await door.promise(channel="wms")).status == 403
    assert (await door.promise(key="obs")).status == 403
    assert (await door.promise(key="op")).status == 422
    assert (await door.promise(key="op", channel="shop")).status == 201
    assert (await door.ask("POST", "/v1/promises", b"{", "shop")).status == 400


async def test_the_stock_of_an_item_names_beliefs_sites_channels_and_what_is_set_aside(
    journal: SqliteJournal,
) -> None:
    door = Door(journal)
    await put(journal, "A/1", 5)
    await put(journal, "A/1", 4, "RTM")
    body = {"lines": [{"sku": "A/1", "quantity": 2}]}
    assert (await door.ask("POST", "/v1/promises", body)).status == 201
    shown = (await door.ask("GET", "/v1/stock/A/1", key="obs")).json
    assert (shown["sku"], shown["unit"], shown["available"]) == ("A/1", "EA", 7)
    assert [(one["site"], one["promisable"], one["reserved"], one["available"]) for one in shown["sites"]] == [
        ("AMS", 5, 2, 3), ("RTM", 4, 0, 4)
    ]  # fmt: skip
    assert [(one["channel"], one["may_sell"], one["has"]) for one in shown["channels"]] == [("shop", 3, None)]
    first = shown["beliefs"][0]
    assert (first["system"], first["status"], first["quantity"], first["how"]) == (
        "wms",
        "available",
        5,
        "told",
    )
    assert first["age_s"] >= 0
    assert [(one["quantity"], one["state"]) for one in shown["reservations"]] == [(2, "held")]


async def test_the_key_of_a_system_sees_its_own_part_only(journal: SqliteJournal) -> None:
    door = Door(journal)
    await put(journal, "A", 5)
    seen = (await door.ask("GET", "/v1/stock/A", key="shop")).json
    assert (seen["available"], seen["beliefs"], seen["sites"]) == (5, [], [])
    seen = (await door.ask("GET", "/v1/stock/A", key="wms")).json
    assert (seen["available"], seen["channels"], len(seen["beliefs"])) == (None, [], 1)


async def test_what_nobody_told_of_and_a_site_without_stock_are_404(journal: SqliteJournal) -> None:
    assert (await Door(journal).ask("GET", "/v1/stock/NONE")).status == 404
    reply = await Door(journal, keeps=False).ask("GET", "/v1/stock/A")
    assert (reply.status, reply.json["detail"]) == (404, "this site keeps no stock")
