"""What an order still needs whose warehouse began before anything was set aside for it: nothing once all has left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.pipeline.stockkeeping.early import early
from tests.pipeline.test_lives_of_orders import pick, shipment

WHOLE, PART = shipment(complete=True), shipment(complete=False)
UNSAID = {name: value for name, value in WHOLE.items() if name != "complete"}


def told(document: str, tree: dict[str, Any], **more: Any) -> Message:
    given: dict[str, Any] = {"hub": 20, "version": 1, "state": MessageState.ROUTED} | more
    return Message(2, 1, "wms", document, "S", "S", root=10, key="h10", tree=tree, **given)


def is_over(*story: Message) -> bool:
    room = SimpleNamespace(policy=SimpleNamespace(sites={}))  # no stock is kept for who told it
    order = told("sales_order", {}, hub=10)
    found = early(cast("Any", room), cast("Any", None), order, [(one, ()) for one in story], lambda: 1, 0)
    assert found.gone == []
    return found.ended


@pytest.mark.parametrize(
    ("story", "over"),
    [
        ([], False),
        ([told("shipment", WHOLE)], True),
        ([told("shipment", PART)], False),
        ([told("shipment", UNSAID)], True),  # no line is short
        ([told("shipment", PART), told("shipment", WHOLE, hub=21)], True),
        ([told("shipment", WHOLE), told("shipment", PART, version=2)], False),
        ([told("shipment", PART, version=2), told("shipment", WHOLE)], False),
        ([told("shipment", WHOLE, state=MessageState.DESK)], False),
        ([told("pick_status", pick("picked", 5))], False),
        ([told("pick_status", pick("cancelled", 5))], True),
        ([told("pick_status", pick("cancelled", 5), state=MessageState.WAITING)], False),
    ],
)
def test_an_order_needs_nothing_more(story: list[Message], over: bool):
    assert is_over(*story) is over
