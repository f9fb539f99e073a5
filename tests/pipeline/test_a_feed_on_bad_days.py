"""Feeds on bad days: a bad item holds back only itself, and a feed that does not go on is told of, and not hunted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.faults import Rejected, TryLater
from crossdock.journal.contract import StoreDown
from crossdock.kit.connector import Content, Page, Polled
from crossdock.pipeline.pages import Pages
from crossdock.pipeline.set_aside import TOLD_MAX
from crossdock.pipeline.standstill import AWAY_MS, TRIES, Standstill
from tests.pipeline.world import JsonReader, World, order

PAGE = 4


def item(number: str, **more: Any) -> bytes:
    return json.dumps(order(number, **more)).encode()


class Feed:
    """Pages of some items, one after the other."""

    def __init__(self, items: list[bytes]) -> None:
        self.items = items
        self.asked: list[int] = []
        self.answers: Callable[[int], Page] = self.page

    def page(self, at: int, *, more: bool | None = None) -> Page:
        found = [Polled("sales_order", Content(one)) for one in self.items[at : at + PAGE]]
        following = at + len(found)
        return Page(found, str(following), more=following < len(self.items) if more is None else more)

    async def poll(self, cursor: str | None, client: Any) -> Page:
        at = int(cursor or 0)
        self.asked.append(at)
        return self.answers(at)


class Touchy(JsonReader):
    """Compares nothing with what it calls too large: the commit that wants it compared fails."""

    def same(self, one: Content, other: Content) -> bool:
        raise OverflowError("too large")


def polled(folder: Path, feed: Feed, **more: Any) -> World:
    world = World(folder, revise=True)
    bound = world.context.systems["shop"]
    system = replace(bound.system, flows_in=(replace(bound.system.flows_in[0], every_s=0.02),))
    world.context.systems["shop"] = replace(bound, pollers={"sales_order": feed}, system=system, **more)  # type: ignore[index]

    async def slept(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))

    world.context.clock.sleep = slept  # type: ignore[method-assign]
    return world


def incidents(world: World) -> list[Mapping[str, Any]]:
    names = ("type", "system", "document", "number", "says", "fix", "state")
    return [
        dict(zip(names, row, strict=True))
        for row in world.rows(f"SELECT {', '.join(names)} FROM incidents ORDER BY id")
    ]


def kept(world: World) -> list[bytes | None]:
    """The bytes of what was refused, in order."""
    return [world.journal.body(row[0]) for row in world.rows("SELECT payload FROM door ORDER BY id")]


def came(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT their_id FROM captures ORDER BY id")]


BAD = {
    "an id with a NUL": item("a\x00b"),
    "no object": b"17",
    "no JSON": b'{"number": "SO',
    "a field that cannot be read": json.dumps({"number": "O-6", "extra": "none"}).encode(),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_bad_item_holds_back_only_itself_and_a_person_sees_it_with_its_bytes(
    bad: bytes, tmp_path: Path
) -> None:
    feed = Feed([item(f"O-{n}") for n in range(10)])
    feed.items[5] = bad
    async with polled(tmp_path, feed) as world:
        await world.until(lambda: len(feed.asked) > 6)
        assert came(world) == [f"O-{n}" for n in range(10) if n != 5]
        assert world.rows("SELECT cursor FROM cursors") == [("10",)]
        (told,) = incidents(world)
        assert (told["type"], told["system"], told["document"], told["state"]) == (
            "poison", "shop", "sales_order", 1,
        )  # fmt: skip
        assert told["number"].startswith("item 2")
        assert "item 2" in told["says"] and "of shop (sales_order) after 4 cannot be taken: " in told["says"]
        assert "its bytes are kept and the feed goes on" in told["fix"]
        assert kept(world) == [bad]


async def test_what_the_store_cannot_keep_is_found_in_its_page_and_the_rest_comes_in_order(
    tmp_path: Path,
) -> None:
    feed = Feed([item(f"O-{n}") for n in range(11)])
    feed.items[6:8] = item("O-1", lines=[]), item("O-2", lines=[])  # to be compared with what came before
    async with polled(tmp_path, feed, readers={"sales_order": Touchy("sales_order")}) as world:
        await world.until(lambda: len(feed.asked) > 6)
        assert came(world) == [f"O-{n}" for n in range(11) if n not in (6, 7)]
        assert world.rows("SELECT cursor FROM cursors") == [("11",)]
        assert [one["number"] for one in incidents(world)] == ["item 3 (O-1)", "item 4 (O-2)"]
        assert "cannot keep a value of it: too large" in incidents(world)[0]["says"]
        assert kept(world) == feed.items[6:8]


async def test_a_bad_item_that_is_seen_again_is_the_same_incident_and_a_flood_of_them_shares_one(
    tmp_path: Path,
) -> None:
    feed = Feed([b"%d" % n for n in range(TOLD_MAX + 10)])
    feed.answers = lambda _at: Page([Polled("sales_order", Content(one)) for one in feed.items], "0")
    async with polled(tmp_path, feed) as world:
        await world.until(lambda: len(feed.asked) > 3)
        told = incidents(world)
        assert len(told) == TOLD_MAX + 1
        assert f"more than {TOLD_MAX} things of the feed of shop" in told[-1]["says"]
        assert kept(world) == feed.items, "each is kept, once"


async def test_the_cursor_stays_until_what_cannot_be_taken_is_kept(tmp_path: Path) -> None:
    feed = Feed([item("O-0"), b"17"])
    async with polled(tmp_path, Feed([])) as world:
        journal, down = world.journal, StoreDown("the disk is away")
        pages, bound, submit = (
            Pages(world.context, world.worker.door),
            world.context.systems["shop"],
            journal.submit,
        )

        def refuses(_changes: Any) -> Any:
            journal.submit = submit  # type: ignore[method-assign]
            raise down

        await world.until(lambda: journal.cursor("shop", "sales_order") == "0")
        journal.submit = refuses  # type: ignore[method-assign]
        with pytest.raises(StoreDown):
            await pages.store(bound, "sales_order", feed.page(0), "0")
        assert journal.cursor("shop", "sales_order") == "0"
        assert await pages.store(bound, "sales_order", feed.page(0), "0"), "it is new"
        assert (journal.cursor("shop", "sales_order"), kept(world)) == ("2", [b"17"])
        assert not await pages.store(bound, "sales_order", feed.page(0), "0"), "it is known"
        await world.settled()


LOOPS: dict[str, Callable[[Feed], Callable[[int], Page]]] = {
    "the same page": lambda feed: lambda _at: Page(feed.page(0).found, "4", more=True),
    "an empty page": lambda _feed: lambda _at: Page([], "4", more=True),
    "to and fro": lambda feed: lambda at: Page(feed.page(0).found, "2" if at == 4 else "4", more=True),
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
async def test_a_feed_that_always_says_more_is_asked_with_pauses_and_told_of_until_it_goes_on(
    loop: Callable[[Feed], Callable[[int], Page]], tmp_path: Path
) -> None:
    feed, pauses = Feed([item(f"O-{n}") for n in range(10)]), 0
    feed.answers = loop(feed)
    world = polled(tmp_path, feed)
    sleep = world.context.clock.sleep

    async def slept(seconds: float) -> None:
        nonlocal pauses
        pauses += seconds == 0.02  # the pause of the flow
        await sleep(seconds)

    world.context.clock.sleep = slept  # type: ignore[method-assign]
    async with world:
        await world.until(lambda: incidents(world), "nobody was told")
        await world.until(lambda: len(feed.asked) > 2 * TRIES + 3)
        assert len(feed.asked) - pauses <= 3, "it was asked without a pause"
        (told,) = incidents(world)
        assert (told["type"], told["state"]) == ("poison", 1)
        assert "the feed of shop (sales_order) does not move on after " in told["says"]
        feed.answers = feed.page
        await world.until(lambda: incidents(world)[0]["state"] == 2, "it did not end by itself")
        await world.until(lambda: "O-9" in came(world))
        assert len(incidents(world)) == 1


WRONG = {
    "a page that cannot be read": TryLater("no page", path="page"),
    "a refusal": Rejected("who are you", fix="give us a key"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_feed_that_cannot_be_read_is_told_of_after_some_tries_and_ends_by_itself(
    wrong: Exception, tmp_path: Path
) -> None:
    feed = Feed([item(f"O-{n}") for n in range(10)])

    def fails(_at: int) -> Page:
        told_after.append(len(incidents(world)))
        raise wrong

    told_after: list[int] = []
    feed.answers = fails
    async with polled(tmp_path, feed) as world:
        await world.until(lambda: len(told_after) > TRIES + 2)
        assert told_after[: TRIES + 2] == [0] * TRIES + [1, 1]
        (told,) = incidents(world)
        assert "the feed of shop (sales_order) cannot be read from the beginning: " in told["says"]
        assert "ends by itself" in told["fix"]
        feed.answers = feed.page
        await world.until(lambda: incidents(world)[0]["state"] == 2, "it did not end by itself")
        await world.until(lambda: "O-9" in came(world))


async def test_a_system_that_is_away_is_told_of_after_a_while_and_by_another_process_not_again(
    tmp_path: Path,
) -> None:
    async with polled(tmp_path, Feed([])) as world:
        one, away, later = Standstill(world.context), TryLater("nobody answers"), 0
        now_ms = world.clock.now_ms
        world.clock.now_ms = lambda: now_ms() + later  # type: ignore[method-assign]
        for _ in range(3 * TRIES):
            await one.failed("erp", "item", away)
        await one.failed("erp", "item", StoreDown("the disk is away"))
        assert incidents(world) == []
        later = AWAY_MS
        await one.failed("erp", "item", away)
        assert len(incidents(world)) == 1
        another = Standstill(world.context)
        for _ in range(2):
            await another.failed("erp", "item", Rejected("gone"))
        later += AWAY_MS
        await another.failed("erp", "item", away)
        assert [told["state"] for told in incidents(world)] == [1]
        assert not await another.page("erp", "item", None, "1", more=False, new=True)
        assert [told["state"] for told in incidents(world)] == [2]


async def test_a_store_that_is_away_is_no_fault_of_a_feed(tmp_path: Path) -> None:
    async with polled(tmp_path, Feed([])) as world:
        one = Standstill(world.context)
        for _ in range(2 * TRIES):
            await one.failed("erp", "item", StoreDown("the disk is away"))
        assert incidents(world) == []
        assert one.of("erp", "item").failures == 2 * TRIES, "the pauses grow all the same"
        for _ in range(TRIES):
            assert incidents(world) == []
            await one.failed("erp", "item", KeyError("next"))
        assert "cannot be read from the beginning: KeyError: 'next'" in incidents(world)[0]["says"]
