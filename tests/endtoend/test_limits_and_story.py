"""How the hub treats a target, and what it tells afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.harness.outcome import Outcome
from tests.harness.scenarios import limits, story

SCENES = [
    limits.at_once, limits.a_second, limits.retry_after, limits.overdue, limits.no_id, limits.one_key_stands_still,
    story.run,
]  # fmt: skip


@pytest.mark.parametrize(
    "scene", SCENES, ids=lambda scene: f"{scene.__module__.rpartition('.')[2]}.{scene.__name__}"
)
async def test_the_contract_holds_in_each_scene(
    tmp_path: Path, scene: Callable[[Path], Awaitable[Outcome]]
) -> None:
    outcome = await scene(tmp_path)
    assert outcome.findings == {}, outcome.shown()
