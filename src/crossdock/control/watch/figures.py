"""What is counted of documents as they pass: delivered, failed, how long, how complete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from crossdock.journal.sql import watched
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.watched import Happened
from crossdock.message.incident import TYPES

#: Interfaces and kinds that are told apart; those beyond are counted together as "other".
_INTERFACES_MAX = 500
_OTHER = ("other", "other")
_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)
_CYCLE_S = (60.0, 300.0, 900.0, 3600.0, 14400.0, 28800.0, 86400.0, 172800.0, 432000.0, 1209600.0)
_SHIPMENT, _ORDER = "shipment", "sales_order"


@dataclass(frozen=True, slots=True)
class Shipped:
    """What one shipment says of its order."""

    cycle_s: float
    lines: int
    filled: int


class Figures:
    """Counters and histograms of documents, kept by the one process that reads the ledger."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("system", "document")
        self._delivered = Counter(
            "crossdock_deliveries", "Documents that a system has taken.", labels, registry=registry
        )
        self._failed = Counter(
            "crossdock_delivery_failures",
            "Sendings that had to wait for a person.",
            labels,
            registry=registry,
        )
        self._seconds = Histogram(
            "crossdock_delivery_seconds", "From the door to the system that is to have it, by interface.", labels,
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._opened = Counter(
            "crossdock_incidents_opened", "Incidents that were opened, by type.", ("type",), registry=registry
        )
        for name in TYPES:
            self._opened.labels(name)
        self._cycle = Histogram(
            "crossdock_order_cycle_seconds", "From an order to its first shipment.", buckets=_CYCLE_S,
            registry=registry,
        )  # fmt: skip
        self._lines = Counter(
            "crossdock_order_lines_shipped",
            "Lines of orders whose first shipment was told.",
            registry=registry,
        )
        self._filled = Counter(
            "crossdock_order_lines_filled", "Those of them that left in full with it.", registry=registry
        )
        self._known: set[tuple[str, str]] = set()

    def judge(self, events: Iterable[Happened], took_ms: Mapping[int, int]) -> None:
        """Counts what happened; `took_ms` is by position."""
        for e in events:
            if e.done:
                labels = self._labels(e)
                self._delivered.labels(*labels).inc()
                self._seconds.labels(*labels).observe(took_ms[e.position] / 1000)
            elif e.failed:
                self._failed.labels(*self._labels(e)).inc()

    def _labels(self, e: Happened) -> tuple[str, str]:
        labels = (e.target, e.document)
        if labels not in self._known:
            if len(self._known) >= _INTERFACES_MAX:
                return _OTHER
            self._known.add(labels)
        return labels

    def opened(self, types: Iterable[str]) -> None:
        """Incidents were opened."""
        for type_ in types:
            self._opened.labels(type_).inc()

    def shipped(self, shipments: Iterable[Shipped]) -> None:
        """First shipments of orders were told."""
        for one in shipments:
            self._cycle.observe(one.cycle_s)
            self._lines.inc(one.lines)
            self._filled.inc(one.filled)


def first_shipments(connection: Connection, events: Sequence[Happened]) -> list[Shipped]:
    """What the first shipments of orders among the events say."""
    shipments = {e.root: e for e in reversed(events) if e.made and e.document == _SHIPMENT and e.root}
    if not shipments:
        return []
    found: list[Shipped] = []
    for root, e in shipments.items():
        begun = watched.begun(connection, root)
        if begun is None or not watched.is_first(connection, root, _SHIPMENT, e.message):
            continue
        at_ms, order = begun
        ordered = _lines(order)
        shipped = _lines(watched.tree_of(connection, e.message))
        filled = sum(shipped.get(line, Decimal()) >= quantity for line, quantity in ordered.items())
        found.append(Shipped((e.at_ms - at_ms) / 1000, len(ordered), filled))
    return found


def _lines(tree: Mapping[str, Any]) -> dict[str, Decimal]:
    """Quantities by line; those of one line in several packages or lots are added up."""
    found: dict[str, Decimal] = {}
    for line in tree.get("lines") or ():
        name = line.get("order_line", line.get("line"))
        try:
            quantity = Decimal(str(line.get("quantity")))
        except InvalidOperation:
            continue
        if name is not None and quantity.is_finite():
            found[str(name)] = found.get(str(name), Decimal()) + quantity
    return found
