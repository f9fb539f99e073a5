"""The doors under pressure: what they refuse, when they say to come again, and that nothing is lost by it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from crossdock.api.intake import Intake
from crossdock.api.keys import Keys, digest_of
from crossdock.charter.charter import Charter, System
from crossdock.charter.charter import Intake as IntakeBounds
from crossdock.control import pressure as bounds
from crossdock.control.courtesy import Courtesy
from crossdock.control.operate import Operator, Order
from crossdock.control.pressure import RETRY_UNKNOWN_S, Pressure
from crossdock.journal.contract import StoreDown
from crossdock.message.gate import Direction, GateMove
from tests.pipeline.world import World, order

BACKLOG_MAX = 20


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.s = 1_000.0

    def now_ms(self) -> int:
        return int(self.s * 1000)

    def monotonic_s(self) -> float:
        return self.s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Views:
    """Gives the counts that a test has set."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.oldest: dict[str, int] = {}

    async def view(self, read: Any) -> Any:
        return dict(self.counts), dict(self.oldest)


def charter(**intake: Any) -> Charter:
    systems = {name: System(name, "json") for name in ("shop", "erp")}
    systems["erp"] = replace(systems["erp"], backlog_max=5)
    return Charter("sha256:x", SimpleNamespace(), systems, {}, intake=IntakeBounds(**intake))  # type: ignore[arg-type]


def pressed(views: Views, clock: Clock, disk: tuple[int, int] | None = None, **intake: Any) -> Pressure:
    return Pressure(charter(**intake), views, clock, lambda: disk)


async def test_a_system_with_too_much_under_way_is_asked_to_wait_and_the_others_are_not():
    views, clock = Views(), Clock()
    pressure = pressed(views, clock, backlog_max=100)
    views.counts = {"shop": 100, "erp": 4}
    await pressure.look()
    full = pressure.full("shop")
    assert full is not None
    assert (full.status, full.retry_s) == (429, RETRY_UNKNOWN_S)
    assert full.says == "100 documents of shop are under way, which is as many as may be"
    assert pressure.full("erp") is None
    pressure.taken("erp")
    assert pressure.full("erp") is not None, "its own bound, with what came since the last look"


async def test_control_the_usual_bound_lets_a_million_in():
    views, clock = Views(), Clock()
    pressure = pressed(views, clock)
    views.counts = {"shop": 1_000_000}
    await pressure.look()
    assert pressure.full("shop") is None


async def test_retry_after_is_how_long_it_takes_until_there_is_room_again():
    views, clock = Views(), Clock()
    pressure = pressed(views, clock, backlog_max=1_000)
    views.counts = {"shop": 3_000}
    await pressure.look()
    for _ in range(30):
        clock.s += 2
        views.counts["shop"] -= 40
        await pressure.look()
    full = pressure.full("shop")
    assert full is not None
    assert full.retry_s == pytest.approx((1_800 - 950) / 20, rel=0.05)


async def test_a_door_that_was_full_opens_a_little_below_its_bound():
    views, clock = Views(), Clock()
    pressure = pressed(views, clock, backlog_max=100)
    for count, refuses in ((99, False), (100, True), (97, True), (94, False), (97, False)):
        views.counts = {"shop": count}
        await pressure.look()
        assert (pressure.full("shop") is not None) == refuses, count


async def test_a_backlog_that_is_too_old_closes_the_door_where_the_charter_says_so():
    views, clock = Views(), Clock()
    for age_s, refuses in ((None, False), (60.0, True)):
        pressure = pressed(views, clock, backlog_age_s=age_s)
        views.counts, views.oldest = {"shop": 3}, {"shop": clock.now_ms() - 90_000}
        await pressure.look()
        full = pressure.full("shop")
        assert (full is not None) == refuses
    assert full is not None
    assert "has waited for 2 min" in full.says


async def test_before_the_disk_is_full_the_door_closes_and_what_is_here_goes_on():
    views, clock = Views(), Clock()
    for disk, refuses in (
        ((300_000_000, 10**12), False), ((100_000_000, 10**12), True), (None, False),
        ((100_000_000, 400_000_000), False), ((70_000_000, 400_000_000), True),
    ):  # fmt: skip
        pressure = pressed(views, clock, disk)
        await pressure.look()
        full = pressure.full("shop")
        assert (full is not None) == refuses
        assert full is None or full.status == 503


