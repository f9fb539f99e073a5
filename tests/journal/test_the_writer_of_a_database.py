"""The writer of a database, with a connection and transactions that do as they are told: no server is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.journal.contract import Fenced, Overtaken, StoreDown
from crossdock.journal.postgresql.transaction import Task
from crossdock.journal.postgresql.wire import Lost, Refused
from crossdock.journal.postgresql.writer import Writer

LEASE_S, TAKES_S = 10.0, 4.0


class Found:
    """A result of whole numbers."""

    def __init__(self, *row: int) -> None:
        self.ntuples, self.nfields, self._row = 1 if row else 0, len(row), row

    def ftype(self, _column: int) -> int:
        return 20

    def get_value(self, _row: int, column: int) -> bytes:
        return self._row[column].to_bytes(8, "big", signed=True)


@dataclass
class Server:
    """What is durable, which faults come next, and what the time is."""

    now_s: float = 100.0
    faults: list[Exception | None] = field(default_factory=list[Exception | None])
    bad: set[str] = field(default_factory=set[str])  #: tasks that the server refuses
    lands: bool = True  #: whether a commit whose answer is lost is durable
    warnings: list[str] = field(default_factory=list[str])  #: of the next look-ups
    durable: list[str] = field(default_factory=list[str])
    batches: list[list[str]] = field(default_factory=list[list[str]])
    round: int = 0

    # -- a connection ----------------------------------------------------------

    async def exchange(self, commands: Sequence[Any]) -> list[Any]:
        return [None, Found(1, self.round), None, None]

    def notices(self) -> list[str]:
        return [self.warnings.pop()] if self.warnings else []

    async def close(self) -> None:
        """Nobody minds."""

    async def connect(self) -> tuple[Any, Any]:
        return self, SimpleNamespace(scribe=SimpleNamespace(keep=lambda: None), member=SimpleNamespace(id=1))

    def begin(self, _wire: Any, _kit: Any, tasks: Sequence[Task], round_: int) -> Any:
        return Transaction(self, [name_of(task) for task in tasks], round_)


@dataclass
class Transaction:
    """One that takes its time."""

    server: Server
    names: list[str]
    round: int
    committing: bool = False
    outcome: list[str] = field(default_factory=list[str])

    async def run(self) -> None:
        server = self.server
        server.now_s += TAKES_S
        server.batches.append(self.names)
        if wrong := server.bad & {*self.names}:
            raise Refused(f"nobody wants {wrong}", "23514")
        fault = server.faults.pop(0) if server.faults else None
        self.committing = isinstance(fault, Lost) and str(fault) == "amid the commit"
        self.outcome = [f"{name} is there" for name in self.names]
        if fault is None or (self.committing and server.lands):
            server.durable += self.names
            server.round = self.round
        if fault is not None:
            raise fault

    async def rollback(self) -> None:
        """Nothing is left of it."""


def task(name: str, *, solo: bool = False) -> Task:
    made = Task(before=cast("Any", [name]))
    if solo:
        made.then = lambda _answers, _plan: None
    return made


def name_of(given: Task) -> str:
    return cast("list[str]", given.before)[0]


@asynccontextmanager
async def writing(server: Server) -> AsyncIterator[tuple[Writer, Callable[..., asyncio.Future[Any]]]]:
    writer = Writer(
        server.connect, linger_s=0.0, lease_s=LEASE_S, monotonic_s=lambda: server.now_s, begin=server.begin
    )
    writer.start()
    try:
        yield writer, lambda name, **more: writer.submit(task(name, **more))
    finally:
        await writer.close()


LOST = "amid the commit"


async def test_the_lease_is_believed_from_before_it_was_asked_for():
    server = Server()
    async with writing(server) as (writer, submit):
        assert writer.sure_until_s == 0.0, "before the first commit nothing is sure"
        await submit("a")
        assert writer.sure_until_s == 100.0 + LEASE_S
        server.now_s = 200.0
        server.faults = [StoreDown("away")]
        with pytest.raises(StoreDown):
            await submit("b")
        assert writer.sure_until_s == 100.0 + LEASE_S, "what failed renewed nothing"


async def test_who_is_fenced_writes_nothing_more_and_is_sure_of_nothing():
    server, told = Server(), list[str]()
    async with writing(server) as (writer, submit):
        await submit("a")
        writer.on_fenced = lambda: told.append("fenced")
        server.faults = [Fenced("taken over")]
        queued = [submit("b"), submit("c", solo=True), submit("d")]
        found = await asyncio.gather(*queued, return_exceptions=True)
        assert [type(one) for one in found] == [Fenced] * 3
        with pytest.raises(Fenced):
            await submit("e")
        assert (server.durable, writer.sure_until_s, told) == (["a"], 0.0, ["fenced"])


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_of_those_that_share_a_transaction_only_the_one_at_fault_fails(place: int):
    names = ["a", "b", "c"]
    server = Server(bad={names[place]})
    async with writing(server) as (_, submit):
        found = await asyncio.gather(*map(submit, names), return_exceptions=True)
    assert [isinstance(one, Exception) for one in found] == [n == place for n in range(3)]
    assert server.durable == [name for name in names if name not in server.bad]


async def test_who_is_fenced_amid_those_that_are_tried_alone_writes_none_of_the_rest():
    server = Server(bad={"a"}, faults=[None, Fenced("taken over")])
    async with writing(server) as (_, submit):
        found = await asyncio.gather(*map(submit, "abcd"), return_exceptions=True)
    assert [type(one) for one in found[2:]] == [Fenced, Fenced]
    assert server.durable == ["b"]


@pytest.mark.parametrize("lands", [True, False])
async def test_a_commit_whose_answer_was_lost_is_looked_up_and_written_once(lands: bool):
    server = Server(faults=[Lost(LOST)], lands=lands)
    async with writing(server) as (_, submit):
        assert await asyncio.gather(submit("a"), submit("b")) == ["a is there", "b is there"]
    assert server.durable == ["a", "b"]
    assert len(server.batches) == (1 if lands else 2)


async def test_a_look_up_that_the_standby_may_not_have_says_nothing():
    server = Server(faults=[Lost(LOST)], warnings=["01000 the standby is away"] * 2)
    async with writing(server) as (writer, submit):
        lost = submit("a")
        while len(server.warnings) == 2:
            await asyncio.sleep(0)
        assert not lost.done()
        assert writer.failure is not None
        assert await lost == "a is there"
    assert (server.durable, server.batches) == (["a"], [["a"]])


async def test_what_was_lost_before_its_commit_is_told_to_its_callers_and_tried_by_nobody():
    server = Server(faults=[Lost("before the commit")])
    async with writing(server) as (_, submit):
        with pytest.raises(StoreDown):
            await submit("a")
        assert await submit("b") == "b is there"
    assert server.durable == ["b"]


async def test_who_asks_amid_a_transaction_has_one_of_its_own_in_its_turn():
    server = Server()
    async with writing(server) as (_, submit):
        await asyncio.gather(submit("a"), submit("b"), submit("c", solo=True), submit("d"), submit("e"))
    assert server.batches == [["a", "b"], ["c"], ["d", "e"]]


async def test_who_meets_others_at_a_row_tries_again_and_is_overtaken_at_last():
    server = Server(faults=[Refused("met", "40001"), Refused("met", "40P01")])
    async with writing(server) as (_, submit):
        assert await submit("a") == "a is there"
        server.faults = [Refused("met", "40001")] * 20
        with pytest.raises(Overtaken):
            await submit("b")
        assert 2 <= len(server.faults) < 20, "not for ever"
    assert server.durable == ["a"]
