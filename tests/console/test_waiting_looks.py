"""Looks at Today that wait for news: all are answered by one change, at the stop of a hub, and not without a right."""

from __future__ import annotations

import asyncio

from crossdock.access.roles import Actor, Role
from crossdock.console.shown import Looks
from crossdock.console.waiting import Text, Waiting
from tests.console.world import PREFIX, World, world

ROOT = Actor("root", "terminal")


async def test_a_figure_that_may_be_stale_is_given_while_it_is_read_anew() -> None:
    now_s, value = 0.0, 0
    done = asyncio.Event()

    async def read() -> int:
        nonlocal value
        value += 1
        done.set()
        return value

    looks = Looks(lambda: now_s)
    assert await looks.look("report", read, stale_s=60) == 1
    now_s, _ = 30.0, done.clear()
    assert await looks.look("report", read, stale_s=60) == 1
    await done.wait()
    assert await looks.look("report", read, stale_s=60) == 2
    now_s = 30.0 + 61
    assert await looks.look("report", read, stale_s=60) == 3, "what is too old is waited for"


class Page:
    """A page that changes when it is told to."""

    def __init__(self) -> None:
        self.now, self.reads, self.goes_on = Text("a", b"A"), 0, True

    async def read(self) -> Text:
        self.reads += 1
        return self.now


async def held(waiting: Waiting, many: int) -> None:
    while waiting.count < many:
        await asyncio.sleep(0)


async def test_all_who_wait_are_answered_by_one_change_and_one_look_is_made_for_them() -> None:
    page = Page()
    waiting = Waiting(lambda: page.goes_on, step_s=0.001)
    assert (await waiting.news("today", "old", page.read)).tag == "a", "who has something else does not wait"
    looks = [asyncio.create_task(waiting.news("today", "a", page.read)) for _ in range(50)]
    await held(waiting, 50)
    page.now = Text("b", b"B")
    assert {one.tag for one in await asyncio.gather(*looks)} == {"b"}
    assert waiting.count == 0


async def test_nobody_waits_for_ever_nor_for_a_hub_that_stops() -> None:
    page = Page()
    short = Waiting(lambda: page.goes_on, step_s=0.001, wait_s=0.01)
    assert (await short.news("today", "a", page.read)).tag == "a"
    waiting = Waiting(lambda: page.goes_on, step_s=0.001)
    look = asyncio.create_task(waiting.news("today", "a", page.read))
    await held(waiting, 1)
    page.goes_on = False
    assert (await look).tag == "a"
    assert (await waiting.news("today", "a", page.read)).tag == "a", "and nobody begins to"


async def tag_of(w: World, token: str) -> str:
    return (await w.ask("GET", PREFIX, token, x_live="1")).headers["etag"]


async def look(w: World, token: str, tag: str) -> int:
    return (await w.ask("GET", PREFIX, token, x_live="wait", if_none_match=tag)).status


async def test_an_open_page_hears_of_an_incident_and_who_was_shut_out_meanwhile_does_not(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async with world(tmp_path) as w:
        await w.order("SO-1")
        await w.settled()
        anna, boss = await w.person("anna", Role.VIEWER), await w.person("boss", Role.ADMIN)
        while (tag := await tag_of(w, boss)) != await tag_of(w, anna):
            pass
        looks = [asyncio.create_task(look(w, token, tag)) for token in (anna, boss)]
        await held(w.shown.waiting, 2)
        await w.app.people.disable("anna", ROOT)
        w.shown.sessions.forget()
        await w.order("MP-1", system="marketplace", by="DRONE")
        assert await asyncio.gather(*looks) == [401, 200]
