"""How much of each system waits, and whether its door must ask it to wait: bounds, and an honest Retry-After."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from crossdock.charter.charter import Charter
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql import flow
from crossdock.journal.sql.connection import Connection
from crossdock.message.states import TransmissionState
from crossdock.pipeline.bound import Clock

T = TypeVar("T")
_S = TransmissionState
_log = structlog.get_logger("crossdock.pressure")

#: Requests of one system inside the door at once: their bodies are read, or they wait for their commit.
INSIDE_MAX = 4_096
#: Bytes of bodies inside the door, of all systems; one system has half of it at most.
INSIDE_MAX_BYTES = 96_000_000
#: Seconds between two looks at the store; more where a look takes long.
LOOK_EVERY_S = 2.0
_LOOK_SHARE = 20
#: Seconds that a sender is told where nothing can be measured, and at most.
RETRY_UNKNOWN_S, RETRY_MAX_S = 60, 3_600
#: Somebody makes room, or something is tidied up: then it is over at once.
RETRY_DISK_S = 5
#: A door that was closed by a backlog opens again when so much of it is left.
_OPEN_AT = 0.95
#: How much a new measurement of the drain rate counts beside the former ones.
_SMOOTH = 0.3
_MOVING = frozenset({_S.DUE.value, _S.SENDING.value, _S.RETRYING.value, _S.IN_DOUBT.value})


@dataclass(frozen=True, slots=True)
class Full:
    """Why a door takes nothing of a system now; `status` is 429 or 503, `retry_s` when to come again."""

    status: int
    says: str
    fix: str
    retry_s: int


@dataclass(slots=True)
class Load:
    """What waits of one system, as far as is known; times in seconds of the monotonic clock."""

    counted: int = 0  #: things under way at the last look
    since: int = 0  #: captures accepted here since then
    oldest_ms: int | None = None
    drained_per_s: float = 0.0  #: smoothed; 0: nothing measured, or nothing moves
    refusing: bool = False
    inside: int = 0
    inside_bytes: int = 0

    @property
    def backlog(self) -> int:
        """Things under way, as far as is known."""
        return self.counted + self.since


class Views(Protocol):
    """Where the figures are counted."""

    async def view(self, read: Callable[[Connection], T]) -> T:
        """Runs a larger read in one snapshot, off the event loop."""
        ...


class Pressure:
    """Counts what waits, and tells the doors. Questions cost next to nothing; the store is asked in the background.

    `disk` gives the free bytes and those in all where the store is; None: it is not on a disk of this machine.
    """

    def __init__(
        self,
        charter: Charter,
        journal: Views,
        clock: Clock,
        disk: Callable[[], tuple[int, int] | None] = lambda: None,
    ) -> None:
        self._charter = charter
        self._journal = journal
        self._clock = clock
        self._disk = disk
        self._loads = {name: Load() for name in charter.systems}
        self._inside_bytes = 0
        self._disk_is_short = False
        self._looked_s: float | None = None
        self._task: asyncio.Task[None] | None = None

    # -- at the door ---------------------------------------------------------

    def full(self, system: str, length: int = 0) -> Full | None:
        """Why nothing of a system is taken now; `length` are the bytes it wants to send, as far as it says."""
        load = self._loads[system]
        if self._disk_is_short:
            says = "the disk of the hub is nearly full"
            return Full(503, says, "keep it and send it again later", RETRY_DISK_S)
        most = self._charter.backlog_max(system)
        load.refusing = load.backlog >= (most * _OPEN_AT if load.refusing else most)
        if load.refusing:
            says = f"{load.backlog:,} documents of {system} are under way, which is as many as may be"
            return Full(429, says, "send it again later", self._retry_s(load, most))
        age_s = self._charter.intake.backlog_age_s
        if age_s is not None and load.oldest_ms is not None:
            old_s = (self._clock.now_ms() - load.oldest_ms) / 1000
            if old_s > age_s:
                says = f"the oldest document of {system} under way has waited for {old_s / 60:.0f} min"
                return Full(429, says, "send it again later", self._retry_s(load, 0))
        if load.inside >= INSIDE_MAX:
            return Full(429, f"{load.inside:,} requests of {system} are at the door", "send fewer at once", 1)
        if (
            load.inside_bytes + length > INSIDE_MAX_BYTES // 2
            or self._inside_bytes + length > INSIDE_MAX_BYTES
        ):
            return Full(429, "more is at the door than memory can hold", "send fewer at once", 1)
        return None

    def is_full(self, system: str) -> bool:
        """Whether a system that is asked should not be asked for more now."""
        return self.full(system) is not None

    def enter(self, system: str) -> Load:
        """A request comes in; the caller adds the bytes it reads, and calls `leave` in the end."""
        load = self._loads[system]
        load.inside += 1
        return load

    def more(self, load: Load, count: int) -> bool:
        """So many more bytes are held for a request; False when they are too many."""
        load.inside_bytes += count
        self._inside_bytes += count
        return load.inside_bytes <= INSIDE_MAX_BYTES // 2 and self._inside_bytes <= INSIDE_MAX_BYTES

    def leave(self, load: Load, held: int) -> None:
        """A request was answered; `held` are the bytes that were held for it."""
        load.inside -= 1
        load.inside_bytes -= held
        self._inside_bytes -= held

    def taken(self, system: str, count: int = 1) -> None:
        """So many captures were accepted."""
        self._loads[system].since += count

    def _retry_s(self, load: Load, most: int) -> int:
        """When so much has gone that there is room, at the rate that was measured."""
        too_many = load.backlog - int(most * _OPEN_AT)
        if load.drained_per_s <= 0:
            return RETRY_UNKNOWN_S
        return min(max(math.ceil(too_many / load.drained_per_s), 1), RETRY_MAX_S)

    def loads(self) -> Mapping[str, Load]:
        """What is known of every system, for the control room."""
        return self._loads

    def backlogs(self) -> Mapping[str, int]:
        """Things under way by system."""
        return {name: load.backlog for name, load in self._loads.items()}

    # -- counting ------------------------------------------------------------

    def start(self) -> None:
        """Begins to count in the background."""
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="pressure")

    async def stop(self) -> None:
        """Counts no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            began_s = time.perf_counter()
            try:
                await self.look()
            except (StoreDown, OSError) as down:
                _log.warning("what waits could not be counted", says=str(down))
            except Exception:  # ends in the next look: the doors go on with what is known
                _log.exception("what waits could not be counted")
            took_s = time.perf_counter() - began_s
            await self._clock.sleep(max(LOOK_EVERY_S, took_s * _LOOK_SHARE))

    def _look_at_the_disk(self) -> None:
        found = self._disk()
        if found is None:
            return
        free, kept = found[0], self._charter.intake.kept_free(found[1])
        if (free < kept) != self._disk_is_short:
            self._disk_is_short = not self._disk_is_short
            event = (
                "the doors are closed, the disk is nearly full" if free < kept else "the disk has room again"
            )
            _log.warning(event, free_mb=free // 1_000_000, kept_free_mb=kept // 1_000_000)

    async def look(self) -> None:
        """Counts once. Raises StoreDown."""
        self._look_at_the_disk()
        noted = {name: load.since for name, load in self._loads.items()}
        counts, oldest = await self._journal.view(_counted)
        now_s = self._clock.monotonic_s()
        passed_s = None if self._looked_s is None else max(now_s - self._looked_s, 0.001)
        self._looked_s = now_s
        for name, load in self._loads.items():
            count = counts.get(name, 0)
            if passed_s is not None:
                went = max(load.counted + noted[name] - count, 0) / passed_s
                load.drained_per_s += (went - load.drained_per_s) * _SMOOTH
            # What came in while the store was counted may be in the count already: the door errs by opening late.
            load.counted, load.since = count, load.since - noted[name]
            load.oldest_ms = oldest.get(name)


def _counted(connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """Things under way by system, and when the oldest of each was accepted; what waits for a person not counted."""
    counts: dict[str, int] = {}
    oldest: dict[str, int] = {}
    for one in flow.waiting(connection):
        if one.what == "transmissions" and one.state not in _MOVING:
            continue
        counts[one.origin] = counts.get(one.origin, 0) + one.count
        at_ms = flow.accepted_ms(connection, one)
        if at_ms is not None:
            oldest[one.origin] = min(at_ms, oldest.get(one.origin, at_ms))
    return counts, oldest
