"""The short form of `python -m tests.harness.disorder`: the order in which things are told does not matter."""

from __future__ import annotations

from pathlib import Path

from tests.harness.days import day
from tests.harness.disorder import differences, disturbed, told

SEED = 3


async def test_events_in_any_order_twice_and_late_end_as_they_do_in_order(tmp_path: Path) -> None:
    events = day(25, SEED)
    as_it_was = await told(tmp_path / "as-it-was", events, in_order=True)
    other = await told(tmp_path / "disturbed", disturbed(events, SEED), in_order=False)
    assert differences(as_it_was, other) == []
    # Whether a hold comes before its order left is a matter of moments; too late, it is brought to a person.
    assert set(other.desk) <= {"bad_transition"}
    assert len({state for state, _ in as_it_was.orders.values()}) > 1

    # The control: the same day without one shipment ends elsewhere, in its order and in the stock.
    lost = next(one for one in events if one.document == "shipment")
    without = await told(tmp_path / "without", [one for one in events if one is not lost], in_order=True)
    wrong = differences(as_it_was, without)
    assert any(one.startswith("SO-") for one in wrong)
    assert any(one.startswith("ITEM-") for one in wrong)
