"""Shares of a system's limits among processes: together never more than the whole, also while a share shrinks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any, cast

import pytest

from crossdock.journal.postgresql.budgets import Budgets, Limit, dealt, dealt_rate


class Spends:
    """Has so many requests under way."""

    def __init__(self, in_use: int = 0) -> None:
        self.in_use = in_use
        self.places = -1
        self.rate_per_s: float | None = None
        self.wants = True

    def wanted(self) -> bool:
        return self.wants

    def allot(self, places: int, rate_per_s: float | None) -> None:
        self.places, self.rate_per_s = places, rate_per_s


class Table:
    """The rows of budgets, as a cursor sees them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], tuple[int, float | None, bool]] = {}
        self.turn = 7

    async def execute(self, *_: object) -> None:
        """Nobody else asks."""

    async def fetchall(self) -> list[tuple[Any, ...]]:
        return [(system, owner, *share, self.turn) for (system, owner), share in self.rows.items()] or [
            ("", 0, 0, 0, False, self.turn)
        ]

    async def executemany(self, _: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self.rows |= {(system, owner): tuple(share) for system, owner, *share in rows}  # type: ignore[misc]


async def test_a_share_that_shrinks_is_free_for_others_only_as_its_requests_end() -> None:
    table, limit = Table(), Limit(6, None)
    one, other = Spends(), Spends()
    ours, theirs = Budgets({"wms": limit}, {"wms": one}), Budgets({"wms": limit}, {"wms": other})

    async def lease(budgets: Budgets, own: int, members: Sequence[int]) -> None:
        (await budgets.lease(cast("Any", table), own, members)).take()

    await lease(ours, 1, [1])
    assert one.places == 6
    one.in_use = 5
    await lease(ours, 1, [1, 2])
    for _ in range(2):
        await lease(theirs, 2, [1, 2])
        await lease(ours, 1, [1, 2])
    await lease(theirs, 2, [1, 2])
    assert (one.places, other.places) == (3, 1), "five are under way still"
    one.in_use = 2
    await lease(ours, 1, [1, 2])
    await lease(theirs, 2, [1, 2])
    assert (one.places, other.places) == (3, 3)


async def test_a_share_rises_once_that_is_durable_and_falls_before() -> None:
    table, spends, limit = Table(), Spends(), Limit(6, 6.0)
    budgets = Budgets({"wms": limit}, {"wms": spends})
    raised = await budgets.lease(cast("Any", table), 1, [1])
    assert (spends.places, spends.rate_per_s) == (0, 0.0), "the commit may fail, and another have it then"
    raised.take()
    assert (spends.places, spends.rate_per_s) == (6, 6.0)
    spends.in_use = 1
    table.rows["wms", 2] = (0, 0.0, True)
    await budgets.lease(cast("Any", table), 1, [1, 2])
    assert (spends.places, spends.rate_per_s) == (3, 3.0), "another may have it as soon as that is durable"


MEMBERS = [3, 5, 8, 9]


@pytest.mark.parametrize("whole", range(1, 14))
def test_whole_units_are_dealt_out_to_the_last_and_no_more(whole: int):
    for many, eager, turn in product(range(1, 5), range(5), range(6)):
        members, wanting = MEMBERS[:many], MEMBERS[:many][:eager]
        shares = dealt(whole, members, wanting, turn)
        least = len(wanting) if wanting and whole < many else whole
        assert sum(shares.values()) == min(whole, least), (many, eager, turn)
        if whole >= many:
            assert min(shares.values()) >= 1, "nobody has none where there is enough for all"
        if whole >= many and wanting:
            of_wanting = [shares[m] for m in wanting]
            assert max(of_wanting) - min(of_wanting) <= 1
            assert all(shares[m] == 1 for m in members if m not in wanting)


@pytest.mark.parametrize("whole", [1, 2, 3])
def test_too_few_units_go_round(whole: int):
    turns = [dealt(whole, MEMBERS, MEMBERS, turn) for turn in range(len(MEMBERS))]
    assert {m: sum(turn[m] for turn in turns) for m in MEMBERS} == dict.fromkeys(MEMBERS, whole)


@pytest.mark.parametrize("whole", [0.25, 1.0, 2.5, 7.75])
def test_a_rate_is_dealt_out_to_the_last_and_no_more(whole: float):
    for many, turn in product(range(1, 5), range(6)):
        rates = dealt_rate(whole, MEMBERS[:many], MEMBERS[:many], turn)
        assert sum(rates.values()) == pytest.approx(whole)
        assert min(rates.values()) >= 0


@pytest.mark.parametrize("seed", range(12))
async def test_the_shares_of_all_are_never_more_than_the_whole_whatever_happens(seed: int):
    dice, table = Random(seed), Table()
    limit = Limit(dice.choice((1, 2, 5, 16)), dice.choice((None, 0.5, 3.0, 10.5)))
    spends = {m: Spends() for m in MEMBERS}
    budgets = {m: Budgets({"wms": limit}, {"wms": one}) for m, one in spends.items()}
    members = [3]
    for _ in range(200):
        own = dice.choice(members)
        match dice.randrange(6):
            case 0:
                table.turn += 1
            case 1 if len(members) < len(MEMBERS):
                members = sorted({*members, dice.choice(MEMBERS)})
            case 2 if (
                len(members) > 1
            ):  # counted out: nothing of it is under way any more, and its row is gone
                members = [m for m in members if m != own]
                table.rows.pop(("wms", own), None)
                spends[own].in_use = 0
                budgets[own].nothing()
            case 3:
                spends[own].wants, spends[own].in_use = (
                    dice.random() < 0.7,
                    dice.randint(0, spends[own].places),
                )
            case _:
                raised = await budgets[own].lease(cast("Any", table), own, members)
                if dice.random() < 0.8:  # else the commit failed: what rose does not count
                    raised.take()
        assert sum(max(one.places, one.in_use) for one in spends.values()) <= limit.places
        if limit.rate_per_s is not None:
            assert sum(one.rate_per_s or 0.0 for one in spends.values()) <= limit.rate_per_s + 1e-9