async def test_the_door_opens_again_once_the_disk_has_room():
    found = [(100, 1_000)]
    pressure = Pressure(charter(disk_free_mb=200_000), Views(), Clock(), lambda: found[0])
    await pressure.look()
    assert pressure.full("shop") is not None, "a fifth of it is kept free, however much is asked for"
    found[0] = (300, 1_000)
    await pressure.look()
    assert pressure.full("shop") is None


async def test_no_system_fills_more_than_half_of_the_memory_for_bodies():
    pressure = pressed(Views(), Clock())
    load = pressure.enter("shop")
    half = bounds.INSIDE_MAX_BYTES // 2
    assert pressure.more(load, half)
    assert not pressure.more(load, 1)
    assert pressure.full("shop", 10) is not None
    assert pressure.full("erp", 10) is None
    pressure.leave(load, half + 1)
    assert pressure.full("shop", 10) is None


async def test_so_many_requests_of_one_system_and_no_more_are_inside_the_door():
    pressure = pressed(Views(), Clock())
    loads = [pressure.enter("shop") for _ in range(bounds.INSIDE_MAX)]
    assert pressure.full("shop") is not None
    assert pressure.full("erp") is None
    pressure.leave(loads[0], 0)
    assert pressure.full("shop") is None


async def test_a_store_that_cannot_be_counted_leaves_the_doors_as_they_are():
    views, clock = Views(), Clock()
    pressure = pressed(views, clock, backlog_max=100)
    views.counts = {"shop": 100}
    await pressure.look()

    async def down(read: Any) -> Any:
        raise StoreDown("gone")

    views.view = down  # type: ignore[method-assign]
    pressure.start()
    await asyncio.sleep(0.01)
    await pressure.stop()
    assert pressure.full("shop") is not None


# -- the route ---------------------------------------------------------------------


