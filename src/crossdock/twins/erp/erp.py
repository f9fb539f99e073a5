"""The simulated ERP: takes orders, shipments, receipts and corrections, and charges what left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from crossdock.twins.dials import Dials
from crossdock.twins.erp.books import Books, money
from crossdock.twins.office import Office, Refused, Tree, amount, lines_of

__all__ = ["Erp", "ErpDials"]


@dataclass(frozen=True, slots=True)
class ErpDials(Dials):
    """The fault dials, and how it charges.

    `invoices`: `at_once` when a shipment comes, or `by_hand` when somebody does it.
    """

    invoices: str = "at_once"


class Erp(Office):
    """An ERP that knows the rules: nothing is charged twice, nothing more than was ordered, credits name an invoice."""

    kind: ClassVar[str] = "erp"
    takes: ClassVar[Mapping[str, str]] = {
        "sales_order": "number", "cancellation": "number", "shipment": "number", "return_authorisation": "number",
        "return_receipt": "number", "goods_receipt": "number", "inventory_adjustment": "number",
        "inventory_count": "number", "order_status": "number", "stock_level": "sku",
    }  # fmt: skip
    tells: ClassVar[Sequence[str]] = (
        "item", "kit_composition", "price", "purchase_order", "stock_transfer", "return_to_vendor", "invoice",
        "return_authorisation",
    )  # fmt: skip

    def __init__(self, *, dials: ErpDials | None = None, **more: Any) -> None:
        super().__init__(dials=dials or ErpDials(), **more)
        self.books = Books()
        self.currency = "EUR"
        self._numbers = 0
        self._uncharged: list[tuple[str, str, list[Tree]]] = []  #: (shipment, order, lines)
        self._uncredited: list[tuple[str, list[Tree]]] = []

    def take(self, document: str, number: str, tree: Tree) -> str:
        """Books a document. Raises Refused."""
        books = self.books
        match document:
            case "sales_order":
                books.sold(number, tree)
            case "cancellation":
                books.cancelled(str(tree.get("order")), tree)
            case "shipment":
                lines = books.shipped(number, tree)
                if lines:
                    self._uncharged.append((number, books.shipments[number], lines))
                self._charge()
            case "return_receipt":
                self._uncredited.append(books.returned(tree))
                self._charge()
            case "goods_receipt":
                books.received(tree)
            case "inventory_adjustment":
                books.adjusted(tree)
            case "inventory_count":
                books.counted(tree)
            case "order_status":
                return str(tree.get("state") or "")
            case "stock_level":
                return str(tree.get("quantity"))
            case _:
                pass
        return ""

    def _charge(self) -> None:
        dials = self.faulty.dials
        if isinstance(dials, ErpDials) and dials.invoices == "at_once":
            self.work()

    def work(self) -> None:
        """Charges what left and credits what came back."""
        for shipment, order, lines in self._uncharged:
            self.books.sales[order].invoices.append(self._invoice(order, lines, shipment=shipment))
        self._uncharged.clear()
        for order, lines in self._uncredited:
            charged = self.books.sales[order].invoices
            if lines and charged:
                self._invoice(order, lines, credit_of=charged[-1])
        self._uncredited = [one for one in self._uncredited if not self.books.sales[one[0]].invoices]

    def _invoice(self, order: str, lines: list[Tree], **about: str) -> str:
        self._numbers += 1
        number = f"{'CR' if 'credit_of' in about else 'INV'}-{self._numbers:06d}"
        total = money(sum((line["quantity"] * line["price"] for line in lines), Decimal()))
        if total < 0:
            self.books.credited -= total
        else:
            self.books.receivable += total
        tree: Tree = {
            "number": number,
            "order": order,
            **about,
            "currency": self.currency,
            "total": total,
            "lines": lines,
        }
        self.tell("invoice", number, tree, group=order)
        return number

    def act(self, name: str, tree: Tree) -> None:
        """Somebody enters an item, a kit, a price, a purchase, a transfer or a return to a supplier; `charge`."""
        if name == "charge":
            self.work()
            return
        if name not in self.tells:
            raise Refused(404, "not_found", "act", name)
        number = str(tree.get("number") or tree.get("sku") or "")
        match name:
            case "item":
                self.books.item(tree)
            case "kit_composition" if not tree.get("stocked"):
                self.books.kits[number] = list(tree.get("components", ()))
            case "purchase_order":
                self.books.bought(number, tree)
            case "stock_transfer":
                self.books.moved(number, tree)
            case "return_to_vendor":
                self.books.sent_back[number] = tree
            case _:
                pass
        self.tell(name, number, tree)

    def figures(self) -> dict[str, Any]:
        """Stock and money."""
        books = self.books
        return {
            "stock": [
                {"site": site, "sku": sku, "status": state, "quantity": amount(quantity)}
                for (site, sku, state), quantity in sorted(books.stock.items())
            ],
            "money": {
                "receivable": money(books.receivable), "credited": money(books.credited),
                "payable": money(books.payable),
            },
            "orders": {
                number: {
                    "cancelled": sale.cancelled, "invoices": sale.invoices,
                    "lines": {n: {"ordered": amount(line.get("quantity")), "shipped": sale.shipped.get(n, Decimal()),
                                  "returned": sale.returned.get(n, Decimal())} for n, line in sale.lines.items()},
                }
                for number, sale in books.sales.items()
            },
        }  # fmt: skip


def opening(erp: Erp, items: Sequence[Tree], stock: Sequence[Tree]) -> None:
    """What the ERP knows before the first document comes."""
    for item in items:
        erp.books.item(item)
    for row in stock:
        place = str(row.get("site") or "MAIN"), str(row["sku"]), str(row.get("status") or "available")
        erp.books.stock[place] += amount(row.get("quantity"))
        assert not lines_of(row), "a row of stock has no lines"
