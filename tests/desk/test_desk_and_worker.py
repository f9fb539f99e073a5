"""The desk beside a worker that runs: what a person decides really happens at the target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.charter.charter import Checks, ItemCheck
from crossdock.desk.desk import Desk
from crossdock.desk.nudge import Nudge
from crossdock.journal.sql import incidents
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.views import conservation
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.kit.connector import Unclear
from crossdock.pipeline.trial import Trial
from tests.nobody_runs import NobodyRuns
from tests.pipeline.world import World, order

RELEASE = {"number": "R-1", "order": "O-1", "lines": [{"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}]}


class Person:
    """Somebody at the desk of a world."""

    def __init__(self, world: World, nudge: Nudge | None = None) -> None:
        self._world = world
        self._desk = Desk(
            world.journal, nudge or world.worker, world.clock.now_ms, trial=Trial(world.context)
        )

    async def open(self) -> list[dict[str, Any]]:
        page = await self._world.journal.view(lambda c: incidents.incidents(c, incidents.Filter()))
        return page["items"]

    async def act(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """An act on the only open incident."""
        (item,) = await self.open()
        answer = await self._desk.act(int(item["id"][1:]), name, body, who="ann")
        assert answer is not None
        return json.loads(answer)


async def sound(world: World, tmp_path: Path) -> bool:
    figures = await world.journal.view(lambda c: conservation(c, at_ms=0))
    return figures["balanced"] and verify(SqliteStorage(tmp_path / "hub.db")) is None


async def test_a_mended_item_code_goes_out_and_the_orders_after_it_too(tmp_path: Path) -> None:
    world = World(tmp_path, documents=("sales_order", "item"), checks=Checks(ItemCheck.REFUSE))
    async with world:
        await world.push({"sku": "W-1", "name": "box", "unit": "EA"}, document="item")
        line = {"line": 1, "sku": "W-99999", "quantity": 2, "unit": "EA"}
        for number in ("O-1", "O-2"):
            await world.push(order(number, lines=[line]))
        await world.settled()
        (item,) = await Person(world).open()
        assert (item["type"], item["members"], item["path"]) == ("unknown_sku", 2, "lines[0].sku")
        await Person(world).act("fix", {"path": "lines[0].sku", "value": "W-1"})
        await world.until(lambda: len(world.wms.applied) == 3)
        await world.settled()
        assert not await Person(world).open()
        assert await sound(world, tmp_path)
    skus = [json.loads(a.body)["lines"][0]["sku"] for a in world.wms.arrived if a.number.startswith("O-")]
    assert skus == ["W-1", "W-1"]


async def test_a_retry_before_the_predecessor_came_waits_again_and_goes_when_it_comes(tmp_path: Path) -> None:
    world = World(
        tmp_path, documents=("sales_order", "warehouse_order"), checks=Checks(ItemCheck.SKIP, wait_s=0.5)
    )
    async with world:
        await world.push(RELEASE, document="warehouse_order")
        await world.until(lambda: world.count("messages", 5) == 1)
        await Person(world).act("retry", {})
        await world.until(lambda: world.rows("SELECT waits_for FROM messages") == [("sales_order/O-1",)])
        await world.push(order("O-1"))
        await world.settled()
        assert await sound(world, tmp_path)
    assert world.wms.applied == ["O-1", "R-1"]


async def test_what_was_sent_back_while_no_hub_ran_is_taken_up_at_the_next_start(tmp_path: Path) -> None:
    world = World(
        tmp_path, documents=("sales_order", "warehouse_order"), checks=Checks(ItemCheck.SKIP, wait_s=0.01)
    )
    async with world:
        await world.push(RELEASE, document="warehouse_order")
        await world.until(lambda: world.count("messages", 5) == 1)
        await world.push(order("O-1"))
        await world.settled()
        await Person(world, NobodyRuns()).act("retry", {})
    again = World(tmp_path, documents=("sales_order", "warehouse_order"))
    async with again:
        await again.until(lambda: again.wms.applied == ["R-1"])
        await again.settled()
        assert await sound(again, tmp_path)


async def test_a_refused_order_goes_again_with_the_mended_value_under_a_new_key(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.wms.script = lambda arrived, nth: 422 if b"nowhere" in arrived.body else 200
    async with world:
        await world.push(order("O-1", key="C1", notes="nowhere"))
        await world.settled()
        await world.push(order("O-2", key="C1"))
        await world.settled()
        (item,) = await Person(world).open()
        assert (item["type"], item["members"]) == ("rejected", 2)
        await Person(world).act("fix", {"path": "notes", "value": "at the gate"})
        await world.until(lambda: len(world.wms.applied) == 2)
        await world.settled()
        assert await sound(world, tmp_path)
    first, second, third = world.wms.arrived
    assert (first.number, second.number, third.number) == ("O-1", "O-1", "O-2")
    assert json.loads(second.body)["notes"] == "at the gate"
    assert (second.key.rpartition(".")[2], second.attempt) == ("2", 2)


@pytest.mark.parametrize(("outcome", "arrivals"), [("applied", 2), ("not_applied", 3), ("abandoned", 2)])
async def test_a_doubt_frees_its_lane_in_order(tmp_path: Path, outcome: str, arrivals: int) -> None:
    world = World(tmp_path, unclear=Unclear.PERSON)
    world.wms.script = lambda arrived, nth: 500 if arrived.number == "O-1" and nth == 0 else 200
    async with world:
        await world.push(order("O-1", key="C1"))
        await world.settled()
        await world.push(order("O-2", key="C1"))
        await world.settled()
        assert world.count("transmissions", 2) == 1
        await Person(world).act("resolve", {"outcome": outcome, "reason": "looked"})
        await world.until(lambda: len(world.wms.arrived) == arrivals)
        await world.settled()
        assert await sound(world, tmp_path)
    assert [a.number for a in world.wms.arrived][-1] == "O-2"


async def test_five_hundred_orders_with_one_unknown_item_are_one_incident_and_go_together(
    tmp_path: Path,
) -> None:
    world = World(
        tmp_path, documents=("sales_order", "item"), checks=Checks(ItemCheck.REFUSE), concurrency=16
    )
    async with world:
        for n in range(500):
            await world.push(order(f"O-{n}"))
        await world.settled()
        (item,) = await Person(world).open()
        assert item["members"] == 500
        await world.push({"sku": "W-1", "name": "box", "unit": "EA"}, document="item")
        await world.settled()
        await Person(world).act("retry", {})
        await world.until(lambda: len(world.wms.applied) == 501)
        await world.settled()
        assert await sound(world, tmp_path)


@pytest.mark.parametrize("doubted", [True, False], ids=["after a doubt", "control: refused at once"])
async def test_what_may_have_arrived_before_it_was_refused_at_the_gate_keeps_its_key(
    tmp_path: Path, *, doubted: bool
) -> None:
    """It was applied, its answer lost; the repeat met a closed gate (401), which says nothing of the first."""
    world = World(tmp_path, unclear=Unclear.RESEND)
    answers = [500, 401] if doubted else [401]
    async with world:
        world.wms.script = lambda arrived, nth: answers[nth] if nth < len(answers) else 200
        await world.push(order("O-1"))
        await world.settled()
        (item,) = await Person(world).open()
        assert item["type"] == "rejected"
        await Person(world).act("retry", {})
        await world.settled()
        assert await sound(world, tmp_path)
    assert world.wms.applied == ["O-1"], "applied once, whatever came in between"
    assert len({one.key for one in world.wms.arrived}) == (1 if doubted else 2)
