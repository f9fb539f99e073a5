"""Working days and cut-off times: on which day an order leaves, and when it is released for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: Days looked at for a working one; a calendar without any in that time never works.
DAYS_MAX = 400
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Workdays:
    """The days on which somebody works: weekdays (0 is Monday) without holidays, dates or `12-25` for each year."""

    who: str
    days: frozenset[int] = frozenset(range(7))
    holidays: frozenset[str] = frozenset()

    def idle(self, day: date) -> str:
        """Why nothing leaves on a day; empty where something does."""
        return next((says for rule in IDLE if (says := rule(self, day))), "")


def _no_weekday(work: Workdays, day: date) -> str:
    return "" if day.weekday() in work.days else f"{work.who} does not work on a {_NAMES[day.weekday()]}"


def _holiday(work: Workdays, day: date) -> str:
    named = {day.isoformat(), day.strftime("%m-%d")} & work.holidays
    return f"{day.isoformat()} is a holiday of {work.who}" if named else ""


#: Why a day is no working day, each rule by itself.
IDLE: tuple[Callable[[Workdays, date], str], ...] = (_no_weekday, _holiday)


@dataclass(frozen=True, slots=True)
class Dock:
    """When goods leave one site by one carrier: on its wall's clock, on days on which both work."""

    zone: ZoneInfo
    works: tuple[Workdays, ...] = ()
    cut_off: time | None = None  #: the earlier of the site's and the carrier's; None: none
    waves: tuple[time, ...] = ()  #: when orders are released; none: at once


@dataclass(frozen=True, slots=True)
class Departure:
    """The day on which an order leaves, when it is released for that, and why no earlier."""

    day: date
    release_ms: int
    why: tuple[str, ...] = ()


def departure(dock: Dock, now_ms: int, not_before_ms: int | None = None) -> Departure | None:
    """When an order leaves that is ready now, and not released before a moment; None: never.

    An order on the very minute of the cut-off still leaves that day. Waves after the cut-off release for the
    next working day.
    """
    ready_ms = max(now_ms, not_before_ms or 0)
    ready = datetime.fromtimestamp(ready_ms / 1000, dock.zone)
    why: list[str] = []
    if ready_ms > now_ms:
        why.append(f"not before {ready:%Y-%m-%d %H:%M}")
    for ahead in range(DAYS_MAX):
        day = ready.date() + timedelta(days=ahead)
        idle = next((says for work in dock.works if (says := work.idle(day))), "")
        if idle:
            why.append(idle)
            continue
        release_ms, late = _release(dock, day, ready, ready_ms)
        if release_ms is not None:
            return Departure(day, release_ms, tuple(why))
        why.append(late)
    return None


def _release(dock: Dock, day: date, ready: datetime, ready_ms: int) -> tuple[int | None, str]:
    """When it is released so that it leaves on a day; why it is too late for that."""
    first = ready.time() if day == ready.date() else time()
    if dock.waves:
        waves = [wave for wave in dock.waves if dock.cut_off is None or wave <= dock.cut_off]
        wave = next((wave for wave in sorted(waves) if wave >= first), None)
        if wave is None:
            return None, f"after the last wave on {day.isoformat()}"
        return _instant_ms(day, wave, dock.zone), ""
    if dock.cut_off is not None and first.replace(second=0, microsecond=0) > dock.cut_off:
        return None, f"after the cut-off of {dock.cut_off:%H:%M} {dock.zone.key} on {day.isoformat()}"
    # Without waves the warehouse has it at once, and may work ahead.
    return ready_ms, ""


def _instant_ms(day: date, at: time, zone: ZoneInfo) -> int:
    wall = datetime.combine(day, at, zone)
    return round(wall.astimezone(UTC).timestamp() * 1000)


def earlier(times: Sequence[time | None]) -> time | None:
    """The earliest of some times of day, as far as there are any."""
    return min((one for one in times if one is not None), default=None)
