"""What is asked of order routing, and what it answers: demands, shares, candidates, the choice with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from crossdock.stock.sourcing.calendar import Departure
from crossdock.stock.sourcing.policy import NOWHERE, Rule

#: Candidates that an explanation lists; the rest is counted.
SHOWN_MAX = 8


@dataclass(frozen=True, slots=True)
class Swap:
    """An item that may be sent instead: how much of it stands for one unit of the line, in parts."""

    sku: str
    step: int


@dataclass(frozen=True, slots=True)
class Demand:
    """So many units of one line, which are never divided; `step` is what one is, in parts of the item's base unit."""

    line: str
    sku: str
    count: int
    step: int
    swaps: tuple[Swap, ...] = ()
    substitute_for: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """So many units of one line from one site."""

    line: str
    sku: str
    site: str
    count: int
    step: int
    substitute_for: str | None = None

    @property
    def amount(self) -> int:
        """How much that is, in parts of the item's base unit."""
        return self.count * self.step


@dataclass(frozen=True, slots=True)
class Ask:
    """An order, or what is left of one, that is to be shared out at a moment."""

    demands: tuple[Demand, ...]
    now_ms: int
    zone: str = NOWHERE
    method: str | None = None
    traits: frozenset[str] = frozenset()  #: its type, and hazmat, gift, pallet where it is that
    site: str | None = None  #: the only site that the seller wants
    from_ms: int | None = None  #: not released before
    until_ms: int | None = None  #: must have left by then
    shunned: frozenset[str] = frozenset()  #: sites that would not ship it


@dataclass(frozen=True, slots=True)
class Candidate:
    """Some sites that could ship it together: what they would ship, and what that counts."""

    sites: tuple[str, ...]
    shares: tuple[Share, ...]
    left: Mapping[str, int] = field(default_factory=dict[str, int])  #: line -> units that are not there
    costs: tuple[tuple[str, Decimal], ...] = ()

    @property
    def score(self) -> Decimal:
        """The sum of all that counts; less is better."""
        return sum((value for _, value in self.costs), Decimal(0))

    @property
    def filled(self) -> int:
        """Units that are there."""
        return sum(share.count for share in self.shares)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who ships what, what waits, what is cancelled, and why."""

    rule: Rule
    shares: tuple[Share, ...]
    waits: tuple[Demand, ...] = ()
    cancelled: tuple[Demand, ...] = ()
    departures: Mapping[str, Departure] = field(default_factory=dict[str, Departure])
    candidates: tuple[Candidate, ...] = ()
    out: Mapping[str, str] = field(default_factory=dict[str, str])  #: site -> why it could not be asked

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that ship, in the order in which they were chosen."""
        return tuple(dict.fromkeys(share.site for share in self.shares))

    def says(self) -> str:
        """The decision in plain words."""
        told = [self._chosen(), *(_candidate(one) for one in self.candidates[:SHOWN_MAX])]
        more = len(self.candidates) - SHOWN_MAX
        told += [f"and {more} more"] if more > 0 else []
        told += [f"{site} left out: {why}" for site, why in self.out.items()]
        return f"by the rule {self.rule.name}: " + "; ".join(told)

    def _chosen(self) -> str:
        if not self.shares:
            return "no site ships it now"
        leaves = ", ".join(f"{site} on {self.departures[site].day.isoformat()}" for site in self.sites)
        why = dict.fromkeys(reason for site in self.sites for reason in self.departures[site].why)
        return f"ships from {leaves}" + (f" ({', '.join(why)})" if why else "")


def _plain(value: Decimal) -> str:
    """An amount without zeros that say nothing."""
    return f"{value.normalize():f}"


def _candidate(one: Candidate) -> str:
    sums = " + ".join(f"{_plain(value)} {name}" for name, value in one.costs)
    lacks = f", lacks {sum(one.left.values())} units" if one.left else ""
    return f"{' and '.join(one.sites)} counts {_plain(one.score)}" + (f" ({sums})" if sums else "") + lacks
