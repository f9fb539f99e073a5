"""Acknowledgements of a partner: believed as far as they speak of what was sent and agree with themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crossdock.assembly import Hub
from crossdock.journal.sql.trace import trace
from crossdock.message.names import moment
from crossdock.message.states import TransmissionState
from tests.connectors.edi.trade import (
    THREEPL,
    acknowledgement,
    drop,
    envelope,
    order,
    running,
    sent,
    site,
    table,
    until,
)
from tests.journal.places import Place

OWED, ACCEPTED, REJECTED = 1, 2, 4
_OPEN = "SELECT type, document, says FROM incidents WHERE state = 1 ORDER BY id"


def told(body: str, control: int = 10) -> str:
    """A 997 of the warehouse with this in it."""
    one = f"ST*997*0001~\n{body}SE*{body.count('~') + 2}*0001~\n"
    return envelope(one, "FA", control, sender="NORTHGATE")


async def sent_one(folder: Path, hub: Hub) -> str:
    """The group under which the warehouse got the order."""
    del hub
    drop(folder, "retailer", "a.edi", order("PO-1", 1))
    await until(lambda: sent(folder, "threepl", "940"))
    (ours,) = sent(folder, "threepl", "940")
    return re.findall(r"GS\*OW\*(?:[^*]*\*){4}(\d+)\*", ours)[0]


def heard(hub: Hub) -> bool:
    """Whether something of the warehouse was read."""
    return bool(
        table(hub, "SELECT 1 FROM messages WHERE system = 'threepl' AND document = 'acknowledgement'")
    )


@pytest.mark.parametrize(
    ("body", "state", "says"),
    [
        ("AK1*OW*{}~\nAK9*A*1*1*1~\n", ACCEPTED, ""),
        ("AK1*OW*{}~\nAK2*945*0001~\nAK5*A~\nAK9*A*1*1*1~\n", OWED, "speaks of 945 0001"),
        ("AK1*OW*{}~\nAK2*940*0077~\nAK5*A~\nAK9*A*1*1*1~\n", OWED, "speaks of 940 0077"),
        ("AK1*SH*{}~\nAK2*940*0001~\nAK5*A~\nAK9*A*1*1*1~\n", OWED, "speaks of 940 0001; what threepl got there"),
        ("AK1*OW*77~\nAK2*940*0001~\nAK5*A~\nAK9*A*1*1*1~\n", OWED, "acknowledges group 77, and nothing"),
        ("AK1*OW*77~\nAK2*940*0001~\nAK5*R*5~\nAK9*R*1*1*0~\n", OWED, "rejects group 77, and nothing"),
        ("AK1*OW*99999999999999999999999~\nAK2*940*0001~\nAK5*A~\nAK9*A*1*1*1~\n", OWED, "and nothing that went"),
        ("AK1*OW*{}~\nAK2*940*0001~\nAK5*R*5~\n", OWED, "it holds no verdict"),
        ("AK1*OW*{}~\nAK2*940*0001~\nAK5*A~\nAK9*R*1*1*0~\n", REJECTED, "although 940 0001 is said to be acc"),
        ("AK1*OW*{}~\nAK2*940*0001~\nAK5*A~\nAK9*A*2*2*2~\n", OWED, "AK902 counts 2 sets included, the group held 1"),
        ("AK1*OW*{}~\nAK2*940*0001~\nAK5*A~\nAK9*A*1*1*0~\n", OWED, "AK904 counts 0 sets accepted, AK901 is A"),
        ("AK1*OW*{}~\nAK2*940*0001~\nAK5*A~\nAK9*P*1*1*1~\n", OWED, "although every set is said to be accepted"),
        ("AK1*FA*77~\nAK9*A*1*1*1~\n", OWED, ""),
    ],
    ids=[
        "as_a_whole", "another_set", "another_number", "another_family", "unknown_group", "unknown_refused",
        "overflowing", "cut_off", "refused_but_taken", "two_sets", "none_taken", "partly", "of_an_acknowledgement",
    ],
)  # fmt: skip
async def test_an_acknowledgement_is_believed_no_further_than_it_fits(
    tmp_path: Path, body: str, state: int, says: str
) -> None:
    async with running(site(tmp_path)) as hub:
        group = await sent_one(tmp_path, hub)
        drop(tmp_path, "threepl", "k.edi", told(body.format(group)))
        await until(lambda: heard(hub) and (not says or table(hub, _OPEN)))
        assert [says in str(row[2]) for row in table(hub, _OPEN)] == ([True] if says else [])
        assert table(hub, "SELECT state FROM receipts") == [(state,)]


async def test_a_partner_that_owes_no_acknowledgement_may_send_some(tmp_path: Path) -> None:
    never = THREEPL.replace("transport:", "acknowledge: {expect: false}\ntransport:")
    async with running(site(tmp_path, threepl=never)) as hub:
        group = await sent_one(tmp_path, hub)
        drop(tmp_path, "threepl", "1.edi", acknowledgement(1, group=int(group)))
        await until(lambda: heard(hub))
        assert table(hub, _OPEN) == []
        drop(tmp_path, "threepl", "2.edi", acknowledgement(2, group=int(group), verdict="R"))
        await until(lambda: table(hub, _OPEN))
        assert "W01" in str(table(hub, _OPEN)[0][2])


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "in one page"])
async def test_a_refusal_that_is_taken_back_ends_its_incident(tmp_path: Path, at_once: bool) -> None:
    async with running(site(tmp_path)) as hub:
        group = int(await sent_one(tmp_path, hub))
        if at_once:
            both = acknowledgement(1, group=group, verdict="R") + acknowledgement(2, group=group)
            drop(tmp_path, "threepl", "1.edi", both)
        else:
            drop(tmp_path, "threepl", "1.edi", acknowledgement(1, group=group, verdict="R"))
            await until(lambda: table(hub, _OPEN))
            drop(tmp_path, "threepl", "2.edi", acknowledgement(2, group=group))
        await until(lambda: table(hub, "SELECT state FROM receipts") == [(ACCEPTED,)])
        assert table(hub, "SELECT type, state, reason FROM incidents") == [
            ("rejected", 2, "940 of sales_order PO-1: accepted by threepl since"),
        ]


async def test_a_trace_names_what_is_owed_then_the_refusal_until_it_is_dealt_with(
    tmp_path: Path, place: Place
) -> None:
    open_, states = "SELECT type FROM incidents WHERE state = 1", "SELECT state FROM transmissions"
    async with running(site(tmp_path), database=place.database) as hub:

        async def awaited() -> str:
            told = await hub.journal.view(lambda c: trace(c, "sales_order", "PO-1"))
            assert isinstance(told, dict)
            return str(told["waits_for"])

        group = int(await sent_one(tmp_path, hub))
        await until(lambda: {row[0] for row in place.rows(states)} == {TransmissionState.DONE.value})
        ((due_ms,),) = place.rows("SELECT due_ms FROM receipts")
        assert f"threepl to acknowledge 940 of sales_order PO-1, by {moment(due_ms)}" in await awaited()
        drop(tmp_path, "threepl", "1.edi", acknowledgement(1, group=group, verdict="R"))
        await until(lambda: place.rows(open_))
        assert "940 of sales_order PO-1: rejected by threepl" in await awaited()
        assert "to acknowledge" not in await awaited()
        drop(tmp_path, "threepl", "2.edi", acknowledgement(2, group=group))
        await until(lambda: not place.rows(open_))
        assert "rejected" not in await awaited()
