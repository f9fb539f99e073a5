"""What two hosts are asked at once: one run for a request, one carrying out of an approval, no run without a host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from crossdock.desk.desk import Desk
from crossdock.desk.runs import ONCE, Runs
from crossdock.governance.approvals import Approvals
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.desk_reads import Run
from crossdock.message.four_eyes import Asked, Kind, OnePair
from tests.database import Server
from tests.journal.places import Place, postgresql_place
from tests.nobody_runs import NobodyRuns
from tests.stories import Stories, stories


class Host:
    """A desk and its approvals over a journal of its own."""

    def __init__(self, told: Stories, meet: asyncio.Barrier | None = None) -> None:
        now_ms = told.clock.now_ms
        self.journal = told.journal
        self.runs = Runs(told.journal, Desk(told.journal, NobodyRuns(), now_ms), now_ms, OnePair())
        self.runs.begins["bulk"] = self._go_on
        self.approvals = Approvals(told.journal, now_ms, ["gates"], 3600)
        self.approvals.carries("gate/pause", self._carry)
        self.went_on: list[int] = []
        self.carried = 0
        self.fails: Exception | None = None
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self._meet, self._known = meet, self.runs.known
        if meet is not None:
            self.runs.known = self._at_the_same_time  # type: ignore[method-assign]

    async def _at_the_same_time(self) -> Run | None:
        known, meet, self._meet = await self._known(), self._meet, None
        if meet is not None:
            await meet.wait()
        return known

    async def _go_on(self, run: Run) -> None:
        self.went_on.append(run.id)
        await asyncio.Event().wait()

    async def _carry(self, *_: Any) -> object:
        self.carried += 1
        await self.goes_on.wait()
        if self.fails is not None:
            raise self.fails
        return None

    async def begin(self, key: str) -> int:
        """An act on many under a key of the caller's."""
        ONCE.set(key)
        return (await self.runs.bulk([1], "retry", {}, who="ann", why="")).id

    async def asked(self) -> str:
        """A request for approval."""
        with pytest.raises(Asked) as asked:
            await self.approvals.must_agree(
                Kind.GATES, "gate/pause", "wms", {}, who="ann", says=lambda: "pause"
            )
        return str(asked.value.request["id"])


@asynccontextmanager
async def two_hosts(server: Server, *, meet: bool = False) -> AsyncIterator[tuple[Place, Host, Host]]:
    place = postgresql_place(server)
    barrier = asyncio.Barrier(2) if meet else None
    async with stories(place.database) as one, stories(place.database) as other:
        hosts = Host(one, barrier), Host(other, barrier)
        try:
            yield place, *hosts
        finally:
            for host in hosts:
                await host.runs.stop()
    assert verify(place.storage) is None


@pytest.mark.parametrize(("key", "runs"), [("shift-7", 1), ("", 2)], ids=["one key", "control: no key"])
async def test_two_hosts_that_get_one_request_begin_one_run(postgresql: Server, key: str, runs: int) -> None:
    async with two_hosts(postgresql, meet=True) as (place, one, other):
        begun = await asyncio.gather(one.begin(key), other.begin(key))
        assert len(set(begun)) == runs
        assert place.count("desk_runs") == runs
        assert len(one.went_on + other.went_on) <= runs


async def test_a_run_goes_on_where_its_partition_is_held_and_nowhere_else(postgresql: Server) -> None:
    async with two_hosts(postgresql) as (_, one, other):
        run = await one.begin("")
        await other.runs.look()
        assert other.went_on == []
        everything = one.journal.owned  # pyright: ignore[reportAttributeAccessIssue]
        one.journal.own(frozenset())  # pyright: ignore[reportAttributeAccessIssue]
        other.journal.own(everything)  # pyright: ignore[reportAttributeAccessIssue]
        await one.runs.look()
        await other.runs.look()
        await asyncio.sleep(0)
        assert (one.runs._going, other.went_on) == ({}, [run])


async def test_an_approval_is_carried_out_by_another_host_only_once_the_first_is_gone(
    postgresql: Server,
) -> None:
    async with two_hosts(postgresql) as (place, one, other):
        name = await one.asked()
        one.goes_on.clear()
        carrying = asyncio.create_task(one.approvals.approve(name, who="bob"))
        while not one.carried:
            await asyncio.sleep(0.001)
        with pytest.raises(Overtaken, match="another host"):
            await other.approvals.approve(name, who="eve")
        place.run("UPDATE owners SET gone_at = clock_timestamp() WHERE id = ?", (one.journal.member_id,))
        assert (await other.approvals.approve(name, who="eve"))["state"] == "done"
        one.goes_on.set()
        with pytest.raises(Overtaken):
            await carrying
        assert (one.carried, other.carried) == (1, 1)


async def test_two_hosts_that_are_asked_the_same_ask_for_one_approval(postgresql: Server) -> None:
    async with two_hosts(postgresql) as (place, one, other):
        names = await asyncio.gather(one.asked(), other.asked())
        assert len(set(names)) == 1
        assert place.count("approvals") == 1
        await one.approvals.decline(names[0], "not now", who="bob")
        assert await other.asked() != names[0], "what was declined may be asked for again"


@pytest.mark.parametrize(
    ("fails", "state"), [(KeyError("lane"), "failed"), (StoreDown("the disk is full"), "approved")]
)
async def test_what_stumbles_ends_and_what_the_store_cut_off_may_be_done_to_its_end(
    place: Place, fails: Exception, state: str
) -> None:
    async with stories(place.database.removeprefix("sqlite:")) as told:
        host = Host(told)
        name, host.fails = await host.asked(), fails
        with pytest.raises(type(fails)):
            await host.approvals.approve(name, who="bob")
        (request,) = await host.approvals.listed()
        assert request["state"] == state
        host.fails = None
        if state == "failed":
            assert "stumbled" in request["reason"]
            with pytest.raises(Overtaken):
                await host.approvals.approve(name, who="bob")
            assert host.carried == 1
        else:
            assert (await host.approvals.approve(name, who="eve"))["state"] == "done"
    assert verify(place.storage) is None
