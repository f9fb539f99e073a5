"""A shelf with so much on it, and carts that want it."""

from __future__ import annotations

import json
from typing import Any

from crossdock.journal.chain import partition_of
from crossdock.journal.contract import Journal
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.blind import NoReservation
from crossdock.pipeline.stockkeeping.guard import NeverOversell
from crossdock.pipeline.stockkeeping.promises import Asked, Cart
from crossdock.pipeline.stockkeeping.rows import added
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.amount import PARTS
from crossdock.stock.policy import ChannelPolicy, Policy, SitePolicy


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at_ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


POLICY = Policy({"AMS": SitePolicy("AMS", "wms"), "RTM": SitePolicy("RTM", "wms")}, {})


def stockroom(
    journal: Journal, *channels: ChannelPolicy, clock: Clock | None = None, guarded: bool = True
) -> Stockroom:
    """A stockroom over two sites."""
    policy = Policy(POLICY.sites, {one.name: one for one in channels})
    guard = NeverOversell() if guarded else NoReservation()
    return Stockroom(journal, clock or Clock(), policy, guard)


async def put(journal: Journal, sku: str, amount: int, site: str = "AMS") -> None:
    """So much more of an item is there, in base units."""
    changes = journal.changes()
    changes.row(*added(sku, site, "EA", amount * PARTS, 0, None))
    hub = journal.next_id()
    told = (hub, "wms", sku, site, "available", None, None, None, None, "EA", amount * PARTS, None, 0, 1)
    row = ("upsert_stock_belief", (*told, amount * PARTS, 0, None, partition_of(sku)), 1)
    changes.entry(Entry(EntryKind.decided, says="a test put it there"), row)
    await journal.submit(changes)


def cart(sku: str = "A", amount: int = 1, channel: str = "shop", **more: Any) -> Cart:
    """A cart of one line."""
    site = more.pop("site", None)
    return Cart(channel, [Asked("1", sku, amount, "EA", site)], **more)


async def promised(room: Stockroom, one: Cart, *, key: str | None = None) -> dict[str, Any] | None:
    """The promise; None when there was not enough."""
    found = await room.promises.make(one, who="test", key=key)
    return None if isinstance(found, list) else json.loads(found)


def level(journal: Journal, sku: str = "A", site: str = "AMS") -> tuple[int, int]:
    """(supply, reserved) in base units."""
    row = next(row for row in journal.levels([sku]) if row.site == site)
    return row.supply // PARTS, row.reserved // PARTS
