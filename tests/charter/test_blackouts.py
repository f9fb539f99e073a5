"""Blackouts: when a system is left alone, on its own clock, and what a mistake in one says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crossdock.charter.blackouts import Blackout, Calendar, Stretch, covered_ms
from crossdock.charter.load import check, load
from tests.charter.sites import CONNECTORS, DOCUMENTS, changed, site

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR_MS = 3_600_000
WMS = "    limits: {concurrency: 4}\n"


def ms(text: str, zone: ZoneInfo = AMSTERDAM) -> int:
    """An instant from a time on the wall."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def wall(instant_ms: int) -> str:
    return datetime.fromtimestamp(instant_ms / 1000, AMSTERDAM).strftime("%m-%d %H:%M")


def calendar(folder: Path, blackouts: str, direction: str = "out") -> Calendar:
    """The calendar of the warehouse with these blackouts in its charter."""
    files = changed(WMS, f"{WMS}    blackouts: {blackouts}\n")
    charter = load(site(folder, files), connectors=CONNECTORS, documents=DOCUMENTS)
    return charter.calendar("wms", direction)


def mistakes(folder: Path, blackouts: str) -> list[str]:
    files = changed(WMS, f"{WMS}    blackouts: {blackouts}\n")
    return [str(p) for p in check(site(folder, files), connectors=CONNECTORS, documents=DOCUMENTS)]


@pytest.mark.parametrize(
    ("blackouts", "inside", "outside"),
    [
        ("[{from: 2026-12-31T18:00, to: 2027-01-02T06:00}]",
         ["2026-12-31T18:00", "2027-01-01T12:00", "2027-01-02T05:59"], ["2026-12-31T17:59", "2027-01-02T06:00"]),
        ("[{every: day, from: '01:00', to: '01:30'}]", ["2026-06-01T01:00", "2026-06-02T01:29"],
         ["2026-06-01T00:59", "2026-06-01T01:30", "2026-06-01T13:00"]),
        ("[{every: day, from: '22:00', to: '04:00'}]", ["2026-06-01T23:00", "2026-06-02T03:59"],
         ["2026-06-01T21:00", "2026-06-02T04:00"]),
        ("[{every: week, days: [friday, Sunday], from: '20:00', to: '22:00'}]",
         ["2026-11-20T20:30", "2026-11-22T21:59"], ["2026-11-21T20:30", "2026-11-22T22:00"]),
        ("[{every: month, days: [last], from: '22:00', hours: 32}]",
         ["2026-11-30T22:00", "2026-12-02T05:59", "2027-02-28T23:00", "2028-02-29T23:00"],
         ["2026-11-30T21:59", "2026-12-02T06:00", "2028-02-28T23:00"]),
        ("[{every: month, days: [31], from: '22:00', to: '23:00'}]", ["2026-11-30T22:30", "2026-12-31T22:30"],
         ["2026-12-30T22:30"]),
        ("[{every: month, days: [last_workday], from: '18:00', to: '20:00'}]",
         ["2026-10-30T19:00", "2027-01-29T19:00"], ["2026-10-31T19:00", "2027-01-31T19:00"]),
        ("[{every: month, days: [1, 15], from: '00:00', to: '06:00'}]", ["2026-11-01T05:00", "2026-11-15T00:00"],
         ["2026-11-02T05:00"]),
    ],
)  # fmt: skip
def test_a_system_is_left_alone_when_its_blackouts_say_so(tmp_path, blackouts, inside, outside):
    days = calendar(tmp_path, blackouts)
    assert [at for at in inside if days.at(ms(at)) is None] == []
    assert [at for at in outside if days.at(ms(at)) is not None] == []


