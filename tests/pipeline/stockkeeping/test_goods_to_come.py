"""Goods on their way in: announced, they count for later promises where the charter says so, until they came."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.pipeline.stockkeeping.promises import Asked, Cart
from crossdock.pipeline.stockkeeping.shown import shown
from crossdock.stock.policy import ChannelPolicy, Policy, SitePolicy
from tests.pipeline.stockkeeping.stocked import DESK, DOCUMENTS, OWNERS, Stocked, balance, lines

ARRIVING = ("purchase_order", "despatch_advice", "goods_receipt")
TODAY = datetime.now(UTC).date()


def day(number: int) -> date:
    """So many days from now."""
    return TODAY + timedelta(days=number)


class Buying(Stocked):
    """A world that buys."""

    async def tells(self, document: str, number: str, *what: tuple[str, float], **more: Any) -> None:
        """A document of a purchase, with its lines."""
        tree = {"number": number, "site": "AMS", "lines": lines(*what), **more}
        await self.push(tree, system="erp", document=document)
        await self.settled()

    async def buys(self, amount: float, days: int | None = 3, **more: Any) -> None:
        """A purchase order, or its next version."""
        when = {} if days is None else {"expected_at": day(days).isoformat()}
        await self.tells("purchase_order", "PO-1", ("A", amount), **when, **more)

    async def receives(self, number: str, amount: float, **more: Any) -> None:
        """Goods that came for it."""
        when = {"received_at": datetime.now(UTC).isoformat(), "purchase_order": "PO-1"}
        await self.tells("goods_receipt", number, ("A", amount), **when, **more)

    async def promise(self, amount: int, days: int | None = None) -> Mapping[str, Any] | None:
        """The promise of so much for a day; None when there was not enough."""
        room = self.context.stock
        assert room is not None
        asked = Cart("shop", [Asked("1", "A", amount)], needed_by=None if days is None else day(days))
        found = await room.promises.make(asked, who="test")
        return None if isinstance(found, list) else json.loads(found)

    async def to_come(self, site: str = "AMS") -> list[tuple[str, int, bool, bool]]:
        """(number, amount, whether it is overdue, whether it counts) as the item is shown."""
        room = self.context.stock
        assert room is not None
        found = await shown(self.journal, room, "A", self.context.clock.now_ms())
        told = [] if found is None else [one for one in found["sites"] if one["site"] == site]
        return [
            (one["number"], one["quantity"], one["overdue"], one["counts"])
            for of in told
            for one in of["inbound"]
        ]


@asynccontextmanager
async def buying(folder: Path, inbound_days: int | None = 30, **more: Any) -> AsyncIterator[Buying]:
    """One site whose goods to come count within so many days."""
    sites = {"AMS": SitePolicy("AMS", "wms", inbound_days=inbound_days)}
    policy = Policy(sites, {"shop": ChannelPolicy("shop", ("AMS",))})
    owners = OWNERS | dict.fromkeys((*ARRIVING, "cancellation"), "erp")
    world = Buying(
        folder, documents=(*DOCUMENTS, *ARRIVING), owners=owners, revise=True, stock=policy, **more
    )
    async with world:
        await world.has(balance(2))
        yield world


async def test_a_later_promise_is_given_of_what_is_to_come_and_says_when_it_is_there(tmp_path: Path) -> None:
    async with buying(tmp_path) as there:
        await there.buys(10)
        assert await there.promise(3) is None, "today only two are there"
        assert await there.promise(3, days=2) is None, "nor are there more the day before they come"
        at_once = await there.promise(1, days=5)
        later = await there.promise(10, days=3)
        assert at_once is not None
        assert at_once["available_at"] == at_once["made_at"]
        assert later is not None
        assert later["available_at"] == f"{day(3).isoformat()}T23:59:59.999Z"
        assert await there.promise(2, days=9) is None, "one of twelve is left"
        assert await there.to_come() == [("PO-1", 10, False, True)]


async def test_where_the_charter_does_not_say_so_nothing_to_come_is_promised(tmp_path: Path) -> None:
    """The control of the others: the same purchase, shown and not counted."""
    async with buying(tmp_path, inbound_days=None) as there:
        await there.buys(10)
        assert await there.promise(3, days=5) is None
        assert await there.to_come() == [("PO-1", 10, False, False)]


@pytest.mark.parametrize(("days", "overdue"), [(-1, True), (31, False), (None, None)])
async def test_what_is_overdue_too_late_or_without_a_day_does_not_count(
    tmp_path: Path, days: int | None, overdue: bool | None
) -> None:
    async with buying(tmp_path) as there:
        await there.buys(10, days)
        assert await there.promise(3, days=60) is None
        assert await there.to_come() == ([] if overdue is None else [("PO-1", 10, overdue, False)])


async def test_receipts_take_away_what_was_expected_and_a_complete_one_all_of_it(tmp_path: Path) -> None:
    async with buying(tmp_path) as there:
        await there.buys(10)
        await there.receives("R-1", 4)
        assert await there.to_come() == [("PO-1", 6, False, True)]
        await there.receives("R-2", 1, complete=True)
        assert await there.to_come() == []
        assert await there.promise(3, days=5) is None


async def test_an_advice_takes_its_part_of_the_order_to_its_own_day(tmp_path: Path) -> None:
    async with buying(tmp_path) as there:
        await there.buys(10, days=6)
        when = {"purchase_order": "PO-1", "expected_at": day(2).isoformat()}
        await there.tells("despatch_advice", "ASN-1", ("A", 7), **when)
        assert await there.to_come() == [("ASN-1", 7, False, True), ("PO-1", 3, False, True)]
        await there.receives("R-1", 8)
        assert await there.to_come() == [("PO-1", 2, False, True)]


async def test_a_purchase_that_is_cut_or_cancelled_announces_no_more(tmp_path: Path) -> None:
    async with buying(tmp_path) as there:
        await there.buys(10)
        await there.buys(5, days=4)
        assert await there.to_come() == [("PO-1", 5, False, True)]
        await there.push({"number": "C-1", "order": "PO-1"}, system="erp", document="cancellation")
        await there.settled()
        assert await there.to_come() == []
        assert there.incidents() == []


async def test_an_order_waits_for_goods_that_are_promised_and_not_there(tmp_path: Path) -> None:
    async with buying(tmp_path) as there:
        await there.buys(10)
        promise = await there.promise(5, days=5)
        assert promise is not None
        await there.orders("SO-1", ("A", 5), promise=promise["id"])
        assert there.state("SO-1") == DESK
        assert [type_ for type_, _, _ in there.incidents()] == ["backorder"]
        await there.has(balance(12, seconds=5))
        await there.until(lambda: there.state("SO-1") == 2, "the goods came, and the order waits still")
