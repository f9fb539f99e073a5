"""A lane has one alarm: however often it is looked at while it waits, it is rung for once."""

from __future__ import annotations

import asyncio

from crossdock.pipeline.alarms import Alarms
from crossdock.pipeline.lanes import Lane
from tests.pipeline.world import Clock


class Still(Clock):
    def now_ms(self) -> int:
        return 0


async def test_a_lane_is_rung_for_once_at_the_time_that_was_set_last() -> None:
    rung: list[str] = []
    alarms = Alarms(Still(), lambda lane: rung.append(lane.key), wait_max_s=86_400)
    one, other = Lane("one"), Lane("other")
    for _ in range(100):
        alarms.set(one, 3_600_000)
    alarms.set(one, 0)
    alarms.set(other, 0)
    assert len(alarms._timers) == 2
    while len(rung) < 2:
        await asyncio.sleep(0)
    assert (rung, len(alarms._timers)) == (["one", "other"], 0)
    alarms.set(one, 0)
    alarms.stop()
    await asyncio.sleep(0)
    assert rung == ["one", "other"]
