"""How much comes in and goes out a minute, from the end of the ledger: read once for all pages, in bounded steps."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from crossdock.journal.sql import tail
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.site import SiteJournal

#: The span that a rate is taken over, and how finely it is kept.
SPAN_MS, _PART_MS = 600_000, 10_000
#: Steps of one look; a ledger that grows faster is followed at its end.
_STEPS_MAX = 4
#: What a graph of the last minutes shows: one bar a minute.
_MINUTE_MS = 60_000


@dataclass(slots=True)
class _Part:
    """What happened in ten seconds: (came or went, system) to how often."""

    from_ms: int
    counts: Counter[tuple[bool, str]] = field(default_factory=Counter[tuple[bool, str]])


@dataclass(frozen=True, slots=True)
class Rates:
    """Documents a minute, by system."""

    came: dict[str, float]
    went: dict[str, float]
    minutes: tuple[int, ...]  #: documents that systems got, minute by minute, the newest last


class Meter:
    """Follows the ledger."""

    def __init__(self, journal: SiteJournal, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._now_ms = now_ms
        self._position: int | None = None
        self._since_ms = 0
        self._parts: deque[_Part] = deque()

    async def rates(self) -> Rates:
        """The rates of the last minutes."""
        await self._journal.view(self._read)
        now_ms = self._now_ms()
        while self._parts and self._parts[0].from_ms < now_ms - SPAN_MS:
            self._parts.popleft()
        total: Counter[tuple[bool, str]] = Counter()
        minutes = [0] * (SPAN_MS // _MINUTE_MS)
        for part in self._parts:
            total.update(part.counts)
            ago = (now_ms - part.from_ms) // _MINUTE_MS
            if 0 <= ago < len(minutes):
                minutes[-1 - ago] += sum(n for (came, _), n in part.counts.items() if not came)
        covered_min = max(min(SPAN_MS, now_ms - self._since_ms), _MINUTE_MS) / _MINUTE_MS
        return Rates(
            {system: n / covered_min for (came, system), n in total.items() if came},
            {system: n / covered_min for (came, system), n in total.items() if not came},
            tuple(minutes),
        )

    def _read(self, connection: Connection) -> None:
        last = tail.last_position(connection)
        if self._position is None or last - self._position > _STEPS_MAX * tail.STEP_MAX:
            at = tail.position_at(connection, self._now_ms() - SPAN_MS, last)
            self._position = max(at, last - _STEPS_MAX * tail.STEP_MAX)
            first_ms = tail.time_of(connection, self._position + 1) or self._now_ms()
            # Where the whole span was read, minutes without an entry count too.
            self._since_ms = self._now_ms() - SPAN_MS if self._position == at else first_ms
            self._parts.clear()
        for _ in range(_STEPS_MAX):
            before = self._position
            self._position, events = tail.events_after(connection, before)
            for event in events:
                self._count(event)
            if self._position - before < tail.STEP_MAX:
                return

    def _count(self, event: tail.Event) -> None:
        from_ms = event.at_ms - event.at_ms % _PART_MS
        if not self._parts or self._parts[-1].from_ms < from_ms:
            self._parts.append(_Part(from_ms))
        # A clock that was set back counts into the newest part.
        self._parts[-1].counts[event.came, event.system] += 1
