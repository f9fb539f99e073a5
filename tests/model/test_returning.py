"""What customers send back: within the leave they got, on the shelf that fits, ready to credit."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.model import register
from crossdock.model.documents.returns import ReturnAuthorisation, ReturnReceipt
from crossdock.model.quantity import Quantity
from crossdock.model.returning import SHELVES, Disposition, Judgement, disposition, judge


def leave(quantity: int = 5, **more: Any) -> ReturnAuthorisation:
    tree = {
        "number": "RA-1",
        "lines": [{"line": 1, "sku": "TEA", "quantity": quantity, "unit": "EA"}],
        **more,
    }
    found = register.read("return_authorisation", tree)
    assert isinstance(found, ReturnAuthorisation)
    return found


def back(number: str, quantity: int, *, at: str = "2026-12-09", **line: Any) -> ReturnReceipt:
    row = {"line": 1, "sku": "TEA", "quantity": quantity, "unit": "EA", **line}
    tree = {
        "number": number,
        "return_authorisation": "RA-1",
        "site": "AMS",
        "received_at": at,
        "lines": [row],
    }
    found = register.read("return_receipt", tree)
    assert isinstance(found, ReturnReceipt)
    return found


def judged(*receipts: ReturnReceipt, of: ReturnAuthorisation | None = None, lots: bool = False) -> Judgement:
    *before, last = receipts
    return judge(of or leave(), before, last, lambda _, quantity: quantity, lambda _: lots)


def test_what_came_back_is_ready_to_credit_and_adds_up():
    first, second = back("R1", 2, outcome="restock"), back("R2", 3, status="damaged")
    assert judged(first).says() == "ready to credit: 2 EA of TEA"
    after = judged(first, second)
    assert (after.wrong, after.credit[0].amount) == (None, Quantity.of(5, "EA"))
    assert (after.standing.lines[0].spoilt, after.standing.lines[0].missing) == (3, 0)


def test_more_than_the_leave_needs_a_person():
    wrong = judged(back("R1", 4), back("R2", 2)).wrong
    assert wrong is not None
    assert (wrong.type, wrong.path, wrong.says) == (
        "bad_transition", "lines[0].quantity", "6 EA of TEA came back, and 5 EA may",
    )  # fmt: skip


def test_a_leave_ends_with_its_last_day():
    of = leave(expires_at="2026-12-08")
    assert judged(back("R1", 1, at="2026-12-08"), of=of).wrong is None
    late = judged(back("R1", 1, at="2026-12-09"), of=of).wrong
    assert late is not None
    assert late.path == "received_at"


def test_without_a_leave_all_that_came_is_ready_to_credit():
    found = judge(None, (), back("R1", 9), lambda _, quantity: quantity, lambda _: False)
    assert (found.wrong, found.credit[0].amount) == (None, Quantity.of(9, "EA"))


def test_nothing_is_ready_to_credit_of_a_line_of_which_nothing_came():
    found = judge(None, (), back("R1", 0), lambda _, quantity: quantity, lambda _: False)
    assert (judged(back("R1", 0)).says(), found.says()) == ("nothing to credit yet", "nothing to credit yet")


@pytest.mark.parametrize(
    ("line", "chosen"),
    [
        ({"outcome": "restock", "status": "available"}, Disposition.RESTOCK),
        ({"outcome": "restock"}, Disposition.RESTOCK),
        ({"status": "available"}, Disposition.RESTOCK),
        ({"status": "held"}, Disposition.QUARANTINE),
        ({"outcome": "repair", "status": "quality"}, Disposition.QUARANTINE),
        ({}, Disposition.QUARANTINE),
        ({"status": "expired"}, Disposition.SCRAP),
        ({"outcome": "scrap", "status": "damaged"}, Disposition.SCRAP),
        ({"outcome": "return_to_vendor", "status": "held"}, Disposition.BACK),
    ],
)
def test_a_line_tells_what_becomes_of_it(line: dict[str, Any], chosen: Disposition):
    assert disposition(back("R1", 1, **line).lines[0]) is chosen


@pytest.mark.parametrize(
    "line", [{"outcome": "restock", "status": "damaged"}, {"outcome": "scrap", "status": "available"}]
)
def test_a_state_that_does_not_fit_what_becomes_of_it_needs_a_person(line: dict[str, Any]):
    wrong = judged(back("R1", 1, **line)).wrong
    assert wrong is not None
    assert (wrong.path, wrong.type) == ("lines[0].status", "bad_transition")


def test_only_what_is_restocked_can_be_sold():
    assert [one for one, shelf in SHELVES.items() if shelf.sellable] == [Disposition.RESTOCK]
    assert set(SHELVES) == set(Disposition)


def test_what_goes_back_on_the_shelf_by_lot_names_its_lot():
    wrong = judged(back("R1", 1, outcome="restock"), lots=True).wrong
    assert wrong is not None
    assert wrong.type == "lot_missing"
    assert judged(back("R1", 1, outcome="restock", lot="L1"), lots=True).wrong is None
    assert judged(back("R1", 1, outcome="scrap"), lots=True).wrong is None
