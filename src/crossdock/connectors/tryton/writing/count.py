"""What was counted and what was corrected in the warehouse, told to Tryton: inventories and internal shipments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from crossdock.connectors.tryton.reading.sources import referred
from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.units import Units, factor
from crossdock.connectors.tryton.wire import Row, exact, first, found_rows, result, their_float
from crossdock.connectors.tryton.writing.dialogue import (
    asked,
    change,
    latest,
    refuse_endless,
    search,
)
from crossdock.faults import Invalid, Rejected, TryLater
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Tree, Unclear

_NOTE = "model.ir.note.search_read"
_INVENTORY = "model.stock.inventory.search_read"
_MADE = "model.stock.inventory.create"
_SHIPMENT = "stock.shipment.internal"
_LOOK = f"model.{_SHIPMENT}.search_read"
_PRODUCT = "model.product.product.search_read"
_LOT = "model.stock.lot.search_read"
_HOUSE = "model.stock.location.search_read"
_UNIT = "model.product.uom.search_read"
_PRODUCT_FIELDS = ("code", "lot_required", "default_uom", "default_uom.symbol", "default_uom.factor",
                   "default_uom.category")  # fmt: skip
_HOUSE_FIELDS = ("code", "name", "type", "storage_location", "lost_found_location", "waste_locations")


class _Books:
    """What both look up: items, units, lots, places."""

    unclear = Unclear.FIND
    settle_s = 10.0

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.settings = settings
        self.tools = tools
        self.units = Units(tools, by_crosswalk="unit" in settings.crosswalks)

    def look_up(self, lines: Sequence[Tree], exchanges: Sequence[Exchange]) -> Ask | None:
        """The next look that is needed; None when all is known."""
        skus = sorted({line["sku"] for line in lines})
        lots = sorted({line["lot"] for line in lines if line.get("lot")})
        asks = (
            (_HOUSE, lambda: self._search(_HOUSE, [], _HOUSE_FIELDS)),
            (_PRODUCT, lambda: self._search(_PRODUCT, [["code", "in", skus]], _PRODUCT_FIELDS)),
            (_UNIT, lambda: self._search(_UNIT, [], ("symbol", "factor", "category"))),
            *(
                [(_LOT, lambda: self._search(_LOT, [["number", "in", lots]], ("number", "product")))]
                if lots
                else []
            ),
        )
        return next((ask() for method, ask in asks if not asked(exchanges, method)), None)

    def house(self, site: object, exchanges: Sequence[Exchange]) -> Row:
        """The warehouse of a site. Raises Rejected."""
        houses = [row for row in latest(exchanges, _HOUSE) if row["type"] == "warehouse"]
        theirs = site
        if site is not None and "site" in self.settings.crosswalks:
            theirs = self.tools.theirs("site", str(site))
        found = first([row for row in houses if theirs in (row["code"], row["name"])])
        if found is None:
            raise Rejected(
                f"Tryton has no warehouse {theirs}", path="site", value=site, fix="add a row for the site"
            )
        return found

    def line(self, line: Tree, amount: str, path: str, exchanges: Sequence[Exchange]) -> Row:
        """Product, lot and quantity of one line in the product's own unit. Raises Invalid, Unmapped, Rejected."""
        product = first([row for row in latest(exchanges, _PRODUCT) if row["code"] == line["sku"]])
        if product is None:
            raise Invalid(
                f"Tryton has no item {line['sku']}",
                path=f"{path}sku", value=line["sku"], fix="create the item in Tryton", type="unknown_sku",
            )  # fmt: skip
        base = product["default_uom."]
        units = [row for row in latest(exchanges, _UNIT) if row["category"] == base["category"]]
        symbol = self.units.theirs(line["unit"], [row["symbol"] for row in units])
        unit = first([row for row in units if row["symbol"] == symbol])
        if unit is None:
            raise Invalid(
                f"Tryton does not count {line['sku']} in {line['unit']}",
                path=f"{path}unit", value=line["unit"], fix="send another unit", type="unknown_unit",
            )  # fmt: skip
        values: Row = {
            "product": product["id"],
            "quantity": their_float(exact(exact(line[amount]) * factor(unit, base))),
        }
        return values | self._lot(line, product, path, exchanges) | {"base": base["id"]}

    def _lot(self, line: Tree, product: Row, path: str, exchanges: Sequence[Exchange]) -> Row:
        if line.get("lot") is None:
            if product["lot_required"]:
                raise Invalid(
                    f"{line['sku']} is kept by lot, and the line names none",
                    path=f"{path}lot", fix="ask the warehouse for the lot", type="lot_missing",
                )  # fmt: skip
            return {}
        lots = {(row["product"], row["number"]): row["id"] for row in latest(exchanges, _LOT)}
        lot = lots.get((product["id"], line["lot"]))
        if lot is None:
            raise Rejected(
                f"Tryton has no lot {line['lot']} of {line['sku']}",
                path=f"{path}lot", value=line["lot"], fix="enter the lot in Tryton, then retry",
            )  # fmt: skip
        return {"lot": lot}

    def done(self, row: Row) -> Done:
        """The end."""
        return Done(str(row["id"]), f"{row['number']} is done", reads=self.tools.reads())

    def change(self, method: str, *params: object, company: int | None = None) -> Ask:
        """A call that changes something."""
        return change(self.settings.database, method, *params, company=company)

    def _companies(self) -> Ask:
        return self._search("model.company.company.search_read", [], ("party",))

    def _search(self, method: str, domain: Sequence[object], fields: Sequence[str]) -> Ask:
        model = method.removeprefix("model.").removesuffix(".search_read")
        return search(self.settings.database, model, domain, fields)


