"""A shop, three warehouses, a supplier and an ERP that is told how orders are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.charter.charter import Charter, FlowIn, FlowOut, ObjectRule, OnChange, Reader, System
from crossdock.stock.policy import ChannelPolicy, Policy, SitePolicy
from crossdock.stock.sourcing.policy import Rule, SourceSite, Sourcing, Zone
from tests.pipeline.world import FakeTarget, World, order

NOW = datetime.now(UTC)
UTC_ZONE = ZoneInfo("UTC")
SITES = {"AMS": "ams", "RTM": "rtm", "LYO": "lyo"}
#: The systems of these warehouses.
HOUSES = ("ams", "rtm", "lyo")
#: Who else tells what the first warehouse tells; the supplier ships, too.
FLOOR = ("rtm", "lyo", "acme")
#: Kind of document: owner and readers.
RULES = {
    "sales_order": ("shop", ("erp",)),
    "item": ("erp", ()),
    "inventory_balance": ("ams", ()),
    "kit_composition": ("erp", ()),
    "pick_status": ("ams", ()),
    "shipment": ("ams", ("erp",)),
    "cancellation": ("shop", ("erp",)),
    "order_hold": ("shop", ()),
    "order_status": ("hub", ("erp", "shop")),
    "warehouse_order": ("hub", ("ams", "rtm", "lyo")),
    "warehouse_order_cancel": ("hub", ("ams", "rtm", "lyo")),
    "purchase_order": ("hub", ("acme",)),
    "despatch_advice": ("acme", ("erp",)),
}
#: What carriage costs: near is Dutch, far is everywhere else.
COSTS = {
    "AMS": {"near": Decimal(4), "*": Decimal(9)},
    "RTM": {"near": Decimal(5), "*": Decimal(8)},
    "LYO": {"near": Decimal(12), "*": Decimal(6)},
}


def at(seconds: float = 0) -> str:
    """A moment, seconds after the test began."""
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def lines(*wanted: tuple[str, float]) -> list[dict[str, Any]]:
    """Lines of an order."""
    return [
        {"line": n, "sku": sku, "quantity": quantity, "unit": "EA"}
        for n, (sku, quantity) in enumerate(wanted, 1)
    ]


class Sourced(World):
    """A shop, and warehouses with stock."""

    clock_s = 0.0

    async def has(self, site: str, quantity: float, sku: str = "A", **more: Any) -> None:
        """A warehouse tells what it has."""
        Sourced.clock_s += 0.001
        tree = {
            "sku": sku, "site": site, "status": "available", "quantity": quantity, "unit": "EA",
            "as_of": at(more.pop("seconds", Sourced.clock_s)), "extra": {"id": f"{site}/{sku}/{more.get('lot')}"},
            **more,
        }  # fmt: skip
        await self.push(tree, system=SITES[site], document="inventory_balance")
        await self.calm()

    async def item(self, sku: str, **more: Any) -> None:
        """The ERP tells of an item."""
        await self.push({"sku": sku, "unit": "EA", **more}, system="erp", document="item")
        await self.calm()

    async def orders(self, number: str, *wanted: tuple[str, float], **more: Any) -> None:
        """The shop sells."""
        await self.push(order(number, lines=lines(*wanted), **more))
        await self.calm()

    async def picks(self, number: str, state: str, *, seconds: float = 10, **more: Any) -> None:
        """A warehouse tells how far a part is."""
        system = SITES[self.site_of(number)]
        tree = {"warehouse_order": number, "state": state, "at": at(seconds), **more}
        tree["extra"] = {"id": f"{number}:{state}:{seconds}"}
        await self.push(tree, system=system, document="pick_status")
        await self.calm()

    async def ships(
        self, number: str, *shipped: tuple[int, str, float], seconds: float = 20, **more: Any
    ) -> None:
        """A warehouse ships a part: order line, item, quantity."""
        tree = {
            "number": f"D-{number}-{seconds}", "warehouse_order": number, "shipped_at": at(seconds),
            "lines": [
                {"line": line, "order_line": line, "sku": sku, "quantity": quantity, "unit": "EA"}
                for line, sku, quantity in shipped
            ],
            **more,
        }  # fmt: skip
        await self.push(tree, system=SITES[self.site_of(number)], document="shipment")
        await self.calm()

    async def calm(self) -> None:
        """Waits until nothing moves by itself any more; what waits for its time is at rest."""
        open_ = (
            "SELECT (SELECT count(*) FROM captures WHERE state = 1)"
            " + (SELECT count(*) FROM transmissions WHERE state IN (1, 3, 4, 5))"
        )
        await self.until(lambda: self.rows(open_)[0][0] == 0, "it did not settle")

    def site_of(self, number: str) -> str:
        """The site of a part."""
        return str(self.parts()[number]["site"])

    def messages(self, document: str) -> list[tuple[str, int, dict[str, Any]]]:
        """(number, state, tree) of every message of a kind, the oldest first."""
        found = self.rows(f"SELECT id FROM messages WHERE document = '{document}' ORDER BY id")
        read = [self.journal.message(id_) for (id_,) in found]
        return [(m.number, m.state.value, m.tree) for m in read if m is not None]

    def parts(self, document: str = "warehouse_order") -> dict[str, dict[str, Any]]:
        """The parts of all orders in their newest version, with their state."""
        return {
            number: {**tree, "_state": state} for number, state, tree in self.messages(document) if state != 3
        }

    def shares(self) -> dict[str, tuple[str | None, list[tuple[str, Any]]]]:
        """Part -> (site, [(item, quantity)])."""
        return {
            number: (tree.get("site"), [(line["sku"], line["quantity"]) for line in tree["lines"]])
            for number, tree in self.parts().items()
        }

    def got(self, system: str, document: str | None = None) -> list[str]:
        """The numbers of what a system was sent."""
        sql = f"SELECT number FROM transmissions WHERE target = '{system}' AND state = 6"
        return [
            n
            for (n,) in self.rows(
                sql + (f" AND document = '{document}'" if document else "") + " ORDER BY id"
            )
        ]

    def said(self, kind: str = "decided") -> list[str]:
        """What the ledger says of decisions."""
        return [
            says for (says,) in self.rows("SELECT says FROM ledger WHERE kind = 4 ORDER BY position") if says
        ]

    def told(self) -> list[dict[str, Any]]:
        """What the ERP was told of orders, the newest last."""
        return [json.loads(one.body) for one in self.targets["erp"].arrived if b"occasion" in one.body]

    def held(self) -> dict[tuple[str, str], int]:
        """(item, site) -> what is set aside, in units."""
        rows = self.rows("SELECT sku, site, reserved FROM stock_levels ORDER BY sku, site")
        return {(sku, site): reserved // 1_000_000 for sku, site, reserved in rows if reserved}

    def incidents(self) -> list[tuple[str, str]]:
        """(type, value) of every open one."""
        return self.rows("SELECT type, value FROM incidents WHERE state = 1 ORDER BY id")


def _systems(charter: Charter) -> dict[str, System]:
    like = charter.systems["erp"]
    names = ("shop", "erp", *HOUSES, "acme")
    sends = {
        "shop": ("sales_order", "cancellation", "order_hold"),
        "erp": ("item", "kit_composition"),
        "acme": ("shipment", "despatch_advice"),
    }
    floor = ("inventory_balance", "pick_status", "shipment")
    systems: dict[str, System] = {}
    for name in names:
        flows = tuple(FlowIn(d, id="number", on_change=OnChange.REVISE) for d in sends.get(name, floor))
        outs = tuple(FlowOut(d) for d, (_, readers) in RULES.items() if name in readers)
        systems[name] = replace(like, name=name, flows_in=flows, flows_out=outs)
    return systems


def policy(*rules: Rule, **more: Any) -> Sourcing:
    """Three sites, each cheap to its own neighbourhood."""
    sites = {name: SourceSite(name, UTC_ZONE, COSTS[name]) for name in SITES}
    sites = {name: replace(site, **more.get(name, {})) for name, site in sites.items()}
    zones = (Zone("near", frozenset({"NL"})),)
    others = {key: value for key, value in more.items() if key not in SITES}
    return Sourcing(rules, sites, zones, **others)


@asynccontextmanager
async def sourced(
    folder: Path, sourcing: Sourcing, *, channel: ChannelPolicy | None = None, **more: Any
) -> AsyncIterator[Sourced]:
    """A world with three sites."""
    stock = Policy(
        {name: SitePolicy(name, system) for name, system in SITES.items()},
        {"shop": channel or ChannelPolicy("shop", tuple(SITES))},
    )

    def rewrite(charter: Charter) -> Charter:
        rules = {
            d: ObjectRule(d, owner, tuple(map(Reader, readers)), also=FLOOR if owner == "ams" else ())
            for d, (owner, readers) in RULES.items()
        }
        return replace(charter, systems=_systems(charter), objects=rules, sourcing=sourcing)

    targets = {name: FakeTarget(name) for name in (*HOUSES, "erp", "shop", "acme")}
    world = Sourced(folder, stock=stock, rewrite=rewrite, targets=targets, **more)
    async with world:
        yield world
