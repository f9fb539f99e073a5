"""The sign of life comes while the hub truly works, and stays out when it does not."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from crossdock.control.watch.beat import Beat
from crossdock.journal.contract import StoreDown
from tests.watch.ears import ear
from tests.watch.stand import charter, stand, until


async def test_the_beat_stays_out_when_the_store_takes_nothing_or_the_work_has_stopped(
    tmp_path: Path,
) -> None:
    async with ear() as out:
        tree = charter(out.url, {"beat": {"secret": "BEAT", "every_s": 0.1}})
        async with stand(tmp_path, tree, CROSSDOCK_SECRET_BEAT=f"{out.url}/beat?token=1") as hub:
            await until(lambda: len(out.at("/beat")) > 1)
            assert out.at("/beat")[0].path == "/beat?token=1"
            beat = hub.app.beat
            assert beat is not None
            assert hub.app.ails() is None

            journal = hub.app.hub.journal
            journal.writer.failure = "the disk is full"
            assert not await beat.once()
            assert beat.says == "withheld: the disk is full"
            journal.writer.failure = None
            assert await beat.once(), "the control: with the store back it is heard again"

            worker = hub.app.hub.worker
            (translate,) = [task for task in worker._term.tasks if task.get_name() == "translate"]
            translate.cancel()
            await until(lambda: hub.app.ails() is not None)
            before = len(out.at("/beat"))
            assert not await beat.once()
            assert beat.says == "withheld: translate has stopped"
            assert len(out.at("/beat")) == before
            status, _ = await hub.ask("observer", "GET", "/readyz")
            assert status == 503


async def test_health_says_by_its_exit_status_whether_the_hub_works(tmp_path: Path) -> None:
    async def looked(url: str) -> tuple[int, str]:
        command = [str(Path(sys.executable).with_name("crossdock")), "health", "--json", "--url", url]
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await child.communicate()
        return child.returncode or 0, out.decode()

    async with ear() as out:
        async with stand(tmp_path, charter(out.url, {})) as hub:
            url = hub.app.server.url
            status, says = await looked(url)
            assert (status, json.loads(says)) == (0, {"works": True, "url": url, "says": "it works"})
            hub.app.intake.draining = True
            status, says = await looked(url)
            assert (status, '"works": false' in says) == (1, True)
            hub.app.intake.draining = False
        status, says = await looked(url)
        assert (status, "no answer" in says) == (1, True)


class _Outside:
    """A store, somebody who listens and a clock, each of which answers when the loop comes round."""

    scope = 1

    def now_ms(self) -> int:
        return 0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def changes(self) -> Any:
        return self

    def row(self, *values: Any) -> None:
        pass

    async def submit(self, changes: Any) -> None:
        await asyncio.sleep(0)

    async def send(self, method: str, path: str) -> Any:
        await asyncio.sleep(0)
        return self

    status = 200

    async def close(self) -> None:
        pass


async def _ends(beat: Beat, after: int) -> bool:
    """Whether a beat that is told to end after so many rounds of the loop ends."""
    beat.start()
    for _ in range(after):
        await asyncio.sleep(0)
    stopping = asyncio.ensure_future(beat.stop())
    for _ in range(50):
        await asyncio.sleep(0)
    found = stopping.done()
    while not stopping.done():
        stopping.cancel()  # and with it what it waits for
        await asyncio.sleep(0)
    return found


class _Patient(Beat):
    """The control: one whose waits let a cancellation go by that comes with their end."""

    async def once(self) -> bool:
        await asyncio.wait_for(self._prove(), 10)  # noqa: TID251 - what is shown here
        return True


@pytest.mark.parametrize("kind", [Beat, _Patient])
async def test_the_beat_ends_at_whichever_moment_it_is_told_to(kind: type[Beat]) -> None:
    outside: Any = _Outside()
    ends = [
        await _ends(kind(outside, outside, outside, lambda: None, every_s=1.0), after) for after in range(20)
    ]
    assert all(ends) == (kind is Beat or sys.version_info >= (3, 12))


class _Full(_Outside):
    """One whose disk takes nothing; it counts who calls outside."""

    def __init__(self, *, full: bool) -> None:
        self.full, self.calls = full, 0

    async def submit(self, changes: Any) -> None:
        if self.full:
            raise StoreDown("the disk is full")

    async def send(self, method: str, path: str) -> Any:
        self.calls += 1
        return self


@pytest.mark.parametrize("full", [True, False])
async def test_each_beat_is_preceded_by_a_commit_of_its_own(full: bool) -> None:
    outside = _Full(full=full)
    store: Any = outside
    beat = Beat(store, store, store, lambda: None, every_s=1.0)  # nothing ails it, as far as it knows
    assert await beat.once() is not full
    assert outside.calls == (not full)
