"""Which sites ship an order: who may, what each choice of them counts, and what becomes of what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations, islice

from crossdock.stock.kit import Kits, exploded
from crossdock.stock.sourcing.ask import Ask, Candidate, Choice, Demand, Share
from crossdock.stock.sourcing.calendar import Departure, departure
from crossdock.stock.sourcing.policy import Backorder, Rule, SourceSite, Sourcing, Split

#: Choices of sites that are looked at for one order; sites come in the order of the rule.
CANDIDATES_MAX = 500
#: Lines of one order that are tried with other items.
SWAPS_MAX = 50


@dataclass(frozen=True, slots=True)
class Supply:
    """What may be promised: by item and site, and by item over all sites, in parts."""

    free: Mapping[tuple[str, str], int]
    most: Mapping[str, int]
    kits: Kits


# -- who may ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Question:
    """One site, one ask."""

    policy: Sourcing
    site: SourceSite
    ask: Ask
    leaves: Departure | None


def _is_named(one: _Question) -> str:
    wanted = one.ask.site
    return f"the order is for {wanted}" if wanted not in (None, one.site.name) else ""


def _is_willing(one: _Question) -> str:
    return "it would not ship this order" if one.site.name in one.ask.shunned else ""


def _takes(one: _Question) -> str:
    hurts = sorted(one.ask.traits & one.site.refuses)
    return f"it ships no {', '.join(hurts)}" if hurts else ""


def _is_served(one: _Question) -> str:
    zone = one.ask.zone
    return f"it does not serve {zone or 'that address'}" if one.site.cost(zone) is None else ""


def _is_collected(one: _Question) -> str:
    method = one.policy.methods.get(one.ask.method or "")
    return f"{one.ask.method} does not collect there" if method and not method.collects(one.site.name) else ""


def _is_carried(one: _Question) -> str:
    method = one.policy.methods.get(one.ask.method or "")
    hurts = sorted(one.ask.traits & method.refuses) if method else []
    return f"{one.ask.method} carries no {', '.join(hurts)}" if hurts else ""


def _is_in_window(one: _Question) -> str:
    if one.leaves is None or one.ask.until_ms is None:
        return ""
    last = datetime.fromtimestamp(one.ask.until_ms / 1000, UTC).astimezone(one.site.zone).date()
    late = one.leaves.day > last
    return f"it ships on {one.leaves.day.isoformat()}, after the ship window" if late else ""


#: Why a site is not asked, each rule by itself; the first that speaks is told.
LIMITS: tuple[Callable[[_Question], str], ...] = (
    _is_named, _is_willing, _takes, _is_served, _is_collected, _is_carried, _is_in_window,
)  # fmt: skip


# -- what it counts --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Offer:
    """Some sites that ship together."""

    rule: Rule
    sites: tuple[SourceSite, ...]
    zone: str
    days_late: int


#: What a choice counts: name and amount, each row by itself.
FACTORS: tuple[tuple[str, Callable[[_Offer], Decimal]], ...] = (
    (
        "carriage",
        lambda offer: sum((site.cost(offer.zone) or Decimal(0) for site in offer.sites), Decimal(0)),
    ),
    ("for splitting", lambda offer: offer.rule.split_penalty * (len(offer.sites) - 1)),
    ("for lateness", lambda offer: offer.rule.late_penalty * offer.days_late),
)


# -- what becomes of the rest ----------------------------------------------------

#: What leaves, what waits, what is cancelled: of what is there, and of what is not.
Fate = tuple[tuple[Share, ...], tuple[Demand, ...], tuple[Demand, ...]]


def _wait(demands: tuple[Demand, ...], shares: tuple[Share, ...], lacking: tuple[Demand, ...]) -> Fate:
    return ((), demands, ()) if lacking else (shares, (), ())


def _split(_demands: tuple[Demand, ...], shares: tuple[Share, ...], lacking: tuple[Demand, ...]) -> Fate:
    return shares, lacking, ()


def _cancel(_demands: tuple[Demand, ...], shares: tuple[Share, ...], lacking: tuple[Demand, ...]) -> Fate:
    return shares, (), lacking


#: One row for each policy.
FATES: Mapping[Backorder, Callable[[tuple[Demand, ...], tuple[Share, ...], tuple[Demand, ...]], Fate]] = {
    Backorder.WAIT: _wait,
    Backorder.SPLIT: _split,
    Backorder.CANCEL: _cancel,
}


# -- the choice ------------------------------------------------------------------


def choose(ask: Ask, rule: Rule, sites: Iterable[str], policy: Sourcing, supply: Supply) -> Choice:
    """Who ships what; every unit that is asked for is shipped by somebody, waits, or is cancelled.

    `sites` are those that may, the preferred first. Between equals the preferred wins.
    """
    may, out = dict[str, Departure](), dict[str, str]()
    for name in sites:
        site = policy.sites[name]
        leaves = departure(policy.dock(name, ask.method), ask.now_ms, ask.from_ms)
        question = _Question(policy, site, ask, leaves)
        why = next((says for limit in LIMITS if (says := limit(question))), "")
        if why or leaves is None:
            out[name] = why or "it never works"
        else:
            may[name] = leaves
    candidates = _with_swaps(ask, rule, may, policy, supply)
    best = _best(candidates, ask.demands)
    lacking = _lacking(ask.demands, best.left)
    # What waits, waits as it was ordered.
    fate = Backorder.WAIT if rule.ship_complete else rule.backorder
    shares, waits, cancelled = FATES[fate](ask.demands, best.shares, lacking)
    return Choice(rule, shares, waits, cancelled, may, tuple(candidates), out)


def _lacking(demands: tuple[Demand, ...], left: Mapping[str, int]) -> tuple[Demand, ...]:
    """What is not there, under the item that was ordered."""
    return tuple(replace(one, count=left[one.line]) for one in demands if left.get(one.line))


def _with_swaps(
    ask: Ask, rule: Rule, may: Mapping[str, Departure], policy: Sourcing, supply: Supply
) -> list[Candidate]:
    """The best candidates; with other items in the place of what is not there, where that helps."""
    demands, found = ask.demands, _ranked(ask.demands, ask, rule, may, policy, supply)
    if not rule.substitute:
        return found
    for one in _lacking(demands, _best(found, demands).left)[:SWAPS_MAX]:
        for swap in one.swaps:
            best = _best(found, demands)
            tried = _swapped(demands, one, swap.sku, swap.step, best.left.get(one.line, 0))
            better = _ranked(tried, ask, rule, may, policy, supply)
            if _best(better, tried).filled > best.filled:
                demands, found = tried, better
    return found


def _best(found: Sequence[Candidate], demands: tuple[Demand, ...]) -> Candidate:
    """The first of the candidates; without any, nobody ships and all of it is left."""
    return next(iter(found), Candidate((), (), {one.line: one.count for one in demands}))


def _swapped(demands: tuple[Demand, ...], one: Demand, sku: str, step: int, count: int) -> tuple[Demand, ...]:
    """So many units of a line by another item."""
    found: list[Demand] = []
    open_ = count
    for demand in reversed(demands):  # what was tried last gives way first
        less = min(open_, demand.count) if demand.line == one.line else 0
        open_ -= less
        if demand.count > less:
            found.insert(0, replace(demand, count=demand.count - less))
    return (*found, Demand(one.line, sku, count, step, substitute_for=one.sku))


def _ranked(
    demands: tuple[Demand, ...],
    ask: Ask,
    rule: Rule,
    may: Mapping[str, Departure],
    policy: Sourcing,
    supply: Supply,
) -> list[Candidate]:
    """Every choice of sites, the best first: what has all of it, then what has most; then what counts least."""
    soonest = min((one.day for one in may.values()), default=None)
    found: list[Candidate] = []
    for names in islice(_groups(list(may), rule), CANDIDATES_MAX):
        sites = tuple(policy.sites[name] for name in names)
        by_cost = sorted(sites, key=lambda site: site.cost(ask.zone) or Decimal(0))
        shares, left = _covered(demands, [site.name for site in by_cost], rule.split, supply)
        if {share.site for share in shares} != set(names):
            continue  # fewer sites would do the same
        assert soonest is not None, "a site that may ship has a day"
        offer = _Offer(rule, sites, ask.zone, max((may[name].day - soonest).days for name in names))
        costs = tuple((name, value) for name, factor in FACTORS if (value := factor(offer)))
        found.append(Candidate(names, shares, left, costs))
    return sorted(found, key=lambda one: (bool(one.left), -one.filled, one.score))


def _groups(names: list[str], rule: Rule) -> Iterator[tuple[str, ...]]:
    alone = rule.split is Split.NEVER or rule.ship_complete
    for size in range(1, (1 if alone else rule.parts_max) + 1):
        yield from combinations(names, size)


def _covered(
    demands: tuple[Demand, ...], sites: list[str], split: Split, supply: Supply
) -> tuple[tuple[Share, ...], dict[str, int]]:
    """What some sites can give together, the cheapest first; and what is left of each line."""
    shelf = _Shelf(supply)
    shares: list[Share] = []
    left: dict[str, int] = {}
    for demand in demands:
        most = {site: shelf.units(demand, site) for site in sites}
        whole = next((site for site in sites if most[site] >= demand.count), None)
        # A line that no site has whole comes from the one that has most of it, or from all of them.
        most_of_it = max(sites, key=lambda site: most[site])
        asked = sites if split is Split.UNITS and whole is None else [whole or most_of_it]
        open_ = demand.count
        for site in asked:
            count = min(open_, shelf.units(demand, site))
            if count > 0:
                shelf.take(demand, site, count)
                open_ -= count
                shares.append(Share(demand.line, demand.sku, site, count, demand.step, demand.substitute_for))
        if open_:
            left[demand.line] = left.get(demand.line, 0) + open_
    return tuple(shares), left


class _Shelf:
    """What is left while lines are covered."""

    def __init__(self, supply: Supply) -> None:
        self._free = dict(supply.free)
        self._most = dict(supply.most)
        self._kits = supply.kits

    def units(self, demand: Demand, site: str) -> int:
        """How many units of a line a site can give; of a kit as many as its components make."""
        one = exploded(demand.sku, demand.step, self._kits)
        found = demand.count
        for sku, amount in one.items():
            there = min(self._free.get((sku, site), 0), self._most.get(sku, 0))
            found = min(found, max(there, 0) // amount)
        return found

    def take(self, demand: Demand, site: str, count: int) -> None:
        for sku, amount in exploded(demand.sku, demand.step * count, self._kits).items():
            self._free[sku, site] = self._free.get((sku, site), 0) - amount
            self._most[sku] = self._most.get(sku, 0) - amount
