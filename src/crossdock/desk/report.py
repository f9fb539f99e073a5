"""The weekly report: what went wrong how often, where, whose it was, how long it took, and whether it grows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.faults import Invalid
from crossdock.journal.sql import report_reads
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.report_reads import Look, Told
from crossdock.message.incident import TYPES
from crossdock.message.names import moment

#: Weeks of a trend, the reported one with them, and lines of one table.
WEEKS, LINES_MAX = 8, 50
BY = ("type", "sku", "system", "owner")
_WEEK = re.compile(r"(\d{4})-W(\d\d)")
#: Types whose value is an item, or an item and its unit.
_OF_ITEMS = frozenset({"unknown_sku", "unknown_unit", "stock_variance", "backorder", "negative_stock"})
_NAMES_ITEM = re.compile(r"(?:^|[.\]])(?:sku|item)$")


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week on the clock of a site."""

    year: int
    number: int
    zone: ZoneInfo

    @property
    def name(self) -> str:
        """As it is written: 2026-W47."""
        return f"{self.year}-W{self.number:02d}"

    @property
    def from_ms(self) -> int:
        """When its Monday begins, in milliseconds since 1970."""
        return self._begins(date.fromisocalendar(self.year, self.number, 1))

    @property
    def until_ms(self) -> int:
        """When the next Monday begins."""
        return self._begins(date.fromisocalendar(self.year, self.number, 1) + timedelta(days=7))

    def moved(self, weeks: int) -> Week:
        """A week so many later."""
        day = date.fromisocalendar(self.year, self.number, 1) + timedelta(weeks=weeks)
        year, number, _ = day.isocalendar()
        return Week(year, number, self.zone)

    def _begins(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp() * 1000)


def week_of(text: str | None, now_ms: int, zone: ZoneInfo) -> Week:
    """The week of a text such as 2026-W47; without one that of now. Raises Invalid."""
    if not text:
        year, number, _ = datetime.fromtimestamp(now_ms / 1000, zone).isocalendar()
        return Week(year, number, zone)
    found = _WEEK.fullmatch(text)
    try:
        week = Week(int(found[1]), int(found[2]), zone) if found else None
        if week is not None:
            assert week.from_ms < week.moved(1).until_ms
            return week
    except (ValueError, OverflowError):
        pass
    raise Invalid(f"{text[:20]} is no week", path="week", value=text, fix="write it as 2026-W47")


@dataclass(slots=True)
class _Line:
    count: int = 0
    open: int = 0
    minutes: float = 0.0
    first_ms: int = 0
    last_ms: int = 0
    weeks: list[int] = field(default_factory=lambda: [0] * WEEKS)

    def add(self, one: Told) -> None:
        self.count += one.count
        self.open += one.open
        self.first_ms = min(self.first_ms or one.first_ms, one.first_ms)
        self.last_ms = max(self.last_ms, one.last_ms)


def weekly(
    connection: Connection, week: Week, now_ms: int, systems: Collection[str] | None = None
) -> dict[str, Any]:
    """The report of one week; `systems` None: of everything."""
    told = report_reads.opened_in(connection, week.from_ms, week.until_ms, systems, _OF_ITEMS)
    looks = report_reads.looked_at(connection, week.from_ms, week.until_ms, systems)
    first = week.moved(1 - WEEKS)
    past = report_reads.by_week(connection, first.from_ms, week.until_ms, systems)
    tables: dict[str, dict[str, _Line]] = {name: {} for name in BY}
    for one in told:
        for name, key in _keys(one):
            tables[name].setdefault(key, _Line()).add(one)
    for one in looks:
        for name, key in _keys(one):
            tables[name].setdefault(key, _Line()).minutes += _minutes(one, now_ms)
    trend = [0] * WEEKS
    for type_, at, count in past:
        place = min(at, WEEKS - 1)  # a week of the change to winter time is an hour longer
        trend[place] += count
        if type_ in tables["type"]:
            tables["type"][type_].weeks[place] += count
    minutes = sum(line.minutes for line in tables["type"].values())
    opened, still = sum(one.count for one in told), sum(one.open for one in told)
    tree: dict[str, Any] = {
        "week": week.name, "from": moment(week.from_ms), "until": moment(week.until_ms), "opened": opened,
        "ended": opened - still, "minutes": ceil(minutes),
        "trend": [{"week": first.moved(at).name, "count": count} for at, count in enumerate(trend)],
        "by": {name: _lines(name, tables[name]) for name in BY},
    }  # fmt: skip
    return tree | {"says": says(tree)}


def _keys(one: Told | Look) -> Iterable[tuple[str, str]]:
    yield "type", one.type
    yield "system", one.system or "—"
    yield "owner", one.owner
    if one.value and (one.type in _OF_ITEMS or _NAMES_ITEM.search(one.path)):
        yield "sku", one.value.split()[0][:100]


def _minutes(one: Look, now_ms: int) -> float:
    """From the first look to the end of it; nothing where the cause went away by itself before."""
    return max((one.closed_ms if one.closed_ms is not None else now_ms) - one.looked_ms, 0) / 60_000


def _lines(name: str, lines: Mapping[str, _Line]) -> list[dict[str, Any]]:
    ordered = sorted(lines.items(), key=lambda pair: (-pair[1].count, pair[0]))[:LINES_MAX]
    return [
        {"name": key, "says": TYPES[key].says if name == "type" and key in TYPES else key, "count": line.count,
         "open": line.open, "minutes": ceil(line.minutes), "first": moment(line.first_ms),
         "last": moment(line.last_ms), "weeks": line.weeks if name == "type" else None}
        for key, line in ordered
    ]  # fmt: skip


def says(tree: Mapping[str, Any]) -> str:
    """The week in one or two sentences."""
    opened, trend = tree["opened"], [one["count"] for one in tree["trend"]]
    if not opened:
        return f"Nothing went to the desk in {tree['week']}."
    before = trend[-2]
    change = opened - before
    than = "as many as" if not change else f"{abs(change)} {'more' if change > 0 else 'fewer'} than"
    worst = tree["by"]["type"][0]
    hours = tree["minutes"] / 60
    time = f"{hours:.1f} h" if hours >= 1 else f"{tree['minutes']} min"
    spent = f"{time} spent on them" if tree["minutes"] else "no time was spent on them yet"
    return (
        f"{opened} incident{'' if opened == 1 else 's'} in {tree['week']}, {than} the week before; {spent}."
        f" Most often: {worst['says'][:1].lower()}{worst['says'][1:]} ({worst['count']})."
    )


#: Heads of the table that a spreadsheet gets.
CSV_HEAD = ("by", "name", "says", "count", "open", "minutes", "first (UTC)", "last (UTC)")


def csv_rows(tree: Mapping[str, Any]) -> Sequence[Sequence[object]]:
    """Every line of every table."""
    return [
        (name, one["name"], one["says"], one["count"], one["open"], one["minutes"], one["first"], one["last"])
        for name in BY
        for one in tree["by"][name]
    ]
