"""Turns: who has much waits behind their own, and nobody loses what they have."""

from __future__ import annotations

from collections import Counter
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.message.turns import Rounds, Turns
from tests.unfair import OneQueue


def emptied(turns: Turns[tuple[str, int]]) -> list[tuple[str, int]]:
    return [turns.pop() for _ in range(len(turns))]


def flooded(turns: Turns[tuple[str, int]]) -> list[tuple[str, int]]:
    """A thousand things of one party, then three of another."""
    for n in range(1000):
        turns.push("flood", "order", ("flood", n))
    for n in range(3):
        turns.push("calm", "order", ("calm", n))
    return emptied(turns)


def test_who_comes_late_with_little_is_served_among_the_first():
    order = flooded(Turns())
    assert [order.index(("calm", n)) for n in range(3)] == [1, 3, 5]


def test_control_in_one_queue_who_comes_late_is_served_last():
    assert flooded(OneQueue())[-3:] == [("calm", n) for n in range(3)]


def test_the_parts_of_a_party_take_turns_too_and_get_no_more_than_its_share():
    turns: Turns[tuple[str, int]] = Turns()
    for n in range(100):
        turns.push("shop", "level", ("level", n))
        turns.push("erp", "order", ("erp", n))
    for n in range(5):
        turns.push("shop", "order", ("order", n))
    first = Counter(what for what, _ in emptied(turns)[:20])
    assert first == {"erp": 10, "level": 5, "order": 5}


def test_nothing_is_taken_from_nobody():
    with pytest.raises(IndexError):
        Turns[int]().pop()


def test_whether_others_have_something_is_told():
    turns: Turns[int] = Turns()
    turns.push("shop", "order", 1)
    assert (turns.others("shop"), turns.others("erp")) == (False, True)
    turns.push("erp", "order", 2)
    assert turns.others("shop")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=200), st.randoms())
def test_nothing_is_lost_or_doubled_and_each_part_keeps_its_order(pushes, dice):
    turns: Turns[tuple[str, str, int]] = Turns()
    given_, taken = [], []
    for n, (party, part) in enumerate(pushes):
        turns.push(party, part, (party, part, n))
        given_.append((party, part, n))
        if dice.random() < 0.4:
            taken.append(turns.pop())
    taken += [turns.pop() for _ in range(len(turns))]
    assert sorted(taken) == sorted(given_)
    for party in "abc":
        for part in "xy":
            own = [n for p, q, n in taken if (p, q) == (party, part)]
            assert own == sorted(own)


def test_who_takes_something_large_sits_rounds_out():
    rounds: Rounds[str] = Rounds()
    for party in ("large", "small"):
        rounds.join(party)
    served = Counter[str]()
    for _ in range(110):
        party = rounds.next(lambda _: True)
        assert party is not None
        served[party] += 1
        rounds.charge(party, 10 if party == "large" else 1)
    assert served["small"] == pytest.approx(100, abs=2)


@pytest.mark.parametrize("costs", [(1.5,), (2.0,), (3.0, 1.0), (1.25, 1.75, 6.0)])
def test_however_a_party_takes_it_all_parties_take_the_same_in_the_long_run(costs: tuple[float, ...]):
    rounds: Rounds[str] = Rounds()
    for party in ("large", "small"):
        rounds.join(party)
    taken, dice = Counter[str](), cycle(costs)
    for _ in range(3_000):
        party = rounds.next(lambda _: True)
        assert party is not None
        cost = next(dice) if party == "large" else 1.0
        taken[party] += cost  # type: ignore[assignment] - parts of turns
        rounds.charge(party, cost)
    assert taken["large"] == pytest.approx(taken["small"], rel=0.02)


def test_who_was_away_has_saved_up_nothing():
    rounds: Rounds[str] = Rounds()
    rounds.join("a")
    rounds.join("b")
    for _ in range(50):
        assert rounds.next(lambda party: party == "a") == "a"
    both = [rounds.next(lambda _: True) for _ in range(10)]
    assert Counter(both) == {"a": 5, "b": 5}
    assert rounds.next(lambda _: False) is None
