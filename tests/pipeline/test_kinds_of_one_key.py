"""Documents of one system that share an ordering key keep their order, whatever their kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.charter.charter import System
from crossdock.journal.tenure import Hold
from crossdock.pipeline.bound import Context
from crossdock.pipeline.order import InTurns, Place, unbroken
from crossdock.pipeline.shared_feed import AHEAD_MAX, SharedFeed
from tests.pipeline.world import Clock, World, order

LEVELS = 130  # more than two batches of levels stand before the order


def level(n: int, key: str) -> dict[str, Any]:
    return {"sku": f"W-{n}", "site": "A", "status": "available", "quantity": 5, "unit": "EA",
            "as_of": "2026-11-22T10:00:00Z", "extra": {"key": key}}  # fmt: skip


def kept_in_order(system: System) -> System:
    """The charter names the ordering key of each of its kinds."""
    return replace(system, flows_in=tuple(replace(flow, order_by="extra.key") for flow in system.flows_in))


@pytest.mark.parametrize(
    ("adjust", "kept"),
    [(kept_in_order, True), (lambda system: system, False)],
    ids=["one key", "control: levels apart"],
)
async def test_levels_that_share_a_key_with_orders_are_decided_as_they_came(
    tmp_path: Path, adjust: Callable[[System], System], kept: bool
):
    world = World(tmp_path, documents=("sales_order", "inventory_balance"), adjust=adjust)
    async with world:
        async with world.worker._term._decides:  # nothing is decided before everything is here
            for n in range(LEVELS):
                await world.push(level(n, "K"), document="inventory_balance")
            await world.push(order("O-1", key="K"))
            await world.push(level(LEVELS, "K"), document="inventory_balance")
        await world.settled()
        decided = [capture for (capture,) in world.rows("SELECT capture FROM messages ORDER BY id")]
    assert len(decided) == LEVELS + 2
    assert (decided == sorted(decided)) == kept


async def test_a_cancellation_does_not_pass_the_orders_that_the_store_has_not_told_of_yet():
    """Many orders wait in a shared store, and one cancellation behind them."""
    kinds = [("shop", "sales_order"), ("shop", "cancellation")]
    waits = [(n, n % 3, *kinds[0]) for n in range(1, AHEAD_MAX)]
    waits.append((AHEAD_MAX, 0, *kinds[1]))
    given: list[int] = []

    def due(_kinds: object, _partitions: object, each: int) -> list[Place]:
        left = [place for place in waits if place[0] not in given]
        return [place for kind in kinds for place in [one for one in left if one[2:] == kind][:each]]

    journal = SimpleNamespace(
        captures_queued=lambda: kinds,
        captures_due=due,
        captures=lambda ids: [SimpleNamespace(id=id_, body=b"") for id_ in ids],
    )
    context = SimpleNamespace(
        journal=journal, clock=Clock(), order=InTurns, charter=SimpleNamespace(systems={}),
        gates=SimpleNamespace(holds=lambda _system: False),
    )  # fmt: skip
    feed = SharedFeed(cast("Context", context), Hold(range(3)))
    while len(given) < AHEAD_MAX:
        given += [capture.id for capture in await feed.take(64)]
    assert given == sorted(given)


def test_behind_the_last_that_was_read_of_a_kind_nothing_of_its_part_goes():
    rows = [(n, 0, "shop", "sales_order") for n in (1, 2, 3, 4)]
    later, elsewhere = (9, 0, "shop", "cancellation"), (9, 1, "shop", "cancellation")
    assert unbroken([*rows, later], 100, _one_part) == rows, "there may be a fifth in the partition"
    assert unbroken([*rows, elsewhere], 100, _one_part) == [*rows, elsewhere], "that is another partition"
    assert unbroken([*rows, elsewhere], 4, _one_part) == rows, "there may be a fifth anywhere"
    assert unbroken([*rows[:3], later], 100, _one_part) == [*rows[:3], later], "there is no fourth"


def test_what_keeps_no_order_with_the_rest_waits_for_nothing():
    rows = [(n, 0, "wms", "inventory_balance") for n in (1, 2, 3, 4)]
    later, other = (9, 0, "wms", "shipment"), (9, 0, "shop", "sales_order")
    assert unbroken([*rows, later], 4, lambda _, document: document) == [*rows, later]
    assert unbroken([*rows, other], 4, _one_part) == [*rows, other], "another system"


def _one_part(_system: str, _document: str) -> str:
    return "documents"
