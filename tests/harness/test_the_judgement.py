"""The judgement and the wire, tried on records made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.harness.arrivals import Arrival
from tests.harness.orders import Order, write
from tests.harness.sender import Accepted, Sent
from tests.harness.verdict import Verdict, judge
from tests.harness.wire import Reassembly

ORDERS = [Order(n, "C1", n) for n in (1, 2, 3)]


def sent(*orders: Order) -> Sent:
    """A shop that had these accepted, one second after another."""
    made = Sent()
    for order in orders:
        made.accepted[order.number] = Accepted(order, order.n, order.n + 0.5, f"c{order.n}", b"")
        made.asked.add(order.number)
    return made


def arrival(order: Order, outcome: str = "done", *, attempt: int = 1, applied: bool = True) -> Arrival:
    """One arrival of an order under its first key."""
    body = write(order.expected()).encode()
    return Arrival(10.0 + order.n, order.number, f"t{order.n}.1", str(attempt), outcome, applied, body)


def doubt(order: Order, **more: Any) -> dict[str, Any]:
    """An open incident of a doubtful send."""
    return {"type": "in_doubt", "number": order.number, "captures": [], **more}


def found(verdict: Verdict) -> set[str]:
    """The kinds of findings."""
    return set(verdict.findings())


def test_an_order_on_the_desk_is_not_lost() -> None:
    arrivals = [arrival(ORDERS[0])]
    assert judge(sent(*ORDERS[:2]), arrivals, []).lost == [ORDERS[1].number]
    for named in ({"number": ORDERS[1].number}, {"number": "", "captures": ["c2"]}):
        assert found(judge(sent(*ORDERS[:2]), arrivals, [{"type": "invalid", **named}])) == {"needs_person"}


def test_followers_are_excused_only_as_far_as_the_hub_holds_them() -> None:
    first = [arrival(ORDERS[0], "vanished-500")]
    incidents = [doubt(ORDERS[0])]
    assert found(judge(sent(*ORDERS), first, incidents, held=2, person=True)) == set()
    assert judge(sent(*ORDERS), first, incidents, held=1, person=True).lost == [ORDERS[2].number]


def test_a_second_send_after_a_doubt_is_found_where_only_a_person_can_tell() -> None:
    arrivals = [arrival(ORDERS[0], "vanished-drop"), arrival(ORDERS[0], "repeated", attempt=2, applied=False)]
    assert found(judge(sent(ORDERS[0]), arrivals, [doubt(ORDERS[0])], person=True)) == {"resent"}
    assert found(judge(sent(ORDERS[0]), arrivals, [], person=False)) == set()


def test_each_doubt_has_exactly_one_incident() -> None:
    arrivals = [arrival(ORDERS[0], "vanished-drop")]
    one = doubt(ORDERS[0])
    assert found(judge(sent(ORDERS[0]), arrivals, [one], person=True)) == set()
    for incidents in ([], [one, one], [one, doubt(ORDERS[1])]):
        assert found(judge(sent(ORDERS[0]), arrivals, incidents, person=True)) == {"undoubted"}


def test_order_is_judged_by_what_was_accepted_before_the_next_was_posted() -> None:
    swapped = [arrival(ORDERS[1]), arrival(ORDERS[0]), arrival(ORDERS[2])]
    assert judge(sent(*ORDERS), swapped, []).out_of_order == [ORDERS[1].number]
    at_once = sent(*ORDERS)
    at_once.accepted[
        ORDERS[1].number
    ].sent_s = 1.0  # posted while the first was under way: no order was promised
    assert found(judge(at_once, swapped, [])) == set()
    other_key = sent(ORDERS[0], replace(ORDERS[1], customer="C2"), ORDERS[2])
    assert judge(other_key, swapped, []).out_of_order == []


def test_an_effect_that_nobody_asked_for_is_found() -> None:
    assert found(judge(sent(ORDERS[0]), [arrival(one) for one in ORDERS[:2]], [])) == {"never_asked"}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_are_put_together_however_they_are_cut(size: int) -> None:
    stream = (
        b"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nfirst"
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n"
        b"GET /c HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    reassembly = Reassembly()
    parcels = [one for at in range(0, len(stream), size) for one in reassembly.feed(stream[at : at + size])]
    assert [(one.first[1], one.body) for one in parcels] == [("/a", b"first"), ("/b", b"second"), ("/c", b"")]
