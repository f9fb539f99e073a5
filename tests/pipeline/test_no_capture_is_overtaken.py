"""Captures of one partition are decided in their order, whatever happens amid a batch."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from crossdock.journal.tenure import Hold
from crossdock.pipeline.bound import Context
from crossdock.pipeline.feed import SharedFeed
from tests.journal.places import Place
from tests.pipeline.pair import EVEN, Pair, key_of
from tests.pipeline.world import order


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
    captures = {n: SimpleNamespace(id=n, partition=0) for n in (1, 2)}
    journal = SimpleNamespace(
        captures_due=lambda _partitions, _limit: [(n, 0) for n in captures],
        captures=lambda ids: [captures[n] for n in ids],
    )
    feed = SharedFeed(cast("Context", SimpleNamespace(journal=journal)), Hold([0]))
    assert [c.id for c in await feed.take(1)] == [1]
    feed.again([1])
    assert [c.id for c in await feed.take(2)] == [1, 2]
