"""Who asks ahead is answered, whatever becomes of the question."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from crossdock.journal.contract import Ahead, StoreDown
from crossdock.journal.postgresql.foresight import Foreseen, Foresight


class _Wire:
    """A connection that gives the answer of another question."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.is_closed = False

    async def exchange(self, _commands: Any) -> Any:
        raise self.error

    async def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("error", [StoreDown("it is away"), AssertionError("3 results for 4 statements")])
async def test_whoever_asks_ahead_is_answered_though_the_answer_makes_no_sense(error: Exception):
    wire = _Wire(error)

    async def connect() -> Any:
        return wire

    foresight = Foresight(cast("Any", connect), 1)
    asking = asyncio.ensure_future(foresight.fetch(Ahead(hubs=[1])))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (asking.done(), wire.is_closed) == (True, True), "it waits for ever, and the worker with it"
    assert asking.result() == Foreseen()
    await foresight.close()
