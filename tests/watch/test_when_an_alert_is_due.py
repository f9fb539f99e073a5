"""When people are told of an incident: at once or gathered, and once more when nobody has looked in time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.control.watch.alerts import Alerts
from crossdock.control.watch.wording import AT_ONCE, LATE
from crossdock.journal.sql.watched import Opened

NOW_MS, MINUTE_MS = 1_000_000, 60_000


def noted(
    severity: str, due_ms: int, *, late: bool = True, is_open: bool = True, night: bool = False
) -> dict[int, int]:
    """When each step is due that is written for one incident, counted from now."""
    found = dict[int, int]()

    def row(
        name: str, _id: int, _scope: int, _subject: str, step: int, _way: str, at_ms: int, *_: Any
    ) -> None:
        assert name == "insert_alert"
        found[step] = at_ms - NOW_MS

    quiet = SimpleNamespace(next_end=lambda at_ms: max(at_ms, NOW_MS + 480 * MINUTE_MS)) if night else None
    way = SimpleNamespace(name="chat", takes=lambda *_: True, late=late)
    rules = SimpleNamespace(ways=[way], group_s=120, quiet=quiet)
    charter = SimpleNamespace(site=SimpleNamespace(name="reno"), watch=SimpleNamespace(alerts=rules))
    journal = SimpleNamespace(next_id=lambda: 1, scope=1)
    alerts = Alerts(cast("Any", charter), cast("Any", journal), {}, lambda: NOW_MS)
    one = Opened(1, "rejected", severity, "role:operations", "wms", "sales_order", 0, due_ms, 1, is_open, 1)
    alerts.note([one], cast("Any", SimpleNamespace(row=row)))
    return found


@pytest.mark.parametrize(("severity", "first_min"), [("high", 0), ("medium", 2)])
@pytest.mark.parametrize(("due_min", "late_min"), [(60, 60), (0, 0), (-30, 0)])
def test_the_second_word_waits_for_the_clock_of_the_incident(
    severity: str, first_min: int, due_min: int, late_min: int
):
    found = noted(severity, NOW_MS + due_min * MINUTE_MS)
    assert found[AT_ONCE] == first_min * MINUTE_MS
    assert found[LATE] == late_min * MINUTE_MS + 3_000, "somebody still had time to look"


def test_at_night_only_what_is_urgent_is_told():
    assert noted("high", NOW_MS, night=True) == {AT_ONCE: 0, LATE: 3_000}
    assert set(noted("low", NOW_MS, night=True).values()) == {480 * MINUTE_MS}


def test_what_has_ended_and_what_nobody_wants_again_is_told_less():
    assert noted("high", NOW_MS, is_open=False) == {}
    assert set(noted("high", NOW_MS, late=False)) == {AT_ONCE}
