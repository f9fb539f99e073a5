"""An order from elsewhere, entered in Tryton under its web shop, quoted and confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.units import Units
from crossdock.connectors.tryton.wire import (
    Row,
    at,
    call,
    first,
    found_rows,
    method_of,
    result,
    rows,
    their_float,
)
from crossdock.faults import Invalid, Rejected
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Tree, Unclear

_SALE = "model.sale.sale"
_LOOK = f"{_SALE}.search_read"
_SHOP = "model.web.shop.search_read"
_PARTY = "model.party.party.search_read"
_PRODUCT = "model.product.product.search_read"
_UNIT = "model.product.uom.search_read"
_CARRIER = "model.carrier.search_read"
_CURRENCY = "model.currency.currency.search_read"
_COUNTRY = "model.country.country.search_read"
_ADDRESS_FIELDS = ("street", "postal_code", "city", "country.code", "attn")
_EXCHANGES_MAX = 40
#: Behind a person's back nobody can tell whether these were meant.
_ENTERED = frozenset({"confirmed", "processing", "done"})


class SaleWriter:
    """Enters an order once: Tryton keeps (web shop, order id) unique, so that a second create is refused.

    Tryton works out taxes in its client only, so sales entered here carry none.
    """

    unclear = Unclear.FIND
    settle_s = 10.0

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools
        self._units = Units(tools, by_crosswalk="unit" in settings.crosswalks)

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        self._tools.reads()  # each step looks up all that it rests on
        if len(exchanges) >= _EXCHANGES_MAX:
            raise Rejected("the sale does not move on in Tryton", fix="look at it in Tryton, then retry")
        if not exchanges:
            return self._look(job)
        last = exchanges[-1]
        result(last.ask, last.answer)
        if not last.ask.safe:
            # A new address shows with its party; everything else with the sale.
            return self._party(job) if method_of(last.ask).startswith("model.party.") else self._look(job)
        sale = first(_latest(exchanges, _LOOK))
        return self._entered(job, sale) if sale else self._entering(job, exchanges)

    def find(self, job: Job) -> Ask | None:
        """A look for the sale by its web shop and order id."""
        return self._look(job)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the sale is there and confirmed. Raises TryLater."""
        sale = first(found_rows(self._look(job), answer))
        return self._done(job, sale) if sale and sale["state"] in _ENTERED else None

    def _look(self, job: Job) -> Ask:
        shop = self._settings.web_shop
        if shop is None:
            raise Rejected(
                "no web shop is named for entering orders", path="web_shop", fix="write web_shop: NAME"
            )
        domain = [["web_shop.name", "=", shop], ["web_id", "=", job.number]]
        return self._ask(_LOOK, domain, ["number", "state", "company"])

    def _entered(self, job: Job, sale: Row) -> Ask | Done:
        match sale["state"]:
            case "draft":
                return self._button("quote", sale)
            case "quotation":
                return self._button("confirm", sale)
            case "cancelled":
                raise Rejected(
                    f"sale {sale['number']} was cancelled in Tryton",
                    path="number",
                    fix="order anew under another number",
                )
            case _:
                return self._done(job, sale)

    def _done(self, job: Job, sale: Row) -> Done:
        self._carrier(job.tree)
        for line in job.tree.get("lines", ()):
            self._units.theirs(line["unit"], ())
        return Done(str(sale["id"]), f"sale {sale['number']}", reads=self._tools.reads())

    def _entering(self, job: Job, exchanges: Sequence[Exchange]) -> Ask:
        """Looks up what the sale refers to, one thing after another, then creates it."""
        tree, asked = job.tree, {method_of(exchange.ask) for exchange in exchanges}
        asks = {
            _SHOP: lambda: self._ask(
                _SHOP, [["name", "=", self._settings.web_shop]], ["company", "currency", "warehouses"]
            ),
            _PARTY: lambda: self._party(job),
            _PRODUCT: lambda: self._ask(
                _PRODUCT, [["code", "in", _skus(tree)], ["salable", "=", True]], ["code"]
            ),
            _UNIT: lambda: self._ask(_UNIT, [], ["symbol"]),
            _CURRENCY: lambda: self._ask(_CURRENCY, [["code", "in", _currencies(tree)]], ["code"]),
            _CARRIER: lambda: self._ask(_CARRIER, [["party.code", "=", self._carrier(tree)]], ["id"]),
            _COUNTRY: lambda: self._ask(_COUNTRY, [["code", "=", _ship_to(tree).get("country")]], ["id"]),
        }
        for method, ask in asks.items():
            if method not in asked:
                return ask()
        party = first(_latest(exchanges, _PARTY))
        if party is None:
            number = tree.get("customer", {}).get("id")
            raise Rejected(
                f"Tryton has no party {number}",
                path="customer.id",
                value=number,
                fix="create the customer in Tryton",
            )
        address = _address_of(party, tree)
        if address is None:
            return self._new_address(party, tree, exchanges)
        return self._create(job, exchanges, party, address)

    def _party(self, job: Job) -> Ask:
        code = job.tree.get("customer", {}).get("id")
        return self._ask(
            _PARTY, [["code", "=", code]], ["code", *(f"addresses.{name}" for name in _ADDRESS_FIELDS)]
        )

    def _new_address(self, party: Row, tree: Tree, exchanges: Sequence[Exchange]) -> Ask:
        to, country = _ship_to(tree), first(_latest(exchanges, _COUNTRY))
        if to.get("country") and country is None:
            raise Rejected(
                f"Tryton has no country {to['country']}",
                path="ship_to.country",
                value=to["country"],
                fix="load countries in Tryton",
            )
        street = "\n".join(part for part in (to.get("street"), to.get("street2")) if part)
        values = {
            "party": party["id"], "attn": to.get("name"), "street_unstructured": street, "delivery": True,
            "postal_code": to.get("postcode"), "city": to.get("city"), "country": country["id"] if country else None,
        }  # fmt: skip
        return call(self._settings.database, "model.party.address.create", [values], safe=False)

    def _create(self, job: Job, exchanges: Sequence[Exchange], party: Row, address: int) -> Ask:
        tree, shop, carrier = job.tree, first(_latest(exchanges, _SHOP)), first(_latest(exchanges, _CARRIER))
        if shop is None or not shop["warehouses"]:
            name = self._settings.web_shop
            raise Rejected(
                f"Tryton has no web shop {name} with a warehouse", fix="create it, or name another"
            )
        if carrier is None and tree.get("ship_method"):
            raise Rejected(
                f"Tryton has no carrier {self._carrier(tree)}",
                path="ship_method",
                value=tree["ship_method"],
                fix="create it in Tryton",
            )
        products = {row["code"]: row["id"] for row in _latest(exchanges, _PRODUCT)}
        units = {row["symbol"]: row["id"] for row in _latest(exchanges, _UNIT)}
        currencies = {row["code"]: row["id"] for row in _latest(exchanges, _CURRENCY)}
        lines = [self._line(line, index, products, units) for index, line in enumerate(tree["lines"])]
        currency = next((currencies.get(code) for code in _currencies(tree)), None) or shop["currency"]
        values = {
            "party": party["id"], "company": shop["company"], "currency": currency,
            "warehouse": shop["warehouses"][0], "invoice_address": address, "shipment_address": address,
            "carrier": carrier["id"] if carrier else None, "reference": tree.get("reference"),
            "comment": tree.get("notes"), "web_shop": shop["id"], "web_id": job.number,
            "shipment_method": "order", "lines": [["create", lines]],
        }  # fmt: skip
        return call(self._settings.database, f"{_SALE}.create", [values], company=shop["company"], safe=False)

    def _line(self, line: Tree, index: int, products: Mapping[str, int], units: Mapping[str, int]) -> Row:
        product = products.get(line["sku"])
        if product is None:
            raise Invalid(
                f"Tryton sells no item {line['sku']}",
                path=f"lines[{index}].sku", value=line["sku"], fix="create the item in Tryton", type="unknown_sku",
            )  # fmt: skip
        unit = units.get(self._units.theirs(line["unit"], units) or "")
        if unit is None:
            raise Invalid(
                f"Tryton has no unit {line['unit']}",
                path=f"lines[{index}].unit", value=line["unit"], fix="create the unit in Tryton", type="unknown_unit",
            )  # fmt: skip
        if line.get("price") is None:
            raise Invalid(
                "Tryton needs a price on each line",
                path=f"lines[{index}].price", fix="send the price with the order", type="price_missing",
            )  # fmt: skip
        return {
            "type": "line", "product": product, "quantity": their_float(line["quantity"]), "unit": unit,
            "unit_price": Decimal(str(line["price"])),
        }  # fmt: skip

    def _carrier(self, tree: Tree) -> str | None:
        method = tree.get("ship_method")
        if method is None or "ship_method" not in self._settings.crosswalks:
            return method
        return self._tools.theirs("ship_method", method)

    def _button(self, name: str, sale: Row) -> Ask:
        return call(
            self._settings.database, f"{_SALE}.{name}", [sale["id"]], company=sale["company"], safe=False
        )

    def _ask(self, method: str, domain: Sequence[object], fields: Sequence[str]) -> Ask:
        return call(self._settings.database, method, domain, 0, None, [["id", "ASC"]], fields)


