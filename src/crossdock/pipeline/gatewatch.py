"""Notices when a way has opened, by a person here or beside another process, or by the calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from crossdock.message.gate import Direction
from crossdock.pipeline.bound import Context
from crossdock.pipeline.gates import Shut

_log = structlog.get_logger("crossdock.gates")
#: How often the store is asked what people have opened and closed beside another process.
STORE_EVERY_S = 1.0


class GateWatch:
    """Looks at every way from time to time; `opened` is told the system and the way that is open, or open wider."""

    def __init__(
        self, context: Context, systems: Iterable[str], opened: Callable[[str, Direction], None]
    ) -> None:
        self._context = context
        self._systems = tuple(systems)
        self._opened = opened
        self._shut: dict[tuple[str, Direction], Shut | None] = {}
        self._asked_s = float("-inf")

    def look(self, *, store: bool = False) -> None:
        """Looks at the clock, and at the store when it is time or `store` says so."""
        gates, now_s = self._context.gates, self._context.clock.monotonic_s()
        if store or now_s - self._asked_s >= STORE_EVERY_S:
            self._asked_s = now_s
            if gates.refresh():
                # What is made from now on comes after what people did, whichever process they did it beside.
                self._context.journal.ids_beyond(gates.last_act)
        shut = {(name, way): gates.shut(name, way) for name in self._systems for way in Direction}
        before, self._shut = self._shut, shut
        for (name, way), was in before.items():
            if was is not None and was != shut[name, way]:
                _log.info("a way has opened", system=name, direction=way.value, was=was.state)
                self._opened(name, way)
