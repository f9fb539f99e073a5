"""Service levels: what counts, how fast the room for misses is used up, and when that is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.charter.charter import Charter
from crossdock.charter.watch import Level
from crossdock.journal.changes import Changes
from crossdock.journal.sql import watched
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.watched import Happened
from crossdock.message.gate import Direction

MINUTE_MS = 60_000
#: How long measures are kept.
KEPT_MS = 30 * 86_400_000
#: Fewer misses than this are no trend, however few documents there were.
MISSES_LEAST = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """A pair of windows: told when the room for misses is used up so many times too fast in both.

    The long one says that it matters, the short one that it still goes on. Source: the multi-window, multi-burn-rate
    alerts of the SRE Workbook, chapter 5, for an objective over 30 days.
    """

    name: str
    long_s: int
    short_s: int
    times: float


PACES = (
    Pace("fast", 3_600, 300, 14.4),
    Pace("steady", 21_600, 1_800, 6.0),
    Pace("slow", 259_200, 21_600, 1.0),
)
WINDOWS_S = tuple(sorted({span for pace in PACES for span in (pace.long_s, pace.short_s)}))


@dataclass(frozen=True, slots=True)
class Standing:
    """How one service level stands."""

    level: Level
    counts: dict[int, tuple[int, int]]  #: by window in seconds: how many, how many in time
    stuck: int = 0  #: under way for longer than they may be

    def burn(self, window_s: int) -> float:
        """How many times too fast the room for misses is used up; 1 uses it up just in 30 days."""
        total, good = self.counts[window_s]
        total += self.stuck
        return 0.0 if not total else (total - good) / total / (1 - self.level.objective)

    def misses(self, window_s: int) -> int:
        """How many were late."""
        total, good = self.counts[window_s]
        return total - good + self.stuck

    @property
    def burning(self) -> str | None:
        """The pace at which the room for misses burns; None while it does not."""
        for pace in PACES:
            if (
                self.burn(pace.long_s) >= pace.times
                and self.burn(pace.short_s) >= pace.times
                and self.misses(pace.long_s) >= MISSES_LEAST
            ):
                return pace.name
        return None

    @property
    def shown(self) -> dict[str, Any]:
        """As GET /v1/watch shows it."""
        longest = WINDOWS_S[-1]
        total, good = self.counts[longest]
        return {
            "name": self.level.name,
            "objective": round(self.level.objective * 100, 5),
            "within_s": self.level.within_s,
            "documents": list(self.level.documents),
            "total": total,
            "good": good,
            "stuck": self.stuck,
            "share": None if not total + self.stuck else round(good / (total + self.stuck) * 100, 3),
            "burning": self.burning,
            "burn": [{"window_s": span, "rate": round(self.burn(span), 3)} for span in WINDOWS_S],
        }


class Levels:
    """Counts what happened for the service levels of a charter."""

    def __init__(self, charter: Charter, scope: int) -> None:
        self._charter = charter
        self._scope = scope
        self.levels = charter.watch.levels
        self._calendars = {name: charter.calendar(name, Direction.OUT.value) for name in charter.systems}

    def judge(self, events: Iterable[Happened], changes: Changes) -> None:
        """Notes what came where it belongs, and whether in time."""
        if not self.levels:
            return
        total, good = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
        for e in events:
            if not e.done:
                continue
            for level in self.levels:
                if level.counts(e.target, e.document):
                    key = (level.name, e.at_ms // MINUTE_MS * MINUTE_MS)
                    total[key] += 1
                    good[key] += self.took_ms(e) <= level.within_s * 1000
        for (name, minute_ms), count in total.items():
            changes.row("add_measure", self._scope, name, minute_ms, count, good[name, minute_ms])

    def took_ms(self, e: Happened) -> int:
        """How long a document took, without the time in which its target was to be left alone."""
        calendar = self._calendars.get(e.target)
        closed_ms = calendar.closed_ms(e.came_ms, e.at_ms) if calendar else 0
        return max(e.at_ms - e.came_ms - closed_ms, 0)

    def standings(self, connection: Connection, now_ms: int) -> list[Standing]:
        """How every service level stands."""
        return [self._standing(connection, level, now_ms) for level in self.levels]

    def _standing(self, connection: Connection, level: Level, now_ms: int) -> Standing:
        since: Sequence[int] = [now_ms - span * 1000 - MINUTE_MS + 1 for span in WINDOWS_S]
        found = watched.measured(connection, self._scope, level.name, since)
        targets = [
            name
            for name, system in self._charter.systems.items()
            if (not level.systems or name in level.systems) and not self._calendars[name].at(now_ms)
            and (system.flows_out or any(r.system == name for o in self._charter.objects.values() for r in o.readers))
        ]  # fmt: skip
        before_ms = now_ms - int(level.within_s * 1000)
        stuck = watched.stuck(connection, level.documents, targets, before_ms) if targets else 0
        return Standing(level, dict(zip(WINDOWS_S, found, strict=True)), stuck)
