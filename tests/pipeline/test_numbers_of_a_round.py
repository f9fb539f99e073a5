"""The numbers of a round: those of one that was given up are owed nothing, and labels keep theirs for good."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.journal.numbers import ACCEPTED, ONCE, OVERDUE, REJECTED, SUPERSEDED, WAITING, Receipt
from crossdock.kit.connector import Ask, Numbered
from crossdock.message.records import Transmission
from crossdock.pipeline.bound import Bound
from crossdock.pipeline.lanes import Flight, KeyOrdering, Lanes
from crossdock.pipeline.render import Renderer


def _written(number: int) -> bytes:
    return b"%d" % number


def stored(
    round_: int, *states: int, sequence: str = "isa", worn: tuple[int, ...] = ()
) -> tuple[list[Any], bytes, int]:
    """What is written of earlier receipts, the body that is stored, and how many numbers it still lacks."""
    t = Transmission(1, 1, "retailer", "shop", "sales_order", "PO-1", 1, 1, "h1", round=round_)
    receipts = [
        Receipt("retailer", n, 0, 1, n, "sales_order", "PO-1", 1, 0, "940", 0, 0, state)
        for n, state in enumerate(states, 1)
    ]
    rows, bodies = list[Any](), list[tuple[bytes, int]]()
    journal = SimpleNamespace(receipts_of=lambda _id: receipts, numbers_of=lambda *_: {sequence: list(worn)})

    def numbered(body: bytes, numbers: Any, *_: Any, **__: Any) -> int:
        bodies.append((body, len(numbers)))
        return 5

    changes = SimpleNamespace(row=lambda *row: rows.append(row), numbered=numbered)
    clock = SimpleNamespace(now_ms=lambda: 0)
    context = cast("Any", SimpleNamespace(journal=journal, clock=clock))
    bound = Bound(cast("Any", SimpleNamespace(name="retailer")), cast("Any", None))
    marks = (Numbered(sequence, ((b"<1>", _written),)), Numbered(sequence, ((b"<2>", _written),)))
    flight = Flight(t, ask=Ask("POST", "/", b"<1> <2>", {}, numbers=marks))
    Renderer(context, bound, Lanes(KeyOrdering())).sent(flight, cast("Any", changes))
    assert t.payload == 5
    return rows, *bodies[0]


@pytest.mark.parametrize("round_", [2, 3, 9])
def test_nobody_is_asked_for_the_answer_to_a_round_that_was_given_up(round_: int):
    rows, _, _ = stored(round_, ACCEPTED, WAITING, REJECTED, OVERDUE, WAITING)
    assert rows == [("answer_receipt", SUPERSEDED, None, 1, 2), ("answer_receipt", SUPERSEDED, None, 1, 5)]


def test_the_first_round_has_none_before_it():
    assert stored(1, WAITING)[0] == []


@pytest.mark.parametrize(
    ("sequence", "worn", "body", "lacks"),
    [
        (f"{ONCE}sscc", (), b"<1> <2>", 2),
        (f"{ONCE}sscc", (41,), b"41 <2>", 1),
        (f"{ONCE}sscc", (41, 42), b"41 42", 0),
        (f"{ONCE}sscc", (41, 42, 43), b"41 42", 0),
        ("isa", (41, 42), b"<1> <2>", 2),  # an envelope is another one each time
    ],
)
def test_what_the_goods_wear_stays_in_later_rounds(
    sequence: str, worn: tuple[int, ...], body: bytes, lacks: int
):
    assert stored(2, sequence=sequence, worn=worn)[1:] == (body, lacks)
