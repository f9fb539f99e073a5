"""Times as people say them: relative under an hour, then the clock, then the date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crossdock.console.words import say


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock on the wall of a site, at one moment."""

    zone: ZoneInfo
    now_ms: int

    def at(self, at_ms: int) -> datetime:
        """A time on this clock."""
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.zone)

    def stated(self, text: str) -> str:
        """A time that somebody typed, `2026-11-21T08:00`, with the zone of this clock; anything else as it is."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        return (at if at.tzinfo is not None else at.replace(tzinfo=self.zone)).isoformat()

    def ago(self, at_ms: int | None) -> str:
        """`just now`, `14 min ago`, `09:12`, `yesterday 09:12` or `12 Nov`."""
        if at_ms is None:
            return say("time.never")
        passed_s = (self.now_ms - at_ms) / 1000
        if passed_s < 0:
            return self.when(at_ms)
        if passed_s < 45:
            return say("time.now")
        if passed_s < 3_600:
            return say("time.minutes_ago", count=max(1, round(passed_s / 60)))
        return self.when(at_ms)

    def when(self, at_ms: int | None) -> str:
        """`09:12` today, `yesterday 09:12`, `12 Nov 09:12`, with the year where it is another one."""
        if at_ms is None:
            return say("time.never")
        at, now = self.at(at_ms), self.at(self.now_ms)
        clock = f"{at:%H:%M}"
        if at.date() == now.date():
            return clock
        if at.date() == now.date() - timedelta(days=1):
            return say("time.yesterday", clock=clock)
        if at.date() == now.date() + timedelta(days=1):
            return say("time.tomorrow", clock=clock)
        year = "" if at.year == now.year else f" {at.year}"
        return f"{at.day} {at:%b}{year} {clock}"

    def date(self, at_ms: int) -> str:
        """`12 Nov 2027`: a day that is far."""
        at = self.at(at_ms)
        return f"{at.day} {at:%b %Y}"

    def exact(self, at_ms: int | None) -> str:
        """To the second, with the zone: what a pointer that rests on a time is shown."""
        if at_ms is None:
            return ""
        at = self.at(at_ms)
        return f"{at.day} {at:%B %Y %H:%M:%S} {self.zone.key}"

    def machine(self, at_ms: int | None) -> str:
        """As programs read it."""
        if at_ms is None:
            return ""
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def left(self, due_ms: int) -> str:
        """`2 h 10 min left`, or `14 min late`."""
        late = self.now_ms > due_ms
        return say("time.late" if late else "time.left", span=span(abs(due_ms - self.now_ms) / 1000))

    def is_past(self, at_ms: int) -> bool:
        """Whether a clock has run out."""
        return self.now_ms > at_ms


def span(seconds: float) -> str:
    """A length of time in its two largest units."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return say("time.under_a_minute")
    if minutes < 60:
        return say("time.min", count=minutes)
    hours = minutes // 60
    if hours < 48:
        return say("time.hours", hours=hours, minutes=minutes % 60)
    return say("time.days", count=hours // 24)


def ms_of(moment: str | None) -> int | None:
    """Milliseconds since 1970 of a time as the API writes it."""
    return None if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)