def test_only_the_named_directions_are_closed(tmp_path):
    blackout = "[{every: day, from: '01:00', to: '02:00', directions: [in]}]"
    assert calendar(tmp_path, blackout, "out").at(ms("2026-06-01T01:30")) is None
    assert calendar(tmp_path, blackout, "in").at(ms("2026-06-01T01:30")) is not None


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-06-10", 6), ("2026-03-28", 5), ("2026-10-24", 7)],
    ids=["plain", "spring", "autumn"],
)
def test_a_night_is_as_long_as_the_clock_makes_it(tmp_path, day, hours):
    night = calendar(tmp_path, "[{every: day, from: '22:00', to: '04:00'}]").at(ms(f"{day}T23:00"))
    assert night is not None
    assert (night.to_ms - night.from_ms) / HOUR_MS == hours


def test_hours_are_hours_whatever_the_clock_does(tmp_path):
    night = calendar(tmp_path, "[{every: day, from: '22:00', hours: 6}]").at(ms("2026-03-28T23:00"))
    assert night is not None
    assert ((night.to_ms - night.from_ms) / HOUR_MS, wall(night.to_ms)) == (6, "03-29 05:00")


def test_a_time_that_the_clock_shows_twice_or_never_is_read_widely(tmp_path):
    days = calendar(tmp_path, "[{every: day, from: '02:15', to: '02:45'}]")
    autumn = days.at(ms("2026-10-25T02:30"))
    assert autumn is not None
    assert (autumn.to_ms - autumn.from_ms) / HOUR_MS == 1.5
    spring = days.between(ms("2026-03-29T00:00"), ms("2026-03-29T12:00"))
    assert [(s.to_ms - s.from_ms) / HOUR_MS for s in spring] == [1.5]


def test_the_system_has_a_clock_of_its_own(tmp_path):
    files = changed(
        WMS,
        f"{WMS}    timezone: America/New_York\n    blackouts: [{{every: day, from: '22:00', to: '23:00'}}]\n",
    )
    charter = load(site(tmp_path, files), connectors=CONNECTORS, documents=DOCUMENTS)
    found = charter.calendar("wms", "out").at(ms("2026-06-02T04:30"))
    assert found is not None
    assert wall(found.from_ms) == "06-02 04:00"


def test_blackouts_that_touch_are_one_that_ends_where_the_last_does(tmp_path):
    days = calendar(
        tmp_path,
        "[{every: day, from: '20:00', to: '22:00', reason: backup}, {every: day, from: '22:00', to: '06:00'}]",
    )
    found = days.at(ms("2026-06-01T20:30"))
    assert found is not None
    assert (wall(found.to_ms), found.reason) == ("06-02 06:00", "backup")


def test_a_clock_stands_still_in_a_blackout(tmp_path):
    days = calendar(tmp_path, "[{every: day, from: '22:00', to: '06:00'}]")
    begin = ms("2026-06-01T21:00")
    assert days.closed_ms(begin, ms("2026-06-02T07:00")) == 8 * HOUR_MS
    assert wall(days.advanced(begin, 2 * HOUR_MS)) == "06-02 07:00"
    assert wall(days.advanced(begin, 18 * HOUR_MS)) == "06-03 07:00"
    assert wall(days.advanced(ms("2026-06-01T23:00"), HOUR_MS)) == "06-02 07:00"


def test_control_without_blackouts_every_clock_runs():
    days = Calendar((), AMSTERDAM)
    assert (days.at(0), days.closed_ms(0, HOUR_MS), days.advanced(5, HOUR_MS)) == (None, 0, HOUR_MS + 5)


def test_the_next_one_is_told_ahead(tmp_path):
    days = calendar(tmp_path, "[{every: month, days: [last], from: '22:00', hours: 2}]")
    found = days.next_after(ms("2026-11-05T00:00"))
    assert found is not None
    assert wall(found.from_ms) == "11-30 22:00"
    assert days.next_after(ms("2026-11-05T00:00"), within_days=5) is None


def test_time_that_lies_in_several_stretches_counts_once():
    assert covered_ms([Stretch(0, 10), Stretch(5, 20), Stretch(30, 40)], 2, 35) == 23