class CountWriter(_Books):
    """A stock count as an inventory.

    An inventory has no field for a number of ours, so a note on it bears that. It is written before
    anything is booked: an inventory without its note is a draft, and changes nothing. Each dialogue
    begins with the inventories of that day and their notes, so that a retry books nothing twice; but
    Tryton lets nobody look for a note in one question, so a person settles what is in doubt.
    """

    unclear = Unclear.PERSON

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        self.tools.reads()
        refuse_endless(exchanges)
        if not exchanges:
            return self._look(job)
        last = exchanges[-1]
        answer = result(last.ask, last.answer)
        if asked([last], _MADE):
            values = {"resource": f"stock.inventory,{answer[0]}", "message": _says(job)}
            return self.change("model.ir.note.create", [values])
        if not last.ask.safe:
            return self._look(job)
        inventories = latest(exchanges, _INVENTORY)
        if inventories and asked([last], _INVENTORY):
            these = [f"stock.inventory,{row['id']}" for row in inventories]
            return self._search(
                _NOTE, [["resource", "in", these], ["message", "=", _says(job)]], ("resource",)
            )
        return self._on(job, inventories, exchanges)

    def find(self, job: Job) -> Ask | None:
        """None: a look takes two questions here."""
        del job

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Never asked: `find` gives no request."""
        del job, answer
        raise TryLater("counts are not looked up in Tryton")

    def _look(self, job: Job) -> Ask:
        return self._search(_INVENTORY, [["date", "=", _day(job)]], ("number", "state", "company"))

    def _on(self, job: Job, inventories: Sequence[Row], exchanges: Sequence[Exchange]) -> Ask | Done:
        note = first(latest(exchanges, _NOTE)) if inventories else None
        if note is not None:
            id_ = referred(note["resource"], "stock.inventory")
            return self._booked(next(row for row in inventories if row["id"] == id_))
        lines: Sequence[Tree] = job.tree["lines"]
        if ask := self.look_up(lines, exchanges):
            return ask
        counted = [self.line(line, "counted", f"lines[{n}].", exchanges) for n, line in enumerate(lines)]
        company = _company(exchanges)
        if company is None:
            return self._companies()
        house = self.house(job.tree.get("site"), exchanges)
        values = {
            "location": house["storage_location"], "company": company, "empty_quantity": "keep", "date": _day(job),
            "lines": [["create", _summed(counted)]],
        }  # fmt: skip
        return self.change(_MADE, [values], company=company)

    def _booked(self, inventory: Row) -> Ask | Done:
        if inventory["state"] == "done":
            return self.done(inventory)
        if inventory["state"] == "cancelled":
            raise Rejected("the inventory was cancelled in Tryton", fix="count again under another number")
        return self.change("model.stock.inventory.confirm", [inventory["id"]], company=inventory["company"])


class AdjustmentWriter(_Books):
    """A correction of stock as an internal shipment that bears our number: out of the books, into them, or aside."""

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        self.tools.reads()
        refuse_endless(exchanges)
        if not exchanges:
            return self._look(job)
        last = exchanges[-1]
        result(last.ask, last.answer)
        if not last.ask.safe:
            return self._look(job)
        shipment = first(latest(exchanges, _LOOK))
        return self._moved(shipment, exchanges) if shipment else self._made(job, exchanges)

    def find(self, job: Job) -> Ask | None:
        """A look for the internal shipment by our number."""
        return self._look(job)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when it is. Raises TryLater."""
        shipment = first(found_rows(self._look(job), answer))
        return self.done(shipment) if shipment and shipment["state"] == "done" else None

    def _look(self, job: Job) -> Ask:
        domain = [["reference", "=", job.number], ["state", "!=", "cancelled"]]
        return self._search(_LOOK, domain, ("number", "state", "company"))

    def _moved(self, shipment: Row, exchanges: Sequence[Exchange]) -> Ask | Done:
        if shipment["state"] == "done":
            return self.done(shipment)
        button = {"request": "draft", "draft": "wait", "waiting": "assign_try"}.get(shipment["state"], "do")
        if button == "assign_try" and asked(exchanges, f"model.{_SHIPMENT}.assign_try"):
            raise Rejected(
                f"by Tryton's books there is too little stock for {shipment['number']}",
                path="quantity", fix="count the stock in Tryton, then retry",
            )  # fmt: skip
        return self.change(f"model.{_SHIPMENT}.{button}", [shipment["id"]], company=shipment["company"])

    def _made(self, job: Job, exchanges: Sequence[Exchange]) -> Ask:
        tree = job.tree
        if ask := self.look_up([tree], exchanges):
            return ask
        company = _company(exchanges)
        if company is None:
            return self._companies()
        line = self.line({**tree, "change": abs(tree["quantity"])}, "change", "", exchanges)
        origin, target = self._places(tree, exchanges)
        shared = {"from_location": origin, "to_location": target, "company": company}
        move = {**shared, "unit": line.pop("base"), **line, "quantity": their_float(line["quantity"])}
        values = {**shared, "reference": job.number, "moves": [["create", [move]]]}
        return self.change(f"model.{_SHIPMENT}.create", [values], company=company)

    def _places(self, tree: Tree, exchanges: Sequence[Exchange]) -> tuple[int, int]:
        house = self.house(tree.get("site"), exchanges)
        here = self._place(tree.get("status"), house, exchanges)
        if tree.get("to_status") is not None:
            there = self._place(tree["to_status"], house, exchanges)
            if here == there:
                raise Rejected(
                    "in Tryton both states are one place",
                    path="to_status",
                    fix="name a place for one of them",
                )
            return (here, there) if tree["quantity"] >= 0 else (there, here)
        lost = house["lost_found_location"]
        return (here, lost) if tree["quantity"] < 0 else (lost, here)

    def _place(self, status: str | None, house: Row, exchanges: Sequence[Exchange]) -> int:
        if status in (None, "available", "allocated"):
            return house["storage_location"]
        code = self.settings.quarantine_location
        found = first([row for row in latest(exchanges, _HOUSE) if code is not None and row["code"] == code])
        if found is None:
            raise Rejected(
                f"nobody said where in Tryton goods lie that are {status}",
                path="quarantine_location", fix="write quarantine_location: CODE",
            )  # fmt: skip
        return found["id"]


def _summed(lines: Sequence[Row]) -> list[Mapping[str, object]]:
    """One line per product and lot: what lies in several places is counted together in Tryton."""
    found: dict[tuple[object, object], Row] = {}
    for line in lines:
        key = (line["product"], line.get("lot"))
        before = found.get(key)
        quantity = line["quantity"] + (before["quantity"] if before else 0)
        found[key] = {name: value for name, value in line.items() if name != "base"} | {"quantity": quantity}
    return [{**line, "quantity": their_float(line["quantity"])} for line in found.values()]


def _company(exchanges: Sequence[Exchange]) -> int | None:
    row = first(latest(exchanges, "model.company.company.search_read"))
    return None if row is None else int(row["id"])


def _day(job: Job) -> date:
    if "at" not in job.tree:
        raise Invalid("the count has no date", path="at", fix="map the moment where the count is read")
    return date.fromisoformat(str(job.tree["at"])[:10])


def _says(job: Job) -> str:
    return f"Stock count {job.number} of the warehouse, by Crossdock"
