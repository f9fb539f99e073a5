"""The simulated shop: places orders, keeps payments by what it is told, and shows the stock it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from crossdock.twins.erp.books import money
from crossdock.twins.office import Office, Refused, Tree, amount, lines_of

__all__ = ["Shop"]


@dataclass(slots=True)
class Purchase:
    """An order as its customer sees it."""

    lines: dict[str, Tree]
    state: str = "placed"
    told_at: datetime | None = None
    captured: Decimal = Decimal()
    voided: Decimal = Decimal()
    refunded: Decimal = Decimal()
    heard: list[str] = field(default_factory=list[str])  #: every state that it was told, in order

    def worth(self, name: str, quantity: object) -> Decimal:
        """So much of a line in money."""
        line = self.lines.get(name)
        return Decimal() if line is None else money(amount(quantity) * amount(line.get("price")))

    @property
    def total(self) -> Decimal:
        """What the customer agreed to pay."""
        return sum((self.worth(name, line.get("quantity")) for name, line in self.lines.items()), Decimal())


class Shop(Office):
    """A shop that takes money only for what left, and gives it back for what came back."""

    kind: ClassVar[str] = "shop"
    takes: ClassVar[Mapping[str, str]] = {
        "order_status": "number", "stock_level": "sku", "shipment": "number", "invoice": "number", "item": "sku",
        "price": "sku",
    }  # fmt: skip
    tells: ClassVar[Sequence[str]] = (
        "sales_order", "cancellation", "order_hold", "return_authorisation", "stock_level",
    )  # fmt: skip

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.purchases: dict[str, Purchase] = {}
        self.shown: dict[str, Decimal] = {}

    def act(self, name: str, tree: Tree) -> None:
        """A customer orders (or changes the order), cancels, sends back; somebody sets or lifts a hold."""
        if name not in self.tells:
            raise Refused(404, "not_found", "act", name)
        number = str(tree.get("number") or tree.get("order") or tree.get("sku") or "")
        if name == "sales_order":
            lines = {str(line["line"]): line for line in lines_of(tree)}
            known = self.purchases.get(number)
            if known is None:
                self.purchases[number] = Purchase(lines)
                self._sell(lines.values())
            else:
                known.lines = lines
        self.tell(name, number, tree, group=str(tree.get("order") or number))

    def _sell(self, lines: Any) -> None:
        """Its own copy of the stock goes down at the checkout."""
        for line in lines:
            sku = str(line.get("sku"))
            if sku in self.shown:
                self.shown[sku] = max(self.shown[sku] - amount(line.get("quantity")), Decimal())

    def take(self, document: str, number: str, tree: Tree) -> str:
        """Books what it is told. Raises Refused."""
        if document == "stock_level":
            self.shown[number] = amount(tree.get("quantity"))
            return str(tree.get("quantity"))
        if document != "order_status":
            return ""
        order = self.purchases.get(str(tree.get("order")))
        if order is None:
            raise Refused(422, "unknown_order", "order", tree.get("order"))
        state = str(tree.get("state") or "")
        order.heard.append(state)
        at = datetime.fromisoformat(str(tree.get("as_of") or self.now()))
        if order.told_at is None or at >= order.told_at:
            order.told_at = at
            self._settle(order, state, tree)
        return f"{tree.get('occasion')} {state}"

    @staticmethod
    def _settle(order: Purchase, state: str, tree: Tree) -> None:
        """Money follows goods: what left is captured, what will not leave is let go, what came back is refunded."""
        order.state = state
        lines = {str(line["line"]): line for line in lines_of(tree)}
        order.captured = sum((order.worth(n, one.get("shipped")) for n, one in lines.items()), Decimal())
        order.voided = sum((order.worth(n, one.get("cancelled")) for n, one in lines.items()), Decimal())
        if tree.get("billing") == "credited":
            order.refunded = sum((order.worth(n, one.get("returned")) for n, one in lines.items()), Decimal())

    def figures(self) -> dict[str, Any]:
        """What its customers see, and the money."""
        every = self.purchases.values()
        captured, refunded = (
            sum((getattr(o, name) for o in every), Decimal()) for name in ("captured", "refunded")
        )
        open_ = sum((o.total - o.captured - o.voided for o in every), Decimal())
        return {
            "orders": {
                number: {"state": one.state, "total": one.total, "captured": one.captured, "refunded": one.refunded}
                for number, one in self.purchases.items()
            },
            "stock": [{"sku": sku, "quantity": quantity} for sku, quantity in sorted(self.shown.items())],
            "money": {"authorised": money(open_), "captured": money(captured), "refunded": money(refunded)},
        }  # fmt: skip
