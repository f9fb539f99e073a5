"""Reports: what went wrong in a week, by type, item, system and owner, and whether it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from crossdock.console.clock import ms_of, span
from crossdock.console.gate import Visit
from crossdock.console.shown import within
from crossdock.console.table import as_csv
from crossdock.desk.report import BY, CSV_HEAD, Week, csv_rows, week_of, weekly

_WIDTH, _HEIGHT, _GAP = 560, 160, 16
#: A report may be a minute old while it is counted anew: a week does not change in one.
_STALE_S = 60.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One week of the trend as it is drawn."""

    name: str
    count: int
    x: float
    y: float
    width: float
    height: float
    is_now: bool


async def page(visit: Visit) -> Response:
    """The page."""
    zone = visit.shown.hub.charter.site.timezone
    now_ms, systems = visit.shown.now_ms, within(visit.scope)
    this = week_of(None, now_ms, zone)
    week = week_of(visit.asked("week"), now_ms, zone) if visit.asked("week") else this
    tree = await visit.shown.looks.look(
        f"report {week.name} {systems}",
        lambda: visit.shown.hub.journal.view(lambda c: weekly(c, week, now_ms, systems)),
        every_s=5.0,
        stale_s=_STALE_S,
    )
    if visit.asked("as") == "csv":
        return as_csv(f"desk-{week.name}", CSV_HEAD, csv_rows(tree))
    later = week.moved(1)
    return visit.page(
        "reports.html", report=tree, week=week, earlier=week.moved(-1).name, by=BY,
        later=later.name if later.from_ms <= now_ms else "", bars=bars(tree["trend"]), width=_WIDTH, height=_HEIGHT,
        spark=spark, ms_of=ms_of, spent=_spent, days=_days(visit, week),
        most={name: max((one["count"] for one in tree["by"][name]), default=1) for name in BY},
    )  # fmt: skip


def bars(trend: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """The weeks as bars over a common line; a week with anything in it is never invisible."""
    top = max([one["count"] for one in trend] + [1])
    step = _WIDTH / len(trend)
    tall = _HEIGHT - 48
    found: list[Bar] = []
    for at, one in enumerate(trend):
        height = max(one["count"] / top * tall, 2.0) if one["count"] else 0.0
        x, y = at * step + _GAP / 2, 24 + tall - height
        found.append(Bar(one["week"], one["count"], x, y, step - _GAP, height, at == len(trend) - 1))
    return found


def spark(weeks: Sequence[int]) -> str:
    """A line over the weeks in a box of 96 by 20, as SVG draws it."""
    top = max([*weeks, 1])
    step = 92 / max(len(weeks) - 1, 1)
    places = [f"{2 + at * step:.1f} {18 - count / top * 16:.1f}" for at, count in enumerate(weeks)]
    return "M" + "L".join(places)


def _spent(minutes: int) -> str:
    return span(minutes * 60) if minutes else "—"


def _days(visit: Visit, week: Week) -> str:
    first, last = visit.clock.at(week.from_ms), visit.clock.at(week.until_ms - 1)
    return f"{first.day} {first:%B} – {last.day} {last:%B %Y}"
