"""A flood beside others goes by few and with pauses; on a clock and a processor that are moved by hand."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from crossdock.control.courtesy import ACTIVE_S, COMMITS_MAX, FEW, TURNS_MIN, TURNS_MORE, Closed, Courtesy

OFF = 1.0  #: the share at which nobody is heeded: the control


class Clock:
    """A clock that sleepers move on, and a loop of which a part is busy meanwhile."""

    def __init__(self, busy: float = 0.0) -> None:
        self.s = 1_000.0
        self.busy = busy
        self.used_s = 0.0
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return int(self.s * 1000)

    def monotonic_s(self) -> float:
        return self.s

    def processor_s(self) -> float:
        return self.used_s

    def passes(self, seconds: float) -> None:
        self.s += seconds
        self.used_s += seconds * self.busy

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passes(seconds)
        await asyncio.sleep(0)


class Doorway:
    """Requests of a shop and of an ERP that have got in, or wait."""

    def __init__(self, *, busy: float = 0.0, share: float = 0.3) -> None:
        self.clock = Clock(busy)
        self.courtesy = Courtesy(("shop", "erp"), self.clock, share=share, busy_s=self.clock.processor_s)
        self.inside: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, system: str, count: int) -> None:
        """So many requests come at once."""

        async def enters() -> None:
            await self.courtesy.enter(system)
            self.inside.append(system)

        self.tasks += [asyncio.ensure_future(enters()) for _ in range(count)]
        await self.settle()

    async def go(self, system: str, count: int = 1) -> None:
        """So many have their answers."""
        for _ in range(count):
            self.inside.remove(system)
            self.courtesy.leave(system)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(12):
            await asyncio.sleep(0)

    async def flows(self, seconds: float, **per_s: float) -> None:
        """Each system hands in so many a second, one after another."""
        due = dict.fromkeys(per_s, 0.0)
        for step in range(int(seconds * 100)):
            for system, rate in per_s.items():
                while due[system] <= step / 100:
                    due[system] += 1 / rate
                    await self.come(system, 1)
                    await self.go(system)
            self.clock.passes(0.01)

    async def empty(self) -> int:
        """Everybody gets in and goes; how many did."""
        went = 0
        while self.inside:
            went += len(self.inside)
            for system in list(self.inside):
                await self.go(system)
        assert all(task.done() for task in self.tasks)
        return went


async def test_who_is_alone_goes_with_all_others_of_its_kind_and_never_pauses():
    door = Doorway(busy=1.0)
    await door.flows(1, shop=100)
    await door.come("shop", COMMITS_MAX + 5)
    assert len(door.inside) == COMMITS_MAX
    assert await door.empty() == COMMITS_MAX + 5
    assert door.clock.slept == []


@pytest.mark.parametrize(("share", "inside"), [(0.3, FEW), (OFF, 20)], ids=["heeded", "control: not heeded"])
async def test_a_flood_beside_one_who_hands_in_little_goes_by_few(share: float, inside: int):
    door = Doorway(share=share)
    await door.flows(2, shop=100, erp=10)
    await door.come("shop", 20)
    assert door.inside.count("shop") == inside
    assert door.courtesy.waiting() == {"shop": 20 - inside, "erp": 0}
    await door.come("erp", 1)
    assert door.inside.count("erp") == 1, "who hands in little gets in at once"
    assert await door.empty() == 21


@pytest.mark.parametrize("erp", [30.0, 100.0, 300.0])
async def test_whoever_hands_in_not_much_more_than_the_other_is_no_flood(erp: float):
    door = Doorway(busy=1.0)
    await door.flows(3, shop=100, erp=erp)
    await door.come("shop", 20)
    assert door.inside.count("shop") == 20
    assert door.clock.slept == []


async def test_a_flood_ends_when_the_other_hands_in_as_much():
    door = Doorway()
    await door.flows(2, shop=100, erp=10)
    await door.flows(2, shop=100, erp=60)
    await door.come("shop", 20)
    assert door.inside.count("shop") == FEW, "it hands in more still"
    await door.empty()
    await door.flows(4, shop=50, erp=60)
    await door.come("shop", 20)
    assert door.inside.count("shop") == 20


async def _pauses(door: Doorway, erp: float) -> float:
    """The pause of each request of a flood, in seconds, while the ERP hands in so many a second."""
    await door.flows(3, shop=10 * erp, erp=erp)
    door.clock.slept.clear()
    for _ in range(5):
        await door.come("shop", 2)
        await door.go("shop", 2)
    return sum(door.clock.slept) / 10


async def test_a_flood_pauses_while_the_loop_is_busy_and_not_while_it_is_idle():
    assert await _pauses(Doorway(busy=0.0), 10) == 0
    assert await _pauses(Doorway(busy=1.0), 10) > 0
    assert await _pauses(Doorway(busy=1.0, share=OFF), 10) == 0, "the control"


async def test_however_busy_the_loop_is_a_flood_has_more_turns_than_any_other():
    slow, quick = await _pauses(Doorway(busy=1.0), 10), await _pauses(Doorway(busy=1.0), 100)
    assert slow <= 1 / TURNS_MIN
    assert quick <= 1.1 / (100 * TURNS_MORE) < slow


async def test_who_waited_goes_when_the_others_have_been_gone_for_a_while():
    door = Doorway()
    await door.flows(2, shop=100, erp=10)
    await door.come("shop", 20)
    assert door.inside.count("shop") == FEW
    door.clock.passes(ACTIVE_S + 1)
    await door.come("shop", 1)
    await door.go("shop")
    assert door.inside.count("shop") == 20
    assert await door.empty() == 20


@pytest.mark.parametrize("called", [False, True], ids=["before its turn", "as it was called"])
async def test_whoever_gives_up_leaves_its_place_to_the_next(called: bool):
    door = Doorway()
    await door.flows(2, shop=100, erp=10)
    await door.come("shop", FEW + 2)
    assert len(door.inside) == FEW
    waits = door.tasks[-2]
    if called:
        door.inside.remove("shop")
        door.courtesy.leave("shop")
    waits.cancel()
    await door.settle()
    assert waits.cancelled()
    assert await door.empty() == FEW + (0 if called else 1)


async def test_whoever_gives_up_in_a_pause_has_left():
    door = Doorway(busy=1.0)
    gate = asyncio.Event()

    async def sleep(_: float) -> None:
        await gate.wait()

    await door.flows(2, shop=100, erp=10)
    door.clock.sleep = sleep  # type: ignore[method-assign]
    await door.come("shop", FEW + 3)
    pausing = [task for task in door.tasks if not task.done()][:FEW]
    for task in pausing:
        task.cancel()
    await door.settle()
    gate.set()
    door.clock.busy = 0.0
    door.clock.passes(1.0)
    await door.settle()
    assert await door.empty() == FEW + 3 - sum(task.cancelled() for task in pausing)
    assert any(task.cancelled() for task in pausing)


async def test_a_flood_is_told_of_in_the_log_once_a_minute():
    door = Doorway()
    with capture_logs() as told:
        for _ in range(2):
            await door.flows(2, shop=100, erp=10)
            await door.come("shop", 20)
            await door.empty()
        assert [(one["system"], one["log_level"]) for one in told] == [("shop", "warning")]
        door.clock.passes(61)
        await door.flows(2, shop=100, erp=10)
        await door.come("shop", 20)
    assert len(told) == 2


@pytest.mark.parametrize("closes", [True, False], ids=["closed", "control: open"])
async def test_a_hub_that_stops_sends_away_all_who_wait_and_whoever_comes_later(*, closes: bool):
    door = Doorway()
    await door.flows(2, shop=100, erp=10)
    await door.come("shop", 20)
    if closes:
        door.courtesy.close()
    await door.come("erp", 1)
    await door.settle()
    away = [task for task in door.tasks if task.done() and isinstance(task.exception(), Closed)]
    assert len(away) == (20 - FEW + 1 if closes else 0)
    assert set(door.courtesy.waiting().values()) == ({0} if closes else {0, 20 - FEW})
    for system in list(door.inside):  # who got in before has its answer
        await door.go(system)
    assert not closes or {one.here for one in door.courtesy._senders.values()} == {0}
    assert not closes or {one.inside for one in door.courtesy._senders.values()} == {0}


async def test_who_pauses_as_the_hub_stops_is_sent_away_too():
    door = Doorway(busy=1.0)
    gate = asyncio.Event()

    async def sleep(_: float) -> None:
        await gate.wait()

    await door.flows(2, shop=100, erp=10)
    door.clock.sleep = sleep  # type: ignore[method-assign]
    await door.come("shop", FEW + 3)
    door.courtesy.close()
    gate.set()
    await door.settle()
    late = [task for task in door.tasks[-FEW - 3 :] if isinstance(task.exception(), Closed)]
    assert len(late) == FEW + 3 - len(door.inside)
    assert len(late) > 3, "only those who waited behind them were sent away"
