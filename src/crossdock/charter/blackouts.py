"""The times at which a system must be left alone, such as an ERP's period close, as stretches of absolute time."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from itertools import pairwise
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST, LAST_WORKDAY = "last", "last_workday"
#: The longest blackout; a longer one is a system that is not connected.
HOURS_MAX = 31 * 24
_DAY_MS = 86_400_000
#: Stretches that follow each other without a gap and count as one, and stretches that one question looks at.
_JOINED_MAX = 1_000


class Every(Enum):
    """How often a blackout comes again."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one instant to another, in milliseconds since 1970, and why nothing passes in between."""

    from_ms: int
    to_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Blackout:
    """One rule: a single stretch (`begins`, `ends`), or one that comes again (`every`, `days`, `at`).

    All times are of the system's own clock on the wall. A stretch ends at `until` (on the next day where
    that is not later than `at`) or after `hours`.
    """

    directions: frozenset[str]
    reason: str = ""
    begins: datetime | None = None
    ends: datetime | None = None
    every: Every | None = None
    days: tuple[str, ...] = ()  #: weekday names; for a month: 1 to 31, last, last_workday
    at: time = time()
    until: time | None = None
    hours: float = 0.0

    def stretches(self, zone: ZoneInfo, from_ms: int, to_ms: int) -> Iterator[Stretch]:
        """Those that touch a span of time, in order."""
        if self.begins is not None and self.ends is not None:
            found = Stretch(_instant(self.begins, zone), _instant(self.ends, zone, last=True), self.reason)
            if found.from_ms < to_ms and found.to_ms > from_ms:
                yield found
            return
        day = datetime.fromtimestamp(from_ms / 1000, zone).date() - timedelta(days=2 + int(self.hours // 24))
        end = datetime.fromtimestamp(min(to_ms / 1000, _FAR_S), zone).date() + timedelta(days=1)
        while day <= end:
            if self._on(day):
                found = self._stretch(day, zone)
                if found.from_ms < to_ms and found.to_ms > max(from_ms, found.from_ms):
                    yield found
            day += timedelta(days=1)

    def _on(self, day: date) -> bool:
        if self.every is Every.DAY:
            return True
        if self.every is Every.WEEK:
            return WEEKDAYS[day.weekday()] in self.days
        last = monthrange(day.year, day.month)[1]
        names = {str(day.day)}
        if day.day == last:
            # A day that a short month does not have is its last one.
            names |= {LAST, *(str(n) for n in range(last + 1, 32))}
        if day.day == _last_workday(day.year, day.month):
            names.add(LAST_WORKDAY)
        return bool(names.intersection(self.days))

    def _stretch(self, day: date, zone: ZoneInfo) -> Stretch:
        from_ms = _instant(datetime.combine(day, self.at), zone)
        if self.until is None:
            return Stretch(from_ms, from_ms + int(self.hours * 3_600_000), self.reason)
        ends = datetime.combine(day if self.until > self.at else day + timedelta(days=1), self.until)
        return Stretch(from_ms, _instant(ends, zone, last=True), self.reason)


#: A date that every computer can write, for spans without an end.
_FAR_S = 250_000_000_000


def _instant(wall: datetime, zone: ZoneInfo, *, last: bool = False) -> int:
    """The instant of a time on the wall.

    A time that the clock shows twice, or leaves out, may mean two instants: a stretch begins at the first
    and ends at the last, so that it is never shorter than somebody expects.
    """
    instants = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC).timestamp() for fold in (0, 1)]
    return round((max if last else min)(instants) * 1000)


def _last_workday(year: int, month: int) -> int:
    day = date(year, month, monthrange(year, month)[1])
    return (day - timedelta(days=max(day.weekday() - 4, 0))).day


class Calendar:
    """All blackouts of one system and one direction. Pure: every question says what time it is."""

    def __init__(self, rules: Iterable[Blackout], zone: ZoneInfo) -> None:
        self._rules = tuple(rules)
        self._zone = zone

    def __bool__(self) -> bool:
        return bool(self._rules)

    def between(self, from_ms: int, to_ms: int) -> Sequence[Stretch]:
        """The stretches that touch a span of time, in order and without overlap."""
        found = [s for rule in self._rules for s in rule.stretches(self._zone, from_ms, to_ms)]
        return joined(found)

    def at(self, now_ms: int) -> Stretch | None:
        """The stretch that this instant lies in, up to where it really ends; None outside."""
        found: Stretch | None = None
        for one in self.between(now_ms, now_ms + _DAY_MS):
            if one.from_ms <= now_ms < one.to_ms:
                found = one
        for _ in range(_JOINED_MAX):
            if found is None:
                break
            more = joined([found, *self.between(found.to_ms - 1, found.to_ms + _DAY_MS)])[0]
            if more.to_ms <= found.to_ms:
                break
            found = more
        return found

    def next_after(self, now_ms: int, within_days: int = 40) -> Stretch | None:
        """The first stretch that begins after an instant; None within so many days."""
        every = self.between(now_ms, now_ms + within_days * _DAY_MS)
        return next((one for one in every if one.from_ms > now_ms), None)

    def closed_ms(self, from_ms: int, to_ms: int) -> int:
        """How much of a span lies in blackouts."""
        return covered_ms(self.between(from_ms, to_ms), from_ms, to_ms)

    def advanced(self, from_ms: int, open_ms: int) -> int:
        """The instant at which a clock that stands still in blackouts has run for so long."""
        at_ms, left_ms = from_ms, open_ms
        for _ in range(_JOINED_MAX):
            ahead = self.between(at_ms, at_ms + left_ms + 1)
            if not ahead or at_ms + left_ms <= ahead[0].from_ms:
                return at_ms + left_ms
            left_ms -= max(ahead[0].from_ms - at_ms, 0)
            at_ms = ahead[0].to_ms
        return at_ms + left_ms


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time in order and without overlap; what touches becomes one, named after the first."""
    found: list[Stretch] = []
    for one in sorted(stretches, key=lambda s: (s.from_ms, -s.to_ms)):
        if found and one.from_ms <= found[-1].to_ms:
            last = found[-1]
            found[-1] = Stretch(last.from_ms, max(last.to_ms, one.to_ms), last.reason or one.reason)
        else:
            found.append(one)
    return found


def covered_ms(stretches: Iterable[Stretch], from_ms: int, to_ms: int) -> int:
    """How much of a span they cover."""
    return sum(max(min(s.to_ms, to_ms) - max(s.from_ms, from_ms), 0) for s in joined(stretches))


def never_open(rules: Sequence[Blackout], zone: ZoneInfo, now_ms: int) -> bool:
    """Whether no minute of a year is outside all of them."""
    span = Calendar(rules, zone).between(now_ms, now_ms + 366 * _DAY_MS)
    if not span or span[0].from_ms > now_ms or span[-1].to_ms < now_ms + 366 * _DAY_MS:
        return False
    return all(one.to_ms >= other.from_ms for one, other in pairwise(span))
