"""Promises on both stores: one winner for the last unit, whoever asks, and nothing without the guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossdock.faults import Invalid
from crossdock.journal.contract import Overtaken
from crossdock.journal.open import storage_of
from crossdock.journal.postgresql.store import PostgresqlJournal
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.pipeline.stockkeeping.promises import Asked, Cart
from crossdock.stock.policy import ChannelPolicy
from tests.database import Server
from tests.pipeline.stockkeeping.shelf import Clock, cart, level, promised, put, stockroom
from tests.pipeline.stockkeeping.stocked import stocked


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """One empty store of either kind."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'hub.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.fresh()


@asynccontextmanager
async def journal_at(database: str, host: str = "one") -> AsyncIterator[SiteJournal]:
    """A journal that takes commits; whole in the end."""
    clock = Clock()
    made: Any = (
        PostgresqlJournal(database, clock_ms=clock.now_ms, dedup=ArrivalDedup(), host=host)
        if database.startswith("postgresql:")
        else SqliteJournal(
            Path(database.removeprefix("sqlite:")), clock_ms=clock.now_ms, dedup=ArrivalDedup()
        )
    )
    made.start()
    await made.use_charter("sha256:test", "0", {})
    try:
        yield made
    finally:
        await made.close()
    assert verify(storage_of(database)) is None


@pytest.fixture
async def journal(database: str) -> AsyncIterator[SiteJournal]:
    """A journal over it."""
    async with journal_at(database) as made:
        yield made


async def test_of_500_carts_at_once_one_gets_the_last_unit_and_499_are_told(journal: SiteJournal) -> None:
    room = stockroom(journal)
    await put(journal, "A", 1)
    found = await asyncio.gather(*(promised(room, cart(channel=f"c{n % 2}")) for n in range(500)))
    assert sum(one is not None for one in found) == 1
    assert level(journal) == (1, 1)


OTHERWISE = {
    "another channel": cart(channel="web", hold_s=60),
    "held for longer": cart(hold_s=61),
    "held as long as usual": cart(),
    "another reference": cart(hold_s=60, reference="R-2"),
    "needed by a day": cart(hold_s=60, needed_by=date(2027, 1, 20)),
    "another item": cart("B", hold_s=60),
    "more of it": cart(amount=2, hold_s=60),
    "from one site": cart(site="AMS", hold_s=60),
    "another name of its line": Cart("shop", [Asked("2", "A", 1, "EA")], hold_s=60),
    "another unit": Cart("shop", [Asked("1", "A", 1, None)], hold_s=60),
    "one line more": Cart("shop", [Asked("1", "A", 1, "EA"), Asked("2", "A", 1, "EA")], hold_s=60),
}


@pytest.mark.parametrize("other", OTHERWISE.values(), ids=OTHERWISE)
async def test_a_key_stands_for_all_that_was_asked_under_it(tmp_path: Path, other: Cart) -> None:
    async with journal_at(f"sqlite:{tmp_path / 'hub.db'}") as journal:
        room = stockroom(journal)
        await put(journal, "A", 9)
        first = await promised(room, cart(hold_s=60), key="k")
        assert await promised(room, cart(hold_s=60), key="k") == first
        with pytest.raises(Overtaken):
            await promised(room, other, key="k")


async def test_without_the_guard_the_same_carts_oversell(journal: SiteJournal) -> None:
    room = stockroom(journal, guarded=False)
    await put(journal, "A", 1)
    found = await asyncio.gather(*(promised(room, cart()) for _ in range(50)))
    assert sum(one is not None for one in found) == 50
    assert level(journal) == (1, 50)


@pytest.mark.parametrize(("guarded", "won"), [(True, 10), (False, 300)])
async def test_two_hosts_race_for_the_last_units(postgresql: Server, guarded: bool, won: int) -> None:
    database = postgresql.fresh()
    async with journal_at(database) as one, journal_at(database, "two") as other:
        await put(one, "A", 7)
        await put(one, "B", 3)
        rooms = [stockroom(host, guarded=guarded) for host in (one, other)]
        carts = [cart("A" if n % 3 else "B") for n in range(300)]
        found = await asyncio.gather(*(promised(rooms[n % 2], asked) for n, asked in enumerate(carts)))
        assert sum(promise is not None for promise in found) == won
        assert level(one, "A")[1] + level(one, "B")[1] == won


