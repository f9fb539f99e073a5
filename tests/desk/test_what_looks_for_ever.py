"""What looks for ever goes on looking: a look that stumbles is not the last one."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from crossdock.charter.charter import Retention
from crossdock.charter.desk import DeskRules
from crossdock.desk.escalation import Escalator
from crossdock.desk.runs import Runs
from crossdock.governance.retention import Retainer
from crossdock.journal.contract import StoreDown


class _Stumbles:
    """A journal whose every look fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.looks = 0

    async def view(self, _read: Any) -> Any:
        self.looks += 1
        raise self.error

    def owns(self, _partition: int) -> bool:
        return True


class _Attending:
    rules = DeskRules()


async def _soon(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize("error", [KeyError("a defect"), StoreDown("the disk is away")])
async def test_the_clocks_of_the_desk_and_its_runs_are_looked_at_again_after_a_look_that_failed(
    error: Exception,
):
    nothing = cast("Any", None)
    for make in (
        lambda journal: Escalator(journal, cast("Any", _Attending()), lambda: 0, _soon).run(),
        lambda journal: Runs(journal, nothing, lambda: 0, nothing, _soon)._look_on(),
    ):
        journal = _Stumbles(error)
        task = asyncio.ensure_future(make(cast("Any", journal)))
        for _ in range(5):
            await asyncio.sleep(0)
        assert (task.done(), journal.looks > 1) == (False, True)
        task.cancel()


async def test_a_round_of_retention_that_stumbles_is_not_the_last_one():
    journal = _Stumbles(KeyError("a defect"))
    retainer = Retainer(cast("Any", journal), lambda: 0, Retention())
    retainer.start()
    for _ in range(5):
        await asyncio.sleep(0)
    task = retainer._task
    assert task is not None
    assert (task.done(), journal.looks) == (False, 1)
    await retainer.stop()
