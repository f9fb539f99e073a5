"""Clocks run in opening hours only, whatever the calendar and the summer time do."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from crossdock.charter.hours import Hours

ZONE = ZoneInfo("Europe/Amsterdam")
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")
DAY = Hours(ZONE, WEEK, time(7), time(19), frozenset({date(2026, 12, 25)}))
NIGHT = Hours(ZONE, WEEK, time(22), time(6))
HOUR_MS = 3_600_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def test_a_clock_stands_still_at_night_at_weekends_and_on_holidays() -> None:
    assert DAY.advanced(at("2026-11-20T18:00"), 2 * HOUR_MS) == at("2026-11-23T08:00")
    assert DAY.advanced(at("2026-11-21T12:00"), HOUR_MS) == at("2026-11-23T08:00")
    assert DAY.advanced(at("2026-12-24T18:30"), HOUR_MS) == at("2026-12-28T07:30")
    assert not DAY.is_open(at("2026-12-25T12:00"))


def test_without_hours_a_weekend_would_cry() -> None:
    always = Hours(ZONE)
    assert always.advanced(at("2026-11-20T18:00"), 2 * HOUR_MS) == at("2026-11-20T20:00")


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    assert NIGHT.is_open(at("2026-11-21T05:59"))  # saturday morning: friday's shift
    assert not NIGHT.is_open(at("2026-11-21T22:30"))
    assert NIGHT.advanced(at("2026-11-20T23:00"), 8 * HOUR_MS) == at("2026-11-23T23:00")


def test_quiet_hours_end_when_they_do_even_if_the_next_day_goes_on() -> None:
    night = Hours(ZONE, (), time(19), time(7))
    assert night.next_end(at("2026-11-22T23:00")) == at("2026-11-23T07:00")
    assert night.next_end(at("2026-11-22T12:00")) == at("2026-11-22T12:00")


def test_an_hour_that_summer_time_takes_away_is_not_waited_for() -> None:
    night = Hours(ZONE, (), time(1), time(5))
    assert night.advanced(at("2026-03-29T01:00"), 3 * HOUR_MS) == at("2026-03-29T05:00")


@given(st.integers(0, 10**9), st.integers(0, 200 * HOUR_MS), st.integers(0, 200 * HOUR_MS))
def test_a_clock_that_runs_in_two_parts_ends_where_it_does_in_one(
    from_s: int, first: int, second: int
) -> None:
    from_ms = at("2026-01-01T00:00") + from_s % (300 * 86_400) * 1000
    assert DAY.advanced(DAY.advanced(from_ms, first), second) == DAY.advanced(from_ms, first + second)
