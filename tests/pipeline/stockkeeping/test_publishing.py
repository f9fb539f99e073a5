"""What channels are told: the newest figure, once, corrected where a channel went its own way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from crossdock.charter.charter import Checks, ItemCheck
from crossdock.journal.contract import StoreDown
from crossdock.stock.policy import ChannelPolicy
from tests.pipeline.stockkeeping.shelf import cart, level, promised
from tests.pipeline.stockkeeping.stocked import balance, stocked


async def test_a_channel_is_told_what_it_may_sell_and_nothing_twice(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(10), balance(3, status="held"), balance(50, site="RTM"))
        await world.shows(10)
        await world.orders("SO-1", ("A", 4))
        await world.shows(6)
        await world.ships("SO-1", ("A", 4), seconds=10)
        await world.has(balance(6, seconds=11))
        await world.orders("SO-2", ("A", 1))
        await world.shows(5)
        assert [amount for amount, _ in world.published()] == [10, 6, 5]
        levels = world.rows("SELECT due_ms FROM stock_levels WHERE due_ms IS NOT NULL")
        assert levels == []


async def test_a_promise_is_seen_by_other_channels_and_its_end_too(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(5))
        await world.shows(5)
        room = world.context.stock
        assert room is not None
        made = await promised(room, cart(amount=3))
        await world.shows(2)
        assert made is not None
        await room.promises.release(int(made["id"][1:]), who="test")
        await world.shows(5)


async def test_a_slow_channel_gets_the_newest_figure_and_none_of_those_between(tmp_path: Path) -> None:
    async with stocked(tmp_path, concurrency=1) as world:
        await world.has(balance(1))
        await world.shows(1)
        world.targets["erp"].closed = True
        for n in range(2, 40):
            await world.push(balance(n, seconds=n), system="wms", document="inventory_balance")
            await world.until(lambda: world.rows("SELECT amount FROM stock_told")[0][0] == n)  # noqa: B023
        world.targets["erp"].closed = False
        await world.shows(39)
        sent = [amount for amount, _ in world.published()]
        assert sent == sorted(sent), "never an older figure after a newer one"
        assert len(sent) <= 3
        assert world.rows("SELECT count(*) FROM transmissions WHERE state = 7")[0][0] > 0


async def test_many_items_for_a_closed_channel_wait_in_the_store_and_all_come(tmp_path: Path) -> None:
    async with stocked(tmp_path, concurrency=1) as world:
        world.targets["erp"].closed = True
        for n in range(30):
            await world.push(balance(n + 1, f"S{n}"), system="wms", document="inventory_balance")
        await world.until(lambda: world.rows("SELECT count(*) FROM stock_told")[0][0] == 30)
        waiting = world.rows("SELECT count(*) FROM stock_told WHERE due_ms IS NOT NULL")[0][0]
        assert waiting >= 20, "no more is made than is about to be sent"
        world.targets["erp"].closed = False
        for n in range(30):
            await world.shows(n + 1, f"S{n}")


async def test_the_echo_of_our_own_figure_is_recognised(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(5))
        await world.shows(5)
        await world.push({"sku": "A", "quantity": 5, "unit": "EA"}, system="erp", document="stock_level")
        await world.settled()
        says = world.rows(
            "SELECT says FROM ledger WHERE system = 'erp' AND kind = 4 ORDER BY position DESC LIMIT 1"
        )
        assert says == [("echo of what erp was sent",)]
        assert world.published() == [(5, "EA")]


async def test_the_decrement_of_a_channel_is_noted_and_corrected_by_the_next_publish(tmp_path: Path) -> None:
    async with stocked(tmp_path, settle_s=3600) as world:
        await world.has(balance(5))
        await world.shows(5)
        await world.push({"sku": "A", "quantity": 4, "unit": "EA"}, system="erp", document="stock_level")
        await world.settled()
        assert world.incidents() == []
        assert world.rows("SELECT amount, how FROM stock_told") == [(4, 1)]
        await asyncio.sleep(0.2)
        assert world.published() == [(5, "EA")], "the order behind it may be on its way"
        await world.orders("SO-1", ("A", 1))
        await world.until(lambda: not world.rows("SELECT 1 FROM stock_levels WHERE due_ms IS NOT NULL"))
        assert world.published() == [(5, "EA")], "the order has come, and the channel was right"
        await world.orders("SO-2", ("A", 1))
        await world.shows(3)


async def test_a_lower_figure_that_nothing_explains_is_corrected_in_time_and_a_higher_one_at_once(
    tmp_path: Path,
) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(5))
        await world.shows(5)
        await world.push({"sku": "A", "quantity": 2, "unit": "EA"}, system="erp", document="stock_level")
        await world.until(lambda: world.published() == [(5, "EA")] * 2)
        higher = {"sku": "A", "quantity": 50, "unit": "EA", "extra": {"n": 1}}
        await world.push(higher, system="erp", document="stock_level")
        await world.until(lambda: len(world.published()) == 3)
        assert world.published() == [(5, "EA")] * 3


async def test_a_channel_counts_in_its_own_pack_whole_ones_only(tmp_path: Path) -> None:
    item = {"sku": "A", "unit": "EA", "packs": [{"unit": "CS", "factor": 12}]}
    cases = ChannelPolicy("erp", ("AMS",), unit="CS", buffer=Decimal(1), publish=True)
    async with stocked(tmp_path, erp=cases, checks=Checks(ItemCheck.REFUSE)) as world:
        await world.push(item, document="item")
        await world.has(balance(36))
        await world.until(lambda: world.published() == [(2, "CS")])
        await world.has(balance(37, seconds=1))
        await world.shows(3)
        assert world.published() == [(2, "CS"), (3, "CS")]


async def test_a_kit_is_published_when_a_component_changes(tmp_path: Path) -> None:
    parts = [{"sku": "A", "quantity": 2, "unit": "EA"}, {"sku": "B", "quantity": 1, "unit": "EA"}]
    async with stocked(tmp_path) as world:
        await world.push({"sku": "SET", "components": parts}, document="kit_composition")
        await world.settled()
        room = world.context.stock
        assert room is not None
        room.kits.refresh()
        await world.has(balance(9), balance(2, "B"))
        await world.shows(2, "SET")
        await world.has(balance(3, seconds=5))
        await world.shows(1, "SET")


async def test_a_lot_whose_date_is_corrected_is_promised_no_more(tmp_path: Path) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    async with stocked(tmp_path) as world:
        await world.has(balance(5), balance(4, lot="L1", expires_on="2099-01-01"))
        await world.shows(9)
        await world.has(balance(4, lot="L1", seconds=1, expires_on=yesterday))
        await world.shows(5)
        assert level(world.journal) == (5, 0)


async def test_time_alone_makes_a_lot_too_old(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(4, lot="L1", expires_on="2099-01-01"))
        await world.shows(4)
        true_now: Any = world.clock.now_ms
        world.clock.now_ms = lambda: true_now() + 80 * 365 * 86_400_000  # type: ignore[method-assign]
        await world.shows(0)
        assert level(world.journal) == (0, 0)


async def test_a_figure_that_could_not_be_made_does_not_keep_later_ones_from_the_channel(
    tmp_path: Path,
) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(1))
        await world.shows(1)
        erp: Any = world.worker.targets["erp"]
        admit, tries = erp.admit, 0

        def refused(*words: Any) -> None:
            nonlocal tries
            admit(*words)
            tries += 1
            if tries == 1:
                raise StoreDown("the database cannot be read now")  # when it has taken its place in the lane

        erp.admit = refused
        await world.push(balance(2, seconds=1), system="wms", document="inventory_balance")
        await world.shows(2)
    assert tries == 2
