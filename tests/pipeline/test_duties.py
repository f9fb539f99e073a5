"""What comes round goes on: no duty, and no document, stops those behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossdock.charter.charter import Checks, ItemCheck
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.pipeline.clockwork import Duty, once
from tests.pipeline.world import World

SHIPMENT = {
    "shipped_at": "2026-11-22T10:00:00Z",
    "lines": [{"line": 1, "order_line": 1, "sku": "W-1", "quantity": 2, "unit": "EA"}],
}


async def test_a_duty_that_stumbles_stops_no_other_and_a_store_that_is_down_stops_all():
    done: list[str] = []

    def stumbles() -> None:
        done.append("stumbles")
        raise KeyError("a defect")

    async def waits() -> None:
        done.append("waits")

    def down() -> None:
        raise StoreDown("the disk is away")

    seldom = Duty("seldom", lambda: done.append("seldom"), every_s=10.0)
    duties = [Duty("stumbles", stumbles), Duty("waits", waits), seldom]
    await once(5.0, duties)
    assert done == ["stumbles", "waits"], "the last one's time has not come"
    await once(10.0, duties)
    assert done[2:] == ["stumbles", "waits", "seldom"]
    done.clear()
    await once(30.0, [Duty("down", down), *duties])
    assert not done


async def test_what_waited_too_long_comes_to_the_desk_though_the_hub_stumbles_over_its_neighbour(
    tmp_path: Path,
):
    checks = Checks(ItemCheck.SKIP, wait_s=0.05)
    world = World(tmp_path, documents=("sales_order", "shipment"), checks=checks, owners={"shipment": "wms"})
    async with world:
        decider: Any = world.worker._term._decider
        overdue = decider.overdue

        def stumbles(message: Any, batch: Any) -> Any:
            if message.number == "S-1":
                raise KeyError("a defect")
            return overdue(message, batch)

        decider.overdue = stumbles
        for n in (1, 2):
            tree = SHIPMENT | {"number": f"S-{n}", "order": f"O-{n}"}
            await world.push(tree, system="wms", document="shipment")
        await world.until(lambda: world.count("messages", 5) == 2, "they wait for ever")
        told = world.rows("SELECT type, number FROM incidents ORDER BY number")
    assert told == [("poison", "S-1"), ("bad_transition", "S-2")]


async def test_a_batch_that_could_not_be_written_leaves_nothing_in_the_lanes(tmp_path: Path):
    async with World(tmp_path) as world:
        waiters: Any = world.worker._term._waiters
        forgotten: list[Any] = []

        async def refused(batch: Any) -> None:
            raise Overtaken("a person was faster")

        waiters._commit, waiters._forget = refused, forgotten.append
        error = await waiters._failure(lambda batch: None)
    assert (type(error), len(forgotten)) == (Overtaken, 1)
