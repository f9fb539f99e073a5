"""The product's own bookkeeping, read many times a second and believed in nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from tests.harness.hub import View
from tests.harness.wire import Cut, NotSent

UNDER_WAY = {
    "captures": ("waiting",),
    "messages": ("waiting",),
    "transmissions": ("due", "sending", "retrying", "in_doubt"),
}
FIRST = {"captures": "accepted", "messages": "made", "transmissions": "made"}
ROWS = {
    "captures": ("accepted", "waiting", "translated", "desk", "closed"),
    "messages": ("made", "waiting", "routed", "superseded", "refused", "desk", "closed"),
    "transmissions": (
        "made", "due", "held", "sending", "retrying", "in_doubt", "done", "superseded", "desk", "closed",
    ),
}  # fmt: skip


def unbalanced(figures: dict[str, Any]) -> list[str]:
    """What is wrong with one snapshot, by the harness's own sums."""
    wrong: list[str] = []
    for row, names in ROWS.items():
        held = figures[row]
        if tuple(sorted(held)) != tuple(sorted(names)):
            wrong.append(f"{row} has {sorted(held)}")
        elif held[FIRST[row]] != sum(count for name, count in held.items() if name != FIRST[row]):
            wrong.append(f"{row}: {held}")
        elif min(held.values()) < 0:
            wrong.append(f"{row} has a negative figure: {held}")
    if figures["balanced"] is not (not wrong):
        wrong.append(f"balanced says {figures['balanced']}")
    return wrong


def under_way(figures: dict[str, Any]) -> int:
    """How many things still move without a person."""
    return sum(figures[row][name] for row, names in UNDER_WAY.items() for name in names)


@dataclass(slots=True)
class Watch:
    """Asks for conservation `per_s` times a second until it is ended."""

    view: View
    per_s: float = 20.0
    asked: int = 0
    unreachable: int = 0
    slowest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to ask."""
        self._task = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        position = -1
        while True:
            began_s = time.monotonic()
            try:
                figures = await self.view.conservation()
            except (NotSent, Cut):
                self.unreachable += 1
                await asyncio.sleep(1 / self.per_s)
                continue
            self.asked += 1
            self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
            self.wrong += unbalanced(figures)
            if figures["position"] < position:
                self.wrong.append(f"position went back from {position} to {figures['position']}")
            position = figures["position"]
            self.last = figures
            for name, count in figures["transmissions"].items():
                self.peaks[name] = max(self.peaks.get(name, 0), count)
            await asyncio.sleep(max(0.0, began_s + 1 / self.per_s - time.monotonic()))

    async def end(self) -> None:
        """Stops asking; raises what the asking met."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            if not self._task.cancelled() and (met := self._task.exception()) is not None:
                raise met
            self._task = None
        await self.view.close()


async def settled(view: View, wait_s: float, *, calm: int = 2, accepted: int = 0) -> dict[str, Any]:
    """Waits until nothing moves without a person, `calm` times running; the last figures.

    Raises AssertionError with the figures when that takes longer than `wait_s`.
    """
    until_s = time.monotonic() + wait_s
    quiet = 0
    figures: dict[str, Any] = {}
    while time.monotonic() < until_s:
        try:
            figures = await view.conservation()
        except (NotSent, Cut):
            quiet = 0
            await asyncio.sleep(0.05)
            continue
        enough = figures["captures"]["accepted"] >= accepted
        quiet = quiet + 1 if enough and under_way(figures) == 0 else 0
        if quiet >= calm:
            return figures
        await asyncio.sleep(0.05)
    raise AssertionError(f"not settled after {wait_s} s: {figures}")
