"""The feed of one process: nothing is given twice, nothing is passed over, and what is held stays where it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from crossdock.message.records import Capture
from crossdock.pipeline.bound import Context
from crossdock.pipeline.feed import MEMORY_LEAST, MEMORY_MAX, Feed
from crossdock.pipeline.order import InTurns


class Store:
    """Captures that wait, and ways that are held."""

    def __init__(self) -> None:
        self.rows: dict[int, Capture] = {}
        self.held: set[str] = set()
        self.taken: list[int] = []

    def accept(self, id_: int, system: str = "shop", document: str = "sales_order") -> Capture:
        self.rows[id_] = Capture(id_, system, document, f"SO-{id_}", 1, None, "", 1, 0, body=b"{}")
        return self.rows[id_]

    def capture(self, id_: int) -> Capture | None:
        return self.rows.get(id_)

    def captures_queued(self) -> list[tuple[str, str]]:
        return sorted({(one.system, one.document) for one in self.rows.values()})

    def captures_waiting(self, system: str, document: str, after: int, limit: int) -> list[Capture]:
        found = [one for one in self.rows.values() if (one.system, one.document) == (system, document)]
        return sorted((one for one in found if one.id > after), key=lambda one: one.id)[:limit]


def feed_of(store: Store) -> Feed:
    context = SimpleNamespace(
        journal=store, order=InTurns, charter=SimpleNamespace(systems={}),
        gates=SimpleNamespace(holds=lambda system: system in store.held),
    )  # fmt: skip
    return Feed(cast("Context", context))


def rest(feed: Feed, store: Store, limit: int = 64) -> list[int]:
    """Everything that may go now; what is decided waits in the store no more."""
    found: list[int] = []
    while batch := feed._next(limit):
        for capture in batch:
            found.append(capture.id)
            store.rows.pop(capture.id, None)
    return found


def test_what_the_store_has_comes_before_what_came_since_and_each_once():
    store, numbers = Store(), [*range(1, 301)]
    for n in numbers:
        store.accept(n)
    feed = feed_of(store)
    feed.look()
    begun = feed._next(64)
    assert [one.id for one in begun] == numbers[:64]
    for one in begun:
        del store.rows[one.id]
    for n in (301, 302):
        feed.offer(store.accept(n))
    assert rest(feed, store) == [*numbers[64:], 301, 302]


def test_what_was_read_from_the_store_is_not_taken_again_when_it_is_offered():
    store = Store()
    late = store.accept(1)
    feed = feed_of(store)
    feed.look()
    assert feed._has(feed._stream("shop", "sales_order", behind=True))
    feed.offer(late)
    feed.offer(store.accept(2))
    assert rest(feed, store) == [1, 2]


def test_before_the_first_look_nothing_is_given():
    store = Store()
    feed = feed_of(store)
    feed.offer(store.accept(1))
    assert feed.depth == 0
    feed.look()
    assert rest(feed, store) == [1]


def test_what_does_not_fit_into_memory_comes_from_the_store_in_its_order():
    store = Store()
    feed = feed_of(store)
    feed.look()
    many = MEMORY_MAX + 500
    for n in range(1, many + 1):
        feed.offer(store.accept(n))
    assert feed.depth == MEMORY_MAX
    other = store.accept(many + 1, "erp", "item")
    feed.offer(other)
    assert feed.depth == MEMORY_MAX + 1, f"{MEMORY_LEAST} of another kind have room all the same"
    found = rest(feed, store)
    assert sorted(found) == [*range(1, many + 2)]
    assert [n for n in found if n != many + 1] == [*range(1, many + 1)]
    assert feed.depth == 0


def test_what_is_held_stays_and_holds_up_nobody_else():
    store = Store()
    feed = feed_of(store)
    feed.look()
    store.held.add("shop")
    for n, system in enumerate(("shop", "erp", "shop", "erp"), 1):
        feed.offer(store.accept(n, system))
    assert rest(feed, store) == [2, 4]
    store.held.clear()
    assert rest(feed, store) == [1, 3]


def test_what_people_sent_back_goes_on_and_waits_while_its_way_is_held():
    store = Store()
    feed = feed_of(store)
    feed.look()
    for n, system in enumerate(("shop", "erp", "shop"), 1):
        feed.offer(store.accept(n, system))
        assert [one.id for one in feed._next(64)] == [n]
    store.held.add("shop")
    feed.again([1, 2, 3, 99])
    assert rest(feed, store) == [2]
    store.held.clear()
    assert rest(feed, store) == [1, 3]
    assert rest(feed, store) == []


def test_those_sent_back_leave_room_for_the_others():
    store = Store()
    feed = feed_of(store)
    feed.look()
    for n in range(1, 101):
        feed.offer(store.accept(n))
    old = [one.id for one in feed._next(100)]
    feed.again(old)
    for n in range(101, 201):
        feed.offer(store.accept(n))
    batch = [one.id for one in feed._next(40)]
    assert batch == [*range(1, 11), *range(101, 131)]


def test_more_than_memory_remembers_is_sent_back_and_all_of_it_is_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("crossdock.pipeline.feed.AGAIN_MAX", 3)
    store = Store()
    feed = feed_of(store)
    feed.look()
    for n in range(1, 9):
        feed.offer(store.accept(n))
        assert [one.id for one in feed._next(64)] == [n]
    feed.again([1, 2, 3])
    feed.again([4, 5])
    assert sorted(rest(feed, store)) == list(range(1, 9)), "the store knows which they are"


def test_what_could_not_be_decided_comes_again_before_what_stands_behind_it() -> None:
    store = Store()
    feed = feed_of(store)
    feed.look()
    for n in range(1, 9):
        feed.offer(store.accept(n))
    taken = feed._next(3)
    feed.left(taken)
    assert [one.id for one in feed._next(64)] == list(range(1, 9)), "the first three are still to be decided"