async def test_a_promise_is_shown_given_back_once_and_its_stock_is_free_again(journal: SiteJournal) -> None:
    room = stockroom(journal)
    await put(journal, "A", 2)
    made = await promised(room, cart(amount=2, reference="cart-1"))
    assert made is not None
    assert made["state"] == "held"
    assert made["lines"] == [
        {
            "line": "1",
            "sku": "A",
            "quantity": 2,
            "unit": "EA",
            "from": [{"site": "AMS", "sku": "A", "quantity": 2}],
        }
    ]
    assert await promised(room, cart()) is None
    id_ = int(made["id"][1:])
    for _ in range(2):
        await room.promises.release(id_, who="test")
        shown = room.promises.read(id_)
        assert shown is not None
        assert b'"state":"released"' in shown[1]
        assert level(journal) == (2, 0)
    assert await promised(room, cart(amount=2)) is not None


async def test_a_promise_expires_at_its_time_and_not_before(journal: SiteJournal) -> None:
    clock = Clock()
    room = stockroom(journal, clock=clock)
    await put(journal, "A", 1)
    made = await promised(room, cart(hold_s=60))
    clock.at_ms += 59_999
    assert await room.promises.expire(100) == []
    clock.at_ms += 1
    assert await room.promises.expire(100) == ["A"]
    assert await room.promises.expire(100) == []
    assert level(journal) == (1, 0)
    assert made is not None
    shown = room.promises.read(int(made["id"][1:]))
    assert shown is not None
    assert b'"state":"expired"' in shown[1]


async def test_the_same_request_under_its_key_is_answered_alike_and_takes_nothing_more(
    journal: SiteJournal,
) -> None:
    room = stockroom(journal)
    await put(journal, "A", 9)
    found = await asyncio.gather(*(promised(room, cart(), key="k-1") for _ in range(5)))
    assert found == [found[0]] * 5
    assert await promised(room, cart(), key="k-1") == found[0]
    assert level(journal) == (9, 1)
    with pytest.raises(Overtaken):
        await promised(room, cart(amount=2), key="k-1")


async def test_buffers_shares_and_sites_of_a_channel_bound_what_it_is_promised(journal: SiteJournal) -> None:
    half = ChannelPolicy("half", ("AMS", "RTM"), share=Decimal("0.5"), split=True)
    shy = ChannelPolicy("shy", ("RTM",), buffer=Decimal(2))
    room = stockroom(journal, half, shy)
    await put(journal, "A", 3)
    await put(journal, "A", 3, "RTM")
    assert await promised(room, cart(amount=4, channel="half")) is None
    assert await promised(room, cart(amount=3, channel="half")) is not None
    assert await promised(room, cart(amount=1, channel="half")) is None
    assert await promised(room, cart(amount=2, channel="shy")) is None
    assert await promised(room, cart(amount=1, channel="shy")) is not None
    assert level(journal) == (3, 3)
    assert level(journal, site="RTM") == (3, 1)


async def test_a_cart_that_cannot_be_read_is_refused_with_its_place(journal: SiteJournal) -> None:
    room = stockroom(journal)
    for asked, path in (
        (cart(amount=0), "lines[0].quantity"),
        (cart(site="XXX"), "lines[0].site"),
        (cart(hold_s=1e9), "hold_s"),
    ):
        with pytest.raises(Invalid) as wrong:
            await promised(room, asked)
        assert wrong.value.path == path


async def test_hundreds_of_carts_for_many_items_take_exactly_what_they_were_promised(
    journal: SiteJournal,
) -> None:
    room = stockroom(journal)
    skus = [f"S{n}" for n in range(20)]
    for sku in skus:
        await put(journal, sku, 10)
    carts = [cart(sku, amount) for sku in skus for amount in (3, 4, 5, 2, 1)]
    found = await asyncio.gather(*(promised(room, asked) for asked in carts))
    for sku in skus:
        won = sum(one["lines"][0]["quantity"] for one in found if one and one["lines"][0]["sku"] == sku)
        assert level(journal, sku) == (10, won)
        assert won >= 8, "no smaller cart is turned away while there is enough"


async def test_a_host_that_comes_too_late_for_expired_promises_looks_after_its_lots_all_the_same(
    tmp_path: Path,
) -> None:
    async with stocked(tmp_path) as world:
        room, watch = world.context.stock, world.worker._term._watch
        assert room is not None
        assert watch is not None
        aged = 0

        async def overtaken(_limit: int) -> list[str]:
            raise Overtaken("another host was faster")

        async def age() -> None:
            nonlocal aged
            aged += 1

        room.promises.expire, watch._age = overtaken, age  # type: ignore[method-assign]
        await world.until(lambda: aged > 0, "its lots are never looked at")
        assert aged
