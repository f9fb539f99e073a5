"""What one channel may take of some items now, site by site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from crossdock.journal.stock import LevelRow
from crossdock.pipeline.stockkeeping.guard import ReservationGuard
from crossdock.stock.kit import Kits, makes, skus
from crossdock.stock.place import Free, Lack, Pick, Want, place
from crossdock.stock.policy import ChannelPolicy, Policy
from crossdock.stock.promise import Level, at_site, for_channel

Levels = Mapping[tuple[str, str], LevelRow]


#: (SKU, site) to what is expected there in time, in parts.
Inbound = Mapping[tuple[str, str], int]
_NOTHING: Inbound = MappingProxyType({})


def levels_of(sku: str, levels: Levels, policy: Policy, inbound: Inbound = _NOTHING) -> dict[str, Level]:
    """The levels of one item by site, of the sites that the charter names."""
    return {
        site: Level(row.supply, row.reserved, inbound.get((sku, site), 0))
        for site in policy.sites
        if (row := levels.get((sku, site))) is not None
    }


def sellable(
    sku: str, levels: Levels, held: Mapping[str, int], channel: ChannelPolicy, policy: Policy, kits: Kits
) -> int:
    """What a channel may promise of an item, or of a kit by its components, in parts."""
    free = {
        one: for_channel(levels_of(one, levels, policy), policy.sites, channel, one, held.get(one, 0))
        for one in skus(sku, kits)
    }
    return makes(sku, free, kits)


def taken(
    wants: list[Want],
    levels: Levels,
    held: Mapping[str, int],
    channel: ChannelPolicy,
    policy: Policy,
    guard: ReservationGuard,
    inbound: Inbound = _NOTHING,
) -> list[Pick] | list[Lack]:
    """Where the wants of a channel are taken from; what is lacking where they cannot be met."""
    free = _free({want.sku for want in wants}, levels, held, channel, policy, guard, inbound)
    return place(wants, free, channel.sites, split=channel.split)


def _free(
    items: Iterable[str],
    levels: Levels,
    held: Mapping[str, int],
    channel: ChannelPolicy,
    policy: Policy,
    guard: ReservationGuard,
    inbound: Inbound,
) -> Free:
    free: dict[tuple[str, str], int] = {}
    for sku in items:
        known = levels_of(sku, levels, policy, inbound)
        left = for_channel(known, policy.sites, channel, sku, held.get(sku, 0))
        for site in channel.sites:
            there = min(at_site(known.get(site, Level()), policy.sites[site], sku), left)
            if channel.split:
                left -= there
            free[sku, site] = guard.free(there)
    return free
