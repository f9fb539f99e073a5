"""What a site has decided about its stock: whose figures count, what is kept back, who may promise how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum


class Figure(Enum):
    """What a system's figures say."""

    GROSS = "gross"  #: what is on the shelf; what is set aside for orders is still in it
    NET = "net"  #: what is left: the system has taken off what it allocated to orders


class Short(Enum):
    """What becomes of an order that the stock does not cover."""

    BACKORDER = "backorder"  #: it waits on the desk, an incident `backorder`, and goes on when stock comes
    REFUSE = "refuse"  #: it is refused, and that is the end of it


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """One warehouse: the system whose figures count, and what of them may be promised. Amounts in base units."""

    name: str
    system: str
    figure: Figure = Figure.GROSS
    buffer: Decimal = Decimal(0)  #: of every item, never promised
    buffers: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])  #: SKU -> its own buffer
    left_days: int = 0  #: days that a lot must still have
    inbound_days: int | None = None  #: what is expected within so many days counts; None: nothing does

    def kept(self, sku: str) -> Decimal:
        """What is never promised of an item."""
        return self.buffers.get(sku, self.buffer)


@dataclass(frozen=True, slots=True)
class ChannelPolicy:
    """One system that sells: from which sites, and how much of it."""

    name: str
    sites: tuple[str, ...]  #: in the order in which they are drawn from
    buffer: Decimal = Decimal(0)  #: of every item, not shown to this channel
    share: Decimal | None = None  #: part of all promisable stock that it may hold; None: all
    at_most: Decimal | None = None  #: never shown more than this
    unit: str | None = None  #: the pack that it counts in; None, or an item without it: the base unit
    split: bool = False  #: whether an order may be drawn from several sites
    short: Short = Short.BACKORDER
    publish: bool = False  #: whether it is sent what it may sell


@dataclass(frozen=True, slots=True)
class Policy:
    """The stock section of a charter. Times in seconds."""

    sites: Mapping[str, SitePolicy]
    channels: Mapping[str, ChannelPolicy]
    promise_s: float = 900.0  #: how long a promise holds that names no time
    promise_max_s: float = 86_400.0  #: the longest that one may ask for
    settle_s: float = 30.0  #: how long a channel's own lower figure stands before it is corrected

    def site_of(self, system: str, site: str) -> SitePolicy | None:
        """The site, if this system's figures count there."""
        found = self.sites.get(site)
        return found if found is not None and found.system == system else None

    def channel(self, system: str) -> ChannelPolicy:
        """How a system sells; one that the charter does not list sells from every site, with nothing kept back."""
        known = self.channels.get(system)
        return known or ChannelPolicy(system, tuple(self.sites))
