"""Goods: what was there, what left and what is left add up, and whoever is told levels knows the same figures."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.simulation.site import UNKNOWN_SKU
from tests.simulation.watch import must

if TYPE_CHECKING:
    from tests.simulation.world import World


def agree(world: World) -> None:
    """What is in the warehouse and what left add up to what was there, and the readers know the same figures."""
    if world.floor is not None:
        stock, gone, opening = world.floor.stock(), world.floor.shipped(), world.floor.opening
        for sku, before in opening.items():
            must(stock[sku] + gone[sku] == before, f"{sku}: {stock[sku]} and {gone[sku]} shipped of {before}")
        _levels(world, {sku: int(left) for sku, left in stock.items()}, "MAIN")
        return
    assert world.warehouse is not None
    house = world.warehouse
    asked: Counter[str] = Counter()
    for pieces in house.asked.values():
        asked.update(pieces)
    for sku, before in house.opening.items():
        must(house.stock[sku] + asked[sku] == before, f"{sku}: {house.stock[sku]} left, {asked[sku]} shipped")
    told = {sku for sku in house.opening if sku != UNKNOWN_SKU and house.stock[sku] != house.opening[sku]}
    _levels(world, {sku: house.stock[sku] for sku in told}, "MAIN")


def _levels(world: World, stock: dict[str, int], site: str) -> None:
    """Every reader of levels has the last one, unless it stands on its desk."""
    for name in ("shop", "erp"):
        last: dict[str, Any] = {}
        for effect in world.parties[name].effects:
            if effect.document == "inventory_balance":
                tree = json.loads(effect.body)
                if tree["status"] == "available":
                    last[tree["sku"]] = tree["quantity"]
        for sku, quantity in stock.items():
            closed = world.watch.rows(
                "SELECT 1 FROM messages m LEFT JOIN transmissions t ON t.message = m.id AND t.target = ? WHERE"
                " m.document = 'inventory_balance' AND m.number LIKE ? AND (m.state IN (5, 6) OR t.state IN (2, 8, 9))",
                name, f"{site}:{sku}:%",
            )  # fmt: skip
            if not closed and (sku in last or world.warehouse is not None):
                must(
                    last.get(sku) == quantity,
                    f"{name} has {last.get(sku)} of {sku}, the warehouse {quantity}",
                )
