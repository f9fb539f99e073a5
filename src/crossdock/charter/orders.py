"""The `orders` section: how orders go, as far as that is for the site to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from crossdock.charter.blackouts import WEEKDAYS
from crossdock.charter.reading import Reading
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest
from crossdock.model.lifecycle.words import REPORTABLE, Fulfilment

#: Owner of the kinds of document that the hub makes itself.
HUB_OWNER = "hub"
#: Those kinds.
MADE_BY_HUB = ("warehouse_order", "warehouse_order_cancel", "order_status")
#: Kinds of change to an order that was released.
CHANGES = ("quantity", "address", "lines", "ship_method", "other")
NEVER = "never"
_WORKDAYS = WEEKDAYS[:5]
_UNTIL = tuple(one.value for one in (*tuple(Fulfilment)[2:9],))


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A place that the hub may release orders to."""

    site: str
    system: str
    cost: Mapping[str, int] = field(
        default_factory=dict[str, int]
    )  #: country, country-postcode, or * -> cost
    cut_off: time | None = None  #: on the site's clock; None: any time of the day
    days: tuple[str, ...] = _WORKDAYS
    carrier_cut_off: Mapping[str, time] = field(default_factory=dict[str, time])


@dataclass(frozen=True, slots=True)
class Orders:
    """How orders go; times in seconds."""

    cancel_answer: str | None = None
    cancel_wait_s: float = 3600.0
    change_until: Mapping[str, str] = field(default_factory=dict[str, str])
    packages: str = "listed"
    edit_window_s: float = 0.0
    backorder: str = "split"
    split_penalty: int = 10
    warehouses: Mapping[str, Warehouse] = field(default_factory=dict[str, Warehouse])

    def sends(self, change: str, state: Fulfilment) -> bool:
        """Whether a kind of change still goes to a warehouse that is so far."""
        until = self.change_until.get(change, Fulfilment.ALLOCATED.value)
        every = [one.value for one in Fulfilment]
        return until != NEVER and every.index(state.value) <= every.index(until)


def read_orders(reading: Reading, entry: Entry | None) -> Orders:
    """The section; mistakes are noted in `reading`."""
    if entry is None:
        return Orders()
    values = reading.section(entry, "orders", "orders")
    if values is None:
        return Orders()
    for change, until in values["change_until"].items():
        path = f"orders.change_until.{change}"
        if change not in CHANGES:
            reading.refuse(path, f'there is no change "{change}"', nearest(change, CHANGES, "a change"))
        elif until != NEVER and until not in _UNTIL:
            reading.refuse(path, f'"{until}" is no state', nearest(until, (*_UNTIL, NEVER), "a state"))
            values["change_until"] = {}
    values["warehouses"] = _warehouses(reading, values["warehouses"])
    return Orders(**values)


def _warehouses(reading: Reading, entry: Entry | None) -> dict[str, Warehouse]:
    found: dict[str, Warehouse] = {}
    for site, section, path in reading.named(entry, "orders.warehouses"):
        values: dict[str, Any] | None = reading.section(section, "warehouse", path)
        if values is None or values["system"] is None:
            continue
        for day in values["days"]:
            if day not in WEEKDAYS:
                reading.refuse(f"{path}.days", f'"{day}" is no weekday', nearest(day, WEEKDAYS, "a weekday"))
        found[site] = Warehouse(
            site, values["system"], values["cost"], _time(reading, values["cut_off"], f"{path}.cut_off"),
            values["days"] or _WORKDAYS,
            {
                method: at
                for method, text in values["carrier_cut_off"].items()
                if (at := _time(reading, text, f"{path}.carrier_cut_off.{method}")) is not None
            },
        )  # fmt: skip
    return found


def _time(reading: Reading, text: str | None, path: str) -> time | None:
    try:
        return None if text is None else time.fromisoformat(text)
    except ValueError:
        reading.refuse(path, f'"{text}" is no time of day', 'write it in quotes, such as "16:00"')
        return None


def check_reports(reading: Reading, path: str, reports: tuple[str, ...]) -> None:
    """Notes words that are no state which a system could report."""
    known = [told.value for told in REPORTABLE]
    for word in reports:
        if word not in known:
            reading.refuse(
                path, f'"{word}" is no state that a system reports', nearest(word, known, "a state")
            )


def check_orders(
    reading: Reading, orders: Orders, systems: Mapping[str, object], owners: Mapping[str, str]
) -> None:
    """Notes what does not fit together: what the hub owns, and where it may release."""
    for document, owner in owners.items():
        if owner == HUB_OWNER and HUB_OWNER not in systems and document not in MADE_BY_HUB:
            reading.refuse(
                f"objects.{document}.owner",
                f"the hub makes no {document}",
                f"it makes {', '.join(MADE_BY_HUB)}",
            )
    for site, warehouse in orders.warehouses.items():
        if warehouse.system not in systems:
            fix = nearest(warehouse.system, systems.keys(), "a system")
            reading.refuse(
                f"orders.warehouses.{site}.system", f'there is no system "{warehouse.system}"', fix
            )
    if owners.get("warehouse_order") == HUB_OWNER and HUB_OWNER not in systems and not orders.warehouses:
        reading.refuse(
            "objects.warehouse_order.owner", "the hub knows no warehouse to release to",
            "name them: `orders: {warehouses: {AMS: {system: wms}}}`",
        )  # fmt: skip
