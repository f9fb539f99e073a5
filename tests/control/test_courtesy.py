"""A flood beside others goes by few and with pauses; on a clock and a processor that are moved by hand."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.control.courtesy import ACTIVE_S, COMMITS_MAX, FEW, TURNS_MIN, Courtesy

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
        for _ in range(50):
            await asyncio.sleep(0)

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
    await door.come("shop", COMMITS_MAX + 5)
    assert len(door.inside) == COMMITS_MAX
    assert await door.empty() == COMMITS_MAX + 5
    assert door.clock.slept == []


@pytest.mark.parametrize(("share", "inside"), [(0.3, FEW), (OFF, 20)], ids=["heeded", "control: not heeded"])
async def test_a_flood_beside_one_who_hands_in_little_goes_by_few(share: float, inside: int):
    door = Doorway(share=share)
    await door.come("erp", 1)
    await door.go("erp")
    await door.come("shop", 1)
    await door.go("shop")
    door.clock.passes(0.2)
    await door.come("shop", 20)
    assert door.inside.count("shop") == inside
    await door.come("erp", 1)
    assert door.inside.count("erp") == 1, "who hands in little gets in at once"
    assert await door.empty() == 21


async def test_two_who_hand_in_as_much_as_each_other_are_no_flood():
    door = Doorway(busy=1.0)
    for _ in range(2):
        for _ in range(20):
            await door.come("erp", 1)
            await door.come("shop", 1)
        assert len(door.inside) == 40
        assert await door.empty() == 40
        door.clock.passes(0.2)
    assert door.clock.slept == []


async def _beside(door: Doorway, per_s: float) -> float:
    """The pauses of a flood of five while the ERP hands in so many a second; in seconds, for each."""
    for _ in range(int(3 * per_s)):
        await door.come("erp", 1)
        await door.go("erp")
        door.clock.passes(1 / per_s)
    await door.come("shop", 2)
    await door.go("shop", 2)
    door.clock.slept.clear()
    for _ in range(5):
        await door.come("shop", 2)
        await door.go("shop", 2)
    return sum(door.clock.slept) / 10


async def test_a_flood_pauses_while_the_loop_is_busy_and_not_while_it_is_idle():
    assert await _beside(Doorway(busy=0.0), 10) == 0
    assert await _beside(Doorway(busy=1.0), 10) > 0
    assert await _beside(Doorway(busy=1.0, share=OFF), 10) == 0, "the control"


async def test_however_busy_the_loop_is_a_flood_has_as_many_turns_as_the_others():
    slow, quick = await _beside(Doorway(busy=1.0), 10), await _beside(Doorway(busy=1.0), 200)
    assert slow <= 1 / TURNS_MIN
    assert quick <= 1 / 100 < slow


async def test_who_waited_goes_when_the_others_have_been_gone_for_a_while():
    door = Doorway()
    await door.come("erp", 1)
    await door.go("erp")
    door.clock.passes(0.2)
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
    await door.come("erp", 1)
    await door.go("erp")
    await door.come("shop", 1)
    await door.go("shop")
    door.clock.passes(0.2)
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

    await _beside(door, 10)
    door.clock.sleep = sleep  # type: ignore[method-assign]
    await door.come("shop", FEW + 3)
    for task in [task for task in door.tasks if not task.done()][:FEW]:
        task.cancel()
    await door.settle()
    gate.set()
    door.clock.busy = 0.0
    door.clock.passes(1.0)
    await door.settle()
    assert await door.empty() == 3
