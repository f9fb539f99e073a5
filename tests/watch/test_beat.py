"""The sign of life comes while the hub truly works, and stays out when it does not."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

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
