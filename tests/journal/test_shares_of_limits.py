"""Shares of a system's limits among processes: together never more than the whole, also while a share shrinks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from crossdock.journal.postgresql.budgets import Budgets, Limit


class Spends:
    """Has so many requests under way."""

    def __init__(self, in_use: int = 0) -> None:
        self.in_use = in_use
        self.places = -1

    def wanted(self) -> bool:
        return True

    def allot(self, places: int, rate_per_s: float | None) -> None:
        self.places = places


class Table:
    """The rows of budgets, as a cursor sees them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], tuple[int, float | None, bool]] = {}

    async def execute(self, *_: object) -> None:
        """Nobody else asks."""

    async def fetchall(self) -> list[tuple[Any, ...]]:
        return [(system, owner, *share, 7) for (system, owner), share in self.rows.items()] or [
            ("", 0, 0, 0, False, 7)
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
