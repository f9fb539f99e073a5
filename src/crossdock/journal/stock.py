"""Stock as the journal keeps it: beliefs, the level of each item and site, reservations, what channels were told."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from crossdock.journal.changes import Changes
from crossdock.message.records import Message
from crossdock.stock.reservation import Reservation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LevelRow:
    """The sums of one item at one site, in parts; `changed` rises with every change of them."""

    sku: str
    site: str
    unit: str
    supply: int
    reserved: int
    as_of_ms: int  #: of the newest figure that went into it
    changed: int


@dataclass(frozen=True, slots=True)
class ComingRow:
    """What one purchase order or advice still announces of an item at a site, in parts; nothing once it came."""

    hub: int
    sku: str
    site: str
    root: int
    number: str
    unit: str
    amount: int
    at_ms: int  #: the last moment that it is expected by


@dataclass(frozen=True, slots=True)
class BeliefRow:
    """One figure of one system, in parts; `counted` is what of it is in the level of its item and site."""

    hub: int
    system: str
    sku: str
    site: str
    status: str
    lot: str | None
    expires_on: str | None
    owner: str | None
    place: str | None
    unit: str
    gross: int
    net: int | None
    as_of_ms: int
    message: int
    counted: int


@dataclass(frozen=True, slots=True)
class ToldRow:
    """What a channel has of an item, as far as is known, in its own unit."""

    channel: str
    sku: str
    hub: int
    amount: int  #: below nothing: it was never told anything
    unit: str
    how: int  #: 1: it told us; 2: we sent it
    at_ms: int


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A promise as it was given; `body` is its JSON."""

    id: int
    channel: str
    body: str
    made_ms: int
    until_ms: int


#: Decides on levels that nobody else changes meanwhile, and writes what follows; called once, never fails.
OnStock = Callable[[Mapping[tuple[str, str], LevelRow], Mapping[str, int], Changes], T]


class StockBook(Protocol):
    """What the rules of stock ask a store, and the one write that decides in the middle."""

    def decide_on_stock(
        self, skus: Sequence[str], channel: str | None, decide: OnStock[T], *, entries_max: int = 1
    ) -> Future[T]:
        """Decides about some items while nobody else can change their levels; durable when the future is done.

        `decide` gets the levels by item and site and what the channel holds of each item (None: nobody asks), and
        gives what the future will hold.
        """
        ...

    def levels(self, skus: Collection[str]) -> list[LevelRow]:
        """The levels of some items at all sites."""
        ...

    def lots(self, sku: str, site: str) -> list[BeliefRow]:
        """What can be promised of each lot of an item at a site, as its warehouse told it."""
        ...

    def lots_held(self, sku: str, site: str) -> dict[str, int]:
        """How much of each lot of an item is set aside at a site."""
        ...

    def coming(self, skus: Collection[str]) -> list[ComingRow]:
        """What is announced of some items and has not come, the earliest first."""
        ...

    def coming_of(self, root: int) -> list[ComingRow]:
        """What a purchase announced, with what has come by now as nothing."""
        ...

    def stock_belief(self, hub: int, system: str) -> BeliefRow | None:
        """What a system told of one balance."""
        ...

    def stock_beliefs_of(self, sku: str) -> list[BeliefRow]:
        """Every figure that was told of an item."""
        ...

    def reservations_of(self, sku: str) -> list[Reservation]:
        """What is set aside of an item and still counts."""
        ...

    def held_by(self, channel: str, skus: Collection[str]) -> dict[str, int]:
        """How much of some items is set aside for one channel."""
        ...

    def reservations(self, holder: int) -> list[Reservation]:
        """Everything that was ever set aside for one order or promise."""
        ...

    def reservations_passing(self, sku: str, site: str) -> list[Reservation]:
        """What a warehouse has taken, and its figures have not shown yet."""
        ...

    def promise(self, id_: int) -> PromiseRow | None:
        """One promise."""
        ...

    def promises_over(self, now_ms: int, limit: int) -> list[Reservation]:
        """Reservations of promises whose time is over."""
        ...

    def stock_aged(self, now_ms: int, partitions: Collection[int], limit: int) -> list[BeliefRow]:
        """Figures of lots that have become too old and are still counted."""
        ...

    def levels_due(self, now_ms: int, partitions: Collection[int], limit: int) -> list[str]:
        """Items whose levels have changed since channels were told of them, the longest due first."""
        ...

    def told(self, skus: Collection[str]) -> list[ToldRow]:
        """What channels have of some items."""
        ...

    def told_due(self, channel: str, now_ms: int, partitions: Collection[int], limit: int) -> list[str]:
        """Items of which a channel is to be told, the longest due first."""
        ...

    def lot_expiry(self, sku: str, lot: str) -> str | None:
        """The last day of a lot, as a warehouse told it."""
        ...

    def answer(self, key: str) -> tuple[bytes, bytes] | None:
        """(digest of the request, answer) that was given under an Idempotency-Key."""
        ...

    def kits(self) -> list[Message]:
        """What every kit is made of, as was last told."""
        ...

    def kits_version(self) -> int:
        """A number that rises with every kit that is told."""
        ...

    def skus_lacking(self) -> list[str]:
        """The items that orders on the desk wait for."""
        ...

    def messages_lacking_stock(self, sku: str, limit: int, after: int = 0) -> list[tuple[int, int]]:
        """(message, partition) of orders beyond an id on the desk that wait for an item, the oldest first."""
        ...
