"""Two workers over one store: each decides what it holds, and order outlives every change of hands."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from crossdock.charter.charter import Checks, ItemCheck
from crossdock.faults import InDoubt
from crossdock.journal.chain import partition_of
from crossdock.kit.connector import Unclear
from tests.journal.places import Place
from tests.pipeline.pair import EVEN, ODD, Pair, key_of
from tests.pipeline.world import order

RELEASE = {"number": "R-1", "order": "O-1", "lines": [{"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}]}


def _of(key: str, applied: list[str]) -> list[str]:
    return [number for number in applied if number.startswith(f"{key}-")]


@pytest.mark.parametrize("lost", [False, True])
async def test_one_key_sent_to_both_in_turn_keeps_its_order(tmp_path: Path, place: Place, lost: bool):
    pair = Pair(tmp_path, database=place.database, lost=lost)
    keys = [key_of(0), key_of(1)]
    async with pair:
        for n in range(30):
            for key in keys:
                await pair.push(n % 2, order(f"{key}-{n}", key=key))
        await pair.world.settled()
    for key in keys:
        assert _of(key, pair.world.wms.applied) == [f"{key}-{n}" for n in range(30)]
    assert len(pair.world.wms.arrived) == 60


async def test_each_of_the_two_decides_what_it_holds(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database)
    decided: tuple[list[str], list[str]] = ([], [])
    for at, worker in enumerate(pair.workers):
        admit = worker.targets["wms"].admit

        def counted(t: Any, *more: Any, at: int = at, admit: Any = admit) -> None:
            decided[at].append(t.number)
            admit(t, *more)

        worker.targets["wms"].admit = counted  # type: ignore[method-assign]
    async with pair:
        for n in range(20):
            await pair.push(n % 2, order(f"O-{n}"))
        await pair.world.settled()
    for at in (0, 1):
        assert decided[at] == [f"O-{n}" for n in range(20) if partition_of(f"O-{n}") % 2 == at]


@pytest.mark.parametrize("lost", [False, True])
async def test_a_child_is_decided_where_its_order_is_and_keeps_the_orders_key(
    tmp_path: Path, place: Place, lost: bool
):
    pair = Pair(tmp_path, database=place.database, lost=lost, documents=("sales_order", "warehouse_order"))
    key, number = key_of(0), "O-1"
    children = [n for n in range(200) if partition_of(f"R-{n}") % 2 == 1][:6]
    async with pair:
        await pair.push(1, order(number, key=key))
        await pair.world.settled()
        for n in children:
            await pair.push(0, RELEASE | {"number": f"R-{n}"}, document="warehouse_order")
        await pair.world.settled()
        rows = pair.world.rows("SELECT DISTINCT key, partition FROM transmissions")
        assert rows == [(key, partition_of(key))]
        homes = pair.world.rows("SELECT DISTINCT home FROM hubs")
        assert homes == [(partition_of(key),)]
    assert pair.world.wms.applied == [
        number,
        *sorted((f"R-{n}" for n in children), key=pair.world.wms.applied.index),
    ]
    assert len(pair.world.wms.applied) == 7


@pytest.mark.parametrize("lost", [False, True])
async def test_a_message_that_waits_here_is_woken_by_what_comes_there(
    tmp_path: Path, place: Place, lost: bool
):
    pair = Pair(tmp_path, database=place.database, lost=lost, documents=("sales_order", "warehouse_order"))
    key = key_of(0)
    number = next(f"R-{n}" for n in range(99) if partition_of(f"R-{n}") % 2 == 1)
    async with pair:
        await pair.push(0, RELEASE | {"number": number}, document="warehouse_order")
        await pair.world.until(lambda: pair.world.rows("SELECT 1 FROM messages WHERE waits_for IS NOT NULL"))
        await pair.push(1, order("O-1", key=key))
        if lost:
            # Nobody was told. What waits is compared with what has come, sooner or later.
            await pair.world.until(lambda: "O-1" in pair.world.wms.applied)
            pair.workers[1]._term._waking.compare()
        await pair.world.settled()
        assert pair.world.rows("SELECT key FROM transmissions WHERE document = 'warehouse_order'") == [(key,)]
    assert pair.world.wms.applied == ["O-1", number]


async def test_what_lacked_an_item_goes_on_when_the_item_comes_elsewhere(tmp_path: Path, place: Place):
    pair = Pair(
        tmp_path, database=place.database, documents=("sales_order", "item"), checks=Checks(ItemCheck.REFUSE)
    )
    sku = next(f"W-{n}" for n in range(99) if partition_of(f"W-{n}") % 2 == 0)
    tree = order("O-1", key=key_of(1), lines=[{"line": 1, "sku": sku, "quantity": 1, "unit": "EA"}])
    async with pair:
        await pair.push(0, tree)
        await pair.world.until(lambda: pair.world.count("messages", 5) == 1)
        await pair.push(1, {"sku": sku, "name": "x", "unit": "EA"}, document="item")
        await pair.world.until(lambda: "O-1" in pair.world.wms.applied)
        await pair.world.settled()
        assert pair.world.rows("SELECT state FROM incidents") == [(2,)]


async def test_a_partition_changes_hands_without_a_second_send_or_a_reordering(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database)
    keys = [key_of(side, n) for side in (0, 1) for n in range(4)]
    send = pair.world.wms.send

    async def slow(*words: Any, **more: Any) -> Any:
        await asyncio.sleep(0.003)
        return await send(*words, **more)

    pair.world.wms.send = slow  # type: ignore[method-assign]

    async def senders() -> None:
        for n in range(25):
            await asyncio.gather(*(pair.push(n % 2, order(f"{key}-{n}", key=key)) for key in keys))

    async with pair:
        load = asyncio.create_task(senders())
        for turn in range(4):
            moving = [p for p in (EVEN if turn % 2 == 0 else ODD) if p % 8 < 4]
            there, here = turn % 2, 1 - turn % 2
            await asyncio.sleep(0.05)
            await pair.tenures[there].leave(moving)
            assert not any(
                lane.flights for lane in pair.workers[there].targets["wms"].lanes.within(moving)
            ), "nothing of it is left here"
            await pair.tenures[here].gain(moving)
            await asyncio.sleep(0.05)
            await pair.tenures[here].leave(moving)
            await pair.tenures[there].gain(moving)
        await load
        await pair.world.settled()
        assert pair.world.rows("SELECT count(*) FROM ledger WHERE kind = 8") == [(0,)], "no send was in doubt"
    for key in keys:
        assert _of(key, pair.world.wms.applied) == [f"{key}-{n}" for n in range(25)]
    assert len(pair.world.wms.arrived) == len(keys) * 25, "nothing was sent twice"


async def test_what_was_stored_ahead_of_its_turn_is_due_again_for_whoever_comes(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database, unclear=Unclear.RESEND)
    key, free = key_of(0), asyncio.Event()
    send = pair.world.wms.send

    async def held(*words: Any, **more: Any) -> Any:
        await free.wait()
        return await send(*words, **more)

    pair.world.wms.send = held  # type: ignore[method-assign]
    async with pair:
        for n in range(4):
            await pair.push(0, order(f"{key}-{n}", key=key))
        await pair.world.until(lambda: pair.world.count("transmissions", 3) == 4)
        leaving = asyncio.create_task(pair.tenures[0].leave(EVEN))
        await asyncio.sleep(0.05)
        assert not leaving.done(), "one is on the wire"
        free.set()
        await leaving
        assert (pair.world.count("transmissions", 6), pair.world.count("transmissions", 1)) == (1, 3)
        await pair.tenures[1].gain(EVEN)
        await pair.world.settled()
    assert [a.number for a in pair.world.wms.arrived] == [f"{key}-{n}" for n in range(4)]
    assert [a.attempt for a in pair.world.wms.arrived] == [1, 1, 1, 1]


async def test_a_term_that_was_lost_leaves_its_sends_in_doubt_to_whoever_takes_over(
    tmp_path: Path, place: Place
):
    pair = Pair(tmp_path, database=place.database, unclear=Unclear.RESEND)
    key = key_of(0)

    async def hang(*_: Any, **__: Any) -> Any:
        raise InDoubt("never mind") if free.is_set() else await free.wait()

    free = asyncio.Event()
    send, pair.world.wms.send = pair.world.wms.send, hang  # type: ignore[method-assign]
    async with pair:
        for n in range(3):
            await pair.push(0, order(f"{key}-{n}", key=key))
        await pair.world.until(lambda: pair.world.count("transmissions", 3) == 3)
        pair.world.wms.send = send  # type: ignore[method-assign]
        await pair.workers[0].drop()
        assert pair.workers[0].targets["wms"].lanes.count == 0
        assert pair.world.count("transmissions", 3) == 3, "who was fenced writes nothing"
        await pair.tenures[1].gain(EVEN)
        await pair.world.settled()
        assert pair.world.rows("SELECT count(*) FROM ledger WHERE kind = 8")[0][0] == 3
        # And the other one works again on what it is given next.
        await pair.tenures[1].leave(EVEN)
        await pair.tenures[0].gain(EVEN)
        await pair.push(1, order(f"{key}-9", key=key))
        await pair.world.settled()
    assert pair.world.wms.applied == [f"{key}-{n}" for n in (0, 1, 2, 9)]


async def test_nothing_is_sent_while_nobody_knows_whose_it_is(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database)
    key = key_of(0)
    async with pair:
        pair.tenures[0].sure = False
        for n in range(3):
            await pair.push(0, order(f"{key}-{n}", key=key))
        await pair.world.until(lambda: pair.world.count("captures", 2) == 3)
        await asyncio.sleep(0.1)
        assert pair.world.wms.arrived == []
        pair.tenures[0].sure = True
        await pair.world.settled()
    assert pair.world.wms.applied == [f"{key}-{n}" for n in range(3)]


async def test_rows_stored_ahead_stay_when_the_hold_runs_out_between_two_sends(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database, unclear=Unclear.RESEND)
    key = key_of(0)
    send = pair.world.wms.send

    async def last_one(*words: Any, **more: Any) -> Any:
        pair.tenures[0].sure = False  # the lease ran out while this one was on the wire
        return await send(*words, **more)

    async with pair:
        pair.world.wms.closed = True
        for n in range(4):
            await pair.push(0, order(f"{key}-{n}", key=key))
        await pair.world.until(lambda: pair.world.count("captures", 2) == 4)
        pair.world.wms.send = last_one  # type: ignore[method-assign]
        pair.world.wms.closed = False
        await pair.world.until(lambda: len(pair.world.wms.arrived) == 1)
        await asyncio.sleep(0.15)
        assert len(pair.world.wms.arrived) == 1
        pair.world.wms.send = send  # type: ignore[method-assign]
        pair.tenures[0].sure = True
        await pair.world.settled()
    assert pair.world.wms.applied == [f"{key}-{n}" for n in range(4)]


@pytest.mark.parametrize("lost", [False, True])
async def test_a_lane_that_a_person_freed_elsewhere_goes_on(tmp_path: Path, place: Place, lost: bool):
    pair = Pair(tmp_path, database=place.database, lost=lost)
    key = key_of(0)
    pair.world.wms.script = lambda arrived, nth: 400 if nth == 0 and arrived.number.endswith("-0") else 200
    async with pair:
        for n in range(3):
            await pair.push(0, order(f"{key}-{n}", key=key))
        await pair.world.until(lambda: pair.world.count("transmissions", 2) == 2)
        await _retry_everything(pair)
        await pair.world.settled()
        await pair.world.until(lambda: pair.world.count("transmissions", 6) == 3, "the lane stands still")
    assert pair.world.wms.applied == [f"{key}-{n}" for n in range(3)]


async def _retry_everything(pair: Pair) -> None:
    """The desk beside the second worker, which does not hold the lane."""
    from crossdock.desk.desk import Desk

    desk = Desk(pair.world.journal, pair.workers[1], pair.world.clock.now_ms)
    for (id_,) in pair.world.rows("SELECT id FROM incidents WHERE state = 1"):
        await desk.act(id_, "retry", {}, who="somebody")


async def test_a_capture_sent_back_elsewhere_is_translated_where_it_is_held(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database, lost=True)
    key = key_of(0)
    async with pair:
        await pair.push(1, order("O-1", key=key, extra={"poison": True}))
        await pair.world.until(lambda: pair.world.count("captures", 3) == 1)
        await _retry_everything(pair)
        await pair.world.until(lambda: pair.world.rows("SELECT count(*) FROM incidents")[0][0] == 2)
        assert pair.world.rows("SELECT state FROM incidents ORDER BY id") == [(2,), (1,)], (
            "it was tried again"
        )


async def test_a_backlog_beyond_memory_is_taken_over_in_order(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database, window=6)
    keys = [key_of(0, n) for n in range(3)]
    pair.world.wms.closed = True
    async with pair:
        for n in range(20):
            for key in keys:
                await pair.push(n % 2, order(f"{key}-{n}", key=key))
        await pair.world.until(lambda: pair.world.count("captures", 2) == 60)
        await pair.tenures[0].leave(EVEN)
        await pair.tenures[1].gain(EVEN)
        assert pair.workers[1].targets["wms"].lanes.count <= 6, "memory is bounded"
        pair.world.wms.closed = False
        await pair.world.settled()
    for key in keys:
        assert _of(key, pair.world.wms.applied) == [f"{key}-{n}" for n in range(20)]


async def test_two_first_tellers_of_one_id_make_one_object(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database, revise=True)
    async with pair:
        # The same order under two customers: two partitions, and neither side has seen the other.
        await asyncio.gather(
            pair.push(0, order("O-1", key=key_of(0))),
            pair.push(1, order("O-1", key=key_of(1), notes="other")),
        )
        await pair.world.settled()
        assert pair.world.rows("SELECT count(*) FROM hubs") == [(1,)]
        assert len(pair.world.rows("SELECT DISTINCT hub, key FROM transmissions")) == 1
    assert len(pair.world.wms.applied) == 2


async def test_two_first_tellers_of_one_number_make_one_object(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database, documents=("item",))
    async with pair:
        for n in range(5):
            item = {"sku": f"W-{n}", "name": "x", "unit": "EA"}
            await asyncio.gather(
                pair.push(0, item | {"extra": {"key": key_of(0)}}, document="item"),
                pair.push(1, item | {"extra": {"key": key_of(1)}}, document="item", system="wms"),
            )
        await pair.world.settled()
        assert pair.world.rows("SELECT number, count(*) FROM hubs GROUP BY number HAVING count(*) > 1") == []
        assert pair.world.rows("SELECT count(DISTINCT hub) FROM identity WHERE system = 'wms'") == [(5,)]
