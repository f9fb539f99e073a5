"""The tables of an order's life: every case, every row, every order in which words may come."""

from __future__ import annotations

from dataclasses import fields
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crossdock.model.lifecycle.tables import TABLES, Move
from crossdock.model.lifecycle.walk import Verdict, step
from crossdock.model.lifecycle.words import Fulfilment, Told
from tests.lifecycle.cases import CASES, Case, fact, line, order, shipped
from tests.lifecycle.histories import REPORTED, Hub, after, disturbed, history, outcome
from tests.lifecycle.rows import red, without


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_an_order_stands_as_its_words_say(case: Case) -> None:
    assert case.wrong() == []


@pytest.mark.parametrize(
    ("name", "row"),
    [(name, row) for name, row, _ in without()],
    ids=lambda one: str(getattr(one, "told", one)),
)
def test_without_a_row_some_case_turns_red(name: str, row: Move) -> None:
    tables = next(tables for part, one, tables in without() if (part, one) == (name, row))
    assert red(tables), f"nobody would miss {row}"


def test_every_row_belongs_to_a_state_that_can_be_reached() -> None:
    for part in fields(TABLES):
        rows: tuple[Move, ...] = getattr(TABLES, part.name)
        reached, before = {rows[0].before}, set[object]()
        while reached != before:
            before = set(reached)
            reached |= {row.after for row in rows if row.before in reached}
        assert {row.before for row in rows} <= reached, part.name


@pytest.mark.parametrize("block", range(10))
@pytest.mark.parametrize("reported", [frozenset[Told](), REPORTED], ids=["told or not", "told one by one"])
def test_words_in_any_order_end_in_the_same_states(block: int, reported: frozenset[Told]) -> None:
    for seed in range(block * 10, block * 10 + 10):
        undisturbed = after(history(seed), reported=reported)
        assert not undisturbed.waiting, f"seed {seed}: a history lacks nothing"
        assert not undisturbed.refused, f"seed {seed}: a history is possible"
        found = after(disturbed(history(seed), Random(seed + 1)), reported=reported)
        assert outcome(found) == outcome(undisturbed), f"seed {seed}"


def test_the_control_that_takes_words_as_they_come_ends_elsewhere() -> None:
    """Without the order in time: a walk over the arrivals themselves moves orders back."""

    def walked(words: list[Told]) -> Fulfilment:
        state = Fulfilment.RELEASED
        for word in words:
            state = Fulfilment(step(TABLES.fulfilment, state, word).after.value)
        return state

    history = [Told.BACKORDERED, Told.ALLOCATED]
    assert walked(history) is not walked(list(reversed(history)))


@given(st.lists(st.sampled_from(sorted(Told, key=lambda told: told.value)), max_size=12))
@settings(max_examples=150, deadline=None)
def test_goods_that_have_left_never_come_back_by_a_late_word(words: list[Told]) -> None:
    hub = after([order(), fact("released"), *shipped("S-1", 50, 10, whole=True)])
    for minute, word in enumerate(word for word in words if word is not Told.VALIDATED):
        hub.hear(fact(word.value, minute))
    assert hub.life.fulfilment in (Fulfilment.SHIPPED, Fulfilment.DELIVERED)
    assert hub.life.lines["1"].shipped == 10


class AnOrder(RuleBasedStateMachine):
    """One order that hears anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub()
        self.hub.hear(order())
        self.left = 0
        self.shipments = 0
        self.drops = 0

    @rule(word=st.sampled_from(sorted(Told, key=lambda told: told.value)), minute=st.integers(1, 100))
    def hear(self, word: Told, minute: int) -> None:
        """Any word of any minute."""
        if word not in (Told.VALIDATED, Told.SHIPPED, Told.PART_SHIPPED):
            self.hub.hear(fact(word.value, minute))

    @rule(quantity=st.integers(1, 5), minute=st.integers(1, 100), whole=st.booleans())
    def ship(self, quantity: int, minute: int, whole: bool) -> None:
        """Goods leave."""
        self.shipments += 1
        for one in shipped(f"S-{self.shipments}", minute, quantity, whole=whole):
            if self.hub.hear(one) in (Verdict.MOVED, Verdict.BEHIND) and one.lines:
                self.left += quantity

    @rule(minute=st.integers(1, 100), quantity=st.integers(1, 20))
    def drop(self, minute: int, quantity: int) -> None:
        """The customer wants less."""
        self.drops += 1
        source = f"cancellation/C-{self.drops}"
        self.hub.hear(fact("amend_requested", minute, source=source, lines=(line(quantity),)))

    @invariant()
    def what_left_is_counted_once(self) -> None:
        """No word makes goods come or go."""
        assert self.hub.life.lines["1"].shipped == self.left

    @invariant()
    def figures_fit(self) -> None:
        """Nothing is cancelled that left, and each step contains the next."""
        one = self.hub.life.lines["1"]
        assert one.cancelled + min(one.shipped, one.ordered) <= one.ordered
        assert one.allocated >= one.picked >= one.packed >= one.shipped >= 0
        assert one.backordered <= one.open

    @invariant()
    def the_order_of_arrival_does_not_count(self) -> None:
        """The same facts backwards are the same order."""
        again = Hub(known=list(reversed(self.hub.known)))
        assert again.life.stands == self.hub.life.stands


TestAnOrder = AnOrder.TestCase
TestAnOrder.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
