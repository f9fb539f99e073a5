"""The simulated carrier: takes shipments by their ship method, moves parcels, tells where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from crossdock.twins.erp.books import money
from crossdock.twins.office import Office, Refused, Tree, amount, trees

__all__ = ["RATES", "Carrier"]

#: Ship method -> what one parcel costs, and each kilogram of it.
RATES: dict[str, tuple[Decimal, Decimal]] = {
    "STANDARD": (Decimal("4.50"), Decimal("0.20")),
    "EXPRESS": (Decimal("12.00"), Decimal("0.50")),
    "FREIGHT": (Decimal("45.00"), Decimal("0.10")),
}
#: What comes after what.
STEPS = {"booked": "in_transit", "in_transit": "out_for_delivery", "out_for_delivery": "delivered"}


@dataclass(slots=True)
class Parcel:
    """A shipment on its way."""

    shipment: str
    order: str | None
    tracking: str
    parcels: int
    freight: Decimal
    state: str = "booked"
    reports: int = 0


class Carrier(Office):
    """A carrier that takes nothing with a service it does not have."""

    kind: ClassVar[str] = "carrier"
    takes: ClassVar[Mapping[str, str]] = {"shipment": "number", "order_status": "number"}
    tells: ClassVar[Sequence[str]] = ("transport_status",)

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.parcels: dict[str, Parcel] = {}

    def take(self, document: str, number: str, tree: Tree) -> str:
        """Books a shipment. Raises Refused."""
        if document != "shipment":
            return ""
        method = str(tree.get("ship_method") or "STANDARD")
        rate = RATES.get(method)
        if rate is None:
            raise Refused(422, "unknown_service", "ship_method", method)
        if number in self.parcels and self.parcels[number].state != "booked":
            raise Refused(409, "under_way", "number", number)
        packages = trees(tree.get("packages")) or [{}]
        kilos = sum((amount(one.get("weight_kg")) for one in packages), Decimal())
        tracking = str(
            tree.get("tracking") or f"{self.kind.upper()}{self.seed:03d}{len(self.parcels) + 1:07d}"
        )
        freight = money(rate[0] * len(packages) + rate[1] * kilos)
        self.parcels[number] = Parcel(number, tree.get("order"), tracking, len(packages), freight)
        return ""

    def work(self) -> None:
        """Every parcel goes one step further, and its receiver is told."""
        for parcel in self.parcels.values():
            if parcel.state in STEPS:
                self._tell(parcel, STEPS[parcel.state])

    def act(self, name: str, tree: Tree) -> None:
        """`deliver` (`{"order": …}` or `{"shipment": …}`): to the door at once; `fail`: nobody was there; `work`."""
        if name == "work":
            self.work()
            return
        if name not in ("deliver", "fail"):
            raise Refused(404, "not_found", "act", name)
        wanted = [
            one for one in self.parcels.values()
            if tree.get("shipment") in (None, one.shipment) and tree.get("order") in (None, one.order)
        ]  # fmt: skip
        if not wanted:
            raise Refused(422, "unknown_shipment", "order", tree.get("order"))
        for parcel in wanted:
            if parcel.state != "delivered":
                self._tell(parcel, "delivered" if name == "deliver" else "failed")

    def _tell(self, parcel: Parcel, state: str) -> None:
        parcel.state, parcel.reports = state, parcel.reports + 1
        tree: Tree = {"number": f"{parcel.shipment}-{parcel.reports}", "shipment": parcel.shipment, "state": state,
                      "at": self.now(), "tracking": parcel.tracking}  # fmt: skip
        if parcel.order is not None:
            tree["order"] = parcel.order
        self.tell("transport_status", str(tree["number"]), tree, group=parcel.order or parcel.shipment)

    def figures(self) -> dict[str, Any]:
        """Parcels and freight."""
        freight = sum((one.freight for one in self.parcels.values()), Decimal())
        return {
            "parcels": {
                one.shipment: {"order": one.order, "state": one.state, "parcels": one.parcels, "freight": one.freight,
                               "tracking": one.tracking}
                for one in self.parcels.values()
            },
            "money": {"freight": money(freight)},
        }  # fmt: skip