def test_many_years_of_a_rule_are_answered_in_a_moment():
    nightly = Blackout(frozenset({"out"}), begins=datetime(1990, 1, 1), ends=datetime(1990, 1, 2))
    assert Calendar([nightly], AMSTERDAM).at(ms("2026-06-01T00:00")) is None


@pytest.mark.parametrize(
    ("blackouts", "says"),
    [
        ("[{from: 2026-12-31T18:00}]", "blackouts[0]: this key is missing: to"),
        ("[{to: 2026-12-31T18:00}]", "blackouts[0].from: this key is missing"),
        ("[{from: 2026-12-31T18:00, to: 2026-12-31T17:00}]", "it ends before it begins; write a later time"),
        ("[{from: 2026-01-01T00:00, to: 2026-12-31T00:00}]", "longer than 31 days; pause the system instead"),
        ("[{from: 2026-13-01T00:00, to: 2026-12-31T00:00}]", '"2026-13-01T00:00" is no date with a time'),
        ("[{from: '22:00', to: '23:00'}]", "add `every: day`"),
        ("[{every: day, from: 2026-12-31T22:00, to: '23:00'}]", "such as 22:00, or leave `every` out"),
        ("[{every: day, from: '25:00', to: '23:00'}]", '"25:00" is no time of day'),
        ("[{every: daily, from: '22:00', to: '23:00'}]", '"daily" is not known here; write day'),
        ("[{every: week, from: '22:00', to: '23:00'}]", "blackouts[0]: this key is missing: days; add `days`"),
        ("[{every: week, days: [sonday], from: '22:00', to: '23:00'}]", "no day of a week; write sunday"),
        ("[{every: month, days: [32], from: '22:00', to: '23:00'}]", "write 1 to 31, last or last_workday"),
        ("[{every: day, days: [sunday], from: '22:00', to: '23:00'}]", "every day has no days"),
        ("[{every: day, from: '22:00', to: '23:00', hours: 2}]", "a blackout has `to`, or `hours`"),
        ("[{every: day, from: '22:00'}]", "a blackout has `to`, or `hours`"),
        ("[{every: day, from: '22:00', hours: 0}]", "0 hours are no blackout"),
        ("[{from: 2026-12-31T18:00, to: 2027-01-01T18:00, days: [last]}]", "add `every`"),
        ("[{every: day, from: '22:00', to: '23:00', directions: [up]}]", '"up" is no direction; write in, out'),
        ("[{every: day, from: '22:00', to: '23:00', directions: []}]", "no direction is closed"),
        ("[{every: day, from: '00:00', to: '00:00'}]", "nothing would ever pass to this system"),
        ("[{every: day, from: '22:00', to: '12:00'}, {every: day, from: '11:00', to: '23:00'}]",
         "nothing would ever pass to this system"),
        ("[{every: day, from: '22:00', til: '12:00'}]", "blackouts[0].til: this key is not known"),
        ("{every: day}", "must be a list, not a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_blackout_is_told_with_what_to_write_instead(tmp_path, blackouts, says):
    found = mistakes(tmp_path, blackouts)
    assert any(says in one for one in found), found
    assert all(one.startswith("charter.yaml:26:") for one in found)


@pytest.mark.parametrize(
    ("brake", "says"),
    [
        ("{zero_share: 1.5}", "1.5 is more than all; write a share such as 0.5"),
        ("{jump_factor: 1}", "every change would be a jump"),
        ("{least: 0}", "0 is too small"),
        ("{treshold: 5}", "this key is not known"),
        ("{least: 5}", "every sales_order counts, so none may wait for another"),
    ],
)
def test_a_mistake_in_a_brake_is_told_with_what_to_write_instead(tmp_path, brake, says):
    files = changed("optional: [notes]", f"optional: [notes]\n        brake: {brake}")
    found = [str(p) for p in check(site(tmp_path, files), connectors=CONNECTORS, documents=DOCUMENTS)]
    assert any(says in one and ":13:" in one for one in found), found
