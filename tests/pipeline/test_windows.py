"""What of a target's work is in memory, and what in the store only: number by number, origin by origin."""

from __future__ import annotations

from typing import cast

from crossdock.journal.contract import Journal
from crossdock.message.records import Transmission
from crossdock.message.states import TransmissionState
from crossdock.pipeline.lanes import Flight, KeyOrdering, Lane, Lanes
from crossdock.pipeline.windows import ELDERS_MAX, Windows


class Store:
    """Says whether something of a lane waits between two numbers."""

    def __init__(self) -> None:
        self.waits: set[tuple[str, int]] = set()  #: (lane, number)
        self.states: dict[int, TransmissionState] = {}  #: of those that are not due

    def lane_waits(self, target: str, key: str, after: int, before: int) -> bool:
        return any(lane == key and after < id_ < before for lane, id_ in self.waits)

    def lane(self, target: str, key: str, after: int, limit: int) -> list[Transmission]:
        found = sorted(id_ for lane, id_ in self.waits if lane == key and id_ > after)[:limit]
        states = [self.states.get(id_, TransmissionState.DUE) for id_ in found]
        return [
            Transmission(id_, 1, target, "shop", "sales_order", f"SO-{id_}", 1, 1, key, state=state)
            for id_, state in zip(found, states, strict=True)
        ]

    def origins_open(self, target: str) -> list[str]:
        return ["shop", "erp"]


class Case:
    """Windows over some lanes, with room for so many."""

    def __init__(self, limit: int = 2) -> None:
        self.store = Store()
        self.lanes = Lanes(KeyOrdering())
        self.windows = Windows(cast("Journal", self.store), "wms", self.lanes, limit)

    def sending(self, id_: int, origin: str = "shop", key: str = "K") -> tuple[Transmission, Lane]:
        t = Transmission(id_, 1, "wms", origin, "sales_order", f"SO-{id_}", 1, 1, key)
        return t, self.lanes.of(t)

    def comes(self, id_: int, origin: str = "shop", key: str = "K") -> bool:
        """One more; whether it went into memory."""
        t, lane = self.sending(id_, origin, key)
        if self.windows.takes(t, lane):
            self.lanes.push(lane, Flight(t))
            return True
        return False


def test_what_has_room_is_in_memory_and_what_follows_one_that_has_none_is_not():
    case = Case(limit=2)
    assert [case.comes(n, key=f"K{n}") for n in (1, 2, 3)] == [True, True, False]
    case.lanes.pop(case.lanes.by_key("K1"))
    assert not case.comes(4, key="K4"), "there is room, and an older one stands in the store"
    assert [case.windows.loaded(case.sending(n)[0]) for n in (1, 2, 3, 4)] == [True, True, False, False]


def test_what_is_left_in_the_store_is_read_from_there_however_far_reading_had_come():
    case = Case()
    case.windows.of("shop").loaded_upto = 9
    case.windows.leave(case.sending(7)[0])
    assert [case.windows.loaded(case.sending(n)[0]) for n in (6, 7, 8)] == [True, False, False]
    case.windows.leave(case.sending(8)[0])
    assert not case.windows.loaded(case.sending(7)[0]), "what comes later takes nothing of it back"


def test_memory_has_everything_only_when_nothing_is_on_its_way_to_the_store():
    case = Case(limit=1)
    assert [case.comes(1, key="A"), case.comes(2, key="B")] == [True, False]
    case.windows.read_all("shop")
    assert not case.windows.loaded(case.sending(2)[0]), "it was not in the store yet when that was read"
    case.windows.settled(case.sending(2)[0])
    case.windows.read_all("shop")
    assert case.windows.loaded(case.sending(2)[0])
    case.lanes.pop(case.lanes.by_key("A"))
    assert case.comes(3, key="C")


def test_a_lane_of_two_systems_waits_for_an_elder_that_is_on_its_way_to_the_store():
    case = Case(limit=2)
    assert [case.comes(1, key="A"), case.comes(2, key="B"), case.comes(3, key="K")] == [True, True, False]
    assert not case.comes(4, "erp", "K"), "the shop's comes first in its lane"
    case = Case(limit=2)
    assert [case.comes(1, key="A"), case.comes(2, key="B"), case.comes(3, key="C")] == [True, True, False]
    assert case.comes(4, "erp", "K"), "another lane waits for nobody"


