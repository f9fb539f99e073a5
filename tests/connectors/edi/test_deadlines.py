"""The clocks of a routing guide: what is not with the partner in time is an incident before the chargeback."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.journal.sql.audit import verify
from crossdock.journal.sqlite.storage import SqliteStorage
from tests.connectors.edi.trade import (
    RETAILER,
    drop,
    envelope,
    order,
    running,
    sent,
    set_850,
    shipped,
    site,
    table,
    until,
)

_INCIDENTS = "SELECT type, system, number, says, owner FROM incidents ORDER BY id"
_CLOCKS = "SELECT document, number, state FROM receipts WHERE control < 0 ORDER BY transmission"
WAITING, MET, OVERDUE, SUPERSEDED = 1, 2, 5, 6


def clocked(rule: str) -> str:
    """The retailer with a deadline."""
    return RETAILER.replace("transport:", f"deadlines: [{rule}]\ntransport:")


def wanted(day: str, number: str = "PO-1", control: int = 7) -> str:
    """An order that must be there on a day."""
    one = set_850("0001", number).replace("N1*BY", f"DTM*002*{day}~\nN1*BY")
    lines = one.replace(f"SE*{one.count('~') - 1}*", f"SE*{one.count('~')}*")
    return envelope(lines, "PO", control)


async def test_a_notice_that_is_not_there_before_the_truck_is_an_incident(tmp_path: Path) -> None:
    late = clocked('{set: "856", after: requested_at, hours: -4}')
    async with running(site(tmp_path, retailer=late)) as hub:
        drop(tmp_path, "retailer", "a.edi", wanted("20260310"))
        await until(lambda: table(hub, _INCIDENTS))
        ((type_, system, number, says, owner),) = table(hub, _INCIDENTS)
        assert (type_, system, number, owner) == ("overdue", "retailer", "PO-1", "partner:retailer")
        assert "856 4 h before requested_at of sales_order PO-1" in str(says)
        assert table(hub, _CLOCKS) == [("shipment", "PO-1", OVERDUE)]
    assert verify(SqliteStorage(tmp_path / "data" / "crossdock.db")) is None


async def test_a_notice_that_is_there_in_time_is_none(tmp_path: Path) -> None:
    soon = clocked('{set: "856", after: received_at, hours: 0.002}')  # 7.2 s
    async with running(site(tmp_path, retailer=soon)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "threepl", "s.edi", shipped(5, "PO-1"))
        await until(lambda: sent(tmp_path, "retailer", "856"))
        await until(lambda: table(hub, _CLOCKS) == [("shipment", "PO-1", MET)])
        assert table(hub, _INCIDENTS) == []


@pytest.mark.parametrize(("hours", "states"), [(-100_000, OVERDUE), (100_000, WAITING)])
async def test_a_shipment_that_waits_on_the_desk_has_a_clock_too(
    tmp_path: Path, hours: int, states: int
) -> None:
    hours = max(hours, -10_000)
    rule = clocked(f'{{set: "856", after: shipped_at, hours: {hours}}}')
    async with running(site(tmp_path, retailer=rule)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "threepl", "s.edi", shipped(5, "PO-1", second=12))  # more than was ordered
        await until(lambda: table(hub, _CLOCKS) and table(hub, _CLOCKS)[0][2] == states)
        await until(lambda: any(row[0] == "invalid" for row in table(hub, _INCIDENTS)))
        assert sent(tmp_path, "retailer", "856") == []


async def test_a_change_of_the_order_sets_its_clock_anew(tmp_path: Path) -> None:
    late = clocked('{set: "856", after: requested_at, hours: 0}')
    body = "BCH*04*SA*PO-1**1*20260302~\nDTM*002*20990101~\nPOC*1*QI*60*12*EA*12.75*PE*VN*PT-100~\nCTT*1~\n"
    change = f"ST*860*0001~\n{body}SE*{body.count('~') + 2}*0001~\n"
    async with running(site(tmp_path, retailer=late)) as hub:
        drop(tmp_path, "retailer", "a.edi", wanted("20980101"))
        await until(lambda: table(hub, _CLOCKS) == [("shipment", "PO-1", WAITING)])
        drop(tmp_path, "retailer", "c.edi", envelope(change, "PC", 8))
        await until(
            lambda: table(hub, _CLOCKS) == [("shipment", "PO-1", SUPERSEDED), ("shipment", "PO-1", WAITING)]
        )
        assert table(hub, _INCIDENTS) == []


async def test_without_a_deadline_there_is_no_clock(tmp_path: Path) -> None:
    """The control: the same order under a profile that names none."""
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", wanted("20200101"))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        assert table(hub, _CLOCKS) == [] and table(hub, _INCIDENTS) == []
