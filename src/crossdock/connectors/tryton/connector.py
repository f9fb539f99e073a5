"""The connector for Tryton."""

from __future__ import annotations

from collections.abc import Callable

from crossdock.connectors.tryton.reading.poller import TrytonPoller
from crossdock.connectors.tryton.reading.reader import TrytonReader
from crossdock.connectors.tryton.session import session
from crossdock.connectors.tryton.settings import FIELDS, Settings
from crossdock.connectors.tryton.writing.cancel import CancelWriter
from crossdock.connectors.tryton.writing.count import AdjustmentWriter, CountWriter
from crossdock.connectors.tryton.writing.receipt import ReceiptWriter
from crossdock.connectors.tryton.writing.returned import ReturnWriter
from crossdock.connectors.tryton.writing.sale import SaleWriter
from crossdock.connectors.tryton.writing.sent_back import LeavingWriter
from crossdock.faults import Misconfigured
from crossdock.kit.connector import (
    Credentials,
    Declaration,
    DocumentIn,
    DocumentOut,
    Poller,
    Reader,
    Reading,
    Tools,
    Unclear,
    Writer,
)
from crossdock.kit.http import Client

DECLARATION = Declaration(
    kind="tryton",
    title="Tryton",
    says="Tryton 8, an ERP, by JSON-RPC. It releases orders to the warehouse and hears what was shipped.",
    fields=FIELDS,
    documents_in=(
        DocumentIn(
            "item", Reading.POLL, 30.0, "products and kits with a code; the company's units are packs"
        ),
        DocumentIn("party", Reading.POLL, 30.0, "parties with their addresses"),
        DocumentIn("sales_order", Reading.POLL, 5.0, "confirmed sales, but for those that the hub entered"),
        DocumentIn("warehouse_order", Reading.POLL, 2.0, "shipments released to pick, back-orders too"),
        DocumentIn(
            "warehouse_order_cancel", Reading.POLL, 2.0, "releases cancelled; needs warehouse_order too"
        ),
        DocumentIn("purchase_order", Reading.POLL, 5.0, "purchases confirmed and not yet complete"),
        DocumentIn(
            "return_authorisation", Reading.POLL, 5.0, "return shipments that wait for a customer's goods"
        ),
        DocumentIn("return_to_vendor", Reading.POLL, 5.0, "return shipments that wait to go to a supplier"),
    ),
    documents_out=(
        DocumentOut(
            "shipment",
            Unclear.FIND,
            10.0,
            "quantities, lots, packages, tracking, goods issue; to suppliers, too",
        ),
        DocumentOut(
            "sales_order", Unclear.FIND, 10.0, "entered under a web shop, whose order id keeps it single"
        ),
        DocumentOut(
            "cancellation", Unclear.FIND, 10.0, "of a whole sale: its shipments, and the wizard after it"
        ),
        DocumentOut(
            "goods_receipt", Unclear.FIND, 10.0, "supplier shipments with lots, received and put away"
        ),
        DocumentOut(
            "return_receipt", Unclear.FIND, 10.0, "on the return shipment; each line where it belongs"
        ),
        DocumentOut("inventory_count", Unclear.PERSON, 10.0, "an inventory of the storage zone"),
        DocumentOut("inventory_adjustment", Unclear.FIND, 10.0, "an internal shipment under our number"),
    ),
    auth=("session", "basic"),
)


WRITERS: dict[str, Callable[[Settings, Tools], Writer]] = {
    "shipment": LeavingWriter,
    "sales_order": SaleWriter,
    "cancellation": CancelWriter,
    "goods_receipt": ReceiptWriter,
    "return_receipt": ReturnWriter,
    "inventory_count": CountWriter,
    "inventory_adjustment": AdjustmentWriter,
}


class TrytonConnector:
    """Tryton as an ERP."""

    declaration = DECLARATION

    def reader(self, document: str, tools: Tools) -> Reader:
        """The reader of one document. Raises Misconfigured."""
        _known(document, [flow.document for flow in DECLARATION.documents_in])
        return TrytonReader(document, Settings.of(tools), tools)

    def writer(self, document: str, tools: Tools) -> Writer:
        """The writer of one document. Raises Misconfigured."""
        _known(document, [flow.document for flow in DECLARATION.documents_out])
        settings = Settings.of(tools)
        return WRITERS[document](settings, tools)

    def poller(self, document: str, tools: Tools) -> Poller | None:
        """The poller of one document. Raises Misconfigured."""
        _known(document, [flow.document for flow in DECLARATION.documents_in])
        flows = [flow.document for flow in getattr(tools.system, "flows_in", ())]
        if document == "warehouse_order_cancel" and flows and "warehouse_order" not in flows:
            raise Misconfigured(
                "a cancellation needs the release that it cancels",
                path="in",
                fix="add document: warehouse_order",
            )
        return TrytonPoller(document, Settings.of(tools))

    def credentials(self, tools: Tools, secret: Callable[[], str], client: Client) -> Credentials:
        """Signs in over a client without credentials and gives the header of the session."""
        return session(Settings.of(tools).database, tools.system.auth.user or "", secret, client)


def _known(document: str, documents: list[str]) -> None:
    if document not in documents:
        raise Misconfigured(
            f"Tryton does not speak {document}", path="document", fix=f"write one of {', '.join(documents)}"
        )


CONNECTOR = TrytonConnector()
