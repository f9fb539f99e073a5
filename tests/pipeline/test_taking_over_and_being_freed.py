"""What two hosts tell each other too late: backlogs that are still to be read, lanes that a person freed elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.journal.places import Place
from tests.pipeline.pair import EVEN, Pair, key_of
from tests.pipeline.world import World, order


async def test_nothing_goes_before_a_backlog_that_is_being_taken_over(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database)
    key = key_of(0)
    async with pair:
        await pair.push(1, order("O-1", key=key_of(1)))
        await pair.world.settled()  # the second worker has read all that is its own
        pair.world.wms.closed = True
        await pair.push(0, order(f"{key}-1", key=key))
        await pair.world.until(lambda: pair.world.count("transmissions", 1) == 1)
        await pair.tenures[0].leave(EVEN)
        pair.world.wms.closed = False
        backlog = pair.workers[1]._term._backlog
        load = backlog.load

        made = f"SELECT 1 FROM transmissions WHERE number = '{key}-2'"

        async def late(target: object) -> None:
            if not pair.world.rows(made):
                await pair.push(1, order(f"{key}-2", key=key))
                await pair.world.until(lambda: bool(pair.world.rows(made)))
                for _ in range(50):
                    await asyncio.sleep(0)
            await load(target)  # type: ignore[arg-type]

        backlog.load = late  # type: ignore[method-assign,assignment]
        await pair.tenures[1].gain(EVEN)
        await pair.world.settled()
    assert pair.world.wms.applied == ["O-1", f"{key}-1", f"{key}-2"]


async def test_a_lane_goes_on_whose_newest_was_held_after_an_act_that_nobody_told_of(
    tmp_path: Path, place: Place
):
    from crossdock.desk.desk import Desk

    pair = Pair(tmp_path, database=place.database, lost=True)
    key = key_of(0)
    pair.world.wms.script = lambda sent, nth: 400 if nth == 0 and sent.number.endswith("-0") else 200
    async with pair:
        await pair.push(0, order(f"{key}-0", key=key))
        await pair.world.until(lambda: pair.world.count("transmissions", 8) == 1)
        desk = Desk(pair.world.journal, pair.workers[1], pair.world.clock.now_ms)
        ((incident,),) = pair.world.rows("SELECT id FROM incidents WHERE state = 1")
        await desk.act(incident, "retry", {}, who="somebody")
        await pair.push(0, order(f"{key}-1", key=key))
        await pair.world.until(lambda: pair.world.count("transmissions", 6) == 2, "the lane stands still")
    assert pair.world.wms.applied == [f"{key}-0", f"{key}-1"]


async def test_a_busy_lane_is_read_anew_once_however_often_it_was_freed(tmp_path: Path):
    world = World(tmp_path)
    async with world:
        term = world.worker._term
        backlog, target = term._backlog, term.targets["wms"]
        lane = target.lanes.by_key("K")
        lane.busy = True
        for _ in range(100):
            backlog.reload(target, "K")
        assert len(backlog._tasks) == 1
        lane.busy = False
        await world.until(lambda: not backlog._tasks, "nobody reads it anew")


async def test_nothing_goes_from_a_lane_that_is_still_to_be_read_anew(tmp_path: Path):
    world = World(tmp_path)
    world.wms.script = lambda sent, nth: 400 if sent.number == "K-0" else 200
    async with world:
        await world.push(order("K-0", key="K"))
        await world.push(order("K-1", key="K"))
        await world.settled()
        term = world.worker._term
        target = term.targets["wms"]
        lane = target.lanes.by_key("K")
        # As when an incident ends while a row that is held behind it is being written.
        lane.busy, lane.blocked_by = True, None
        term._backlog.reload(target, "K")
        await world.push(order("K-2", key="K"))
        await world.until(lambda: len(lane.flights) == 1 and lane.flights[0].stored)
        lane.busy = False
        target.schedule(lane)
        await world.settled()
        assert world.wms.applied == []
        assert world.count("transmissions", 2) == 2, "held with what they come after"


async def test_lanes_that_wait_are_looked_at_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    world = World(tmp_path)
    world.wms.script = lambda sent, nth: 400
    async with world:
        for key in "ABC":
            await world.push(order(f"{key}-0", key=key))
        await world.settled()
        term = world.worker._term
        seen = list[list[str]]()
        monkeypatch.setattr(term._backlog, "_journal", Pages(seen))
        monkeypatch.setattr("crossdock.pipeline.backlog._CHUNK", 2)
        for _ in range(4):
            term._backlog.reload_freed(term.targets.values())
    assert seen == [["A", "B"], ["C"], ["A", "B"], ["C"]]


class Pages:
    """A journal that notes which lanes it is asked about; none of them is free."""

    def __init__(self, seen: list[list[str]]) -> None:
        self._seen = seen

    def lanes_freed(self, _target: str, keys: Sequence[str]) -> list[str]:
        """Notes them."""
        self._seen.append(list(keys))
        return []