def _skus(tree: Tree) -> list[str]:
    return sorted({line["sku"] for line in tree["lines"]})


def _currencies(tree: Tree) -> list[str]:
    return sorted({line["currency"] for line in tree["lines"] if line.get("currency")})


def _ship_to(tree: Tree) -> Tree:
    return tree.get("ship_to") or {}


def _address_of(party: Row, tree: Tree) -> int | None:
    """The party's address that the goods go to; its first one where the order names none."""
    to, rows_ = _ship_to(tree), party["addresses."]
    if not to.get("street"):
        return rows_[0]["id"] if rows_ else None
    wanted = (_flat(to.get("street"), to.get("street2")), _flat(to.get("postcode")), _flat(to.get("city")))
    for row in rows_:
        if (_flat(row["street"]), _flat(row["postal_code"]), _flat(row["city"])) == wanted and at(
            row, "country.code"
        ) in (None, to.get("country")):
            return row["id"]
    return None


def _flat(*parts: object) -> str:
    return " ".join(" ".join(str(part) for part in parts if part).split()).casefold()


def _latest(exchanges: Sequence[Exchange], method: str) -> list[Row]:
    for exchange in reversed(exchanges):
        if method_of(exchange.ask) == method:
            return rows(exchange.ask, exchange.answer)
    return []
