"""What goes from one worker to another, or comes again, keeps its place."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from crossdock.journal.chain import partition_of
from crossdock.journal.tenure import Hold
from crossdock.pipeline.bound import Context
from crossdock.pipeline.order import InTurns
from crossdock.pipeline.shared_feed import SharedFeed
from tests.journal.places import Place
from tests.pipeline.pair import EVEN, ODD, Pair, key_of
from tests.pipeline.world import Clock, order

RELEASE = {"number": "R-1", "order": "O-1", "lines": [{"line": 1, "sku": "W-1", "quantity": 1, "unit": "EA"}]}


async def test_a_batch_is_decided_to_its_end_before_its_partitions_are_let_go(tmp_path: Path, place: Place):
    pair = Pair(tmp_path, database=place.database)
    left: asyncio.Future[None] | None = None
    async with pair:
        journal = pair.world.context.journal
        foresee = journal.foresee

        async def amid_the_batch(asked: Any) -> None:
            nonlocal left
            if left is None:
                left = asyncio.ensure_future(pair.tenures[0].leave(EVEN))
                for _ in range(5):
                    await asyncio.sleep(0)
            await foresee(asked)

        journal.foresee = amid_the_batch  # type: ignore[method-assign]
        await pair.push(0, order("O-1", key=key_of(0)))
        while left is None:
            await asyncio.sleep(0)
        await left
        made = pair.world.rows("SELECT count(*) FROM transmissions")
        assert made == [(1,)], "handed over as a message it would be overtaken by the captures behind it"
        await pair.tenures[1].gain(EVEN)
        await pair.world.settled()
    assert pair.world.wms.applied == ["O-1"]


async def test_a_capture_that_could_not_be_decided_comes_again_before_those_behind_it():
    captures = {n: SimpleNamespace(id=n, partition=0, body=b"") for n in (1, 2)}
    journal = SimpleNamespace(
        captures_queued=lambda: [("shop", "sales_order")],
        captures_due=lambda _kinds, _partitions, _limit: [(n, 0, "shop", "sales_order") for n in captures],
        captures=lambda ids: [captures[n] for n in ids],
    )
    context = SimpleNamespace(
        journal=journal, clock=Clock(), order=InTurns, charter=SimpleNamespace(systems={}),
        gates=SimpleNamespace(holds=lambda _system: False),
    )  # fmt: skip
    feed = SharedFeed(cast("Context", context), Hold([0]))
    assert [c.id for c in await feed.take(1)] == [1]
    feed.again([1])
    assert [c.id for c in await feed.take(2)] == [1, 2]


async def test_what_was_left_to_a_worker_comes_before_what_it_takes_up_later(tmp_path: Path, place: Place):
    """Two words on a child of one order; the second comes when one worker has the child's partition and the order's."""
    documents = ("sales_order", "warehouse_order")
    pair = Pair(tmp_path, database=place.database, documents=documents, lost=True, revise=True)
    number = "R-1"
    side = partition_of(number) % 2
    home = key_of(1 - side)
    async with pair:
        await pair.push(0, order("O-1", key=home))
        await pair.world.settled()
        keeper = pair.workers[1 - side]._term._waiters
        again = keeper.again
        keeper.again = _never  # type: ignore[method-assign] - it does not come to it for a while
        await pair.push(side, RELEASE | {"number": number}, document="warehouse_order")
        await pair.world.until(lambda: pair.world.count("messages", 1) == 1)
        keeper.again = again  # type: ignore[method-assign]
        await pair.tenures[side].leave(ODD if side else EVEN)
        await pair.push(
            side,
            RELEASE | {"number": number, "lines": [{"line": 1, "sku": "W-2", "quantity": 1, "unit": "EA"}]},
            document="warehouse_order",
        )
        await pair.tenures[1 - side].gain(ODD if side else EVEN)
        await pair.world.settled()
        told = pair.world.rows(
            "SELECT message FROM transmissions WHERE document = 'warehouse_order' ORDER BY id"
        )
    assert told == sorted(told)
    assert len(told) == 2, "the earlier one was overtaken"


async def _never(_id: int, *, desk: bool) -> None:
    del desk
