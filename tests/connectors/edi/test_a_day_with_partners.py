"""A retailer orders over X12, a warehouse of others ships over X12, and everything is acknowledged and matched."""

from __future__ import annotations

from pathlib import Path

from crossdock.desk.story import awaited
from crossdock.journal.sql.trace import trace
from tests.connectors.edi.trade import (
    LINES,
    RETAILER,
    THREEPL,
    acknowledgement,
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

_INCIDENTS = "SELECT type, system, number, path, says, owner FROM incidents WHERE state = 1 ORDER BY id"
_RECEIPTS = "SELECT state, number FROM receipts ORDER BY transmission"


async def test_an_order_is_acknowledged_and_reaches_the_warehouse_as_a_940(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940") and sent(tmp_path, "retailer", "997"))
        (told,), (asked,) = sent(tmp_path, "retailer", "997"), sent(tmp_path, "threepl", "940")
        assert "AK1*PO*7~" in told and "AK5*A~" in told and "AK9*A*1*1*1~" in told
        assert "W05*N*PO-1*PO-1~" in asked and "W01*48*EA**VN*PT-100~" in asked and "W76*58~" in asked
        assert table(hub, _INCIDENTS) == []


async def test_one_bad_set_goes_to_the_desk_and_the_good_ones_go_on(tmp_path: Path) -> None:
    bad = "PO1*1*48*EA*12.75*PE*VN*PT-100~\nPO1*2**XX*1*PE*VN*PT-210~\n"
    sets = set_850("0001", "PO-1") + set_850("0002", "PO-2", lines=bad) + set_850("0003", "PO-3")
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", envelope(sets, "PO", 7))
        await until(lambda: len(sent(tmp_path, "threepl", "940")) == 2 and sent(tmp_path, "retailer", "997"))
        told = sent(tmp_path, "retailer", "997")[0]
        assert "AK2*850*0002~AK3*PO1*8*PO1*8~" in told.replace("\n", "") and "AK9*P*3*3*2~" in told
        ((type_, system, number, path, _, _),) = table(hub, _INCIDENTS)
        assert (type_, system, number, path) == ("invalid", "retailer", "PO-2", "850[0002]/PO1[2]/PO102")


async def test_an_interchange_whose_count_is_wrong_is_refused_whole(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7).replace("GE*1*", "GE*2*"))
        await until(lambda: sent(tmp_path, "retailer", "997"))
        assert "AK9*R*2*1*0*5~" in sent(tmp_path, "retailer", "997")[0]
        assert [row[3] for row in table(hub, _INCIDENTS)] == ["850[0001]"]
        assert sent(tmp_path, "threepl", "940") == []


async def test_what_the_partner_says_is_matched_to_what_it_was_sent(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(
            tmp_path,
            "retailer",
            "a.edi",
            envelope(set_850("0001", "PO-1") + set_850("0002", "PO-2"), "PO", 7),
        )
        await until(lambda: len(table(hub, _RECEIPTS)) == 2)
        drop(tmp_path, "threepl", "1.edi", acknowledgement(1, group=1))
        drop(tmp_path, "threepl", "2.edi", acknowledgement(2, group=2, verdict="R"))
        await until(lambda: [row[0] for row in table(hub, _RECEIPTS)] == [2, 4])
        ((type_, system, number, _, says, _),) = table(hub, _INCIDENTS)
        assert (type_, system, number) == ("rejected", "threepl", "PO-2")
        assert "W01" in str(says)
        assert sent(tmp_path, "threepl", "997") == [], "acknowledgements are never acknowledged"


async def test_an_acknowledgement_that_does_not_come_is_an_incident_of_the_partner(tmp_path: Path) -> None:
    soon = THREEPL.replace("transport:", "acknowledge: {within_h: 0.001}\ntransport:")
    async with running(site(tmp_path, threepl=soon)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: table(hub, _INCIDENTS), 15)
        ((type_, system, number, _, _, owner),) = table(hub, _INCIDENTS)
        assert (type_, system, number, owner) == ("overdue", "threepl", "PO-1", "partner:threepl")
        assert table(hub, _RECEIPTS) == [(5, "PO-1")]
        drop(tmp_path, "threepl", "late.edi", acknowledgement(1, group=1))
        await until(lambda: table(hub, _RECEIPTS) == [(2, "PO-1")])
        assert table(hub, _INCIDENTS) == [], "the answer ends the incident of its absence"


async def test_nothing_is_overdue_where_no_acknowledgement_is_expected(tmp_path: Path) -> None:
    never = THREEPL.replace("transport:", "acknowledge: {within_h: 0.001, expect: false}\ntransport:")
    async with running(site(tmp_path, threepl=never)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        assert table(hub, _RECEIPTS) == []


async def test_a_shipment_of_the_warehouse_becomes_a_ship_notice(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "threepl", "s.edi", shipped(5, "PO-1", second=6))
        await until(lambda: sent(tmp_path, "retailer", "856") or table(hub, _INCIDENTS))
        assert table(hub, _INCIDENTS) == []
        notice = sent(tmp_path, "retailer", "856")[0].replace("\n", "")
        assert "HL*1**S*1~" in notice and "HL*2*1*O*1~PRF*PO-1***20260302~" in notice
        assert "HL*3*2*P*1~MAN*GM*00000123456789012367~HL*4*3*I*0~LIN*1*VN*PT-100*UP*012345678905~" in notice
        assert "SN1*2*6*CA**10*CA**BP~" in notice


async def test_what_would_earn_a_chargeback_is_an_incident_and_not_a_transmission(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "threepl", "s.edi", shipped(5, "PO-1", second=12))
        await until(lambda: table(hub, _INCIDENTS))
        ((type_, system, _, path, says, _),) = table(hub, _INCIDENTS)
        assert (type_, system, path) == ("invalid", "retailer", "lines[1].quantity")
        assert "12 CA shipped on line 2, 10 ordered" in str(says)
        assert sent(tmp_path, "retailer", "856") == []


async def test_the_same_ship_notice_leaves_where_the_partner_takes_more(tmp_path: Path) -> None:
    generous = RETAILER.replace("transport:", "shipping: {over_percent: 20}\ntransport:")
    async with running(site(tmp_path, retailer=generous)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "threepl", "s.edi", shipped(5, "PO-1", second=12))
        await until(lambda: sent(tmp_path, "retailer", "856"))
        assert table(hub, _INCIDENTS) == []


async def test_a_file_that_comes_twice_has_one_effect(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "retailer", "again.edi", order("PO-1", 7))
        drop(tmp_path, "retailer", "z.edi", order("PO-2", 8))
        await until(lambda: len(sent(tmp_path, "threepl", "940")) == 2)
        assert table(hub, "SELECT count(*) FROM captures") == [(2,)]
        assert table(hub, _INCIDENTS) == []


async def test_a_control_number_used_again_is_held_until_a_person_lets_it_go(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "retailer", "b.edi", order("PO-2", 7))
        await until(lambda: table(hub, _INCIDENTS))
        ((type_, _, number, path, says, _),) = table(hub, _INCIDENTS)
        assert (type_, number, path) == ("duplicate_conflict", "PO-2", "control")
        assert "000000007 was used before" in str(says)
        assert len(sent(tmp_path, "threepl", "940")) == 1


async def test_an_order_number_used_again_is_held_although_its_envelope_is_new(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "retailer", "b.edi", order("PO-1", 8))
        await until(lambda: table(hub, _INCIDENTS))
        ((type_, _, number, path, _, _),) = table(hub, _INCIDENTS)
        assert (type_, number, path) == ("duplicate_conflict", "PO-1", "number")
        assert len(sent(tmp_path, "threepl", "940")) == 1


async def test_an_860_is_the_next_revision_of_the_order(tmp_path: Path) -> None:
    body = (
        "BCH*04*SA*PO-1**1*20260302~\nPOC*1*QI*60*12*EA*12.75*PE*VN*PT-100~\n"
        "POC*2*DI*10*0*CA*61.2*PE*VN*PT-210~\nCTT*2~\n"
    )
    change = f"ST*860*0001~\n{body}SE*{body.count('~') + 2}*0001~\n"
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        drop(tmp_path, "retailer", "c.edi", envelope(change, "PC", 8))
        await until(lambda: len(sent(tmp_path, "threepl", "940")) == 2 or table(hub, _INCIDENTS))
        assert table(hub, _INCIDENTS) == []
        changed = sent(tmp_path, "threepl", "940")[-1]
        assert "W01*60*EA" in changed and "PT-210" not in changed


async def test_lines_of_the_order_are_those_of_the_file(tmp_path: Path) -> None:
    assert LINES.count("PO1") == 2
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-9", 3))
        await until(lambda: hub.journal.hub_of_number("sales_order", "PO-9"))


async def test_an_order_for_a_later_day_says_that_it_is_kept_back(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        later = order("PO-1", 7).replace("N1*BY", "DTM*010*20991201~\nN1*BY").replace("SE*10*", "SE*11*")
        drop(tmp_path, "retailer", "a.edi", later)
        await until(lambda: table(hub, "SELECT 1 FROM messages WHERE document = 'sales_order'"))
        told = await hub.journal.view(lambda c: trace(c, "sales_order", "PO-1"))
        assert isinstance(told, dict), told
        words = "kept back until 2099-12-01, the requested ship date"
        assert (told["state"], told["waits_for"]) == ("waiting", f"{words} of sales_order PO-1")
        assert words in [entry["says"] for entry in told["entries"]]
        assert awaited(told) == [f"It is {words} of sales order PO-1"]
        assert sent(tmp_path, "threepl", "940") == [] and table(hub, _INCIDENTS) == []
