"""From when the clocks of a partner's routing guide are counted, and which of them end."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from crossdock.journal.numbers import ACCEPTED, OVERDUE, SUPERSEDED, WAITING, Receipt
from crossdock.message.records import Message
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.deadlines import Deadlines

CAME_MS, LATER_MS, HOUR_MS = 1_000_000, 90_000_000, 3_600_000
CHICAGO, BERLIN = ZoneInfo("America/Chicago"), ZoneInfo("Europe/Berlin")


def clocks(
    document: str = "sales_order", *, after: str = "received_at", hours: float = 24, zone: ZoneInfo | None = CHICAGO,
    owed: tuple[Receipt, ...] = (), system: str = "retailer", **tree: Any,
) -> tuple[list[int], list[int]]:  # fmt: skip
    """When the clocks are due that a document starts, and the messages whose clocks it ends."""
    rules = (SimpleNamespace(set="856", after=after, hours=hours),)
    profile = SimpleNamespace(deadlines=rules, sent=lambda _set: SimpleNamespace(document="shipment"))
    systems = {
        "retailer": SimpleNamespace(partner=profile, timezone=zone),
        "other": SimpleNamespace(partner=None),
    }
    charter = SimpleNamespace(systems=systems, site=SimpleNamespace(timezone=BERLIN), objects={})
    journal = SimpleNamespace(
        scope=1, receipts_owed=lambda _system, *, control: [r for r in owed if r.control == control]
    )
    context = SimpleNamespace(
        charter=charter, journal=journal, clock=SimpleNamespace(now_ms=lambda: LATER_MS)
    )
    started, ended = list[int](), list[int]()

    def entry(_entry: Any, row: tuple[str, tuple[Any, ...], Any]) -> None:
        if row[0] == "insert_receipt":
            started.append(row[1][-1])
        else:
            assert row[1][:2] == (SUPERSEDED, None), row
            ended.append(row[1][2])

    batch = Batch(cast("Any", SimpleNamespace(entry=entry)))
    message = Message(2, 1, system, document, "PO-1", "PO-1", 7, 7, "h7", 2, tree)
    Deadlines(cast("Any", context)).begin(message, batch, at_ms=CAME_MS)
    return started, ended


def test_a_clock_begins_when_the_order_came_however_late_it_is_decided():
    assert clocks() == ([CAME_MS + 24 * HOUR_MS], [])


@pytest.mark.parametrize(("zone", "own"), [(CHICAGO, CHICAGO), (None, BERLIN)])
@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2026-03-16", datetime(2026, 3, 16)),
        ("2026-03-16T08:30:00", datetime(2026, 3, 16, 8, 30)),
        ("2026-03-16T08:30:00+00:00", datetime(2026, 3, 16, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_day_of_an_order_is_that_of_the_partners_own_clock(
    told: str, moment: datetime, zone: ZoneInfo | None, own: ZoneInfo
):
    begins = moment if moment.tzinfo else moment.replace(tzinfo=own)
    started, _ = clocks(after="ship_from_at", hours=-48, zone=zone, ship_from_at=told)
    assert started == [begins.timestamp() * 1000 - 48 * HOUR_MS]


def test_what_an_order_does_not_say_starts_no_clock():
    assert clocks(after="ship_from_at") == ([], [])
    assert clocks(system="other") == ([], []), "nor does another system's order"


@pytest.mark.parametrize(("document", "starts"), [("sales_order", 1), ("cancellation", 0)])
def test_a_revision_and_a_cancellation_end_the_clocks_that_still_run(document: str, starts: int):
    def of(message: int, state: int, *, root: int = 7, place: int = 1) -> Receipt:
        return Receipt("retailer", -root, -7, message, place, "shipment", "PO-1", root, 0, "856", 0, 0, state)

    owed = (
        of(11, WAITING),
        of(12, ACCEPTED),
        of(13, OVERDUE),
        of(14, WAITING, root=8),
        of(15, WAITING, place=2),
    )
    started, ended = clocks(document, owed=owed)
    assert (len(started), ended) == (starts, [11])
