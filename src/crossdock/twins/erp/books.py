"""The ledger of the simulated ERP: stock by site and state, and money to the cent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal

from crossdock.twins.office import Refused, Tree, amount, lines_of

__all__ = ["Books", "Sale", "money"]

_CENT = Decimal("0.01")
_WIDE = Context(prec=100)  #: whatever a story orders


def money(value: Decimal) -> Decimal:
    """An amount at the currency's minor unit, half up."""
    return value.quantize(_CENT, ROUND_HALF_UP, _WIDE)


@dataclass(slots=True)
class Sale:
    """A sales order as the ERP keeps it: by line, what was sold at which price, what left and what came back."""

    lines: dict[str, Tree]
    customer: Tree | None = None
    shipped: dict[str, Decimal] = field(default_factory=lambda: defaultdict[str, Decimal](Decimal))
    returned: dict[str, Decimal] = field(default_factory=lambda: defaultdict[str, Decimal](Decimal))
    cancelled: bool = False
    invoices: list[str] = field(default_factory=list[str])

    def line_of(self, told: Tree) -> tuple[str, Tree]:
        """The sold line that a shipped or returned line belongs to. Raises Refused."""
        named = told.get("order_line", told.get("line"))
        found = self.lines.get(str(named))
        if found is not None:
            return str(named), found
        same = next(((n, line) for n, line in self.lines.items() if line.get("sku") == told.get("sku")), None)
        if same is None:
            raise Refused(422, "unknown_line", "lines", named)
        return same


