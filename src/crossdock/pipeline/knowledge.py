"""What the hub knows of objects while a batch is decided: the store, and what the batch itself has added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from crossdock.charter.charter import Charter
from crossdock.journal.contract import Journal
from crossdock.journal.stories import Sent
from crossdock.message.records import Message
from crossdock.model import register
from crossdock.model.document import DocumentClass
from crossdock.model.documents.inventory import StockTransfer
from crossdock.model.documents.purchase import PurchaseOrder
from crossdock.model.documents.renumbering import NumberChange
from crossdock.model.documents.returns import ReturnToVendor
from crossdock.model.documents.sales import SalesOrder
from crossdock.pipeline.renumbering import Numbers


@dataclass(frozen=True, slots=True)
class Object:
    """One business object: its hub id, the hub id whose story it belongs to, its ordering key."""

    hub: int
    root: int
    key: str
    home: int  #: the partition that decides all of its story: that of the capture which introduced the root


@dataclass(frozen=True, slots=True)
class Pack:
    """How many of an item's own unit one unit is."""

    unit: str
    factor: int | Decimal


@dataclass(frozen=True, slots=True)
class Item:
    """What a check needs of an item: the units it may be counted in, and where that was read."""

    units: frozenset[str]
    version: str
    base: str = ""
    packs: tuple[Pack, ...] = ()
    lot_tracked: bool = False


class Known(Protocol):
    """What is asked of the store."""

    def identity(self, system: str, document: str, their_id: str) -> tuple[int, int, str, int] | None:
        """See Journal."""
        ...

    def hub_of_number(self, document: str, number: str) -> tuple[int, int, str, int] | None:
        """See Journal."""
        ...

    def belief(self, hub: int, system: str) -> tuple[int, int, int] | None:
        """See Journal."""
        ...

    def message(self, id_: int) -> Message | None:
        """See Journal."""
        ...

    def item(self, sku: str) -> Message | None:
        """See Journal."""
        ...

    def owner_of(self, hub: int) -> str | None:
        """See Journal."""
        ...

    def number_changes(self) -> Sequence[Message]:
        """See Journal."""
        ...

    def number_changes_version(self) -> int:
        """See Journal."""
        ...

    def story(self, root: int) -> Sequence[tuple[Message, Sequence[Sent]]]:
        """See Journal."""
        ...

    def messages_taken(self, root: int, document: str) -> Sequence[Message]:
        """See Journal."""
        ...


def has_come(journal: Journal, system: str, awaited: str) -> bool:
    """Whether "document/number" has come by now, whoever told of it."""
    document, _, number = awaited.partition("/")
    return bool(journal.identity(system, document, number) or journal.hub_of_number(document, number))


