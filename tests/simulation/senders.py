"""The systems that send: they repeat, edit, contradict themselves and come in any order, until they are answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation.host import Host
from tests.simulation.loop import SimulatedLoop

#: How long a sender waits for the answer of the hub.
_PATIENCE_S = 8.0


@dataclass(slots=True, eq=False)
class Told:
    """One document as a sender means it: its content, and every answer to it."""

    system: str
    document: str
    id: str
    mark: str
    tree: dict[str, Any]
    key: str | None
    version: int | None = None
    customer: str = ""
    answers: list[tuple[int, bytes, bool]] = field(default_factory=list[tuple[int, bytes, bool]])
    arrived: int = 0  #: requests that reached the door
    wants: str = "new"  #: new, conflict (409 for ever), unreadable (4xx for ever)

    @property
    def accepted(self) -> int | None:
        """The capture that it became, by the answers."""
        return next(
            (int(json.loads(b)["capture"][1:]) for status, b, _ in self.answers if status == 202), None
        )


class Couriers:
    """Carries documents to the door, again and again until there is an answer that counts."""

    def __init__(self, loop: SimulatedLoop, random: Random, host: Host, tell: Callable[..., None]) -> None:
        self._loop = loop
        self._random = random
        self._host = host
        self._tell = tell
        self.told: list[Told] = []
        self.under_way = 0
        self.lost = 0.0  #: share of requests that never arrive
        self.deaf = 0.0  #: share of answers that never come back
        self.again = 0.15  #: share of documents that are sent again although they were answered
        self.last_repeat_s = 40.0
        self._marks = 0

    def mark(self) -> str:
        """A word that no other content has."""
        self._marks += 1
        return f"m{self._marks}"

    def send(self, told: Told) -> None:
        """Sends a document from now on until it is answered."""
        self.told.append(told)
        self._go(told)

    def _go(self, told: Told) -> None:
        self.under_way += 1
        self._loop.spawn(self._loop.world, self._carry(told))

    async def _carry(self, told: Told) -> None:
        draw = self._random
        try:
            if draw.random() < 0.08:  # something on the way doubles it
                self._loop.spawn(self._loop.world, self._once(told))
            for _ in range(10_000):
                status = await self._once(told)
                if status is not None and status not in (429, 503, 500):
                    break
                await asyncio.sleep(draw.uniform(0.1, 1.5))
        finally:
            self.under_way -= 1
        if draw.random() < self.again:
            self._loop.in_world(draw.random() ** 3 * self.last_repeat_s, self._go, told)

    async def _once(self, told: Told) -> int | None:
        """One request; its status, None when no answer came."""
        draw = self._random
        await asyncio.sleep(draw.uniform(0.0002, 0.02))
        if draw.random() < self.lost:
            await asyncio.sleep(draw.random())
            return None
        tree = dict(told.tree)
        if "sentAt" in tree:
            tree["sentAt"] = f"{self._loop.time():.3f}"  # no part of the content
        if draw.random() < 0.2:
            tree = dict(reversed(tree.items()))
        body = json.dumps(tree).encode()
        headers = {"content-type": "application/json"}
        if told.key is not None:
            headers["idempotency-key"] = told.key
        told.arrived += 1
        answer = self._host.post(told.system, told.document, body, headers)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                status, answered, content = await answer
        except (TimeoutError, ConnectionRefusedError):
            return None
        if draw.random() < self.deaf:
            return None
        await asyncio.sleep(draw.uniform(0.0002, 0.02))
        if status not in (429, 503, 500):
            told.answers.append((status, content, "crossdock-duplicate" in answered))
            if len(told.answers) == 1:
                self._tell("door", told.system, told.document, told.id, told.mark, status)
        return status
