"""What a partner's file must not do: shut the mailbox, speak for another partner, stop the reading of the rest."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from crossdock.assembly import Hub
from crossdock.connectors.edi.reader import WRONG_MAX
from crossdock.connectors.edi.words import number
from crossdock.faults import Invalid, Misconfigured
from tests.connectors.edi.trade import (
    THREEPL,
    drop,
    envelope,
    hub_of,
    order,
    running,
    sent,
    site,
    table,
    until,
)


def incidents(hub: Hub) -> list[tuple[object, ...]]:
    """What is open."""
    return table(hub, "SELECT type, document, path, says FROM incidents WHERE state = 1")


def orders(hub: Hub) -> list[object]:
    """The orders that were taken."""
    return [
        row[0] for row in table(hub, "SELECT number FROM messages WHERE document = 'sales_order' ORDER BY id")
    ]


@pytest.mark.parametrize("text", ["1E99999999", "Infinity", "sNaN", "NaN", "1_0", "", ".", "9" * 41, "٣"])
def test_what_is_no_number_is_said_at_once(text: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Invalid, match="is no number"):
        number(text, "PO102")
    assert time.monotonic() - begun < 1


async def test_a_name_with_a_percent_sign_comes_in_as_others_do(tmp_path: Path) -> None:
    site(tmp_path)
    drop(tmp_path, "retailer", "a%20b%2f.edi", order("PO-1", 1))
    drop(tmp_path, "retailer", "c.edi", order("PO-2", 2))
    async with running(tmp_path) as hub:
        await until(lambda: len(orders(hub)) == 2)
        assert not incidents(hub)
        await until(lambda: not list((tmp_path / "boxes" / "retailer" / "in").iterdir()))


async def test_a_file_that_cannot_be_taken_lets_others_pass_and_is_told_until_it_is_gone(
    tmp_path: Path,
) -> None:
    site(tmp_path)
    box = tmp_path / "boxes" / "retailer" / "in"
    box.mkdir(parents=True)
    with (box / "a.edi").open("wb") as large:
        large.truncate(60_000_000)
    drop(tmp_path, "retailer", "b.edi", order("PO-1", 1))
    async with running(tmp_path) as hub:
        await until(lambda: orders(hub) == ["PO-1"])
        await until(lambda: [one.name for one in box.iterdir()] == ["a.edi"] and incidents(hub))
        ((type_, _, path, says),) = incidents(hub)
        assert (type_, path) == ("poison", "file")
        assert str(says).startswith("a.edi waits at retailer and cannot be taken: a.edi has 60,000,000 bytes")
    async with running(tmp_path) as hub:
        assert len(incidents(hub)) == 1
        (box / "a.edi").unlink()
        await until(lambda: not incidents(hub))
    closed = table(hub, "SELECT number, reason FROM incidents")
    assert closed == [("a.edi", "it was read, or is gone")]


async def test_an_interchange_of_another_behind_ours_is_not_taken_for_ours(tmp_path: Path) -> None:
    site(tmp_path)
    other = order("PO-2", 2).replace("HARBORLANE", "SOMEBODYXX")
    drop(tmp_path, "retailer", "a.edi", order("PO-1", 1) + other)
    async with running(tmp_path) as hub:
        await until(lambda: incidents(hub) and sent(tmp_path, "retailer", "997"))
        ((type_, document, path, says),) = incidents(hub)
        assert (type_, document, path) == ("invalid", "interchange", "ISA06")
        assert "from SOMEBODYXX to PINECREST" in str(says)
        assert orders(hub) == ["PO-1"]
        assert len(sent(tmp_path, "retailer", "997")) == 1


def test_an_inbox_that_is_also_the_outbox_is_refused(tmp_path: Path) -> None:
    profile = THREEPL.replace("every_s: 0.05", "every_s: 0.05, inbox: in, outbox: ./in")
    with pytest.raises(Misconfigured, match="not three folders"):
        hub_of(site(tmp_path, threepl=profile))


async def test_thousands_of_wrong_sets_are_answered_and_told_in_hundreds(tmp_path: Path) -> None:
    site(tmp_path)
    sets = "".join(f"ST*850*{number:04}~\n" for number in range(1, 3001))
    drop(tmp_path, "retailer", "a.edi", envelope(sets, "PO", 1))
    async with running(tmp_path) as hub:
        await until(lambda: sent(tmp_path, "retailer", "997"), 60)
        assert "AK2*850*3000~" in sent(tmp_path, "retailer", "997")[0]
        assert table(hub, "SELECT count(*) FROM incidents WHERE state = 1") == [(WRONG_MAX + 1,)]
        ((says,),) = table(hub, "SELECT says FROM incidents WHERE document = 'interchange'")
        assert str(says).startswith("2500 more sets of this interchange are wrong; the first of them: ")
