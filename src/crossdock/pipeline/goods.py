"""What goods that come in must agree with: the order, leave or transfer they belong to. Pure but for what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TypeVar

from crossdock.charter.charter import Charter
from crossdock.faults import Invalid
from crossdock.message.records import Message
from crossdock.model import receiving, register, returning
from crossdock.model.document import Document
from crossdock.model.documents.inventory import InventoryAdjustment, InventoryCount, StockTransfer
from crossdock.model.documents.item import KitComposition
from crossdock.model.documents.purchase import DespatchAdvice, GoodsReceipt, PurchaseOrder
from crossdock.model.documents.renumbering import NumberChange
from crossdock.model.documents.returns import ReturnAuthorisation, ReturnReceipt
from crossdock.model.quantity import Quantity, convert
from crossdock.pipeline.knowledge import Knowledge
from crossdock.stock.kit import DEPTH_MAX

D = TypeVar("D", bound=Document)


def goods(message: Message, document: Document, charter: Charter, known: Knowledge) -> list[str]:
    """What a receipt, return, count or correction came to, in words. Raises Invalid where a person must look."""
    books = _Books(message, charter, known)
    match document:
        case GoodsReceipt():
            return books.receipt(document)
        case ReturnReceipt():
            return books.returned(document)
        case InventoryCount():
            books.count(document)
        case KitComposition() if not document.stocked:
            books.kit(document)
        case InventoryAdjustment():
            _reason(document, charter)
        case NumberChange():
            known.numbers.check(document, charter)
        case _:
            pass
    return []


class _Books:
    """The documents that one arrival is held against."""

    def __init__(self, message: Message, charter: Charter, known: Knowledge) -> None:
        self._message = message
        self._charter = charter
        self._known = known

    def receipt(self, receipt: GoodsReceipt) -> list[str]:
        """Goods received against what announced them."""
        announced = self._announcement(receipt)
        before = self._taken(GoodsReceipt) if announced is not None else ()
        percent: Decimal = self._charter.checks.over_receipt_percent
        rules = receiving.Rules(self._in_base, self._by_lot, percent)
        judgement = receiving.judge(announced, before, receipt, rules)
        if fault := judgement.fault():
            raise fault
        return [f"{announced.own_number()} {judgement.says()}"] if announced is not None else []

    def returned(self, receipt: ReturnReceipt) -> list[str]:
        """A customer's goods against the leave to send them back."""
        number = receipt.return_authorisation
        leave = self._told(ReturnAuthorisation, number)
        others = (one for one in self._taken(ReturnReceipt) if one.return_authorisation == number)
        before = others if leave is not None else ()
        judgement = returning.judge(leave, before, receipt, self._in_base, self._by_lot)
        if judgement.wrong:
            raise judgement.wrong
        return [judgement.says()]

    def kit(self, kit: KitComposition) -> None:
        """A kit does not hold itself, by whatever way, and is not deeper than sums go. Raises Invalid."""
        for index, part in enumerate(kit.components):
            if self._holds(part.sku, kit.sku, DEPTH_MAX - 1):
                raise Invalid(
                    f"kit {kit.sku} would hold itself by way of {part.sku}, or be more than {DEPTH_MAX} deep",
                    path=f"components[{index}].sku", value=part.sku,
                    fix="correct the composition of one of the two where it is kept, and send it again",
                )  # fmt: skip

    def _holds(self, sku: str, kit: str, depth: int) -> bool:
        if sku == kit:
            return True
        inner = self._told(KitComposition, sku)
        if inner is None or inner.stocked:
            return False
        return not depth or any(self._holds(part.sku, kit, depth - 1) for part in inner.components)

    def count(self, count: InventoryCount) -> None:
        """What is kept by lot is counted by lot. Raises Invalid."""
        for index, line in enumerate(count.lines):
            if line.lot is None and line.counted and self._by_lot(line.sku):
                raise Invalid(
                    f"{line.sku} is kept by lot, and the count names none",
                    path=f"lines[{index}].lot", fix="count each lot on its own", type="lot_missing",
                )  # fmt: skip

    def _announcement(self, receipt: GoodsReceipt) -> receiving.Announcement | None:
        order = self._told(PurchaseOrder, receipt.purchase_order)
        if order is not None:
            return order
        if receipt.purchase_order is not None:
            return None
        transfer = self._told(StockTransfer, receipt.stock_transfer)
        advice = self._told(DespatchAdvice, receipt.despatch_advice)
        if advice is None or transfer is not None:
            return transfer
        return self._told(PurchaseOrder, advice.purchase_order) or advice

    def _told(self, cls: type[D], number: str | None) -> D | None:
        """The owner's last word on a document; None where nobody owns such, or said nothing of it yet."""
        rule = self._charter.objects.get(cls.kind)
        if number is None or rule is None:
            return None
        there = self._known.parent(self._message.system, (cls.kind, number))
        if there is None:
            return None
        told = (self._known.last_told(there.hub, owner) for owner in rule.owners)
        last = next(filter(None, told), None)
        return self._read(cls, last[1]) if last else None

    def _taken(self, cls: type[D]) -> Iterator[D]:
        """The others of this kind in the same story that passed."""
        for one in self._known.taken(self._message.root, cls.kind):
            if one.hub != self._message.hub:
                yield self._read(cls, one)

    def _read(self, cls: type[D], message: Message) -> D:
        """A document that passed the gate before, with the numbers of today."""
        tree = self._known.numbers.applied(message.document, message.tree)
        document = register.read(cls.kind, tree, declares=lambda sku, unit: True)  # noqa: ARG005
        assert isinstance(document, cls)
        return document

    def _in_base(self, sku: str, quantity: Quantity) -> Quantity:
        item = self._known.item(sku)
        if item is None or not item.base:
            return quantity
        return convert(quantity, item.base, base=item.base, packs=item.packs)

    def _by_lot(self, sku: str) -> bool:
        item = self._known.item(sku)
        return item is not None and item.lot_tracked


def _reason(adjustment: InventoryAdjustment, charter: Charter) -> None:
    """A correction gives one of the site's reasons, where it lists them. Raises Invalid."""
    allowed = charter.checks.adjustment_reasons
    if allowed and adjustment.reason not in allowed:
        raise Invalid(
            f"nobody here corrects stock because of {adjustment.reason}",
            path="reason", value=adjustment.reason,
            fix=f"write one of {', '.join(allowed)}, map it by the crosswalk reason, or list it in the charter",
        )  # fmt: skip
