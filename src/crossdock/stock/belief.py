"""What a system is known to have of an item: one figure for each site, status, lot, owner and place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from crossdock.stock.policy import Figure, SitePolicy

#: Statuses that hold stock which may be promised where the figures are gross: what is set aside or picked for
#: orders is still in the house, and the reservations of those orders stand against it.
_GROSS = frozenset({"available", "allocated", "picked"})
_NET = frozenset({"available"})


class How(Enum):
    """How a belief came about; the number is what the store keeps."""

    told = 1  #: the system said so
    acknowledged = 2  #: it took what we sent
    observed = 3  #: we read it back


@dataclass(frozen=True, slots=True)
class Belief:
    """One figure of one system. Amounts in parts of the base unit."""

    system: str
    site: str
    sku: str
    status: str
    gross: int
    net: int | None = None
    lot: str | None = None
    expires_on: date | None = None
    owner: str | None = None
    place: str | None = None

    def figure(self, policy: SitePolicy) -> int:
        """The amount that the site reckons with."""
        return self.net if policy.figure is Figure.NET and self.net is not None else self.gross


def promisable(belief: Belief, policy: SitePolicy) -> bool:
    """Whether stock of this status may be promised at all: held, damaged, quarantined or expired never is.

    Somebody else's stock is not ours to promise.
    """
    statuses = _NET if policy.figure is Figure.NET else _GROSS
    return belief.status in statuses and belief.owner is None


def good_until(expires_on: date | None, left_days: int, zone: ZoneInfo) -> datetime | None:
    """The moment from which a lot is too old to be promised; None: never.

    The date is the last day on which the goods are good, on the clock of the site.
    """
    if expires_on is None:
        return None
    try:
        last = expires_on - timedelta(days=left_days) + timedelta(days=1)
    except OverflowError:
        return datetime.min.replace(tzinfo=zone) if left_days > 0 else None
    return datetime.combine(last, time.min, zone)


def counted(belief: Belief, policy: SitePolicy, now: datetime, zone: ZoneInfo) -> int:
    """How much of a belief can be promised now, in parts; below nothing where the books say so."""
    if not promisable(belief, policy):
        return 0
    until = good_until(belief.expires_on, policy.left_days, zone)
    amount = belief.figure(policy)
    return min(amount, 0) if until is not None and now >= until else amount
