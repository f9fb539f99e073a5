"""Bad input of every kind, seen from outside."""

from __future__ import annotations

from pathlib import Path

from tests.harness.scenarios import bad_input


async def test_bad_input_is_refused_precisely_or_becomes_an_incident(tmp_path: Path) -> None:
    outcome = await bad_input.run(tmp_path)
    assert outcome.findings == {}, outcome.shown()


async def test_many_orders_with_one_unknown_item_are_one_incident(tmp_path: Path) -> None:
    outcome = await bad_input.unknown_sku(tmp_path)
    assert outcome.findings == {}, outcome.shown()
