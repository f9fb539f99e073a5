"""Members of a site on a real PostgreSQL database: shares, take-overs, order, limits, with and without the fence."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from crossdock.journal.postgresql.budgets import Limit
from crossdock.kit.connector import Content, Page, Polled, Unclear
from crossdock.kit.http import Client
from crossdock.pipeline.blind import NoDoubt, NoFence
from crossdock.pipeline.transmit import DoubtGuard, NeverGuess
from tests.database import Server
from tests.harness.store import Line
from tests.pipeline.crew import LEASE_S, Crew, Member, crew
from tests.pipeline.world import order

KEYS = [f"C{n}" for n in range(12)]


async def _load(
    site: Crew, members: Sequence[Member], count: int, *, first: int = 0, pace_s: float = 0.0
) -> None:
    """Orders of many keys, each key's one after another, to the members in turn."""

    async def one(k: int, key: str) -> None:
        for n in range(first, first + count):
            await members[(n + k) % len(members)].push(order(f"{key}-{n}", key=key))
            await asyncio.sleep(pace_s)

    await asyncio.gather(*(one(k, key) for k, key in enumerate(KEYS)))


def _in_order(site: Crew, count: int) -> None:
    """Every order had one effect, and those of one key came in the order of their acceptance."""
    for key in KEYS:
        mine = [number for number in site.world.wms.applied if number.rpartition("-")[0] == key]
        assert mine == [f"{key}-{n}" for n in range(count)]


async def _slowly(site: Crew, seconds: float) -> None:
    """The warehouse takes its time."""
    send = site.world.wms.send

    async def slow(*words: Any, **more: Any) -> Any:
        await asyncio.sleep(seconds)
        return await send(*words, **more)

    site.world.wms.send = slow  # type: ignore[method-assign]


async def test_members_share_the_partitions_whoever_comes_and_goes(postgresql: Server, tmp_path: Path):
    async with crew(postgresql, tmp_path) as site:
        first = site.member()
        await first.start()
        assert len(first.held) == 256, "who is alone has everything at once"
        second, third = site.member(), site.member()
        await second.start()
        await site.shared_out(first, second)
        await third.start()
        await site.shared_out(first, second, third)
        await second.stop()
        await site.shared_out(first, third)
        assert sorted(site.owners().values()) == [128, 128]


async def test_one_key_sent_to_both_keeps_its_order_while_a_third_comes_and_goes(
    postgresql: Server, tmp_path: Path
):
    async with crew(postgresql, tmp_path) as site:
        await _slowly(site, 0.002)
        first, second, third = site.member(), site.member(), site.member()
        await first.start()
        await second.start()
        load = asyncio.create_task(_load(site, [first, second], 25, pace_s=0.03))
        await asyncio.sleep(0.2)
        await third.start()
        await site.shared_out(first, second, third)
        await third.stop()
        await load
        await site.world.settled()
        _in_order(site, 25)
        assert len(site.world.wms.arrived) == 25 * len(KEYS), "nothing was sent twice"


async def test_who_dies_is_taken_over_after_its_lease_and_nothing_is_lost(postgresql: Server, tmp_path: Path):
    async with crew(postgresql, tmp_path, unclear=Unclear.RESEND) as site:
        await _slowly(site, 0.01)
        first, second = site.member(), site.member()
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        await _load(site, [first, second], 6)
        await second.die()
        load = asyncio.create_task(_load(site, [first], 6, first=6))
        await site.shared_out(first)
        await load
        await site.world.settled()
        _in_order(site, 12)
        assert site.world.count("transmissions", 6) == 12 * len(KEYS)


@pytest.mark.parametrize(
    ("doubt", "times"), [(NeverGuess(), 1), (NoDoubt(), 2)], ids=["asked", "control: guessed"]
)
async def test_what_a_member_had_on_the_wire_when_it_died_is_asked_for_by_its_heir(
    postgresql: Server, tmp_path: Path, doubt: DoubtGuard, times: int
):
    async with crew(postgresql, tmp_path, unclear=Unclear.FIND) as site:
        wms, waiting = site.world.wms, list[bytes]()
        send, wms.has = wms.send, lambda number: number in wms.applied

        async def cut_off(method: str, path: str, *, body: bytes = b"", **more: Any) -> Any:
            if len(waiting) == 2 or method == "GET":
                return await send(method, path, body=body, **more)
            if b"O-there" in body:
                await send(method, path, body=body, **more)
            waiting.append(body)
            return await asyncio.Event().wait()  # nobody hears what came of it

        wms.send = cut_off  # type: ignore[method-assign]
        first = site.member()
        await first.start()
        for number in ("O-there", "O-gone"):
            await first.push(order(number, key=number))
        await site.world.until(lambda: len(waiting) == 2)
        await first.die()
        await site.member(doubt=doubt).start()
        await site.world.settled()
        assert sorted(wms.applied) == sorted(["O-gone", *["O-there"] * times])
        assert times == 2 or wms.asked.count("O-gone") == 2, "sent again only after it was absent twice"
        assert times == 2 or len({a.key for a in wms.arrived}) == 2


