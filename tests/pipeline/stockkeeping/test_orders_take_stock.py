"""Balances, orders, shipments and cancellations as they set stock aside and give it back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from crossdock.charter.charter import Charter, Checks, ItemCheck
from crossdock.charter.orders import Orders
from crossdock.pipeline.blind import NoReservation
from crossdock.stock.policy import ChannelPolicy, Figure, Short
from tests.pipeline.stockkeeping.shelf import cart, level, promised
from tests.pipeline.stockkeeping.stocked import (
    DESK,
    DOCUMENTS,
    OWNERS,
    REFUSED,
    ROUTED,
    at,
    balance,
    lines,
    stocked,
)
from tests.pipeline.world import World, order


async def test_an_order_sets_stock_aside_in_the_commit_that_routes_it(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(10), balance(3, status="held"), balance(4, status="damaged"))
        await world.orders("SO-1", ("A", 4))
        assert level(world.journal) == (10, 4)
        assert world.wms.applied == ["SO-1"]


async def test_an_order_that_is_not_covered_waits_on_the_desk_and_goes_on_when_stock_comes(
    tmp_path: Path,
) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(3))
        await world.orders("SO-1", ("A", 2))
        await world.orders("SO-2", ("A", 2))
        await world.orders("SO-3", ("A", 1))
        assert world.state("SO-2") == DESK
        assert world.incidents() == [("backorder", "lines[0].quantity", "A")]
        assert world.wms.applied == ["SO-1", "SO-3"]
        await world.has(balance(5, seconds=1))
        await world.until(lambda: world.wms.applied == ["SO-1", "SO-3", "SO-2"])
        assert world.incidents() == []
        assert level(world.journal) == (5, 5)


async def test_where_the_charter_says_so_an_order_that_is_not_covered_is_refused(tmp_path: Path) -> None:
    async with stocked(tmp_path, channel=ChannelPolicy("shop", ("AMS",), short=Short.REFUSE)) as world:
        await world.has(balance(1), balance(9, site="RTM"))
        await world.orders("SO-1", ("A", 2))
        assert world.state("SO-1") == REFUSED
        assert world.incidents() == []
        assert world.wms.applied == []


@pytest.mark.parametrize(("guard", "won"), [(None, 1), (NoReservation(), 60)])
async def test_of_many_orders_for_the_last_unit_one_wins_and_without_the_guard_all_do(
    tmp_path: Path, guard: NoReservation | None, won: int
) -> None:
    more = {"surroundings": {"reservation": guard}} if guard else {}
    async with stocked(tmp_path, **more) as world:
        await world.has(balance(1))
        await asyncio.gather(*(world.push(order(f"SO-{n}", lines=lines(("A", 1)))) for n in range(60)))
        await world.settled()
        assert len(world.wms.applied) == won
        assert level(world.journal) == (1, won)
        assert world.count("messages", DESK) == 60 - won
        assert len(world.incidents()) == (won == 1)


async def test_an_order_comes_whole_from_one_site_or_where_that_is_allowed_from_several(
    tmp_path: Path,
) -> None:
    split = ChannelPolicy("shop", ("AMS", "RTM"), split=True)
    async with stocked(tmp_path, channel=split) as world:
        await world.has(balance(1), balance(5, site="RTM"))
        await world.orders("SO-1", ("A", 2))
        assert (level(world.journal), level(world.journal, site="RTM")) == ((1, 0), (5, 2))
        await world.orders("SO-2", ("A", 4))
        assert (level(world.journal), level(world.journal, site="RTM")) == ((1, 1), (5, 5))
        await world.orders("SO-3", ("A", 1), site="AMS")
        assert world.state("SO-3") == DESK


@pytest.mark.parametrize("figure_first", [True, False])
async def test_what_was_shipped_is_taken_off_once_whichever_news_comes_first(
    tmp_path: Path, figure_first: bool
) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(10))
        await world.orders("SO-1", ("A", 4))
        if figure_first:
            await world.has(balance(6, seconds=10))
            assert level(world.journal) == (6, 4), "too little for a moment, never too much"
            await world.ships("SO-1", ("A", 4), seconds=10)
        else:
            await world.ships("SO-1", ("A", 4), seconds=10)
            assert level(world.journal) == (10, 4), "the figure does not show yet that it has gone"
            await world.has(balance(6, seconds=10))
        assert level(world.journal) == (6, 0)


async def test_a_short_shipment_gives_back_what_will_not_follow(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(10))
        await world.orders("SO-1", ("A", 6))
        await world.ships("SO-1", ("A", 2), seconds=10, complete=False)
        assert level(world.journal) == (10, 6)
        await world.ships("SO-1", ("A", 1), seconds=20, complete=True)
        assert level(world.journal) == (10, 3)
        await world.has(balance(7, seconds=30))
        assert level(world.journal) == (7, 0)


async def test_a_net_figure_is_not_reduced_again_by_what_the_warehouse_set_aside(tmp_path: Path) -> None:
    async with stocked(tmp_path, figure=Figure.NET) as world:
        await world.has(balance(10))
        await world.orders("SO-1", ("A", 4))
        told = {"warehouse_order": "W-1", "order": "SO-1", "state": "allocated", "at": at(5)}
        await world.push(told, system="wms", document="pick_status")
        await world.settled()
        assert level(world.journal) == (10, 4)
        await world.has(balance(6, seconds=6), balance(4, status="allocated", seconds=6))
        assert level(world.journal) == (6, 0)
        await world.ships("SO-1", ("A", 4), seconds=20)
        assert level(world.journal) == (6, 0)


async def test_a_gross_figure_holds_what_is_allocated_under_a_status_of_its_own(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(6), balance(4, status="allocated"), balance(1, status="quarantine"))
        assert level(world.journal) == (10, 0)


async def test_a_revision_takes_what_it_wants_instead_of_what_it_had(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(5), balance(5, "B"))
        await world.orders("SO-1", ("A", 4))
        await world.orders("SO-1", ("A", 5), ("B", 1))
        assert (level(world.journal), level(world.journal, "B")) == ((5, 5), (5, 1))
        await world.orders("SO-1", ("A", 9))
        assert (level(world.journal), level(world.journal, "B")) == ((5, 5), (5, 1)), (
            "what is refused changes nothing"
        )


async def test_where_taking_a_cancellation_is_the_answer_it_gives_back_then(tmp_path: Path) -> None:
    def taken(charter: Charter) -> Charter:
        return replace(charter, orders=Orders(cancel_answer="taken"))

    async with stocked(tmp_path, rewrite=taken) as world:
        await world.has(balance(5))
        await world.orders("SO-1", ("A", 4))
        await world.push({"number": "C-1", "order": "SO-1"}, document="cancellation")
        await world.until(lambda: level(world.journal) == (5, 0), "its stock did not come back")
        assert world.wms.applied == ["SO-1", "C-1"]
        told = {"warehouse_order": "SO-1", "order": "SO-1", "state": "cancelled", "at": at(5)}
        await world.push(told, system="wms", document="pick_status")
        await world.settled()
        assert level(world.journal) == (5, 0), "and not twice"


async def test_what_a_warehouse_may_still_ship_stays_set_aside_until_it_answers(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(5))
        await world.orders("SO-1", ("A", 4))
        await world.push({"number": "C-1", "order": "SO-1"}, document="cancellation")
        on_the_way = "SELECT count(*) FROM transmissions WHERE state <> 6"
        await world.until(lambda: world.wms.applied == ["SO-1", "C-1"], "it was not asked")
        await world.until(lambda: world.rows(on_the_way)[0][0] == 0, "its answer was not written down")
        assert level(world.journal) == (5, 4), "it may say that it comes too late, and ship"
        told = {"warehouse_order": "SO-1", "order": "SO-1", "state": "cancelled", "at": at(5)}
        await world.push(told | {"cancellation": "accepted"}, system="wms", document="pick_status")
        await world.settled()
        assert level(world.journal) == (5, 0)


async def test_a_warehouse_that_reports_an_order_cancelled_gives_its_stock_back(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(5))
        await world.orders("SO-1", ("A", 4))
        told = {"warehouse_order": "W-1", "order": "SO-1", "state": "cancelled", "at": at(5)}
        await world.push(told, system="wms", document="pick_status")
        await world.settled()
        assert level(world.journal) == (5, 0)


async def test_a_kit_sets_its_components_aside_and_is_as_many_as_they_make(tmp_path: Path) -> None:
    kit = {
        "sku": "SET",
        "components": [{"sku": "A", "quantity": 2, "unit": "EA"}, {"sku": "B", "quantity": 1, "unit": "EA"}],
    }
    async with stocked(tmp_path) as world:
        await world.push(kit, document="kit_composition")
        await world.has(balance(5), balance(9, "B"))
        await world.orders("SO-1", ("SET", 2))
        assert (level(world.journal), level(world.journal, "B")) == ((5, 4), (9, 2))
        await world.orders("SO-2", ("SET", 1))
        assert world.incidents() == [("backorder", "lines[0].quantity", "A")]
        await world.ships("SO-1", ("A", 4), ("B", 2), seconds=10)
        await world.has(balance(1, seconds=11), balance(7, "B", seconds=11))
        assert (level(world.journal), level(world.journal, "B")) == ((1, 0), (7, 0))


async def test_an_order_in_cases_takes_the_pieces_of_the_item_master(tmp_path: Path) -> None:
    item = {"sku": "A", "unit": "EA", "packs": [{"unit": "CS", "factor": 12}]}
    async with stocked(tmp_path, checks=Checks(ItemCheck.REFUSE)) as world:
        await world.push(item, document="item")
        await world.has(balance(2, unit="CS"), balance(1, status="allocated"))
        case = [{"line": 1, "sku": "A", "quantity": 2, "unit": "CS"}]
        await world.push(order("SO-1", lines=case))
        await world.settled()
        assert level(world.journal) == (25, 24)


async def test_stock_below_nothing_is_an_incident_and_counts_until_it_is_mended(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(5), balance(-3, lot="L2"))
        assert world.incidents() == [("negative_stock", "quantity", "-3")]
        assert level(world.journal) == (2, 0)
        await world.has(balance(1, lot="L2", seconds=5))
        assert level(world.journal) == (6, 0)


async def test_an_item_kept_by_lots_needs_its_lot_and_an_old_lot_does_not_leave(tmp_path: Path) -> None:
    item = {"sku": "A", "unit": "EA", "lot_tracked": True}
    async with stocked(tmp_path) as world:
        await world.push(item, document="item")
        await world.has(balance(5), balance(5, lot="OLD", expires_on="2020-01-01"), balance(5, lot="NEW"))
        assert world.incidents() == [("lot_missing", "lot", None)]
        assert level(world.journal) == (5, 0), "an expired lot is never promised"
        await world.orders("SO-1", ("A", 2))
        bad = lines(("A", 2))
        bad[0]["lot"] = "OLD"
        await world.ships("SO-1", seconds=10, lines=bad)
        assert world.incidents()[1:] == [("lot_expired", "lines[0].lot", "OLD")]


async def test_an_order_takes_over_the_promise_of_its_cart(tmp_path: Path) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(2))
        room = world.context.stock
        assert room is not None
        made = await promised(room, cart(amount=2))
        assert made is not None
        await world.orders("SO-1", ("A", 1))
        assert world.state("SO-1") == DESK
        await world.orders("SO-2", ("A", 2), promise=made["id"])
        assert world.state("SO-2") == ROUTED
        assert level(world.journal) == (2, 2)


async def test_a_drop_shipment_takes_nothing_and_without_a_stock_section_nothing_is_kept(
    tmp_path: Path,
) -> None:
    async with stocked(tmp_path) as world:
        await world.has(balance(2))
        await world.orders("SO-1", ("A", 9), order_type="drop_ship")
        assert level(world.journal) == (2, 0)
        assert world.state("SO-1") == ROUTED
    async with World(tmp_path / "none", documents=DOCUMENTS, owners=OWNERS) as plain:
        await plain.push(balance(2), system="wms", document="inventory_balance")
        await plain.push(order("SO-1", lines=lines(("A", 9))))
        await plain.settled()
        assert plain.wms.applied == ["SO-1"]
        assert plain.journal.levels(["A"]) == []
