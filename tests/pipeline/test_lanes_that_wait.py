"""Lanes that wait for a person, for another target, or are longer than memory: nothing in them is lost or overtaken."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.charter.charter import Charter, Reader
from crossdock.desk.desk import Desk
from crossdock.journal.changes import Changes
from crossdock.journal.contract import StoreDown
from crossdock.journal.tenure import Hold
from crossdock.kit.connector import Unclear
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.backlog import Backlog
from crossdock.pipeline.lanes import KeyOrdering, Lane, Lanes
from tests.pipeline.world import Arrived, World, order

AFTER_ERP = (Reader("erp"), Reader("wms", after="erp"))


async def _act(world: World, name: str, body: dict[str, Any]) -> None:
    """Does one thing about every open incident."""
    desk = Desk(world.journal, world.worker, world.clock.now_ms)
    for (incident,) in world.rows("SELECT id FROM incidents WHERE state = 1"):
        await desk.act(incident, name, body, who="anna")


def _refuse_first(arrived: Arrived, nth: int) -> int:
    return 400 if arrived.number == "O-0" and nth == 0 else 200


@pytest.mark.parametrize("unclear", list(Unclear))
async def test_a_lane_longer_than_the_window_goes_on_to_its_end_when_a_person_frees_it(
    tmp_path: Path, unclear: Unclear
):
    world = World(tmp_path, window=4, unclear=unclear)
    world.wms.script = _refuse_first
    async with world:
        for n in range(20):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", 2) == 19, "all but the first are held")
        await _act(world, "retry", {})
        await world.settled()
        assert world.count("transmissions", 6) == 20
    assert world.wms.applied == [f"O-{n}" for n in range(20)]


async def test_a_lane_longer_than_the_window_is_held_to_its_end_when_it_fails_again(tmp_path: Path):
    world = World(tmp_path, window=4)
    world.wms.script = lambda arrived, nth: 400 if arrived.number == "O-0" else 200
    async with world:
        for n in range(20):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", 2) == 19)
        await _act(world, "retry", {})
        await world.until(lambda: world.count("incidents", 2) == 1)
        await world.until(lambda: world.count("transmissions", 2) == 19, "the followers are held again")
        followed = "EXISTS (SELECT 1 FROM held h WHERE h.id = t.id)"
        alone = f"SELECT count(*) FROM transmissions t WHERE state = 2 AND NOT {followed}"
        assert world.rows(alone)[0][0] == 0, "each is a member of the incident"
    assert {a.number for a in world.wms.arrived} == {"O-0"}


@pytest.mark.parametrize("outcome", ["abandoned", "applied"])
async def test_what_comes_after_goes_on_when_a_person_ends_its_predecessor(tmp_path: Path, outcome: str):
    world = World(tmp_path, readers=AFTER_ERP)
    world.targets["erp"].script = lambda arrived, nth: 400
    async with world:
        await world.push(order("O-0", key="K"))
        await world.until(lambda: world.count("transmissions", 2) == 1)
        await _act(world, "resolve", {"outcome": outcome, "reason": "looked at it"})
        await world.settled()
    assert world.wms.applied == ["O-0"]


async def test_a_lane_held_behind_another_target_stays_held_after_a_restart(tmp_path: Path):
    world = World(tmp_path, readers=AFTER_ERP)
    world.targets["erp"].script = lambda arrived, nth: 400
    async with world:
        await world.push(order("O-0", key="K"))
        await world.until(lambda: world.count("transmissions", 2) == 1)
    again = World(tmp_path, readers=AFTER_ERP, documents=("sales_order", "warehouse_order"))
    async with again:
        line = {"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}
        await again.push({"number": "X-1", "order": "O-0", "lines": [line]}, document="warehouse_order")
        await again.until(lambda: again.count("transmissions", 2) == 3)
        await again.settled()
    assert again.wms.arrived == []


async def test_a_doubt_behind_which_others_wait_is_settled_all_the_same(tmp_path: Path):
    world = World(
        tmp_path, readers=AFTER_ERP, unclear=Unclear.FIND, documents=("sales_order", "cancellation")
    )
    world.targets["erp"].script = lambda arrived, nth: 400 if arrived.number == "O-1" else 200
    world.wms.script = lambda arrived, nth: 408 if nth < 2 else 200
    async with world:
        for number in ("O-0", "O-1"):
            await world.push(order(number, key="K"))
        await world.settled()
        assert (world.count("transmissions", 8), world.count("transmissions", 2)) == (1, 1)
    assert world.wms.applied == ["O-0"]
    async with World(tmp_path, readers=AFTER_ERP, unclear=Unclear.FIND) as again:
        await again.settled()
        assert again.count("transmissions", 2) == 1, "it comes up, and holds what it held"


async def test_what_comes_to_a_lane_that_waits_is_never_said_to_be_on_its_way(tmp_path: Path):
    world = World(tmp_path)
    world.wms.script = _refuse_first
    async with world:
        await world.push(order("O-0", key="K"))
        await world.settled()
        await world.push(order("O-1", key="K"))
        await world.settled()
        assert world.count("transmissions", 2) == 1
        said = "SELECT count(*) FROM ledger l JOIN transmissions t ON t.id = l.transmission WHERE t.number = 'O-1'"
        assert world.rows(f"{said} AND l.kind = 6") == [(0,)]


async def test_after_a_restart_nothing_passes_what_is_held_for_another_target(tmp_path: Path):
    documents = ("sales_order", "stock_transfer")

    def rewrite(charter: Charter) -> Charter:
        rule = replace(charter.objects["stock_transfer"], readers=(Reader("wms"),))
        return replace(charter, objects={**charter.objects, "stock_transfer": rule})

    async def transfer(world: World, number: str) -> None:
        tree = order(number, key="K") | {"from_site": "A", "to_site": "B"}
        await world.push(tree, document="stock_transfer")

    world = World(tmp_path, documents=documents, readers=AFTER_ERP, rewrite=rewrite)
    world.targets["erp"].script = lambda arrived, nth: 400
    async with world:
        await world.push(order("O-0", key="K"))
        await world.until(lambda: world.count("transmissions", 2) == 1, "held behind what the ERP refused")
    world = World(tmp_path, documents=documents, readers=AFTER_ERP, rewrite=rewrite)
    async with world:
        await transfer(world, "T-1")
        await world.settled()
        assert world.count("transmissions", 2) == 2
    assert world.wms.arrived == []


async def test_a_commit_that_only_tells_who_holds_what_is_written_too():
    """A lane that is read anew may find all as it is but for the incident that holds it: nothing moves then."""
    written: list[Changes] = []

    async def durable(changes: Changes) -> None:
        written.append(changes)

    target = SimpleNamespace(
        commits=SimpleNamespace(durable=durable), lanes=Lanes(KeyOrdering()), stored=lambda *_: None
    )
    backlog = Backlog(cast("Any", SimpleNamespace(journal=None)), Hold([0]))
    for told in (True, False):
        changes = Changes(1, lambda: 1, lambda: b"salt")
        if told:
            changes.entry(Entry(EntryKind.decided, says="held behind one that waits for a person"))
        backlog._run(cast("Any", target), changes, [Lane("K")])
        await asyncio.gather(*backlog._tasks)
        assert len(written) == 1, "the control: where nothing is to be said nothing is written"


async def test_a_lane_waits_until_the_cancellation_that_frees_it_is_written(tmp_path: Path) -> None:
    async with World(tmp_path, documents=("sales_order", "cancellation")) as world:
        world.wms.script = lambda arrived, nth: 400
        await world.push(order("O-1", key="K"))
        await world.settled()
        target = world.worker._term.targets["wms"]
        (row,) = world.rows("SELECT id FROM transmissions WHERE target = 'wms'")
        refused = world.journal.transmission(row[0])
        assert refused is not None
        lane, cancel = target.lanes.of(refused), replace(refused, id=0, document="cancellation", number="C-1")
        assert target._withdrawal.by(lane, cancel, {}, world.journal.changes())
        assert lane.blocked_by is not None
        target.forget(cancel)  # a person was faster: nothing of it was written
        assert (lane.blocked_by is None, lane.leaving) == (False, 0)


async def test_what_an_act_sent_back_before_it_broke_off_goes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("crossdock.desk.desk.CHUNK", 1)
    world = World(tmp_path, readers=AFTER_ERP)
    world.targets["erp"].script = lambda arrived, nth: 400 if nth == 0 else 200
    async with world:
        await world.push(order("O-0", key="K"))
        await world.until(lambda: world.count("transmissions", 2) == 1, "the one at wms is held")
        desk = Desk(cast(Any, BreaksOff(world.journal)), world.worker, world.clock.now_ms)
        ((incident,),) = world.rows("SELECT id FROM incidents WHERE state = 1")
        with pytest.raises(StoreDown):
            await desk.act(incident, "retry", {}, who="anna")
        await world.until(lambda: world.targets["erp"].applied == ["O-0"], "it stands still")


class BreaksOff:
    """A journal whose disk is full after the first commit."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self._written = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def submit(self, changes: Changes) -> None:
        """Writes once."""
        self._written += 1
        if self._written > 1:
            raise StoreDown("the disk is full")
        await self._journal.submit(changes)
