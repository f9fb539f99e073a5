"""What partners put into sets beyond the samples: two numbers of stock, a carrier's number beside a label, stores."""

from __future__ import annotations

import re
from typing import Any

from tests.connectors.edi.test_sets_and_documents import drafts, profile, sample


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