@contextlib.asynccontextmanager
async def frozen(member: Member) -> AsyncIterator[None]:
    """Nothing of a member runs that renews its lease or looks who has what; what it holds it goes on to hold."""
    journal, tenure = member.journal, member.tenure
    for task in (journal._heart, tenure._task):
        assert task is not None
        task.cancel()
    yield
    loop = asyncio.get_running_loop()
    journal._heart, tenure._task = loop.create_task(journal._beat()), loop.create_task(tenure._run())


@pytest.mark.parametrize("guarded", [True, False])
async def test_who_was_taken_over_sends_nothing_more_under_its_old_hold(
    postgresql: Server, tmp_path: Path, guarded: bool
):
    """The control without the fence sends and writes as if nothing had happened."""
    fences = () if guarded else (NoFence(),)
    async with crew(postgresql, tmp_path, fences=fences, unclear=Unclear.FIND) as site:
        first, second = site.member(), site.member()
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        old = first.held
        async with frozen(first):
            await asyncio.sleep(LEASE_S)
            await _taken_over(site, second)
            assert first.held == old, "it does not know yet"
            assert first.tenure.may_send() is not guarded
        if guarded:
            await site.world.until(lambda: first.held != old, "it never learnt that it was taken over")
            await site.shared_out(first, second)
            await first.push(order("O-1", key="C1"))
            await site.world.settled()
            assert site.world.wms.applied == ["O-1"]
        else:
            await asyncio.sleep(LEASE_S)
            assert first.held == old, "two members work on the same partitions"


async def _taken_over(site: Crew, by: Member) -> None:
    await site.world.until(lambda: len(by.held) == 256, "nobody took over")


async def test_a_transaction_that_a_stopped_member_left_open_keeps_nobody_from_taking_over(
    postgresql: Server, tmp_path: Path
):
    async with crew(postgresql, tmp_path) as site:
        first, second = site.member(), site.member()
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        async with frozen(first):
            member = first.journal.member
            assert member is not None
            with psycopg.connect(site.url, application_name=f"crossdock/{member.id}") as stopped:
                stopped.execute("SELECT 1 FROM owners WHERE id = %s FOR UPDATE", (member.id,))
                await _taken_over(site, second)
                with pytest.raises(psycopg.OperationalError):
                    stopped.execute("SELECT 1")
        await site.shared_out(first, second)


async def test_who_is_cut_off_from_the_database_stops_sending_in_time_and_joins_again(
    postgresql: Server, tmp_path: Path
):
    line = Line(postgresql.port)
    async with crew(postgresql, tmp_path) as site:
        through = postgresql.url(site.url.rpartition("/")[2], port=line.port)
        first, second = site.member(url=through), site.member()
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        await _load(site, [first, second], 3)
        await site.world.settled()
        sent = len(site.world.wms.arrived)
        line.cut()
        await site.world.until(lambda: not first.tenure.may_send(), "it believes that it may send")
        assert len(second.held) < 256, "it stops before anybody can take over"
        await _taken_over(site, second)
        await second.push(order("C0-3", key="C0"))
        await site.world.until(lambda: len(site.world.wms.arrived) == sent + 1)
        line.mend()
        await site.shared_out(first, second)
        await _load(site, [first, second], 3, first=4)
        await site.world.settled()
        assert len(site.world.wms.arrived) == sent + 1 + 3 * len(KEYS)
        await first.stop()
    line.stop()


