"""The connector for warehouses that speak the reference warehouse API: what it can do, and its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from crossdock.connectors.warehouse.codes import CROSSWALKS
from crossdock.connectors.warehouse.goods import (
    AdjustmentReader,
    CountReader,
    ReceiptReader,
    ReceivingWriter,
    ReturnReader,
    TransferWriter,
    VendorReturnWriter,
)
from crossdock.connectors.warehouse.poller import PICK_TYPES, SHIPMENT_TYPES, EventPoller, StockPoller
from crossdock.connectors.warehouse.reader import BalanceReader, PickStatusReader, ShipmentReader
from crossdock.connectors.warehouse.writer import CancelWriter, ItemWriter, OrderWriter
from crossdock.faults import Misconfigured
from crossdock.kit.connector import (
    Declaration,
    DocumentIn,
    DocumentOut,
    Field,
    Poller,
    Reader,
    Reading,
    Tools,
    Unclear,
    Writer,
)

__all__ = ["CONNECTOR", "WarehouseConnector"]

T = TypeVar("T")
READERS: dict[str, Callable[[Tools], Reader]] = {
    "pick_status": PickStatusReader,
    "shipment": ShipmentReader,
    "inventory_balance": BalanceReader,
    "goods_receipt": ReceiptReader,
    "return_receipt": ReturnReader,
    "inventory_count": CountReader,
    "inventory_adjustment": AdjustmentReader,
}
WRITERS: dict[str, Callable[[Tools], Writer]] = {
    "warehouse_order": OrderWriter,
    "sales_order": OrderWriter,
    "warehouse_order_cancel": CancelWriter,
    "cancellation": CancelWriter,
    "item": ItemWriter,
    "purchase_order": ReceivingWriter,
    "return_authorisation": ReceivingWriter,
    "stock_transfer": TransferWriter,
    "return_to_vendor": VendorReturnWriter,
}
POLLERS: dict[str, Callable[[Tools], Poller]] = {
    "pick_status": lambda tools: EventPoller("pick_status", PICK_TYPES, tools),
    "shipment": lambda tools: EventPoller("shipment", SHIPMENT_TYPES, tools),
    "inventory_balance": StockPoller,
    "goods_receipt": lambda tools: EventPoller("goods_receipt", ("received",), tools),
    "return_receipt": lambda tools: EventPoller("return_receipt", ("returned",), tools),
    "inventory_count": lambda tools: EventPoller("inventory_count", ("counted",), tools),
    "inventory_adjustment": lambda tools: EventPoller("inventory_adjustment", ("adjusted",), tools),
}


def _out(document: str, says: str) -> DocumentOut:
    return DocumentOut(document, Unclear.RESEND, settle_s=2.0, says=says)


class WarehouseConnector:
    """Orders, cancellations and items to the warehouse; pick states, shipments and stock from it."""

    declaration = Declaration(
        kind="warehouse",
        title="Warehouse (reference API)",
        says="A warehouse system that speaks the reference warehouse API (docs/reference/warehouse-api.yaml).",
        fields=(
            Field(
                "events",
                default="push",
                says="push: the warehouse posts its events to the intake; poll: the hub reads the feed; both: "
                "pushed events are fast and the feed fills what a push lost",
            ),
            Field(
                "crosswalks",
                type="list",
                default=(),
                says=f"codes of the warehouse's own, looked up in crosswalks: {', '.join(CROSSWALKS)}",
            ),
            Field(
                "sites",
                type="list",
                default=(),
                says="the sites that this warehouse runs, so that a transfer is an order where it leaves",
            ),
        ),
        documents_in=(
            DocumentIn("pick_status", Reading.PUSH, says="every event of an order on the floor"),
            DocumentIn("shipment", Reading.PUSH, says="one for each shipment that left"),
            DocumentIn("inventory_balance", Reading.POLL, says="stock per site, item, status, lot and owner"),
            DocumentIn("goods_receipt", Reading.PUSH, says="what came for a purchase or a transfer"),
            DocumentIn("return_receipt", Reading.PUSH, says="what came back, and what becomes of it"),
            DocumentIn("inventory_count", Reading.PUSH, says="what was counted, beside what the books said"),
            DocumentIn("inventory_adjustment", Reading.PUSH, says="corrections of stock, with their reason"),
        ),
        documents_out=(
            _out("warehouse_order", "an order released to the warehouse"),
            _out("sales_order", "the same, for sites that release none: the sales order itself"),
            _out("warehouse_order_cancel", "refused once picking began"),
            _out("cancellation", "the same, for sites that send sales orders"),
            _out("item", "what the warehouse has to know of an item"),
            _out("purchase_order", "a receiving task; a new version replaces its lines"),
            _out("return_authorisation", "a receiving task for goods that come back"),
            _out(
                "stock_transfer", "an order at the site that sends the goods, a receiving task at the other"
            ),
            _out("return_to_vendor", "an order to ship the goods to their supplier"),
        ),
        auth=("none", "bearer", "basic", "header", "oauth2"),
    )

    def reader(self, document: str, tools: Tools) -> Reader:
        """The reader of one document. Raises Misconfigured."""
        return _pick(READERS, document, "does not send", tools)

    def writer(self, document: str, tools: Tools) -> Writer:
        """The writer of one document. Raises Misconfigured."""
        return _pick(WRITERS, document, "does not take", tools)

    def poller(self, document: str, tools: Tools) -> Poller | None:
        """The poller of one document; None for events that the warehouse pushes only."""
        events = tools.system.options.get("events", "push")
        if events not in ("push", "poll", "both"):
            raise Misconfigured(f"events: {events!r}", path="events", fix="write push, poll or both")
        if events == "push" and document != "inventory_balance":
            return None
        return _pick(POLLERS, document, "does not send", tools)


def _pick(table: dict[str, Callable[[Tools], T]], document: str, says: str, tools: Tools) -> T:
    make = table.get(document)
    if make is None:
        raise Misconfigured(
            f"a warehouse {says} {document!r}", path="document", fix=f"use one of {', '.join(table)}"
        )
    return make(tools)


CONNECTOR = WarehouseConnector()
