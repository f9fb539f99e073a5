"""Available to promise: what is there, less what is set aside, kept back or not for this channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from crossdock.stock.amount import supplied
from crossdock.stock.policy import ChannelPolicy, SitePolicy


@dataclass(frozen=True, slots=True)
class Level:
    """One item at one site, in parts: what can be promised, what is set aside of it, what is expected in time."""

    supply: int = 0
    reserved: int = 0
    inbound: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """Goods on their way in, in parts."""

    amount: int
    at_ms: int


_DAY_MS = 86_400_000


def in_time(
    coming: Sequence[Expected], policy: SitePolicy, now_ms: int, by_ms: int | None
) -> Sequence[Expected]:
    """What on its way counts for a promise for that moment, the earliest first; nothing for one that names none.

    What is overdue may never come, and what comes after the days that the site allows is too uncertain.
    """
    if policy.inbound_days is None or by_ms is None:
        return ()
    until = min(now_ms + policy.inbound_days * _DAY_MS, by_ms)
    return sorted((one for one in coming if now_ms <= one.at_ms <= until), key=lambda one: one.at_ms)


def expected(coming: Sequence[Expected], policy: SitePolicy, now_ms: int, by_ms: int | None) -> int:
    """How much of what is on its way counts as there, in parts."""
    return sum(one.amount for one in in_time(coming, policy, now_ms, by_ms))


def there_by(coming: Sequence[Expected], lacking: int) -> int | None:
    """When so much will have come, of what comes the earliest first; None where nothing is lacking."""
    if lacking <= 0:
        return None
    for one in coming:
        lacking -= one.amount
        if lacking <= 0:
            return one.at_ms
    return None


def kept_back(policy: SitePolicy, sku: str) -> int:
    """What must be left of an item at a site, in parts."""
    return supplied(policy.kept(sku))


def at_site(level: Level, policy: SitePolicy, sku: str) -> int:
    """What may still be promised at one site; never less than nothing, so that no site owes another."""
    return max(level.supply + level.inbound - level.reserved - kept_back(policy, sku), 0)


def for_channel(
    levels: Mapping[str, Level],
    sites: Mapping[str, SitePolicy],
    channel: ChannelPolicy,
    sku: str,
    held: int = 0,
) -> int:
    """What one channel may still promise of an item over all its sites, in parts.

    `held` is what is already set aside for this channel. Its share is a part of all that can be promised,
    whoever holds it.
    """
    own = [(levels.get(name, Level()), sites[name]) for name in channel.sites]
    free = sum(at_site(level, site, sku) for level, site in own) - supplied(channel.buffer)
    if channel.share is not None:
        whole = sum(max(level.supply + level.inbound - kept_back(site, sku), 0) for level, site in own)
        free = min(free, supplied(Fraction(whole, 1_000_000) * Fraction(channel.share)) - held)
    if channel.at_most is not None:
        free = min(free, supplied(channel.at_most))
    return max(free, 0)
