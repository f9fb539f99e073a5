"""What comes round: duties that are done from time to time, none of them stopped by the failure of another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from crossdock.journal.contract import StoreDown
from crossdock.pipeline.bound import Clock

_log = structlog.get_logger("crossdock.worker")
TICK_S = 0.25


@dataclass(slots=True)
class Duty:
    """Something that is done at each tick, or at the first one after so many seconds."""

    name: str
    do: Callable[[], Awaitable[None] | None]
    every_s: float = 0.0
    done_s: float = 0.0  #: monotonic: when it was last begun


async def for_ever(clock: Clock, duties: Sequence[Duty]) -> None:
    """Does them in their order until cancelled; the first time of each is counted from now."""
    for duty in duties:
        duty.done_s = clock.monotonic_s()
    while True:
        await clock.sleep(TICK_S)
        await once(clock.monotonic_s(), duties)


async def once(now_s: float, duties: Sequence[Duty]) -> None:
    """One tick. While the store cannot be read none of them can be done."""
    for duty in duties:
        if now_s - duty.done_s < duty.every_s:
            continue
        duty.done_s = now_s
        try:
            work = duty.do()
            if work is not None:
                await work
        except StoreDown as down:
            _log.error("store down", says=str(down), duty=duty.name)
            return
        except Exception:  # ends in the next tick: the clocks must not stop
            _log.exception("the clock stumbled", duty=duty.name)
