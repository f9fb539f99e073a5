"""The person who closes and opens the ways of systems, and sees to it that nothing passes a closed one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from sqlite3 import ProgrammingError

from crossdock.control.operate import Order
from crossdock.journal.contract import StoreDown
from crossdock.message.gate import HUB, Direction, GateMove
from tests.simulation.host import Host
from tests.simulation.loop import SimulatedLoop
from tests.simulation.site import Plan
from tests.simulation.watch import Closed, Watch, must

_PATIENCE_S = 8.0


class Foreman:
    """Closes a way now and then, by a pause or a drain, and opens it again."""

    def __init__(
        self, loop: SimulatedLoop, random: Random, host: Host, watch: Watch, plan: Plan,
        *, horizon_s: float, slack_s: float, tell: Callable[..., None],
    ) -> None:  # fmt: skip
        self._loop = loop
        self._random = random
        self._host = host
        self._watch = watch
        self._plan = plan
        self._horizon_s = horizon_s
        self._slack_s = slack_s  #: how long after an act what had begun before may still go
        self._tell = tell

    async def work(self) -> None:
        """The day: nothing on most, one way after another on others."""
        draw = self._random
        for _ in range(draw.choice((0, 0, 1, 2))):
            await asyncio.sleep(draw.random() * self._horizon_s * 0.7)
            system = draw.choice(("shop", "erp", "broker", "wms", "wms", HUB))
            directions = draw.choice(((Direction.OUT,), (Direction.OUT,), (Direction.IN,), tuple(Direction)))
            move = draw.choice((GateMove.PAUSE, GateMove.PAUSE, GateMove.DRAIN))
            await self._closed(system, directions, move)

    async def _closed(self, system: str, directions: tuple[Direction, ...], move: GateMove) -> None:
        """One closing, and the opening after it."""
        await self._act(system, Order(move, directions, "stocktake"))
        for direction in directions:
            upto = self._watch.rows(
                "SELECT max(id) FROM gate_acts WHERE system = ? AND direction = ?", system, direction.value
            )[0][0]
            self._watch.closed[system, direction.value] = Closed(
                self._loop.time() + self._slack_s, upto if move is GateMove.DRAIN else None
            )
        await asyncio.sleep(self._slack_s)
        waits = self._waiting(system) if move is GateMove.PAUSE and Direction.IN in directions else []
        await asyncio.sleep(self._random.choice((1.0, 4.0, 12.0)))
        self._held(waits)
        for direction in directions:
            del self._watch.closed[system, direction.value]
        await self._act(system, Order(GateMove.RESUME, directions, ""))

    def _waiting(self, system: str) -> list[int]:
        """Captures of a system that were accepted and not looked at when its way in was closed."""
        if not self._plan.hold or system == HUB:
            return []
        rows = self._watch.rows("SELECT id FROM captures WHERE system = ? AND state = 1", system)
        return [id_ for (id_,) in rows]

    def _held(self, waits: list[int]) -> None:
        for id_ in waits:
            state = self._watch.rows("SELECT state FROM captures WHERE id = ?", id_)[0][0]
            must(state == 1, f"c{id_} was decided while the way in of its system was closed")

    async def _act(self, system: str, order: Order) -> None:
        """One act, again and again until it is done."""
        self._tell("foreman", order.move.value, system or "the hub", *(d.value for d in order.directions))
        while not await self._done(system, order):
            await asyncio.sleep(0.3)

    async def _done(self, system: str, order: Order) -> bool:
        host, process = self._host, self._host.process
        if not host.ready or host.ways is None or process is None:
            return False
        task = self._loop.spawn(process, host.ways.act(system, order, who="bert"))
        ends_s = self._loop.time() + _PATIENCE_S
        while not task.done() and process.alive and self._loop.time() < ends_s:
            await asyncio.sleep(0.02)
        if not task.done() or not process.alive:
            task.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody waits any more
            return False
        with suppress(StoreDown, ProgrammingError):  # the disk, or the hub was just stopping
            task.result()
            return True
        return False
