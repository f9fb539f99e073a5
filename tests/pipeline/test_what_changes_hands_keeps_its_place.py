"""What goes from one worker to another, or comes again, keeps its place."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.journal.chain import partition_of
from crossdock.journal.contract import StoreDown
from crossdock.journal.tenure import Hold
from crossdock.message.records import Capture
from crossdock.pipeline.bound import Context
from crossdock.pipeline.feed import Feed
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


class _Store:
    """Captures that wait, of two kinds of one system; one read fails when it is told to."""

    def __init__(self, count: int) -> None:
        kinds = ("sales_order", "cancellation")
        self.waiting = {
            n: Capture(n, "shop", kinds[n % 2], "", 1, b"", "", 0, 0) for n in range(1, count + 1)
        }
        self.reads_left = 1_000

    def _read(self) -> None:
        self.reads_left -= 1
        if self.reads_left == 0:
            raise StoreDown("the disk is away")

    def captures_queued(self) -> list[tuple[str, str]]:
        return [("shop", "cancellation"), ("shop", "sales_order")]

    def captures_waiting(self, _system: str, document: str, after: int, limit: int) -> list[Capture]:
        self._read()
        return [c for n, c in self.waiting.items() if n > after and c.document == document][:limit]

    def captures_due(self, _kinds: Any, _partitions: Any, _limit: int) -> list[tuple[int, int, str, str]]:
        return [(c.id, 0, c.system, c.document) for c in self.waiting.values()]

    def captures(self, ids: list[int]) -> list[Capture]:
        self._read()
        return [self.waiting[n] for n in ids]

    def capture(self, id_: int) -> Capture | None:
        self._read()
        return self.waiting.get(id_)


def _feed(kind: type[Any], store: _Store) -> Any:
    charter = SimpleNamespace(systems={})
    context = cast("Context", SimpleNamespace(
        journal=store, clock=Clock(), order=InTurns, charter=charter, gates=SimpleNamespace(holds=lambda _: False),
    ))  # fmt: skip
    feed = Feed(context) if kind is Feed else SharedFeed(context, Hold([0]))
    feed.look()
    return feed


@pytest.mark.parametrize("kind", [Feed, SharedFeed])
async def test_captures_that_could_not_be_decided_come_again_before_those_behind_them(kind: type[Any]):
    feed = _feed(kind, _Store(9))
    taken = await feed.take(4)
    assert [c.id for c in taken] == [1, 2, 3, 4]
    feed.left(taken)
    assert [c.id for c in await feed.take(4)] == [1, 2, 3, 4]


async def test_the_control_for_them_sent_back_as_a_person_does_younger_ones_go_before():
    feed = _feed(Feed, _Store(9))
    taken = await feed.take(4)
    feed.again(c.id for c in taken)
    assert [c.id for c in await feed.take(4)] == [1, 5, 6, 7]


@pytest.mark.parametrize("kind", [Feed, SharedFeed])
async def test_what_was_taken_out_when_a_read_failed_is_not_lost(kind: type[Any]):
    for reads in range(1, 9):
        store = _Store(40)
        store.reads_left = reads
        feed = _feed(kind, store)
        found = list[int]()
        while store.waiting:
            taken = list[Capture]()
            try:
                taken = await feed.take(8)
            except StoreDown:
                feed.left(taken)  # as the worker does
                continue
            found += [c.id for c in taken]
            for capture in taken:
                del store.waiting[capture.id]
        assert found == list(range(1, 41)), f"with the read {reads} failing"


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