class Books:
    """Stock and money; every booking is checked before anything of it is written."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Decimal]] = {}  #: sku -> unit -> how many of the smallest
        self.kits: dict[str, list[Tree]] = {}
        self.stock: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)  #: (site, sku, state)
        self.sales: dict[str, Sale] = {}
        self.purchases: dict[str, dict[str, Tree]] = {}
        self.taken_in: dict[str, Decimal] = defaultdict(Decimal)  #: purchase -> received, base units
        self.transfers: dict[str, Tree] = {}
        self.sent_back: dict[str, Tree] = {}  #: returns to suppliers
        self.shipments: dict[str, str] = {}  #: shipment -> order or transfer
        self.receivable = self.credited = self.payable = Decimal()

    # -- measures ---------------------------------------------------------------

    def item(self, tree: Tree) -> None:
        """Takes the item master's word."""
        packs = {str(one["unit"]): amount(one.get("factor")) for one in tree.get("packs", ())}
        self.items[str(tree["sku"])] = {str(tree.get("unit", "EA")): Decimal(1), **packs}

    def base(self, line: Tree, quantity: Decimal) -> Decimal:
        """A quantity of a line in the item's smallest unit. Raises Refused."""
        units = self.items.get(str(line.get("sku")))
        if units is None:
            raise Refused(422, "unknown_sku", "lines.sku", line.get("sku"))
        size = units.get(str(line.get("unit", "EA")))
        if size is None:
            raise Refused(422, "unknown_unit", "lines.unit", line.get("unit"))
        return quantity * size

    # -- sales ------------------------------------------------------------------

    def sold(self, number: str, tree: Tree) -> None:
        """A sales order, or a new version of one. Raises Refused."""
        for line in lines_of(tree):
            self.base(line, amount(line.get("quantity")))
        lines = {str(line["line"]): line for line in lines_of(tree)}
        known = self.sales.get(number)
        if known is None:
            self.sales[number] = Sale(lines, tree.get("customer"))
        elif known.shipped and any(name not in lines for name in known.shipped):
            raise Refused(409, "shipped_already", "lines")
        else:
            known.lines = lines

    def cancelled(self, order: str, tree: Tree) -> None:
        """The wish of the customer: what of it comes true, the shipments say. Raises Refused."""
        sale = self._sale(order)
        if not lines_of(tree):
            sale.cancelled = True

    def shipped(self, number: str, tree: Tree) -> list[Tree]:
        """Takes a shipment out of the stock; gives the lines to be charged. Raises Refused."""
        order = str(tree.get("order") or tree.get("warehouse_order") or "")
        if number in self.shipments:
            raise Refused(409, "shipment_exists", "number", number)
        if order in self.transfers:
            return self._on_its_way(number, order, tree)
        if order in self.sent_back:
            return self._gone_back(number, order, tree)
        sale = self._sale(order)
        charged: dict[str, Tree] = {}
        moved: list[tuple[str, str, Decimal]] = []
        shares: list[tuple[str, Decimal]] = []
        for told in lines_of(tree):
            quantity = amount(told.get("quantity"))
            if quantity <= 0:
                continue
            name, line = sale.line_of(told)
            pieces = self.base(told, quantity)
            moved += [(sku, str(tree.get("site") or ""), part) for sku, part in self._parts(told, pieces)]
            of_line = pieces / self.base(line, Decimal(1))
            shares.append((name, of_line))
            row = charged.setdefault(
                name,
                {"line": len(charged) + 1, "order_line": line["line"], "sku": line["sku"],
                 "unit": line.get("unit", "EA"), "quantity": Decimal(), "price": amount(line.get("price"))},
            )  # fmt: skip
            row["quantity"] += of_line
        for name, row in charged.items():
            if sale.shipped[name] + row["quantity"] > amount(sale.lines[name].get("quantity")):
                raise Refused(409, "more_than_ordered", "lines", row["quantity"])
        self.shipments[number] = order
        for name, part in shares:
            sale.shipped[name] += part
        for sku, site, pieces in moved:
            self.stock[site, sku, "available"] -= pieces
        return list(charged.values())

    def _on_its_way(self, number: str, order: str, tree: Tree) -> list[Tree]:
        """What left for a transfer is ours still, on its way to the other site; nobody is charged."""
        moved = [(str(line["sku"]), self.base(line, amount(line.get("quantity")))) for line in lines_of(tree)]
        transfer = self.transfers[order]
        self.shipments[number] = order
        for sku, pieces in moved:
            self.stock[str(transfer["from_site"]), sku, "available"] -= pieces
            self.stock[str(transfer["to_site"]), sku, "in_transit"] += pieces
        return []

    def _gone_back(self, number: str, order: str, tree: Tree) -> list[Tree]:
        """What left for its supplier is not ours any more, and is owed no longer."""
        back = self.sent_back[order]
        lines = {str(line["line"]): line for line in lines_of(back)}
        bought = {
            str(one["sku"]): one for one in self.purchases.get(str(back.get("purchase_order")), {}).values()
        }
        moved = [(told, self.base(told, amount(told.get("quantity")))) for told in lines_of(tree)]
        self.shipments[number] = order
        for told, pieces in moved:
            sku = str(told["sku"])
            state = _state(lines.get(str(told.get("order_line", told.get("line"))), {}))
            self.stock[str(tree.get("site") or ""), sku, state] -= pieces
            price = bought.get(sku, {}).get("price")
            if price is not None:
                self.payable -= money(pieces / self.base(bought[sku], Decimal(1)) * amount(price))
        return []

    def returned(self, tree: Tree) -> tuple[str, list[Tree]]:
        """Takes back what came; gives the order and the lines to be credited. Raises Refused."""
        order, credit = str(tree.get("order") or ""), list[Tree]()
        sale = self._sale(order)
        for told in lines_of(tree):
            quantity = amount(told.get("quantity"))
            if quantity <= 0:
                continue
            name, line = sale.line_of(told)
            pieces = self.base(told, quantity)
            self.stock[str(tree.get("site") or ""), str(told["sku"]), _state(told)] += pieces
            back = pieces / self.base(line, Decimal(1))
            sale.returned[name] += back
            credit.append(
                {"line": len(credit) + 1, "order_line": line["line"], "sku": line["sku"],
                 "unit": line.get("unit", "EA"), "quantity": -back, "price": amount(line.get("price"))}
            )  # fmt: skip
        return order, credit

    def _sale(self, order: str) -> Sale:
        sale = self.sales.get(order)
        if sale is None:
            raise Refused(422, "unknown_order", "order", order)
        return sale

    def _parts(self, told: Tree, pieces: Decimal) -> list[tuple[str, Decimal]]:
        """What leaves the shelf: the item, or the components of a kit that is not stocked."""
        sku = str(told["sku"])
        kit = self.kits.get(sku)
        if kit is None:
            return [(sku, pieces)]
        return [(str(one["sku"]), self.base(one, amount(one.get("quantity"))) * pieces) for one in kit]

    # -- purchases and corrections ------------------------------------------------

    def bought(self, number: str, tree: Tree) -> None:
        """A purchase order that this system itself placed."""
        self.purchases[number] = {str(line["line"]): line for line in lines_of(tree)}

    def received(self, tree: Tree) -> None:
        """Goods that came for a purchase order or a transfer. Raises Refused."""
        number = str(tree.get("purchase_order") or "")
        bought, transfer = self.purchases.get(number), str(tree.get("stock_transfer") or "")
        if bought is None and transfer not in self.transfers:
            raise Refused(422, "unknown_purchase", "purchase_order", number or transfer)
        for told in lines_of(tree):
            site, sku = str(tree.get("site") or ""), str(told["sku"])
            pieces = self.base(told, amount(told.get("quantity")))
            self.stock[site, sku, _state(told)] += pieces
            if bought is None:
                self.stock[site, sku, "in_transit"] -= pieces
            self.taken_in[number or transfer] += pieces
            line = (bought or {}).get(str(told.get("purchase_line", told.get("line"))))
            if line is not None and line.get("price") is not None:
                self.payable += money(pieces / self.base(line, Decimal(1)) * amount(line["price"]))

    def moved(self, number: str, tree: Tree) -> None:
        """A transfer that this system itself asked for; what left and what came is told by shipment and receipt."""
        self.transfers[number] = tree

    def adjusted(self, tree: Tree) -> None:
        """A correction of stock with its reason. Raises Refused."""
        pieces = self.base(tree, amount(tree.get("quantity")))
        site, sku = str(tree.get("site") or ""), str(tree["sku"])
        self.stock[site, sku, str(tree.get("status") or "available")] += pieces
        if tree.get("to_status"):
            self.stock[site, sku, str(tree["to_status"])] -= pieces

    def counted(self, tree: Tree) -> None:
        """A count of sellable goods: what the books said beside it is corrected. Raises Refused."""
        for line in lines_of(tree):
            found, expected = (self.base(line, amount(line.get(name))) for name in ("counted", "expected"))
            state = str(line.get("status") or "available")
            self.stock[str(tree.get("site") or ""), str(line["sku"]), state] += found - expected


def _state(told: Tree) -> str:
    return str(told.get("status") or "available")
