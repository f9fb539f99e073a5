"""The restore drill: a backup, more work, the store lost, the backup brought back, everything handed in again."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from crossdock.desk.desk import Desk
from crossdock.journal.sqlite.copying import copy
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.kit.connector import Unclear
from crossdock.message.states import TransmissionState
from crossdock.pipeline import restored
from crossdock.pipeline.dedup import ArrivalDedup
from tests.pipeline.world import Clock, FakeTarget, World, order

DESK, HELD, IN_DOUBT = (
    one.value for one in (TransmissionState.DESK, TransmissionState.HELD, TransmissionState.IN_DOUBT)
)
OPEN, LATER = [f"A{n}" for n in range(6)], [f"B{n}" for n in range(6)]


async def bring_back(path: Path, *, windows: bool = True, now_ms: int = 1) -> None:
    """What `crossdock restore` does to the store, with or without its guard."""
    journal = SqliteJournal(path, clock_ms=Clock().now_ms, dedup=ArrivalDedup())
    journal.start()
    try:
        systems = ["shop", "wms"] if windows else []
        await restored.begin(journal, systems, backup_ms=0, now_ms=now_ms, says="restored")
        if windows:
            await restored.put_in_doubt(journal, ["wms"], lambda _done: None)
    finally:
        await journal.close()


async def drill(
    folder: Path, unclear: Unclear, *, windows: bool = True
) -> tuple[World, FakeTarget, list[str]]:
    """A store lost after a backup; gives the world that was restored, its warehouse, and what was on the desk."""
    first = World(folder / "first", unclear=unclear)
    async with first:
        first.wms.closed = True
        for number in OPEN:
            await first.push(order(number, key=number[-1]))
        await first.until(lambda: first.count("messages", 2) == len(OPEN))
        copy(folder / "first" / "hub.db", folder / "backup.db", lambda _done, _all: None)
        first.wms.closed = False
        for number in LATER:
            await first.push(order(number, key=number[-1]))
        await first.until(lambda: len(first.wms.applied) == len(OPEN + LATER))
        await first.settled()
    (folder / "second").mkdir()
    shutil.copy(folder / "backup.db", folder / "second" / "hub.db")
    await bring_back(folder / "second" / "hub.db", windows=windows)
    second = World(folder / "second", unclear=unclear)
    second.targets["wms"].applied = first.wms.applied
    second.targets["wms"].keys = first.wms.keys
    second.targets["wms"].has = first.wms.applied.__contains__
    async with second:
        # The shop hands in everything again; what the backup has is a repeat.
        for number in [*OPEN, *LATER]:
            await second.push(order(number, key=number[-1]))
        await second.settled()
        desk: list[str] = [
            number for (number,) in second.rows("SELECT number FROM transmissions WHERE state = 8")
        ]
    return second, second.wms, desk


async def test_where_the_target_can_be_asked_all_is_settled_and_nothing_goes_twice(tmp_path: Path) -> None:
    _, wms, desk = await drill(tmp_path, Unclear.FIND)
    assert sorted(wms.applied) == sorted(OPEN + LATER)
    assert desk == []
    assert set(wms.asked) == set(OPEN + LATER)


async def test_a_target_that_knows_our_key_gets_what_was_open_again_and_a_person_the_rest(
    tmp_path: Path,
) -> None:
    _, wms, desk = await drill(tmp_path, Unclear.RESEND)
    assert sorted(wms.applied) == sorted(OPEN + LATER)
    assert {arrived.number for arrived in wms.arrived} == set(OPEN), "the same key goes again"
    assert sorted(desk) == sorted(LATER), "no key of these is known any more"


async def test_where_only_a_person_knows_everything_comes_to_the_desk(tmp_path: Path) -> None:
    second, wms, desk = await drill(tmp_path, Unclear.PERSON)
    assert sorted(wms.applied) == sorted(OPEN + LATER)
    assert wms.arrived == []
    # One lane a pair: its head waits for a person, and holds the other, which stays in doubt.
    assert sorted(desk) == sorted(OPEN)
    assert second is not None


async def test_without_the_guard_the_same_drill_sends_twice(tmp_path: Path) -> None:
    _, wms, _ = await drill(tmp_path, Unclear.FIND, windows=False)
    assert len(wms.applied) > len(OPEN + LATER)


async def test_no_number_that_may_have_been_a_key_is_given_again(tmp_path: Path) -> None:
    second, _, _ = await drill(tmp_path, Unclear.FIND)
    journal = SqliteJournal(tmp_path / "second" / "hub.db", clock_ms=Clock().now_ms, dedup=ArrivalDedup())
    try:
        assert journal.next_id() > restored.LOST_MAX
    finally:
        journal.start()
        await journal.close()
    assert second is not None


async def test_what_comes_after_the_end_of_the_restored_mode_goes_at_once(tmp_path: Path) -> None:
    await drill(tmp_path, Unclear.PERSON)
    world = World(tmp_path / "second", unclear=Unclear.PERSON)
    async with world:
        assert await world.context.restored.end("shop", "all is in again", "an operator")
        assert not await world.context.restored.end("shop", "again", "an operator")
        await world.push(order("C1"))
        await world.until(lambda: world.wms.applied == ["C1"])


@pytest.mark.parametrize("unclear", [Unclear.RESEND, Unclear.FIND])
async def test_a_hub_killed_in_the_middle_of_settling_goes_on(tmp_path: Path, unclear: Unclear) -> None:
    second, wms, _ = await drill(tmp_path, unclear)
    again: Any = World(tmp_path / "second", unclear=unclear)
    again.targets["wms"].applied, again.targets["wms"].keys = wms.applied, wms.keys
    again.targets["wms"].has = wms.applied.__contains__
    async with again:
        await again.settled()
        await asyncio.sleep(0)
    assert sorted(wms.applied) == sorted(OPEN + LATER)
    assert second is not None


async def test_what_was_held_at_the_backup_is_asked_for_once_a_person_frees_it(tmp_path: Path) -> None:
    async def act(world: World, name: str, body: dict[str, Any]) -> None:
        desk = Desk(world.journal, world.worker, world.clock.now_ms)
        for (incident,) in world.rows("SELECT id FROM incidents WHERE state = 1"):
            await desk.act(incident, name, body, who="anna")

    first = World(tmp_path / "first", unclear=Unclear.FIND)
    first.wms.script = lambda arrived, nth: 400 if arrived.number == "O-0" and nth == 0 else 200
    async with first:
        for number in ("O-0", "O-1"):
            await first.push(order(number, key="K"))
        await first.until(lambda: first.count("transmissions", 2) == 1, "the second is held behind the first")
        copy(tmp_path / "first" / "hub.db", tmp_path / "backup.db", lambda _done, _all: None)
        await act(first, "retry", {})
        await first.until(lambda: first.wms.applied == ["O-0", "O-1"])
    (tmp_path / "second").mkdir()
    shutil.copy(tmp_path / "backup.db", tmp_path / "second" / "hub.db")
    await bring_back(tmp_path / "second" / "hub.db")
    second = World(tmp_path / "second", unclear=Unclear.FIND)
    second.wms.has = first.wms.applied.__contains__
    async with second:
        await act(second, "resolve", {"outcome": "applied", "reason": "it is there"})
        await second.settled()
        assert second.count("transmissions", 6) == 2
    assert (second.wms.asked, second.wms.arrived) == (["O-1"], [])


async def test_what_is_behind_a_doubt_of_the_restore_is_held_with_it_and_goes_in_doubt_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "second").mkdir()
    await bring_back(tmp_path / "second" / "hub.db")
    second = World(tmp_path / "second", unclear=Unclear.PERSON)
    async with second:
        async with (
            second.worker._term._decides
        ):  # all three stand in their lane before the first is looked at
            await asyncio.gather(*(second.push(order(f"B{n}", key="C")) for n in range(3)))
        await second.until(lambda: second.count("transmissions", DESK) == 1)
        await second.settled()
        assert (second.count("transmissions", HELD), second.count("transmissions", IN_DOUBT)) == (2, 0)
        for left in (2, 1, 0):
            ((id_,),) = second.rows("SELECT id FROM incidents WHERE state = 1")
            desk = Desk(second.journal, second.worker, Clock().now_ms)
            await desk.act(id_, "resolve", {"reason": "looked", "outcome": "applied"}, who="anna")
            await second.until(lambda left=left: second.count("transmissions", HELD) == max(left - 1, 0))
            await second.settled()
        assert second.wms.applied == [] and second.count("transmissions", IN_DOUBT) == 0
