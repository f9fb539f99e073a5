"""SIGKILL under load, with every guard in place and with each taken away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.scenarios.kill import Kills, run


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["resend", "find"])
async def test_a_killed_hub_loses_doubles_and_swaps_nothing(tmp_path: Path, mode: str) -> None:
    outcome = await run(tmp_path, Kills(mode=mode, kills=5))
    assert outcome.findings == {}, outcome.shown()
    assert dict(outcome.rows)["while sending"] != 0, outcome.shown()


#: What must go wrong without each guard.
HARM = {"commit": "lost", "dedup": "twice", "in_doubt": "twice", "order": "out_of_order"}


@pytest.mark.slow
@pytest.mark.parametrize("guard", HARM)
async def test_without_one_guard_the_same_kills_do_the_harm_it_prevents(tmp_path: Path, guard: str) -> None:
    share = 1.0 if guard == "commit" else 0.5
    outcome = await run(tmp_path, Kills(mode="find", kills=2, guard=guard, at_accept_share=share))
    assert HARM[guard] in outcome.findings, outcome.shown()
