"""What holds in the simulated warehouse whatever is asked of it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crossdock.model.codes.identifiers import SSCC, checked
from crossdock.twins.warehouse.warehouse import Warehouse
from tests.twins.warehouse.warehouse_stand import ApiDocument, a_stand, an_order

DOCUMENT = ApiDocument()
PACKS = {"EA": 1, "CS": 12, "KGM": 1}
LINES = st.lists(
    st.one_of(
        st.tuples(st.just("A-1"), st.integers(1, 40), st.just("EA")),
        st.tuples(st.just("A-1"), st.integers(1, 3), st.just("CS")),
        st.tuples(st.just("B-2"), st.integers(1, 6), st.just("EA")),
        st.tuples(st.just("F-3"), st.decimals("0.01", "9", places=2), st.just("KGM")),
    ),
    min_size=1,
    max_size=3,
)
ORDER_OF_EVENTS = ("acknowledged", "allocated", "picking", "short", "picked", "packed", "shipped")


def wrong(warehouse: Warehouse) -> list[str]:
    """Every rule of a warehouse that does not hold."""
    state = warehouse.state()
    return [
        *_stock_lost(warehouse, state),
        *_lines_wrong(state),
        *_packages_wrong(state),
        *_story_wrong(warehouse),
    ]


def _stock_lost(warehouse: Warehouse, state: dict[str, Any]) -> list[str]:
    booked: dict[str, Decimal] = defaultdict(Decimal)
    for adjustment in warehouse.stock.adjustments:
        booked[adjustment.place.sku] += adjustment.quantity
    there: dict[str, Decimal] = defaultdict(Decimal)
    for level in state["stock"]:
        there[level["sku"]] += level["quantity"]
    shelved: dict[str, Decimal] = defaultdict(Decimal)
    for bin in state["bins"]:
        shelved[bin["sku"]] += bin["quantity"]
    for order in state["orders"]:
        for line in order["lines"]:
            there[line["sku"]] += line["shipped"] * PACKS[line["unit"]]
            shelved[line["sku"]] += line["picked"] * PACKS[line["unit"]]
    lost = [f"{sku}: booked {n}, found {there[sku]} and {shelved[sku]}" for sku, n in booked.items()
            if not there[sku] == shelved[sku] == n]  # fmt: skip
    bad = [bin for bin in state["bins"] if not 0 <= bin["allocated"] <= bin["quantity"]]
    return lost + [f"bin {bin}" for bin in bad]


def _lines_wrong(state: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for order in state["orders"]:
        ended = order["status"] in ("shipped", "cancelled")
        for line in order["lines"]:
            if not line["shipped"] <= line["picked"] <= line["ordered"]:
                found.append(f"{order['number']}: more shipped than picked than ordered: {line}")
            if ended and line["ordered"] != line["shipped"] + line["short"]:
                found.append(f"{order['number']}: ordered is not shipped and short: {line}")
            told = sum(
                row["quantity"]
                for s in order["shipments"]
                for row in s["lines"]
                if row["line"] == line["line"]
            )
            if told != line["shipped"]:
                found.append(f"{order['number']}: the shipments tell {told}: {line}")
    return found


def _packages_wrong(state: dict[str, Any]) -> list[str]:
    labels = [package["sscc"] for package in state["packages"]]
    found = [] if len(labels) == len(set(labels)) else ["an SSCC was used twice"]
    found += [sscc for sscc in labels if checked(sscc, SSCC) != sscc]
    for order in state["orders"]:
        for shipment in order["shipments"]:
            inside: dict[Any, Decimal] = defaultdict(Decimal)
            for package in shipment["packages"]:
                for row in package["lines"]:
                    inside[row["line"], row.get("lot")] += row["quantity"]
            told = {
                (row["line"], row.get("lot")): row["quantity"] for row in shipment["lines"] if row["quantity"]
            }
            if inside != told:
                found.append(f"{shipment['number']}: packed {dict(inside)}, shipped {told}")
    return found


def _story_wrong(warehouse: Warehouse) -> list[str]:
    found: list[str] = []
    for order in warehouse.floor.orders.values():
        types = [type for _, type in order.history if type != "cancel_refused"]
        rounds = " ".join(types).split("shipped")
        for one in rounds:
            steps = [ORDER_OF_EVENTS.index(type) for type in one.split() if type in ORDER_OF_EVENTS]
            # A waiting order is short before it is allocated; everything else goes forward only.
            forward = [step for step in steps if ORDER_OF_EVENTS[step] != "short"]
            restarted = forward.count(ORDER_OF_EVENTS.index("allocated")) > 1
            if forward != sorted(forward) and not restarted:
                found.append(f"{order.number}: {types}")
        if types.count("cancelled") > 1 or ("cancelled" in types and types[-1] != "cancelled"):
            found.append(f"{order.number}: {types}")
    created = [effect["number"] for effect in warehouse.face.effects if effect["kind"] == "order_created"]
    return found + ([] if len(created) == len(set(created)) else ["an order was made twice"])


class WarehouseMachine(RuleBasedStateMachine):
    """Any requests in any order, each answer held against the API document."""

    def __init__(self) -> None:
        super().__init__()
        self.stand = a_stand(DOCUMENT)
        self.orders = 0

    @rule(lines=LINES)
    def order(self, lines: list[tuple[str, object, str]]) -> None:
        self.orders += 1
        number = f"SO-{self.orders}"
        order = an_order(number, *lines)
        first = self.stand.ask("POST", "/orders", order, key=number)
        again = self.stand.ask("POST", "/orders", order, key=number)
        assert first is not None and again is not None and first.body == again.body

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.orders))
        assert self.stand.status("POST", f"/orders/SO-{number}/cancel") in (200, 409)

    @rule(sku=st.sampled_from(("A-1", "B-2")), quantity=st.integers(-30, 30).filter(bool))
    def adjust(self, sku: str, quantity: int) -> None:
        row = {
            "site": "MAIN",
            "sku": sku,
            "bin": "X-1",
            "unit": "EA",
            "reason": "count",
            "quantity": quantity,
        }
        assert self.stand.status("POST", "/stock/adjustments", row) in (201, 409)

    @rule(turns=st.integers(1, 4))
    def work(self, turns: int) -> None:
        self.stand.warehouse.advance(turns)

    @rule(on_short=st.sampled_from(("ship", "wait", "split")), miscount=st.sampled_from((0, 0.3)))
    def turn_dials(self, on_short: str, miscount: float) -> None:
        self.stand.warehouse.turn_dials({"on_short": on_short, "miscount": miscount})

    @invariant()
    def every_rule_holds(self) -> None:
        found = wrong(self.stand.warehouse)
        assert not found, found

    def teardown(self) -> None:
        self.stand.tell("GET", "/events?limit=1000")
        self.stand.tell("GET", "/stock?limit=1000")
        self.stand.tell("GET", "/stock/adjustments?limit=1000")


# Not shrunk: 25 steps can be read, and shrinking them takes minutes.
PHASES = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)]
WarehouseMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, phases=PHASES
)
TestWarehouseRules = WarehouseMachine.TestCase


def test_the_rules_find_what_is_planted() -> None:
    """The control: each kind of damage is seen by the rule that is there for it."""
    damaged: dict[str, Any] = {
        "booked": lambda w: w.stock.bins[next(iter(w.stock.bins))].__setattr__("quantity", Decimal(1)),
        "more shipped": lambda w: w.floor.orders["SO-1"].lines[0].__setattr__("ordered", Decimal(1)),
        "the shipments tell": lambda w: w.floor.orders["SO-1"].shipments.clear(),
        "an SSCC was used twice": lambda w: (
            w.floor.orders["SO-1"]
            .shipments[0]["packages"]
            .append(w.floor.orders["SO-1"].shipments[0]["packages"][0])
        ),
        "an order was made twice": lambda w: w.face.effects.append(w.face.effects[0]),
    }
    for says, damage in damaged.items():
        stand = a_stand(DOCUMENT)
        stand.order("SO-1", ("A-1", 3, "EA"))
        stand.warehouse.advance(10)
        assert wrong(stand.warehouse) == []
        damage(stand.warehouse)
        assert any(says in one for one in wrong(stand.warehouse)), says
