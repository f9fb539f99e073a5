"""A process that is taken over while it takes up work: it must not wait for what will never be written."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.journal.contract import Fenced
from crossdock.journal.postgresql.tenure import PostgresqlTenure


class Worker:
    """Takes up work, and waits for a commit that another process's epoch forbids."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.given_up = False

    async def gain(self, partitions: frozenset[int]) -> None:
        self.begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.given_up = True
            raise


def tenure_of(worker: Worker) -> tuple[PostgresqlTenure, Any]:
    writer = SimpleNamespace(fenced=False, sure_until_s=0.0, on_fenced=lambda: None)
    journal = SimpleNamespace(writer=writer, owned=frozenset[int](), own=lambda _partitions: None)
    tenure = PostgresqlTenure(
        cast("Any", journal),
        cast("Any", SimpleNamespace()),
        cast("Any", SimpleNamespace()),
        url="",
        lease_s=1.0,
    )
    tenure._holder = cast("Any", worker)
    return tenure, writer


async def test_who_is_taken_over_while_it_takes_up_work_gives_up_and_can_begin_anew():
    worker = Worker()
    tenure, writer = tenure_of(worker)
    gaining = asyncio.create_task(tenure._gain(frozenset({1})))
    await worker.begun.wait()
    writer.on_fenced()
    with pytest.raises(Fenced):
        async with asyncio.timeout(60):
            await gaining
    assert worker.given_up
    assert not tenure._serving


async def test_control_without_that_word_it_goes_on_waiting():
    worker = Worker()
    tenure, _ = tenure_of(worker)
    gaining = asyncio.create_task(tenure._gain(frozenset({1})))
    await worker.begun.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not gaining.done()
    gaining.cancel()
    await asyncio.gather(gaining, return_exceptions=True)
    assert worker.given_up
