"""From a polled record to the document it stands for, in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from crossdock.connectors.tryton.reading.goods import GoodsReader
from crossdock.connectors.tryton.reading.sources import referred
from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.units import BROUGHT_ALONG, Units, factor, is_pack
from crossdock.connectors.tryton.wire import Row, at, exact, loaded, moment
from crossdock.faults import Invalid, Unreadable
from crossdock.kit.connector import Content, Draft, Facts, Tools, Tree


class TrytonReader:
    """Reads one kind of record.

    A tree states only what the ERP decides, so that a record which changed because the hub wrote what
    the warehouse did still says the same: quantities of a release are those of its outgoing moves, and
    a record is a document only while the ERP asks for something.
    """

    def __init__(self, document: str, settings: Settings, tools: Tools) -> None:
        self._document = document
        self._settings = settings
        self._tools = tools
        self._units = Units(tools, by_crosswalk="unit" in settings.crosswalks)
        goods = GoodsReader(settings, self._units, self._site)
        self._tree: Callable[[Row], Tree | None] = {
            "purchase_order": goods.purchase_order,
            "return_authorisation": goods.return_authorisation,
            "return_to_vendor": goods.return_to_vendor,
            "item": self._item,
            "party": self._party,
            "sales_order": self._sales_order,
            "warehouse_order": self._warehouse_order,
            "warehouse_order_cancel": self._warehouse_order_cancel,
        }[document]

    def facts(self, content: Content) -> Facts:
        """The record's id; the hub numbers its revisions. Raises Unreadable."""
        return Facts(id=str(_record(content)["id"]))

    def read(self, content: Content) -> Sequence[Draft]:
        """The document, or none where the record asks for nothing any more. Raises Invalid, Unmapped, Unreadable."""
        self._tools.reads()  # what an earlier document looked up was not looked up for this one
        record = _record(content)
        tree = self._document_of(record)
        if tree is None:
            return ()
        return (
            Draft(
                self._document, tree, str(record["id"]), self._tools.reads(), _parent(self._document, tree)
            ),
        )

    def same(self, one: Content, other: Content) -> bool:
        """Whether both stand for the same document."""
        return self._document_of(_record(one)) == self._document_of(_record(other))

    def _document_of(self, record: Row) -> Tree | None:
        try:
            return self._tree(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            name = error.args[0] if isinstance(error, KeyError) else ""
            raise Invalid(
                f"this is no record as Tryton gives it: {type(error).__name__} {error}"[:200],
                path=str(name) or self._document, fix="see whether a module changed the field in Tryton",
            ) from error  # fmt: skip

    def _item(self, record: Row) -> Tree:
        base = record["default_uom."]
        codes = {row["type"]: row["code"] for row in record["identifiers."]}
        packs = [
            {"unit": self._units.ours(unit["symbol"], "packs"), "factor": factor(unit, base)}
            for unit in record["packs"]
            if is_pack(unit["symbol"])
        ]
        return _said(
            sku=record["code"],
            name=record["name"],
            description=record["description"],
            status="active" if record["active"] else "inactive",
            unit=self._units.ours(base["symbol"], "unit"),
            packs=packs,
            gtin=codes.get("ean"),
            lot_tracked=bool(record["lot_required"]),
            weight_kg=_weight_kg(record),
        )

    def _party(self, record: Row) -> Tree:
        addresses = [
            _said(id=str(row["id"]), use=_use(row), **_address(row, record["name"]))
            for row in record["addresses."]
        ]
        return _said(
            id=record["code"],
            name=record["name"],
            addresses=addresses,
            language=at(record, "lang.code"),
            status="active" if record["active"] else "inactive",
        )

    def _sales_order(self, record: Row) -> Tree | None:
        lines = [
            self._order_line(row, record, index)
            for index, row in enumerate(record["lines."])
            if _is_goods(row)
        ]
        if not lines:
            return None  # services or a return: nothing for a warehouse to send
        name = at(record, "party.name")
        return _said(
            number=record["number"],
            placed_at=moment(record["sale_date"]),
            customer=_said(id=at(record, "party.code"), name=name),
            ship_to=_address(record["shipment_address."], name),
            bill_to=_address(record["invoice_address."], name),
            ship_method=self._code("ship_method", at(record, "carrier.party.code")),
            site=self._site(record),
            reference=_code(record["reference"]),
            requested_at=moment(record["shipping_date"]),
            notes=record["comment"],
            lines=lines,
        )

    def _order_line(self, row: Row, record: Row, index: int) -> Tree:
        return _said(
            line=row["id"],
            sku=at(row, "product.code"),
            quantity=exact(row["quantity"]),
            unit=self._units.ours(at(row, "unit.symbol"), f"lines[{index}].unit"),
            price=row["unit_price"],
            currency=at(record, "currency.code"),
        )

    def _warehouse_order(self, record: Row) -> Tree | None:
        moves = [move for move in record["outgoing_moves."] if exact(move["quantity"])]
        if not moves:
            return None
        name = at(record, "customer.name")
        lines = self._lines(moves, record["components"])
        return _said(
            number=record["number"],
            order=self._order(moves),
            site=self._site(record),
            customer=_said(id=at(record, "customer.code"), name=name),
            ship_to=_address(record["delivery_address."], name),
            ship_method=self._code("ship_method", at(record, "carrier.party.code")),
            requested_at=moment(record["planned_date"]),
            backorder_of=_backorder_of(moves, record["earlier"]),
            reference=_code(at(moves[0], "sale.reference")),
            lines=lines,
        )

    def _warehouse_order_cancel(self, record: Row) -> Tree:
        return _said(
            number=record["number"],
            order=self._order(record["outgoing_moves."]),
            site=self._site(record),
            reason="cancelled in the ERP",
        )

    def _lines(self, moves: Sequence[Row], components: Mapping[str, int]) -> list[Tree]:
        """One line per origin, unit and lot; moves that were split are one line again."""
        merged: dict[str, Tree] = {}
        for index, move in enumerate(moves):
            line, order_line = origin_line(move, components)
            lot = at(move, "lot.number")
            unit = self._units.ours(at(move, "unit.symbol"), f"lines[{index}].unit")
            name = f"{line}/{lot}" if lot else line
            if name in merged and merged[name]["unit"] != unit:
                name = f"{name}:{unit}"
            quantity = exact(move["quantity"])
            if name in merged:
                merged[name]["quantity"] = exact(Decimal(merged[name]["quantity"]) + quantity)
                continue
            merged[name] = _said(
                line=name,
                order_line=order_line,
                sku=at(move, "product.code"),
                quantity=quantity,
                unit=unit,
                lot=lot,
            )
        return sorted(merged.values(), key=lambda line: _sort_key(line["line"]))

    def _order(self, moves: Sequence[Row]) -> str | None:
        """The order's number where it began: our web shop's id for what the hub entered."""
        move = next((move for move in moves if move["sale."]), None)
        if move is None:
            return None
        if self._settings.web_shop and at(move, "sale.web_shop.name") == self._settings.web_shop:
            return at(move, "sale.web_id")
        return at(move, "sale.number")

    def _site(self, record: Row) -> str | None:
        return self._code("site", at(record, "warehouse.code") or at(record, "warehouse.name"))

    def _code(self, crosswalk: str, theirs: object) -> str | None:
        if theirs is None:
            return None
        return self._tools.ours(crosswalk, theirs) if crosswalk in self._settings.crosswalks else str(theirs)


def origin_line(move: Row, components: Mapping[str, int]) -> tuple[str, int | None]:
    """The line that a move fulfils and the order's line: `7` and 7, or `7.2` and 7 for part 2 of a kit."""
    origin = move["origin"]
    if line := referred(origin, "sale.line"):
        return str(line), line
    if (part := referred(origin, "sale.line.component")) and str(part) in components:
        order_line = components[str(part)]
        return f"{order_line}.{part}", order_line
    return f"m{move['id']}", None  # made by hand in the ERP: no order asked for it


def _record(content: Content) -> Row:
    try:
        record: Any = loaded(content.body)
    except ValueError as error:
        raise Unreadable(
            "this is no record of Tryton",
            status=422,
            path="$",
            fix="see what lies between the hub and Tryton",
        ) from error
    if not isinstance(record, dict) or "id" not in record:
        raise Unreadable(
            "this record of Tryton has no id",
            status=422,
            path="id",
            fix="see what lies between the hub and Tryton",
        )
    return cast(Row, record)


def _parent(document: str, tree: Tree) -> tuple[str, str] | None:
    if document == "warehouse_order":
        return ("sales_order", tree["order"]) if "order" in tree else None
    if document == "warehouse_order_cancel":
        return ("warehouse_order", tree["number"]) if "number" in tree else None
    return None


def _said(**values: object) -> Tree:
    """A tree of what is known: nothing stands for nothing."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", {})}


def _address(row: Row | None, name: str | None) -> Tree:
    if row is None:
        return {}
    street, *rest = [part.strip() for part in (row["street"] or "").splitlines() if part.strip()] or [None]
    addressee = row["attn"] or row["party_name"] or name
    return _said(
        name=addressee,
        company=name if addressee != name else None,
        street=street,
        street2=", ".join(part for part in rest if part) or None,
        postcode=row["postal_code"],
        city=row["city"],
        region=at(row, "subdivision.name"),
        country=at(row, "country.code"),
    )


def _use(row: Row) -> str | None:
    return {(True, True): "any", (True, False): "ship_to", (False, True): "bill_to"}.get(
        (bool(row["delivery"]), bool(row["invoice"]))
    )


def _is_goods(row: Row) -> bool:
    return (
        row["type"] == "line"
        and at(row, "product.code") is not None
        and at(row, "product.type") != "service"
        and exact(row["quantity"] or 0) > 0
    )


def _weight_kg(record: Row) -> object:
    weight, symbol = record["weight"], at(record, "weight_uom.symbol")
    if weight is None or BROUGHT_ALONG.get(symbol) is None:
        return None
    # Factors of the weight category count kilograms.
    return exact(Decimal(exact(weight)) * exact(at(record, "weight_uom.factor")))


def _backorder_of(moves: Sequence[Row], earlier: Sequence[Row]) -> str | None:
    """The last shipment that left with a part of the same lines, or with nothing of them."""
    origins = {move["origin"] for move in moves if move["origin"]}
    before = [row for row in earlier if row.get("rest") or origins.intersection(row["origins"])]
    return max(before, key=lambda row: row["id"])["number"] if before else None


def _code(value: object) -> str | None:
    text = str(value).strip() if value is not None else ""
    return text[:100] or None


def _sort_key(line: str) -> tuple[int, str]:
    head = line.partition("/")[0].partition(".")[0]
    return (int(head) if head.isdigit() else 1 << 62, line)
