"""Order per key, under refusals and unclear answers, with and without the guard."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.journal.contract import StoreDown
from crossdock.kit.connector import Ask, Done, Exchange, Job, Unclear
from crossdock.kit.http import Response
from crossdock.message.records import Transmission
from crossdock.pipeline import blind
from crossdock.pipeline.commit import Commits
from crossdock.pipeline.lanes import Flight, Lane
from tests.pipeline.world import Arrived, FakeTarget, JsonWriter, World, order


def _every_third_fails(arrived: Arrived, nth: int) -> int:
    return 503 if nth == 0 and int(arrived.number.split("-")[1]) % 3 == 0 else 200


async def _run(world: World) -> list[str]:
    world.wms.script = _every_third_fails
    async with world:
        for n in range(40):
            await world.push(order(f"O-{n}", key="K"))
        await world.settled()
    return world.wms.applied


async def test_effects_of_one_key_keep_the_order_of_arrival(tmp_path: Path):
    assert await _run(World(tmp_path)) == [f"O-{n}" for n in range(40)]


async def test_without_the_order_guard_they_overtake_each_other(tmp_path: Path):
    applied = await _run(World(tmp_path, ordering=blind.NoOrder()))
    assert sorted(applied) == sorted(f"O-{n}" for n in range(40))
    assert applied != [f"O-{n}" for n in range(40)]


async def test_a_key_that_waits_for_a_person_holds_back_itself_only(tmp_path: Path):
    world = World(tmp_path)
    world.wms.script = lambda arrived, nth: 400 if arrived.number == "A-0" else 200
    async with world:
        for n in range(4):
            await world.push(order(f"A-{n}", key="A"))
            await world.push(order(f"B-{n}", key="B"))
        await world.settled()
        assert world.wms.applied == ["B-0", "B-1", "B-2", "B-3"]
        assert (world.count("transmissions", 8), world.count("transmissions", 2)) == (1, 3)
        members = world.rows("SELECT kind, count(*) FROM members GROUP BY kind ORDER BY kind")
        assert members == [(3, 1), (4, 3)]
        await world.push(order("A-9", key="A"))
        await world.settled()
        assert world.count("transmissions", 2) == 4, "a late follower is held too"


@pytest.mark.parametrize("unclear", list(Unclear))
async def test_a_backlog_beyond_the_window_goes_out_in_order(tmp_path: Path, unclear: Unclear):
    world = World(tmp_path, window=6, unclear=unclear)
    world.wms.closed = True
    async with world:
        for n in range(60):
            await world.push(order(f"O-{n}", key=f"K{n % 3}"))
        await world.until(lambda: world.count("transmissions", 1) >= 50)
        assert world.worker.targets["wms"].lanes.count <= 6, "memory is bounded"
        world.wms.closed = False
        await world.settled()
    for k in range(3):
        mine = [n for n in world.wms.applied if int(n.split("-")[1]) % 3 == k]
        assert mine == [f"O-{n}" for n in range(k, 60, 3)]


@pytest.mark.parametrize("letters", [40_000, 10], ids=["heavy", "control: light"])
async def test_a_heavy_document_goes_at_once_though_nobody_keeps_it_in_memory(tmp_path: Path, letters: int):
    world = World(tmp_path)
    async with world:
        await world.push(order("O-1", extra={"words": "x" * letters}))
        await world.push(order("O-2", extra={"words": "x" * letters}))
        await world.settled()
        assert world.wms.applied == ["O-1", "O-2"]
        assert world.rows("SELECT type FROM incidents") == []


class Slow(FakeTarget):
    """Answers once it is let to."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.may, self.called = asyncio.Event(), False

    async def send(self, *args: Any, **more: Any) -> Response:
        self.called = True
        await self.may.wait()
        return await super().send(*args, **more)


class Noting(JsonWriter):
    """Notes what the target calls the object that it writes, and the one that it belongs to, as is known then."""

    def __init__(self, unclear: Unclear) -> None:
        super().__init__(unclear)
        self.known: list[tuple[str | None, dict[str, str]]] = []

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        if not exchanges:
            self.known.append((job.their_id, dict(job.parent_ids)))
        return super().step(job, exchanges)


async def _behind_one_on_the_wire(
    folder: Path, unclear: Unclear, first: Sequence[dict[str, Any]], document: str, last: dict[str, Any]
) -> tuple[str | None, dict[str, str]]:
    """What is known when a document is written that came while the one before it was at the target."""
    slow, writer = Slow("wms"), Noting(unclear)
    kinds = ("sales_order", "cancellation")
    world = World(folder, revise=True, documents=kinds, targets={"wms": slow, "erp": FakeTarget("erp")})
    writers = world.context.systems["wms"].writers
    assert isinstance(writers, dict)
    writers.update(dict.fromkeys(kinds, writer))
    async with world:
        for one in first:
            await world.push(one)
        await world.until(lambda: slow.called)
        await world.push(last, document=document)
        await world.until(lambda: world.rows("SELECT count(*) FROM transmissions") == [(len(first) + 1,)])
        slow.may.set()
        await world.settled()
    return writer.known[-1]


@pytest.mark.parametrize("more", [0, 1], ids=["alone", "behind another order"])
@pytest.mark.parametrize("unclear", list(Unclear))
async def test_a_version_is_written_with_what_the_answer_to_the_one_before_says(
    tmp_path: Path, unclear: Unclear, more: int
):
    first = [*(order("O-0", key="K") for _ in range(more)), order("O-1", key="K")]
    second = order("O-1", key="K", lines=[{"line": 1, "sku": "W-1", "quantity": 3, "unit": "EA"}])
    known = await _behind_one_on_the_wire(tmp_path, unclear, first, "sales_order", second)
    assert known == ("W-O-1", {}), "it would be made a second time"


@pytest.mark.parametrize("unclear", list(Unclear))
async def test_what_belongs_to_an_order_is_written_with_what_the_answer_to_that_says(
    tmp_path: Path, unclear: Unclear
):
    cancel = {"number": "C-1", "order": "O-1"}
    known = await _behind_one_on_the_wire(tmp_path, unclear, [order("O-1")], "cancellation", cancel)
    assert known == (None, {"sales_order": "W-O-1"})


async def test_what_an_answer_has_given_is_remembered_until_the_store_says_so():
    submitted: list[asyncio.Future[None]] = []

    def submit(_changes: object) -> asyncio.Future[None]:
        submitted.append(asyncio.get_running_loop().create_future())
        return submitted[-1]

    async def sleep(_seconds: float) -> None: ...

    context = SimpleNamespace(journal=SimpleNamespace(submit=submit), clock=SimpleNamespace(sleep=sleep))
    told = cast("Any", lambda *_: None)
    commits, lane = Commits(cast("Any", context), "wms", stored=told, completed=told, parted=told), Lane("h7")
    t = Transmission(1, 1, "wms", "shop", "sales_order", "SO-1", 7, 7, "h7")
    lane.ended(Flight(t, their_id="W-1"))
    commits.behind(lane, [], cast("Any", None), t)
    submitted[0].set_exception(StoreDown("the disk is away"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert (len(submitted), lane.given) == (2, {7: ("sales_order", "W-1")}), "it is not in the store yet"
    submitted[1].set_result(None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert (lane.given, lane.writing) == ({}, 0)
    await commits.stop()
