"""Where the stock for an order comes from: the first site that has all of it, else by line where that is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: (SKU, site) to what may still be promised there, in parts.
Free = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Want:
    """So much of one stocked item for one line, in parts; of a kit each component is a want."""

    line: str
    sku: str
    amount: int
    site: str | None = None  #: only from there


@dataclass(frozen=True, slots=True)
class Pick:
    """So much of one item for one line from one site, in parts."""

    line: str
    sku: str
    site: str
    amount: int


@dataclass(frozen=True, slots=True)
class Lack:
    """An item that is not there: what was wanted of it, and what one site could give, in parts."""

    sku: str
    wanted: int
    there: int


def place(wants: Sequence[Want], free: Free, sites: Sequence[str], *, split: bool) -> list[Pick] | list[Lack]:
    """Takes every want from stock, all of it or nothing.

    `sites` are tried in order. With `split` each want may come from several of them, where no one site has
    everything. Gives what is lacking where the wants cannot be met.
    """
    for site in sites:
        picks = _from_one(wants, free, site)
        if picks is not None:
            return picks
    if split:
        picks = _from_several(wants, free, sites)
        if picks is not None:
            return picks
    return _lacking(wants, free, sites, split=split)


def _from_one(wants: Sequence[Want], free: Free, site: str) -> list[Pick] | None:
    left: dict[str, int] = {}
    picks: list[Pick] = []
    for want in wants:
        there = left.get(want.sku, free.get((want.sku, site), 0))
        if there < want.amount or want.site not in {None, site}:
            return None
        left[want.sku] = there - want.amount
        picks.append(Pick(want.line, want.sku, site, want.amount))
    return picks


def _from_several(wants: Sequence[Want], free: Free, sites: Sequence[str]) -> list[Pick] | None:
    left = dict(free)
    picks: list[Pick] = []
    # Who may go to one site only goes first: the others can still go elsewhere.
    for want in sorted(wants, key=lambda want: want.site is None):
        open_ = want.amount
        for site in sites if want.site is None else (want.site,):
            some = min(left.get((want.sku, site), 0), open_)
            if some > 0 and site in sites:
                left[want.sku, site] -= some
                open_ -= some
                picks.append(Pick(want.line, want.sku, site, some))
        if open_ > 0:
            return None
    return picks


def _lacking(wants: Sequence[Want], free: Free, sites: Sequence[str], *, split: bool) -> list[Lack]:
    asked: dict[str, int] = {}
    for want in wants:
        asked[want.sku] = asked.get(want.sku, 0) + want.amount
    there = {
        sku: (sum if split else max)([max(free.get((sku, site), 0), 0) for site in sites] or [0])
        for sku in asked
    }
    short = [Lack(sku, amount, there[sku]) for sku, amount in asked.items() if there[sku] < amount]
    # Each item alone is there, but not all at one site, or not where it was asked for.
    return short or [Lack(sku, amount, 0) for sku, amount in asked.items()]
