"""Who was to act and did not is told once more; who did something is left alone."""

from __future__ import annotations

from pathlib import Path

from tests.journal.places import sqlite_place
from tests.watch.ears import Heard, ear
from tests.watch.stand import charter, order, stand, until


def refused(heard: Heard) -> tuple[int, bytes]:
    return (422, b"{}") if heard.path.startswith("/wms") else (200, b"{}")


async def test_what_nobody_took_up_in_time_is_told_once_more_and_what_somebody_did_is_not(
    tmp_path: Path,
) -> None:
    place = sqlite_place(tmp_path)
    async with ear(answer=refused) as out:
        ways = {"team": {"type": "chat", "url": f"{out.url}/team"}}
        tree = charter(out.url, {"alerts": {"group_s": 0, "ways": ways}})
        async with stand(tmp_path, tree, database=place.database) as hub:
            await hub.send("shop", "sales_order", order("SO-1"))
            await until(lambda: len(out.at("/team")) == 1)
            await hub.send("shop", "sales_order", order("SO-2"))
            await until(lambda: len(out.at("/team")) == 2)
            second = (await hub.incidents("rejected"))[1]
            await hub.act(second["id"], "assign", {"owner": "anna"})
            place.run("UPDATE alerts SET due_ms = 1 WHERE step = 2")  # their clocks have run out

            async def over() -> bool:
                counts = (await hub.get("/v1/watch"))["alerts"]["counts"]
                return bool((counts["told"], counts["not_needed"], counts["due"]) == (3, 1, 0))

            await until(over)
        assert [one.json["text"].splitlines()[0] for one in out.at("/team")][2:] == [
            "[demo] nobody looked yet: high: rejected at wms"
        ]


async def test_after_a_stop_in_the_moment_of_telling_only_who_knows_a_repeat_gets_one(tmp_path: Path) -> None:
    place = sqlite_place(tmp_path)
    async with ear(answer=refused) as out:
        ways = {
            "team": {"type": "chat", "url": f"{out.url}/team"},
            "pager": {"type": "webhook", "url": f"{out.url}/pager", "secret": "PAGER"},
        }
        tree = charter(out.url, {"alerts": {"group_s": 0, "ways": ways}})
        async with stand(tmp_path, tree, database=place.database, CROSSDOCK_SECRET_PAGER="secret") as hub:
            await hub.send("shop", "sales_order", order("SO-1"))

            async def both() -> bool:
                return bool((await hub.get("/v1/watch"))["alerts"]["counts"]["told"] == 2)

            await until(both)
        place.run("UPDATE alerts SET state = 2 WHERE step = 1")  # as a power cut leaves them
        async with stand(tmp_path, tree, database=place.database, CROSSDOCK_SECRET_PAGER="secret") as hub:

            async def settled() -> bool:
                counts = (await hub.get("/v1/watch"))["alerts"]["counts"]
                return bool((counts["told"], counts["unknown"]) == (1, 1))

            await until(settled)
        assert len(out.at("/team")) == 1
        assert len({one.headers["webhook-id"] for one in out.at("/pager")}) == 1
        assert len(out.at("/pager")) == 2