def test_a_lane_of_two_systems_waits_for_an_elder_that_the_store_has():
    case = Case(limit=2)
    case.windows.of("shop").spilled = True
    case.store.waits = {("K", 5)}
    t, lane = case.sending(9, "erp", "K")
    assert case.windows.elder_waits(t, lane)
    assert not case.windows.whole(t, lane)
    younger, _ = case.sending(4, "erp", "K")
    assert not case.windows.elder_waits(younger, lane), "what comes after it is no elder"
    case.lanes.push(lane, Flight(case.sending(6)[0]))
    assert not case.windows.elder_waits(t, lane), "that one is in memory, and so is what was before it"
    assert not case.windows.elder_waits(*case.sending(9, "erp", "L"))


def elders(case: Case, id_: int = 90) -> list[int] | None:
    found = case.windows.elders(*case.sending(id_, "erp", "K"))
    return None if found is None else [t.id for t in found]


def test_elders_in_the_store_are_read_with_what_comes_after_them():
    case = Case()
    case.store.waits = {("K", 5), ("K", 7), ("K", 99), ("L", 6)}
    assert elders(case) == [], "nothing of another system is in the store only"
    case.windows.of("shop").spilled = True
    case.store.states[7] = TransmissionState.SENDING
    assert elders(case) == [5], "what is being sent is in memory, or its end is on the way to the disk"


def test_an_elder_that_was_read_early_is_not_read_a_second_time():
    case = Case()
    case.windows.of("shop").spilled = True
    case.store.waits = {("K", 5), ("K", 7)}
    assert elders(case) == [5, 7]
    assert [case.windows.loaded(case.sending(n)[0]) for n in (4, 5, 6, 7)] == [False, True, False, True]
    assert elders(case) is None, "they are not in their lane any more: their end is on the way to the disk"
    case.windows.leave(case.sending(7)[0])
    assert not case.windows.loaded(case.sending(7)[0]), "it stays in the store after all"
    case.windows.of("shop").loaded_upto = 6
    case.windows.of("shop").passed()
    assert not case.windows.of("shop").early


def test_elders_that_cannot_be_read_yet_are_waited_for():
    case = Case()
    case.windows.of("shop").spilled = True
    case.store.waits = {("K", 5)}
    case.store.states[5] = TransmissionState.HELD
    assert elders(case) is None, "its lane is about to be freed or held"
    case.store.states.clear()
    case.windows.of("shop").loaded_upto = 5
    assert elders(case) is None, "what takes it out is not durable yet"
    case.windows.of("shop").loaded_upto = 0
    case.windows.comes(*case.sending(6))
    assert elders(case) is None, "one is not in the store yet"
    case.windows.settled(case.sending(6)[0])
    assert elders(case) == [5]


def test_no_more_elders_are_read_than_a_few_and_none_is_forgotten():
    case = Case()
    case.windows.of("shop").spilled = True
    case.store.waits = {("K", n) for n in range(1, ELDERS_MAX + 1)}
    assert elders(case) == list(range(1, ELDERS_MAX + 1))
    case.store.waits.add(("K", ELDERS_MAX + 1))
    case.windows.rewind()
    assert elders(case) is None
    case.store.states = dict.fromkeys(range(1, ELDERS_MAX + 1), TransmissionState.SENDING)
    case.store.waits.add(("K", ELDERS_MAX + 2))
    assert elders(case) is None, "the page was full before one that counts was seen"


def test_the_systems_share_the_room_and_who_has_nothing_leaves_it_to_the_others():
    case = Case(limit=4)
    assert [case.comes(n, key=f"A{n}") for n in (1, 2, 3)] == [True] * 3
    assert case.comes(4, "erp", "B")
    assert (case.windows.room("shop"), case.windows.room("erp")) == (-1, 1)
    assert not case.comes(5, key="A5")
    assert case.comes(6, "erp", "B6")


def test_after_a_rewind_everything_may_be_in_the_store():
    case = Case(limit=4)
    assert case.comes(1)
    case.windows.rewind()
    assert sorted(origin for origin, _ in case.windows.spilled) == ["erp", "shop"]
    assert not case.windows.loaded(case.sending(1)[0])
    assert not case.comes(2)
