"""What happens in the demo, phase by phase, and what is seen of it from outside."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.comparison import Verdict, compare
from demo.goods import GoodsRecords, goods_records
from demo.screen import Tell
from demo.stage import HELD_S, PACE_S, REPLENISHED, STAYS_SHORT, Stage
from demo.tryton import seed
from demo.tryton.goods import Bought, in_stock, open_purchase, purchase, return_sale, returned
from demo.tryton.sales import SaleRecord, Wanted, books, cancel_releases, mixed_sales, open_sales

WAIT_S = 180.0
LOOK_S = 0.25
CONFIRMED_AT_ONCE = 10
COUNTED = "POT-0001"
_NEW_LOT = {"lot": "H2612-C", "expires_on": "2027-12-31"}
#: What must be 0 before the figures are final.
SETTLED = ("waiting", "due", "sending", "retrying", "in_doubt")


class Stuck(RuntimeError):
    """Something did not come in time; the words say what, and where to look."""


@dataclass(slots=True)
class Outcome:
    """Everything that was counted at the end."""

    verdict: Verdict
    conservation: dict[str, Any]
    incidents: list[dict[str, Any]]
    warehouse: dict[str, Any]
    audit: str
    audited: bool
    sales: int
    cancelled: list[str]
    late: str | None = None
    interesting: str | None = None
    goods: GoodsRecords = field(default_factory=GoodsRecords)

    @property
    def balanced(self) -> bool:
        """Whether conservation holds and nothing is under way any more."""
        rows = [self.conservation[name] for name in ("captures", "messages", "transmissions")]
        return self.conservation["balanced"] and not any(row.get(name) for row in rows for name in SETTLED)

    @property
    def fine(self) -> bool:
        """Whether the demo may end with 0."""
        return self.verdict.fine and self.goods.fine and self.balanced and self.audited


class Story:
    """One run: sales, cancellations, a short warehouse, goods bought and sent back, a count."""

    def __init__(self, stage: Stage, *, sales: int = 25, cancelled: int = 3) -> None:
        self._stage = stage
        self._screen = stage.screen
        self._wanted = mixed_sales(sales, stage.random_seed)
        chosen = random.Random(stage.random_seed).sample(range(sales), cancelled + 1)
        self._cancelled, self._late = chosen[:-1], _late(self._wanted, chosen[:-1], chosen[-1])
        self._sales: list[int] = []
        self._numbers: list[str] = []
        self._late_number: str | None = None
        self._bought = 0
        self._back: str | None = None

    def run(self) -> Outcome:
        """All phases. Raises Stuck."""
        self._stage.open(self._wanted)
        self._master_data()
        self._sell()
        self._release()
        self._cancel()
        self._cancel_too_late()
        self._ship()
        self._book()
        self._buy()
        self._take_back()
        self._count_stock()
        return self._count()

    # -- the phases ----------------------------------------------------------

    def _master_data(self) -> None:
        items = {product.sku for product in seed.PRODUCTS}
        with self._screen.phase("The warehouse learns the items from the ERP", len(items)) as tell:
            self._until(
                lambda: len(self._effects("item_written") & items), len(items), tell, "items in the warehouse"
            )

    def _sell(self) -> None:
        with self._screen.phase(
            f"Clerks confirm {len(self._wanted)} sales in the ERP", len(self._wanted)
        ) as tell:
            for start in range(0, len(self._wanted), CONFIRMED_AT_ONCE):
                self._sales += open_sales(self._stage.erp, self._wanted[start : start + CONFIRMED_AT_ONCE])
                tell(len(self._sales), f"{len(self._warehouse()['orders'])} at the warehouse")

    def _release(self) -> None:
        total = len(self._sales)
        with self._screen.phase("Their releases reach the warehouse", total) as tell:
            self._until(lambda: len(self._warehouse()["orders"]), total, tell, "releases in the warehouse")

    def _cancel(self) -> None:
        many = len(self._cancelled)
        with self._screen.phase(f"{many} customers cancel, before anybody picks", many) as tell:
            self._numbers = cancel_releases(
                self._stage.erp, [self._sales[index] for index in self._cancelled]
            )
            self._until(
                lambda: len(self._effects("order_cancelled")), many, tell, "cancellations in the warehouse"
            )

    def _cancel_too_late(self) -> None:
        """Picking begins, then the floor stands still while one more customer rings the ERP."""
        with self._screen.phase("One more cancels too late: somebody picks already", 1) as tell:
            sale = self._sales[self._late]
            (shipment,) = [s for record in books(self._stage.erp, [sale]) for s in record.shipments]
            number = str(shipment.number)
            self._pace(PACE_S * 3)
            self._until(
                lambda: self._status(number) == "picking", True, None, f"picking of {number}", look_s=0.02
            )
            self._pace(HELD_S)
            cancel_releases(self._stage.erp, [sale])
            self._until(
                lambda: number in self._on_desk("warehouse_order_cancel"), 1, None, f"refusal for {number}"
            )
            self._late_number = number
            tell(1, "on the desk")

    def _ship(self) -> None:
        total = len(self._sales)
        with self._screen.phase("The floor picks, packs and ships", total) as tell:
            self._pace(PACE_S)

            def over() -> bool:
                state = self._warehouse()
                ended = sum(order["status"] in ("shipped", "cancelled") for order in state["orders"])
                tell(min(ended, total), f"{len(state['packages'])} packages have labels")
                return bool(state["quiet"])

            self._until(over, True, None, "end of the work on the floor")

    def _book(self) -> None:
        with self._screen.phase("The ERP books what left, and makes back-orders") as tell:
            self._rest(tell)

    def _buy(self) -> None:
        """What is short is bought; it comes on two trucks, one piece damaged, one missing for good."""
        state = self._warehouse()
        missing = sum(
            int(line["short"]) for order in state["orders"] if order["status"] == "acknowledged"
            for line in order["lines"] if line["sku"] == REPLENISHED
        )  # fmt: skip
        with self._screen.phase(f"{missing} missing pieces of {REPLENISHED} are bought and come in") as tell:
            erp, twin = self._stage.erp, self._stage.twin
            bought = open_purchase(erp, Bought("S-2001", ((REPLENISHED, missing + 2), ("HON-0350", 12))))
            self._bought = bought.id
            self._until(lambda: bought.number in self._expected(), True, None, "purchase in the warehouse")
            tell(now=f"{bought.number} is expected")
            if missing:
                twin.truck(bought.number, {"sku": REPLENISHED, "quantity": missing})
            damaged = {"sku": REPLENISHED, "quantity": 1, "status": "damaged"}
            twin.truck(bought.number, damaged, {"sku": "HON-0350", "quantity": 12, **_NEW_LOT}, complete=True)
            trucks = 2 if missing else 1

            def booked() -> int:
                return len({one.reference for one in purchase(erp, bought.id).came})

            self._until(booked, trucks, None, "receipts in the ERP")
            self._rest(tell)
            tell(now=f"{bought.number}, one damaged")

    def _take_back(self) -> None:
        """A customer returns two pieces of what was shipped: one goes back on the shelf, one is thrown away."""
        erp, twin = self._stage.erp, self._stage.twin
        found = _returnable(books(erp, self._sales))
        if found is None:
            return
        sale, sku = found
        with self._screen.phase(f"A customer sends 2 pieces of {sku} back") as tell:
            self._back = number = return_sale(erp, sale, {sku: 2})
            self._until(lambda: number in self._expected(), True, None, "return in the warehouse")
            tell(now=f"{number} is expected")
            twin.truck(
                number,
                {"sku": sku, "quantity": 1, "outcome": "restock"},
                {"sku": sku, "quantity": 1, "outcome": "scrap"},
            )
            self._until(lambda: len(returned(erp, number)[1]), 2, None, "return in the ERP")
            self._rest(tell)
            tell(now="one sellable, one scrap")

    def _count_stock(self) -> None:
        """Somebody counts the teapots, and one is missing."""
        with self._screen.phase(f"Somebody counts {COUNTED}: one piece is missing") as tell:
            levels = self._warehouse()["stock"]
            books_say = sum(
                int(level["quantity"]) for level in levels
                if (level["sku"], level["status"]) == (COUNTED, "available")
            )  # fmt: skip
            self._stage.twin.count({"sku": COUNTED, "quantity": books_say - 1})
            erp = self._stage.erp
            self._until(lambda: in_stock(erp, COUNTED) == books_say - 1, True, None, "count in the ERP")
            self._rest(tell)
            tell(now="the ERP is corrected")

    def _count(self) -> Outcome:
        with self._screen.phase("Both sides are counted and compared", 3) as tell:
            stage = self._stage
            sales = books(stage.erp, self._sales)
            tell(1, "the ERP's books are read")
            state, incidents = self._warehouse(), stage.hub.incidents()
            verdict = compare(sales, state, incidents)
            tell(2, "the ledger is verified")
            status, audit = stage.hub.tried("audit", "verify")
            tell(3, f"{len(verdict.rows)} lines compared")
            return Outcome(
                verdict, stage.hub.conservation(), incidents, state, audit, not status,
                len(self._sales), self._numbers, self._late_number, _interesting(verdict),
                goods_records(stage.erp, state, self._bought, self._back),
            )  # fmt: skip

    # -- what is seen --------------------------------------------------------

    def _warehouse(self) -> dict[str, Any]:
        return self._stage.twin.state()

    def _pace(self, seconds: float) -> None:
        self._stage.twin.dials(work_interval_s=seconds)

    def _effects(self, kind: str) -> set[str]:
        return {effect["number"] for effect in self._warehouse()["effects"] if effect["kind"] == kind}

    def _status(self, number: str) -> str | None:
        return next((o["status"] for o in self._warehouse()["orders"] if o["number"] == number), None)

    def _expected(self) -> set[str]:
        return {task["number"] for task in self._warehouse()["receiving"]}

    def _on_desk(self, document: str) -> set[str]:
        return {one["number"] for one in self._stage.hub.incidents() if one["object"] == document}

    def _until(
        self, look: Callable[[], Any], wanted: Any, tell: Tell | None, what: str, *, look_s: float = LOOK_S
    ) -> None:
        """Looks again and again until there is as much as wanted. Raises Stuck."""
        until_s = time.monotonic() + WAIT_S
        while True:
            seen = look()
            if tell:
                tell(seen)
            if seen >= wanted:
                return
            if time.monotonic() > until_s:
                raise Stuck(f"waited {WAIT_S:.0f} s for the {what}: {seen} of {wanted}")
            time.sleep(look_s)

    def _rest(self, tell: Tell) -> None:
        """Waits until nothing moves any more: no shipment unbooked, no release on its way, no event unpushed."""
        calm = 0
        until_s = time.monotonic() + WAIT_S
        while calm < 2:
            if time.monotonic() > until_s:
                raise Stuck(f"waited {WAIT_S:.0f} s for everything to come to rest: {self._moving(tell)}")
            calm = 0 if self._moving(tell) else calm + 1
            time.sleep(LOOK_S * 2)

    def _moving(self, tell: Tell) -> str:
        """What is still under way, in words; empty when all is at rest."""
        state, figures = self._warehouse(), self._stage.hub.conservation()
        releases = self._stage.erp.rows("stock.shipment.out", [["state", "!=", "draft"]], ["number", "state"])
        left = sum(len(order["shipments"]) for order in state["orders"])
        refused = len(self._on_desk("shipment"))
        done = sum(row["state"] == "done" for row in releases)
        known = {order["number"] for order in state["orders"]}
        tell(done, f"{len(releases) - len(self._sales)} back-orders", total=max(left - refused, done))
        under_way = Counter({
            f"{row} {name}": figures[row].get(name, 0)
            for row in ("captures", "messages", "transmissions") for name in SETTLED
        })  # fmt: skip
        words = [f"{count} {name}" for name, count in (+under_way).items()]
        if not state["quiet"]:
            words.append("the warehouse is at work")
        if left > done + refused:
            words.append(f"{left - done - refused} shipments are not booked")
        words += [
            f"{row['number']} is not in the warehouse" for row in releases if row["number"] not in known
        ]
        return ", ".join(words)


def _returnable(sales: Sequence[SaleRecord]) -> tuple[int, str] | None:
    """A sale and an item of it of which two pieces left, sold by the piece and not by lot."""
    for sale in sales:
        for shipment in sale.shipments:
            for move in shipment.moves if shipment.state == "done" else ():
                by_piece = move.unit == "u" and move.lot is None and "." not in move.line
                if by_piece and move.quantity >= 2 and move.sku not in (STAYS_SHORT, COUNTED):
                    return sale.id, move.sku
    return None


def _late(wanted: Sequence[Wanted], cancelled: Sequence[int], index: int) -> int:
    """A sale that has something to pick, so that a cancellation can come too late; `index` where it has."""
    order = [index, *range(len(wanted))]
    plenty = {"TEA-0250", "POT-0001", "FLT-0012", "HON-0350"}
    return next(i for i in order if i not in cancelled and plenty & {sku for sku, _ in wanted[i].lines})


def _interesting(verdict: Verdict) -> str | None:
    """A sale that shipped short and whose back-order shipped too, with a lot if there is such a one."""
    rests = {row.rest.partition(" ")[0]: row.sale for row in verdict.rows if row.rest}
    shipped = {rests[row.release] for row in verdict.rows if row.release in rests and row.here}
    lots = {row.sale for row in verdict.rows if any(lot for lot, _ in row.parcels_here)}
    for found in (shipped & lots, shipped, set(rests.values()), {row.sale for row in verdict.rows}):
        if found:
            return min(found)
    return None
