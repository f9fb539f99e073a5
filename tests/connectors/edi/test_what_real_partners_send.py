"""What partners put into sets beyond the samples: two numbers of stock, a carrier's number beside a label, stores."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crossdock.connectors.edi.reader import LEFT_HEADER, EdiReader
from crossdock.faults import Invalid, Unreadable
from crossdock.kit.connector import Content
from tests.connectors.edi.test_sets_and_documents import (
    KNOWN,
    drafts,
    findings,
    profile,
    sample,
    tools,
    written,
)


def told(set_id: str, old: bytes, new: bytes) -> list[dict[str, Any]]:
    """The documents of a sample in which something was put for something else, with SE01 as it is then."""
    body = sample(set_id)
    assert old in body
    body = body.replace(old, new, 1)
    count = body[body.index(b"\nST*") : body.index(b"GE*")].count(b"~")
    body = re.sub(rb"SE\*\d+", b"SE*%d" % count, body)
    return [one.tree for one in drafts(body, profile((set_id,), "in"))]


def test_what_is_on_hand_and_what_of_it_may_be_sold_are_one_balance() -> None:
    first, *others = told("846", b"QTY*33*1240*EA~", b"QTY*33*1240*EA~\nQTY*17*1300*EA~")
    assert (first["quantity"], first["net"]) == (1300, 1240)
    assert [one["status"] for one in others if one["sku"] == first["sku"]] == ["damaged"]


def test_what_may_be_sold_alone_is_the_quantity() -> None:
    first = told("846", b"QTY*33*1240*EA~", b"QTY*33*1240*EA~")[0]
    assert first["quantity"] == 1240 and "net" not in first


def test_a_lot_among_the_numbers_of_an_item_is_its_lot() -> None:
    first, *_ = told("846", b"*VN*PT-100~", b"*VN*PT-100*LT*L26-071~")
    assert first["lot"] == "L26-071"


def test_the_carriers_number_beside_a_label_is_the_tracking_of_that_package() -> None:
    label = b"MAN*GM*00000123456789012367"
    for more in (b"**CP*1Z9990000000000024~", b"~\nMAN*CP*1Z9990000000000024~"):
        (one,) = told("945", label + b"~", label + more)
        (first, _) = one["packages"]
        assert first["sscc"] == "000123456789012367"
        assert first["tracking"] == "1Z9990000000000024"


def test_the_stores_of_a_line_stay_with_its_order() -> None:
    (one,) = told("850", b"SDQ*EA*92*0417*24*0418*24~", b"SDQ*EA*92*0417*40*0418*8~")
    assert one["extra"]["edi"]["lines"]["1"]["places"] == [["0417", "40"], ["0418", "8"]]
    assert "places" not in one["extra"]["edi"]["lines"]["2"]


def test_a_bill_of_lading_is_told_as_one_and_not_as_the_carriers_number() -> None:
    (one,) = told("945", b"N9*CN*2209981~\n", b"")
    for set_id, segment in (("856", "REF"), ("945", "N9")):
        tree = {**one, "order": "PO-884120"}
        body = written("shipment", tree, profile((set_id,), "out"), KNOWN)
        assert f"{segment}*BM*BOL-220118~" in body and f"{segment}*CN*" not in body
        assert findings(body) == []


EDIFACT = (
    b"UNB+UNOC:3+5412345000013:14+4012345500004:14+261123:1015+4711++++++1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-1+9'"
    b"DTM+137:20261123:102'NAD+BY+5412345000013::9'LIN+1++4012345123456:EN'QTY+21:5'UNS+S'UNT+8+1'UNZ+1+4711'"
)


@pytest.mark.parametrize(
    ("standard", "body", "where"),
    [("x12", sample("850"), "ISA15"), ("edifact", EDIFACT, "UNB 11")],
)
def test_what_is_marked_as_a_test_goes_to_the_desk_in_production_and_on_in_trials(
    standard: str, body: bytes, where: str
) -> None:
    sets, version = (("850",), "004010") if standard == "x12" else (("ORDERS",), "D96A")
    live = profile(sets, "in", standard=standard, version=version, more="usage: production\n")
    with pytest.raises(Invalid, match="is marked as a test") as told_of:
        drafts(body, live)
    assert told_of.value.path == where
    trials = profile(sets, "in", standard=standard, version=version, more="usage: test\n")
    earnest = body.replace(b"*0*T*", b"*0*P*").replace(b"++++++1'", b"'")
    assert earnest != body
    assert drafts(body, trials) and drafts(earnest, live) and drafts(earnest, trials)


def test_a_control_number_that_no_store_can_keep_is_refused_and_in_a_mailbox_goes_to_the_desk() -> None:
    partner = profile(("ORDERS",), "in", standard="edifact", version="D96A")
    reader = EdiReader(partner, tools(partner))
    body = EDIFACT.replace(b"++++++1'", b"'").replace(b"4711", b"4711" * 3_000)
    with pytest.raises(Unreadable, match="this is no control number") as refused:
        reader.facts(Content(body, "application/edifact"))
    assert (refused.value.status, refused.value.path) == (422, "control")
    left = Content(body, "application/edifact", {LEFT_HEADER: "1"})
    assert reader.facts(left).id.startswith("file+")
    with pytest.raises(Invalid, match="this is no control number"):
        reader.read(left)
