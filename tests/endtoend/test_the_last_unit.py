"""The short form of `python -m tests.harness.race`: one unit, two channels, a real hub, with and without the guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.race import Race, run


@pytest.mark.parametrize("way", ["promise", "order"])
async def test_of_two_channels_at_one_unit_one_wins_and_all_others_are_told_no(
    tmp_path: Path, way: str
) -> None:
    ended = await run(tmp_path, Race("sqlite", way, attempts=60))
    assert (ended.won, len(ended.told), ended.set_aside) == (1, 59, 1)
    assert ended.reached == (way == "order")


async def test_without_the_guard_the_same_race_oversells(tmp_path: Path) -> None:
    ended = await run(tmp_path, Race("sqlite", "promise", attempts=20, guarded=False))
    assert ended.won > 1
    assert ended.problems == []
