"""Opening hours: the times in which a clock runs, the counterpart of a blackout."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from crossdock.charter.blackouts import Blackout, Calendar, Every, Stretch

_DAY_MS = 86_400_000
#: A look ahead, and how many of them: hours that do not come in ten years never do.
_AHEAD_MS, _LOOKS_MAX = 14 * _DAY_MS, 260
_ANY = frozenset({"in"})


@dataclass(frozen=True, slots=True)
class Hours:
    """When people or systems are at work. Pure: every question says what time it is (milliseconds since 1970)."""

    zone: ZoneInfo
    days: tuple[str, ...] = ()  #: weekdays on which they begin; none: every day
    begins: time = time()
    ends: time = time()
    closed: frozenset[date] = frozenset()
    _calendar: Calendar = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keeps the rule as the stretches of time that it stands for."""
        every = Every.WEEK if self.days else Every.DAY
        rule = Blackout(_ANY, every=every, days=self.days, at=self.begins, until=self.ends)
        object.__setattr__(self, "_calendar", Calendar([rule], self.zone))

    def open_between(self, from_ms: int, to_ms: int) -> list[Stretch]:
        """The open stretches that touch a span of time, in order."""
        if not self.closed:
            return list(self._calendar.between(from_ms, to_ms))
        days = (
            Stretch(max(one.from_ms, at), min(one.to_ms, until))
            for one in self._calendar.between(from_ms, to_ms)
            for at, until in self._days(one)
        )
        return [one for one in days if one.from_ms < one.to_ms]

    def _days(self, one: Stretch) -> list[tuple[int, int]]:
        """The days of a stretch that are not closed, each from midnight to midnight on the wall."""
        found: list[tuple[int, int]] = []
        at = datetime.fromtimestamp(one.from_ms / 1000, self.zone).date()
        last = datetime.fromtimestamp(one.to_ms / 1000, self.zone).date()
        while at <= last:
            following = date.fromordinal(at.toordinal() + 1)
            if at not in self.closed:
                found.append((self._midnight_ms(at), self._midnight_ms(following)))
            at = following
        return found

    def _midnight_ms(self, day: date) -> int:
        return int(datetime.combine(day, time(), self.zone).timestamp() * 1000)

    def is_open(self, now_ms: int) -> bool:
        """Whether an instant lies in them."""
        return any(one.from_ms <= now_ms < one.to_ms for one in self.open_between(now_ms, now_ms + 1))

    def advanced(self, from_ms: int, open_ms: int) -> int:
        """The instant at which a clock that runs only in them has run for so long."""
        at_ms, left_ms = from_ms, open_ms
        for _ in range(_LOOKS_MAX):
            until_ms = at_ms + _AHEAD_MS
            for one in self.open_between(at_ms, until_ms):
                begin_ms, end_ms = max(one.from_ms, at_ms), min(one.to_ms, until_ms)
                if begin_ms + left_ms <= end_ms:
                    return begin_ms + left_ms
                left_ms -= end_ms - begin_ms
            at_ms = until_ms
        return at_ms

    def next_end(self, now_ms: int) -> int:
        """When the hours that it is now are over; `now_ms` itself outside of them."""
        at_ms = now_ms
        for one in self.open_between(now_ms, now_ms + _AHEAD_MS):
            if one.from_ms > at_ms:
                break
            at_ms = max(at_ms, one.to_ms)
        return at_ms
