"""Receipts that add up to what was ordered: in any order, in several parts, each once, within the tolerance."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.model import register
from crossdock.model.arrival import STANDS, Receiving
from crossdock.model.documents.purchase import GoodsReceipt, PurchaseOrder
from crossdock.model.quantity import Quantity, convert
from crossdock.model.receiving import CONSEQUENCES, Finding, Judgement, Rules, judge, received
from crossdock.pipeline.knowledge import Pack

CASES = (Pack("CS", 12),)


def in_base(_: str, quantity: Quantity) -> Quantity:
    return convert(quantity, "EA", base="EA", packs=CASES)


def order(*lines: tuple[str, int, str]) -> PurchaseOrder:
    rows = [
        {"line": n, "sku": sku, "quantity": quantity, "unit": unit}
        for n, (sku, quantity, unit) in enumerate(lines, 1)
    ]
    found = register.read("purchase_order", {"number": "PO-1", "lines": rows}, declares=lambda *_: True)
    assert isinstance(found, PurchaseOrder)
    return found


def receipt(number: str, *lines: dict[str, Any], **more: Any) -> GoodsReceipt:
    rows = [{"line": n, "unit": "EA", **line} for n, line in enumerate(lines, 1)]
    tree = {"number": number, "purchase_order": "PO-1", "site": "AMS", "received_at": "2026-12-01T08:00:00Z"}
    found = register.read("goods_receipt", {**tree, "lines": rows, **more}, declares=lambda *_: True)
    assert isinstance(found, GoodsReceipt)
    return found


def rules(percent: int | str = 0, *, lots: tuple[str, ...] = ()) -> Rules:
    return Rules(in_base, lambda sku: sku in lots, Decimal(percent))


def judged(*receipts: GoodsReceipt, percent: int | str = 0, of: PurchaseOrder | None = None) -> Judgement:
    *before, last = receipts
    return judge(of or order(("TEA", 24, "EA")), before, last, rules(percent))


def tea(quantity: int, **more: Any) -> dict[str, Any]:
    return {"sku": "TEA", "quantity": quantity, **more}


# -- one after another ---------------------------------------------------------------


def test_receipts_add_up_until_the_order_is_complete():
    first, second = receipt("R1", tea(10)), receipt("R2", tea(14))
    assert judged(first).standing.state is Receiving.ARRIVING
    assert judged(first, second).standing.state is Receiving.COMPLETE
    assert judged(first, second).fault() is None


def test_an_order_closes_short_when_no_more_will_come_and_a_late_rest_completes_it():
    short = judged(receipt("R1", tea(20), complete=True))
    assert (short.standing.state, short.fault()) == (Receiving.SHORT, None)
    assert short.says() == "closed_short: 4 EA of TEA are missing"
    after = judged(receipt("R1", tea(20), complete=True), receipt("R2", tea(4)))
    assert after.standing.state is Receiving.COMPLETE


@pytest.mark.parametrize(("percent", "taken"), [(0, 24), ("12.5", 27), (25, 30)])
def test_one_piece_beyond_the_tolerance_needs_a_person(percent: int | str, taken: int):
    assert judged(receipt("R1", tea(taken)), percent=percent).fault() is None
    fault = judged(receipt("R1", tea(12)), receipt("R2", tea(taken - 11)), percent=percent).fault()
    assert fault is not None
    assert (fault.type, fault.path) == ("bad_transition", "lines[0].quantity")
    assert f"{taken + 1} EA of TEA came in all" in fault.says


def test_an_item_that_nobody_ordered_needs_a_person():
    fault = judged(receipt("R1", tea(1), {"sku": "CUP", "quantity": 2})).fault()
    assert fault is not None
    assert (fault.path, fault.value) == ("lines[1].sku", "CUP")


def test_a_case_counts_as_its_pieces_and_an_unknown_pack_is_told():
    ordered = order(("TEA", 2, "CS"))
    assert judged(receipt("R1", tea(24)), of=ordered).standing.state is Receiving.COMPLETE
    with pytest.raises(Invalid) as caught:
        judged(receipt("R1", tea(1, unit="PAL")), of=ordered)
    assert caught.value.type == "unknown_unit"


def test_lines_of_one_item_fill_one_after_the_other_unless_they_are_named():
    ordered = order(("TEA", 5, "EA"), ("TEA", 5, "EA"))
    filled = received(
        ordered, [receipt("R1", {"line": "x", "sku": "TEA", "quantity": 7, "unit": "EA"})], in_base
    )
    assert [line.arrived for line in filled.lines] == [5, 2]
    named = received(ordered, [receipt("R1", tea(4, purchase_line=2))], in_base)
    assert [line.arrived for line in named.lines] == [0, 4]


def test_damaged_goods_count_as_come_and_are_told():
    found = judged(receipt("R1", tea(4, status="damaged"), tea(20)))
    assert found.fault() is None
    assert found.says() == "closed_complete: 4 EA of TEA cannot be sold"


@pytest.mark.parametrize(
    ("line", "type_"),
    [
        (tea(1), "lot_missing"),
        (tea(1, lot="L1", expires_on="2026-11-30"), "lot_expired"),
        (tea(1, lot="L1", expires_on="2026-12-01"), None),
        (tea(1, lot="L1", expires_on="2026-11-30", status="expired"), None),
        (tea(0), None),
    ],
)
def test_a_lot_is_named_and_not_past_its_date_unless_it_is_set_aside(line: dict[str, Any], type_: str | None):
    found = judge(None, (), receipt("R1", line), rules(lots=("TEA",))).fault()
    assert (found.type if found else None) == type_


def test_each_finding_has_a_consequence_and_each_combination_a_state():
    assert set(CONSEQUENCES) == set(Finding)
    assert set(STANDS.values()) == set(Receiving)
    assert len(STANDS) == 8


# -- whatever comes --------------------------------------------------------------------

PARTS = st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.sampled_from(["EA", "CS"])), max_size=6)


def _receipts(parts: list[tuple[int, bool, str]]) -> list[GoodsReceipt]:
    return [
        receipt(f"R{n}", tea(quantity, unit=unit), complete=ended)
        for n, (quantity, ended, unit) in enumerate(parts)
    ]


@settings(max_examples=150, deadline=None)
@given(PARTS, st.integers(0, 2**16))
def test_the_order_of_receipts_makes_no_difference(parts: list[tuple[int, bool, str]], seed: int):
    ordered, known = order(("TEA", 24, "EA"), ("TEA", 12, "EA")), _receipts(parts)
    shuffled = random.Random(seed).sample(known, len(known))
    assert received(ordered, known, in_base) == received(ordered, shuffled, in_base)


@settings(max_examples=150, deadline=None)
@given(PARTS)
def test_what_stands_on_the_lines_is_what_came(parts: list[tuple[int, bool, str]]):
    ordered = order(("TEA", 24, "EA"), ("TEA", 12, "EA"))
    came = sum(quantity * (12 if unit == "CS" else 1) for quantity, _, unit in parts)
    now = received(ordered, _receipts(parts), in_base)
    assert sum(line.arrived for line in now.lines) == came
    assert sum(line.missing - line.over for line in now.lines) == 36 - came
    assert (now.state is Receiving.COMPLETE) == (came >= 36)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(0, 50))
def test_what_is_taken_never_passes_the_tolerance(amounts: list[int], percent: int):
    """Each receipt is judged with those that were taken before it, as the hub does."""
    ordered, taken = order(("TEA", 24, "EA")), list[GoodsReceipt]()
    for n, amount in enumerate(amounts):
        one = receipt(f"R{n}", tea(amount))
        if judge(ordered, taken, one, rules(percent)).fault() is None:
            taken.append(one)
    came = sum(int(line.quantity) for one in taken for line in one.lines)
    assert came * 100 <= 24 * (100 + percent)
    refused = [amount for amount in amounts if (came + amount) * 100 <= 24 * (100 + percent)]
    assert len(refused) <= len(taken), "nothing that fits was refused"
