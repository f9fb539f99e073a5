"""The harness tried on a hub that is honest, and on hubs that each lie in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.fake_hub import LIES
from tests.harness.process import python
from tests.harness.site import Plan
from tests.harness.stage import stage
from tests.harness.verdict import Verdict

FAULTS = {"busy_rate": 0.1, "vanish_rate": 0.1, "vanish_how": "500"}

#: What the verdict must say of each lie.
SHOWN_AS = {
    "lose": "lost", "twice": "twice", "swap": "out_of_order", "garble": "wrong_body", "rekey": "key_changed",
    "reuse": "key_reused", "attempt": "attempt_not_rising", "unequal": "repeat_unequal",
}  # fmt: skip


async def tried(folder: Path, lie: str | None) -> tuple[Verdict, list[str]]:
    """The verdict, and what conservation had wrong, for one kind of hub."""
    program = python("tests.harness.fake_hub", *(("--lie", lie) if lie else ()))
    async with stage(folder, Plan(), dials=FAULTS, instead=program, watch=True) as world:
        world.shop.repeat_every = 5
        await world.shop.load(4, orders=25)
        await world.settled()
        assert world.watch is not None
        return await world.verdict(), world.watch.wrong


async def test_an_honest_hub_has_a_clean_verdict(tmp_path: Path) -> None:
    verdict, wrong = await tried(tmp_path, None)
    assert verdict.findings() == {}
    assert wrong == []


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie != "leak"])
async def test_each_lie_is_found_and_named(tmp_path: Path, lie: str) -> None:
    verdict, _ = await tried(tmp_path, lie)
    assert SHOWN_AS[lie] in verdict.findings()


async def test_a_leak_is_found_although_the_hub_says_balanced(tmp_path: Path) -> None:
    _, wrong = await tried(tmp_path, "leak")
    assert any("captures" in said for said in wrong)
    assert any("balanced says True" in said for said in wrong)
