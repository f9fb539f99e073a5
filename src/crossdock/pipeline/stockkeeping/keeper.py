"""What documents do to stock: balances, orders, what warehouses report of them, cancellations."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Journal
from crossdock.journal.stock import ToldRow
from crossdock.message.records import Message
from crossdock.model.document import Document
from crossdock.model.documents.inventory import InventoryBalance, StockLevel, StockTransfer
from crossdock.model.documents.sales import Cancellation, SalesOrder
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import PickStatus, WarehouseOrder
from crossdock.model.lifecycle.life import Life
from crossdock.pipeline.lives import Story
from crossdock.pipeline.progress import Ruling
from crossdock.pipeline.sourcing.sourcer import Sends, Sourcer, Told
from crossdock.pipeline.stockkeeping import lots
from crossdock.pipeline.stockkeeping.asked import as_order
from crossdock.pipeline.stockkeeping.cancelling import given_back
from crossdock.pipeline.stockkeeping.kept import Kept
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.rows import NOWHERE, OURS, THEIRS, added, told_row
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.reservation import ReservationState
from crossdock.stock.sourcing.policy import Sourcing

_S = ReservationState
#: Orders whose goods never pass through our sites.
_ELSEWHERE = frozenset({"drop_ship"})


class Keeper:
    """Keeps stock while a batch is decided."""

    def __init__(
        self,
        room: Stockroom,
        journal: Journal,
        zone: ZoneInfo,
        now_ms: Callable[[], int],
        sourcing: Sourcing | None = None,
        story: Told | None = None,
        sends: Sends | None = None,
    ) -> None:
        """With `sourcing` orders are shared out to sites.

        `story` gives what is known of one, `sends` says whether a change of one still goes to its warehouse.
        """
        self._room = room
        self._policy = room.policy
        self._journal = journal
        self._zone = zone
        self._now_ms = now_ms
        self._ledger = StockLedger(journal, room.policy, room.guard)
        self.sourcer: Sourcer | None = None
        if sourcing is not None and story is not None and sends is not None:
            self.sourcer = Sourcer(sourcing, room, self._ledger, journal, story, zone, now_ms, sends)

    def begin(self) -> None:
        """A batch begins."""
        self._ledger.begin()

    def write(self, changes: Changes) -> None:
        """What the batch did, for its commit."""
        self._ledger.write(changes, self._now_ms())

    def decided(
        self,
        message: Message,
        document: Document,
        readers: Collection[str],
        ruling: Ruling | None = None,
        *,
        again: bool = False,
    ) -> Kept:
        """What a checked document does to stock. Raises Invalid (`backorder`, lots) and NotCovered.

        `ruling` is what it means for its order; `again`: it was looked at before.
        """
        lots.check(document, self._room.measures, self._journal, self._day())
        if self.sourcer is not None and ruling is not None:
            if isinstance(document, PickStatus) and document.state == "backordered" and ruling.facts:
                return self.sourcer.out(message, ruling.life, ruling.facts[0].release)
            return self._shared_out(self.sourcer, message, document, readers, ruling.life, again=again)
        return self._decided(message, document, readers, ruling.story if ruling else ())

    def _shared_out(
        self,
        sourcer: Sourcer,
        message: Message,
        document: Document,
        readers: Collection[str],
        life: Life,
        *,
        again: bool,
    ) -> Kept:
        """The same where orders are shared out to sites."""
        match document:
            case SalesOrder():
                promised = self._promised(message.system, document.promise)
                return sourcer.order(message, document, life, promised)
            case WarehouseOrder():
                return sourcer.release(message, life, again=again)
            case PickStatus() | Shipment():
                told = self._told_of_part(message, document)
                rows = [*told, *sourcer.trim(message.root, life)]
                rest = sourcer.rest(message, life)
                rest.rows = rows + rest.rows
                return rest
            case Cancellation() if not document.lines:
                return Kept()  # each part gives its own back once it has stopped
            case Cancellation():
                return sourcer.less(message, life)
            case _:
                return self._decided(message, document, readers)

    def _told_of_part(self, message: Message, document: PickStatus | Shipment) -> list[Row]:
        if isinstance(document, Shipment):
            return self._passed_on(message, document)
        return [] if document.state in ("cancelled", "refused") else self._reported(message, document)

    def _decided(
        self, message: Message, document: Document, readers: Collection[str], story: Story = ()
    ) -> Kept:
        match document:
            case InventoryBalance():
                return self._balance(message, document)
            case SalesOrder():
                return self._order(message, document, story)
            case StockTransfer():
                return self._order(message, as_order(document), story)
            case Shipment():
                return Kept(self._shipped(message, document))
            case PickStatus():
                return Kept(self._reported(message, document))
            case Cancellation() if not self._asked(readers):
                # Nobody at a warehouse has to agree.
                return Kept(given_back(self._room, self._ledger, message.root, document))
            case StockLevel():
                return self._level(message, document)
            case _:
                return Kept()

    def nudge(self, sku: str, changes: Changes) -> None:
        """Has the stock of an item looked at once more: what an order lacked may have come while that was decided."""
        now_ms = self._now_ms()
        known = [(row.site, row.unit, row.as_of_ms) for row in self._journal.levels([sku])]
        for site, unit, as_of_ms in known or [(NOWHERE, "EA", 0)]:
            changes.row(*added(sku, site, unit, 0, as_of_ms, now_ms))

    def echoes(self, message: Message, document: Document) -> bool:
        """Whether a channel only repeats the figure that it was sent."""
        if not isinstance(document, StockLevel):
            return False
        known = self._told(message.system, document.sku)
        return (
            known is not None
            and known.how == OURS
            and (known.amount, known.unit) == (document.quantity, document.unit)
        )

    def _told(self, channel: str, sku: str) -> ToldRow | None:
        return next((row for row in self._journal.told([sku]) if row.channel == channel), None)

    def _level(self, message: Message, told: StockLevel) -> Kept:
        """A channel has changed its own copy, as by a sale at its checkout: noted, and corrected when it must be.

        A lower figure does no harm, and the order behind it may be on its way; a higher one is corrected at once.
        """
        if not self._policy.channel(message.system).publish:
            return Kept()
        known, now = self._told(message.system, told.sku), self._now_ms()
        higher = known is None or told.quantity > known.amount or told.unit != known.unit
        due = now if higher else now + int(self._policy.settle_s * 1000)
        row = ToldRow(message.system, told.sku, message.hub, int(told.quantity), told.unit, THEIRS, now)
        return Kept(
            [told_row(row, due_ms=due)], says=f"{message.system} says that it has {told.quantity} {told.unit}"
        )

    def _day(self) -> datetime:
        return datetime.fromtimestamp(self._now_ms() / 1000, self._zone)