class Protocol:
    """How the route reads and answers."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.status, self.headers, self.body = 0, dict[str, str](), b""

    async def __call__(self) -> bytes:
        return self._body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._body), 10):
            yield self._body[at : at + 10]

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, dict(headers), body


class Counters:
    """Counts nothing."""

    def received(self, system: str, status: int, seconds: float) -> None:
        """Nothing."""


class Route:
    """The route over a world, with a charter that bounds the backlog."""

    def __init__(self, world: World, max_bytes: int = 1_000_000) -> None:
        self.world = world
        keys = Keys(lambda: [(digest_of("k"), "shop", "system", "shop")], lambda: 0.0)
        small = replace(world.charter, intake=IntakeBounds(backlog_max=BACKLOG_MAX))
        self.pressure = Pressure(small, world.journal, world.clock)
        self.courtesy = courtesy = Courtesy(
            world.charter.systems, world.clock, share=small.intake.flood_share
        )
        self.intake = Intake(
            world.worker.door, keys, Counters(), self.pressure, courtesy,
            max_bytes=max_bytes, now_ms=world.clock.now_ms,
        )  # fmt: skip

    async def post(self, tree: dict[str, Any], *, chunked: bool = False) -> Protocol:
        body = json.dumps(tree).encode()
        headers = {"authorization": "Bearer k"} | ({} if chunked else {"content-length": str(len(body))})
        scope = SimpleNamespace(
            method="POST", path="/v1/systems/shop/messages", query_string="", headers=headers
        )
        protocol = Protocol(body)
        await self.intake.handle(scope, protocol)
        return protocol


async def test_when_a_target_falls_behind_its_senders_are_asked_to_wait_and_nothing_is_lost(tmp_path: Path):
    world = World(tmp_path)
    world.wms.closed = True
    async with world:
        route = Route(world)
        answers = [await route.post(order(f"O-{n}")) for n in range(30)]
        assert [a.status for a in answers] == [202] * BACKLOG_MAX + [429] * 10
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert "are under way" in json.loads(answers[-1].body)["detail"]
        await world.until(lambda: world.count("transmissions", 1) == BACKLOG_MAX)
        await route.pressure.look()
        assert (await route.post(order("O-30"))).status == 429
        world.wms.closed = False
        await world.settled()
        await route.pressure.look()
        assert (await route.post(order("O-30"))).status == 202
        await world.settled()
    assert len(world.wms.applied) == BACKLOG_MAX + 1


@pytest.mark.parametrize("chunked", [False, True])
async def test_what_is_held_for_a_request_is_let_go_with_its_answer(tmp_path: Path, *, chunked: bool):
    async with World(tmp_path) as world:
        route = Route(world)
        for tree in (order("O-1"), {"no": "number"}, order("O-1")):
            await route.post(tree, chunked=chunked)
        load = route.pressure.loads()["shop"]
        assert (load.inside, load.inside_bytes) == (0, 0)
        await world.settled()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_document_has_as_many_bytes_as_may_be_however_it_comes(tmp_path: Path, *, chunked: bool):
    tree = order("O-1")
    size = len(json.dumps(tree).encode())
    async with World(tmp_path) as world:
        too_large = await Route(world, size - 1).post(tree, chunked=chunked)
        assert (too_large.status, world.rows("SELECT count(*) FROM captures")) == (413, [(0,)])
        assert (await Route(world, size).post(tree, chunked=chunked)).status == 202
        await world.settled()


async def test_at_a_closed_door_the_sender_reads_why_and_when_but_not_who(tmp_path: Path):
    async with World(tmp_path) as world:
        route = Route(world)
        operator = Operator(world.journal, world.worker, world.clock.now_ms, world.charter.systems)
        pause = Order(GateMove.PAUSE, (Direction.IN,), "stocktake")
        await operator.act("shop", pause, who="ann")
        answer = await route.post(order("O-1"))
        assert (answer.status, answer.headers["retry-after"]) == (503, "60")
        detail = json.loads(answer.body)["detail"]
        assert "shop is paused since" in detail
        assert "(stocktake)" in detail
        assert "ann" not in detail


async def test_the_longer_the_store_is_down_the_later_senders_are_asked_to_come(tmp_path: Path):
    async with World(tmp_path) as world:
        route = Route(world)

        async def down(*_: Any, **__: Any) -> Any:
            raise StoreDown("the store takes no commits: disk full")

        route.intake._door.receive = down  # type: ignore[method-assign]
        first = await route.post(order("O-1"))
        assert (first.status, first.headers["retry-after"]) == (503, "2")
        route.intake._down_since_s -= 40  # type: ignore[operator]
        assert (await route.post(order("O-1"))).headers["retry-after"] == "20"
        route.intake._down_since_s -= 4_000  # type: ignore[operator]
        assert (await route.post(order("O-1"))).headers["retry-after"] == "60"


async def test_a_hub_that_stops_says_so_to_those_who_wait_at_the_door(tmp_path: Path):
    async with World(tmp_path) as world:
        route = Route(world)
        route.courtesy.close()  # between the look at whether the hub stops and the wait for a turn
        away = await route.post(order("O-1"))
        route.intake.draining = True
        later = await route.post(order("O-1"))
        assert (away.status, away.headers["retry-after"]) == (503, "5")
        assert (away.headers, away.body) == (later.headers, later.body)
        assert json.loads(away.body)["detail"] == "the hub is stopping"


async def test_whatever_goes_wrong_a_sender_reads_what_to_do_and_the_log_has_where(tmp_path: Path):
    async with World(tmp_path) as world:
        route = Route(world)

        async def stumbles(*_: Any, **__: Any) -> Any:
            raise ZeroDivisionError("a defect")

        route.intake._door.receive = stumbles  # type: ignore[method-assign]
        with capture_logs() as told:
            answer = await route.post(order("O-1"))
        document = json.loads(answer.body)
        assert (answer.status, document["status"]) == (500, 500)
        assert answer.headers["content-type"] == "application/problem+json"
        assert document["title"]
        assert "send it again later" in document["fix"]
        assert "a defect" not in answer.body.decode()
        assert [(one["event"], one["exc_info"]) for one in told] == [("request failed", True)]
        load = route.pressure.loads()["shop"]
        assert (load.inside, load.inside_bytes) == (0, 0)