@pytest.mark.parametrize("places", [1, 5])
async def test_no_more_requests_are_under_way_than_the_site_may_have(
    postgresql: Server, tmp_path: Path, places: int
):
    async with crew(postgresql, tmp_path, limit=Limit(places, None), concurrency=places) as site:
        inside: list[int] = []
        by: dict[str, int] = {}
        under_way = 0
        first, second = site.member(), site.member()
        for member in (first, second):
            client = member.clients["wms"]._client

            async def send(*words: Any, client: Client = client, name: str = member.name, **more: Any) -> Any:
                nonlocal under_way
                under_way += 1
                inside.append(under_way)
                by[name] = by.get(name, 0) + 1
                try:
                    await asyncio.sleep(0.01)
                    return await client.send(*words, **more)
                finally:
                    under_way -= 1

            member.clients["wms"]._client = SimpleNamespace(send=send)  # type: ignore[assignment]
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        count = 20 if places > 1 else 10
        await _load(site, [first, second], count)
        await _until_settled(site)
        assert max(inside) <= places
        assert len(by) == 2, "each of the two had its turn"
        assert min(by.values()) >= 0.2 * sum(by.values())
        _in_order(site, count)


async def _until_settled(site: Crew) -> None:
    for _ in range(6):
        try:
            await site.world.settled()
        except AssertionError:
            continue
        return
    raise AssertionError("it did not settle")


async def test_two_members_together_keep_to_the_rate_of_the_site(postgresql: Server, tmp_path: Path):
    async with crew(postgresql, tmp_path, limit=Limit(8, 20.0)) as site:
        gone: list[float] = []
        loop = asyncio.get_running_loop()
        script = site.world.wms.script

        def noted(arrived: Any, nth: int) -> int:
            gone.append(loop.time())
            return script(arrived, nth)

        site.world.wms.script = noted
        first, second = site.member(), site.member()
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        await _load(site, [first, second], 4)
        await _until_settled(site)
        # Two buckets that start full let one more through, each.
        assert max(sum(at <= s < at + 1.0 for s in gone) for at in gone) <= 22
        assert (gone[-1] - gone[0]) < 2.5 * len(gone) / 20, "and most of the rate is used"


@dataclass
class Feed:
    """A system that is asked; it counts who asks at the same time."""

    asked: list[str | None] = field(default_factory=list)
    inside: int = 0
    most: int = 0

    async def poll(self, cursor: str | None, client: Client) -> Page:
        del client
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.asked.append(cursor)
        await asyncio.sleep(0.01)
        self.inside -= 1
        n = int(cursor or 0)
        found = Polled("sales_order", Content(json.dumps(order(f"P-{n}")).encode(), "application/json"))
        return Page((found,) if n < 40 else (), str(min(n + 1, 40)), more=n < 40)


async def test_a_poller_runs_on_one_member_at_a_time_and_its_cursor_never_goes_back(
    postgresql: Server, tmp_path: Path
):
    feed = Feed()
    async with crew(postgresql, tmp_path, pollers={"sales_order": feed}) as site:
        first, second, third = site.member(), site.member(), site.member()
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        await third.start()
        await site.shared_out(first, second, third)
        await first.stop()
        await site.shared_out(second, third)
        await site.world.until(lambda: "40" in feed.asked, "it was not asked to its end")
        await site.world.settled()
    steps = [int(cursor or 0) for cursor in feed.asked]
    assert steps == sorted(steps)
    assert feed.most == 1


async def test_an_act_at_the_desk_of_one_member_moves_a_lane_of_another(postgresql: Server, tmp_path: Path):
    from crossdock.desk.desk import Desk

    async with crew(postgresql, tmp_path) as site:
        site.world.wms.script = lambda arrived, nth: (
            400 if nth == 0 and arrived.number.endswith("-0") else 200
        )
        first, second = site.member(), site.member()
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        for key in KEYS:
            for n in range(3):
                await first.push(order(f"{key}-{n}", key=key))
        await site.world.settled()
        assert (site.world.count("transmissions", 8), site.world.count("transmissions", 2)) == (12, 24)
        desk = Desk(second.journal, second.worker, site.world.clock.now_ms)
        for (id_,) in site.world.rows("SELECT id FROM incidents WHERE state = 1"):
            await desk.act(id_, "retry", {}, who="ann")
        await site.world.until(lambda: site.world.count("transmissions", 6) == 36, "a lane stands still")
        _in_order(site, 3)


async def test_a_site_at_rest_asks_little_of_its_database(postgresql: Server, tmp_path: Path):
    async with crew(postgresql, tmp_path) as site:
        first, second = site.member(), site.member()
        await first.start()
        await second.start()
        await site.shared_out(first, second)
        await asyncio.sleep(LEASE_S)

        def transactions() -> int:
            name = site.url.rpartition("/")[2]
            (row,) = postgresql.run(
                f"SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{name}'"
            )
            return int(row[0])

        before = transactions()
        await asyncio.sleep(3)
        each_s = (transactions() - before) / 3 / 2
        # The lease is a fifth of the usual one here, so its beats and rounds come five times as often.
        assert each_s < 30
