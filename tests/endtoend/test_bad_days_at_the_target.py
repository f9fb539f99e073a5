"""A target that is busy, silent or away: nothing lost, nothing twice, every figure balanced."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.scenarios.faults import Faults, run


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["resend", "find", "person"])
async def test_a_bad_day_loses_and_doubles_nothing(tmp_path: Path, mode: str) -> None:
    outcome = await run(tmp_path, Faults(mode=mode, orders=15, down_s=1.0))
    assert outcome.findings == {}, outcome.shown()
