"""How far an order is, told by documents that may come late, twice or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.model import register
from crossdock.model.headline import ORDER_MOVES, OrderState, after, told_by
from tests.model.trees import TREES

S = OrderState


@pytest.mark.parametrize(
    ("kind", "changed", "state"),
    [
        ("sales_order", {}, S.PLACED),
        ("warehouse_order", {}, S.RELEASED),
        ("pick_status", {"state": "allocated"}, S.ALLOCATED),
        ("pick_status", {"state": "packing"}, S.PICKED),
        ("pick_status", {"state": "cancelled"}, S.CANCELLED),
        ("shipment", {"complete": False}, S.PART_SHIPPED),
        ("shipment", {"complete": None}, S.PART_SHIPPED),  # its line is short
        ("shipment", {"complete": True}, S.SHIPPED),
        (
            "shipment",
            {"complete": None, "lines": [TREES["shipment"]["lines"][0] | {"quantity": 3}]},
            S.SHIPPED,
        ),
        ("warehouse_order_cancel", {}, None),
        ("item", {}, None),
    ],
)
def test_a_document_tells_how_far_its_order_is(kind: str, changed: dict[str, Any], state: S | None) -> None:
    assert told_by(register.read(kind, TREES[kind] | changed)) is state


def test_a_warehouse_that_only_reports_the_end_is_believed() -> None:
    assert after(S.RELEASED, S.SHIPPED) is S.SHIPPED


@pytest.mark.parametrize("late", [S.PLACED, S.RELEASED, S.ALLOCATED, S.PICKING, S.PICKED, S.PACKED])
def test_a_late_word_takes_nothing_back(late: S) -> None:
    assert after(S.PART_SHIPPED, late) is S.PART_SHIPPED
    assert after(S.CANCELLED, late) is S.CANCELLED


def test_the_rest_of_a_part_shipped_order_may_follow_or_be_cancelled() -> None:
    assert after(S.PART_SHIPPED, S.SHIPPED) is S.SHIPPED
    assert after(S.PART_SHIPPED, S.CANCELLED) is S.CANCELLED


@pytest.mark.parametrize(("state", "told"), [(S.SHIPPED, S.CANCELLED), (S.DELIVERED, S.CANCELLED)])
def test_what_cannot_both_be_true_is_a_fault(state: S, told: S) -> None:
    with pytest.raises(
        Invalid, match=f"the order is {state.value} and now said to be {told.value}"
    ) as caught:
        after(state, told)
    assert caught.value.type == "bad_transition"


@given(st.sampled_from(S))
def test_the_same_word_again_changes_nothing(state: S) -> None:
    assert after(state, state) is state


@given(st.lists(st.sampled_from(S)))
def test_only_moves_of_the_table_are_made(words: list[S]) -> None:
    state: S | None = None
    for word in words:
        try:
            moved = after(state, word)
        except Invalid:
            continue
        assert state is None or moved is state or moved in ORDER_MOVES[state]
        state = moved