class Knowledge:
    """Reads for one batch of decisions. What a batch adds is seen by the rest of it at once."""

    def __init__(self, journal: Known) -> None:
        self._journal = journal
        self.numbers = Numbers(journal)
        self._identity: dict[tuple[str, str, str], Object | None] = {}  #: None: looked up, not known
        self._number: dict[tuple[str, str], Object] = {}
        self._told: dict[tuple[int, str], Message] = {}
        self._items: dict[str, Item | None] = {}
        self._told_items: dict[str, Message] = {}
        self._stories: dict[int, dict[int, Message]] = {}  #: root -> what this batch added or moved
        self._under: dict[int, list[Message]] = {}  #: root -> what this batch routed in its story

    def forget(self) -> None:
        """Ends a batch: from now on the store has what it added."""
        self.numbers.refresh()
        self._identity.clear()
        self._number.clear()
        self._told.clear()
        self._items.clear()
        self._told_items.clear()
        self._stories.clear()
        self._under.clear()

    def by_id(self, system: str, document: str, their_id: str) -> Object | None:
        """An object by the id that one system uses."""
        asked = (system, document, their_id)
        if asked not in self._identity:
            row = self._journal.identity(system, document, their_id)
            self._identity[asked] = Object(*row) if row else None
        return self._identity[asked]

    def by_number(self, document: str, number: str) -> Object | None:
        """An object by its own number."""
        known = self._number.get((document, number))
        if known is None:
            row = self._journal.hub_of_number(document, number)
            known = Object(*row) if row else None
        return known

    def has_other_number(self, hub: int) -> bool:
        """Whether an object is known under a number that it had before."""
        return self.numbers.any and self._journal.owner_of(hub) is not None

    def parent(self, system: str, parent: tuple[str, str]) -> Object | None:
        """The object that another belongs to: by the speaker's own id of it, else by its number."""
        known = self.by_id(system, *parent) or self.by_number(*parent)
        if known is None and parent[0] in _SHIPPED_AS:
            # A warehouse that sends goods to another site, or back, has an order for them under our own number.
            transfer = self.by_number(StockTransfer.kind, parent[1]) or self.by_number(
                ReturnToVendor.kind, parent[1]
            )
            if transfer is None and parent[0] == SalesOrder.kind:
                # Who buys may call off what it bought: only its own purchase, since a shop may use the same numbers.
                return self.by_id(system, PurchaseOrder.kind, parent[1])
            return transfer
        return known

    def learn(self, message: Message) -> None:
        """A message of this batch makes its object known."""
        known = Object(message.hub, message.root, message.key, message.partition)
        self._identity[(message.system, message.document, message.their_id)] = known
        self._number[(message.document, message.number)] = known

    def learn_told(self, message: Message) -> None:
        """A message of this batch is the last word of its system."""
        self._told[(message.hub, message.system)] = message
        if message.root != message.hub:
            self._under.setdefault(message.root, []).append(message)
        if message.document == NumberChange.kind:
            self.numbers.learn(message.tree)
            self._items.clear()
        if message.document == "item":
            self._items.pop(message.number, None)
            self._told_items[message.number] = message

    def learn_story(self, message: Message) -> None:
        """A message of this batch adds to a story."""
        self._stories.setdefault(message.root, {})[message.id] = message

    def story(self, root: int) -> list[tuple[Message, Sequence[Sent]]]:
        """What was told of a root object and of what hangs on it, by this batch, too."""
        added = dict(self._stories.get(root, {}))
        known = [(added.pop(m.id, m), sent) for m, sent in self._journal.story(root)]
        return known + [(message, ()) for message in added.values()]

    def last_told(self, hub: int, system: str) -> tuple[int, Message] | None:
        """(how, message) that a system last told, acknowledged or was seen to have of an object."""
        fresh = self._told.get((hub, system))
        if fresh is not None:
            return TOLD, fresh
        belief = self._journal.belief(hub, system)
        if belief is None:
            return None
        message = self._journal.message(belief[2])
        return (belief[0], message) if message is not None else None

    def taken(self, root: int, document: str) -> list[Message]:
        """The documents of one kind in a story that passed all checks, each in its newest version."""
        known = [*self._journal.messages_taken(root, document), *self._under.get(root, ())]
        newest: dict[int, Message] = {}
        for message in known:
            last = newest.get(message.hub)
            if message.document == document and (last is None or message.version >= last.version):
                newest[message.hub] = message
        return list(newest.values())

    def item(self, sku: str) -> Item | None:
        """The item master's word on one SKU."""
        if sku not in self._items:
            self._items[sku] = self._read_item(sku)
        return self._items[sku]

    def _read_item(self, sku: str) -> Item | None:
        message = self._told_items.get(sku) or self.numbers.item(sku)
        if message is None:
            return None
        tree = message.tree
        packs = tuple(Pack(pack["unit"], pack["factor"]) for pack in tree.get("packs") or ())
        base = tree.get("unit") or ""
        units = frozenset(filter(None, [base, *(pack.unit for pack in packs)]))
        return Item(units, f"m{message.id}", base, packs, tree.get("lot_tracked") is True)


#: What a warehouse calls all that it ships.
_SHIPPED_AS = frozenset({"sales_order", "warehouse_order"})


def shares_numbers(charter: Charter, system: str, document: str) -> bool:
    """Whether a system's number means the owner's object: it is not the owner, or the kind is master data."""
    rule = charter.objects.get(document)
    return rule is None or system not in rule.owners or register.class_of(document) is DocumentClass.STATE


#: How a belief came about.
TOLD, ACKNOWLEDGED, OBSERVED = 1, 2, 3
