"""Limits that are the site's: each process leases a share of them, and the sum never exceeds the limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

#: Number of the advisory lock under which shares change.
BUDGETS = 0x6372_6F73_7303
#: How long one process has a limit that is too small for all who want it.
TURN_S = 2.0


class Spender(Protocol):
    """Who sends to one system and keeps to the share that it is given."""

    @property
    def in_use(self) -> int:
        """Requests under way now."""
        ...

    def wanted(self) -> bool:
        """Whether anything was to be sent since the last call, or waits to be."""
        ...

    def allot(self, places: int, rate_per_s: float | None) -> None:
        """Another share from now on; a rate of None is no limit."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """What a system allows the whole site."""

    places: int
    rate_per_s: float | None


@dataclass(slots=True)
class Share:
    """What one process has of a limit."""

    places: int = 0
    rate_per_s: float = 0.0
    wants: bool = False


def dealt(whole: int, members: Sequence[int], wanting: Sequence[int], turn: int) -> dict[int, int]:
    """Whole units among processes: one for each, the rest among those that want more; turns where they are too few."""
    if not members:
        return {}
    eager = [m for m in members if m in set(wanting)] or list(members)
    if whole < len(members):
        first = turn * whole % len(eager)
        chosen = [eager[(first + n) % len(eager)] for n in range(min(whole, len(eager)))]
        return {m: int(m in chosen) for m in members}
    left = whole - len(members)
    each, more = divmod(left, len(eager))
    return {m: 1 + (each + (eager.index(m) < more) if m in eager else 0) for m in members}


def dealt_rate(whole: float, members: Sequence[int], wanting: Sequence[int], turn: int) -> dict[int, float]:
    """A rate among processes in whole requests a second, so that no second sees more; what is left goes to one."""
    units = dealt(int(whole), members, wanting, turn)
    rates = {m: float(n) for m, n in units.items()}
    if whole < 1:
        eager = [m for m in members if m in set(wanting)] or list(members)
        return {m: whole if eager and m == eager[turn % len(eager)] else 0.0 for m in members}
    holder = max(rates, key=lambda m: (rates[m], -m), default=None)
    if holder is not None:
        rates[holder] += whole - int(whole)
    return rates


class Budgets:
    """The shares of one process in the limits of all systems."""

    def __init__(self, limits: Mapping[str, Limit], spenders: Mapping[str, Spender]) -> None:
        assert set(limits) == set(spenders), "a limit for each, and nothing else"
        self._limits = limits
        self._spenders = spenders
        self._shares = {system: Share() for system in limits}
        self.tight = False  #: somebody waits for a share that another one has
        self.nothing()

    def nothing(self) -> None:
        """No share at all: before the first one was leased, and when another process has taken over."""
        for system, share in self._shares.items():
            share.places, share.rate_per_s = 0, 0.0
            self._allot(system, 0, 0.0)

    async def lease(self, cursor: psycopg.AsyncCursor[Any], own: int, members: Sequence[int]) -> Raised:
        """Brings the own shares nearer to what is fair, in a transaction; what rose counts once that is durable."""
        await cursor.execute("SELECT pg_advisory_xact_lock(%s)", (BUDGETS,))
        await cursor.execute(
            "SELECT system, owner, places, rate_per_s, wants,"
            " floor(extract(epoch FROM clock_timestamp()) / %s)::bigint FROM budgets"
            " UNION ALL SELECT '', 0, 0, 0, false, floor(extract(epoch FROM clock_timestamp()) / %s)::bigint",
            (TURN_S, TURN_S),
        )
        turn, held = 0, dict[str, dict[int, Share]]()
        for system, owner, places, rate, wants, turn in await cursor.fetchall():  # noqa: B007 - the same in each row
            held.setdefault(system, {})[owner] = Share(places, rate, wants)
        raised, rows = Raised(self), list[tuple[Any, ...]]()
        self.tight = False
        for system, spender in self._spenders.items():
            share = self._settle(system, own, members, held.get(system, {}), turn)
            raised.shares[system] = share
            # Requests under way go on when the share shrinks, and count until they end.
            rows.append((system, own, max(share.places, spender.in_use), share.rate_per_s, share.wants))
        await cursor.executemany(
            "INSERT INTO budgets (system, owner, places, rate_per_s, wants) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (system, owner) DO UPDATE SET places = excluded.places, rate_per_s = excluded.rate_per_s,"
            " wants = excluded.wants",
            rows,
        )
        return raised

    def _settle(
        self, system: str, own: int, members: Sequence[int], held: Mapping[int, Share], turn: int
    ) -> Share:
        """What is ours from this transaction on. What is less than before counts at once."""
        limit, spender, had = self._limits[system], self._spenders[system], self._shares[system]
        wants = spender.wanted() or spender.in_use > 0
        wanting = [m for m in members if (wants if m == own else m in held and held[m].wants)]
        places = dealt(limit.places, members, wanting, turn).get(own, 0)
        rate = 0.0
        if limit.rate_per_s is not None:
            rate = dealt_rate(limit.rate_per_s, members, wanting, turn).get(own, 0.0)
        others = [share for m, share in held.items() if m != own]
        free = limit.places - sum(share.places for share in others)
        free_rate = (limit.rate_per_s or 0.0) - sum(share.rate_per_s for share in others)
        self.tight = self.tight or (
            len(wanting) > 1 and len(wanting) > min(limit.places, limit.rate_per_s or 1e9)
        )
        self.tight = self.tight or (wants and (places > max(free, 0) or rate > free_rate + 1e-9))
        places, rate = max(min(places, free), 0), max(min(rate, free_rate), 0.0)
        if places < had.places or rate < had.rate_per_s:
            had.places, had.rate_per_s = min(had.places, places), min(had.rate_per_s, rate)
            self._allot(system, had.places, had.rate_per_s)
        return Share(places, rate, wants)

    def _allot(self, system: str, places: int, rate_per_s: float) -> None:
        limit = self._limits[system]
        self._spenders[system].allot(places, None if limit.rate_per_s is None else rate_per_s)

    def take(self, system: str, share: Share) -> None:
        """A share that is durable."""
        had = self._shares[system]
        if (had.places, had.rate_per_s) != (share.places, share.rate_per_s):
            self._shares[system] = share
            self._allot(system, share.places, share.rate_per_s)


class Raised:
    """Shares that count once the transaction that leased them is durable."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self.shares: dict[str, Share] = {}

    def take(self) -> None:
        """The transaction is durable."""
        for system, share in self.shares.items():
            self._budgets.take(system, share)
