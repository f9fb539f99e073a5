"""What a person decides at the desk, and what it does at the target."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.scenarios import desk


@pytest.mark.parametrize("decision", ["applied", "not_applied", "abandoned"])
async def test_a_doubt_holds_its_lane_until_a_person_decides(tmp_path: Path, decision: str) -> None:
    outcome = await desk.doubts(tmp_path, decision)
    assert outcome.findings == {}, outcome.shown()


async def test_one_added_code_frees_every_order_that_lacked_it(tmp_path: Path) -> None:
    outcome = await desk.unmapped(tmp_path)
    assert outcome.findings == {}, outcome.shown()


async def test_a_rejected_order_goes_again_in_a_new_round(tmp_path: Path) -> None:
    outcome = await desk.rejected(tmp_path)
    assert outcome.findings == {}, outcome.shown()
