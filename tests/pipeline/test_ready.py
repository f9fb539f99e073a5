"""Who waits for a lane and goes leaves its call to another who still waits."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.message.turns import Turns
from crossdock.pipeline.lanes import Lane
from crossdock.pipeline.ready import Ready


@pytest.mark.parametrize("gone", [1, 2])
async def test_a_sender_that_is_called_and_goes_leaves_the_lane_to_one_that_stays(gone: int) -> None:
    ready = Ready(Turns)
    senders = [asyncio.create_task(ready.get()) for _ in range(3)]
    await asyncio.sleep(0)
    lane = Lane("K")
    ready.put(lane)  # calls the last of them
    for sender in senders[-gone:]:
        sender.cancel()  # in the same round of the loop
    for _ in range(5):
        await asyncio.sleep(0)
    assert all(sender.cancelled() for sender in senders[-gone:])
    assert [sender.result() for sender in senders if sender.done() and not sender.cancelled()] == [lane]
    senders[0].cancel()
