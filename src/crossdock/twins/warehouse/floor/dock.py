"""The dock: what is to come in, what came in, what came back, and what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crossdock.twins.clock import rfc3339
from crossdock.twins.warehouse.floor.feed import Feed
from crossdock.twins.warehouse.floor.orders import present, told
from crossdock.twins.warehouse.floor.stock import NOTHING, Place, Stock

__all__ = ["TASKS_MAX", "Arrival", "Counted", "Dock", "ReceivedAlready", "Task", "TaskLine", "task_facts"]

TASKS_MAX = 100_000
#: Where goods are put that nobody may pick; the rest goes to the shelf.
_ASIDE_BIN, _SHELF_BIN = "QUAR-01", "IN-01"
#: What becomes of goods that come back -> the state they are put away in, where none was said.
_STATES = {"restock": "available", "repair": "quality", "scrap": "damaged", "return_to_vendor": "held"}


class ReceivedAlready(Exception):
    """Less is expected now than came already; `line` says of which line."""

    def __init__(self, line: int | str) -> None:
        super().__init__(line)
        self.line = line


@dataclass(slots=True)
class TaskLine:
    """One line that is expected; quantities in the item's own unit, of which the line's unit holds `pack`."""

    line: int | str
    sku: str
    unit: str
    pack: Decimal
    expected: Decimal
    order_line: int | str | None = None
    received: Decimal = NOTHING


@dataclass(slots=True)
class Task:
    """Goods to be taken in: `kind` is `purchase`, `return` or `transfer`."""

    number: str
    kind: str
    site: str
    content: bytes
    lines: list[TaskLine]
    order: str | None = None
    closed: bool = False
    receipts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def status(self) -> str:
        """How far it is."""
        if self.closed or all(line.received >= line.expected for line in self.lines):
            return "closed"
        return "arriving" if self.receipts else "expected"


@dataclass(frozen=True, slots=True)
class Arrival:
    """So much of one item came off a truck, in the item's own unit; `line` where the label names one."""

    sku: str
    quantity: Decimal
    line: int | str | None = None
    lot: str | None = None
    expires_on: date | None = None
    status: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a counter found of one item, in the item's own unit."""

    sku: str
    quantity: Decimal
    lot: str | None = None


class Dock:
    """Keeps what is expected, and tells of all that comes. Nothing is refused at the gate: it is there."""

    def __init__(self, stock: Stock, feed: Feed) -> None:
        self.stock, self.feed = stock, feed
        self.tasks: dict[str, Task] = {}
        self.counts: list[dict[str, Any]] = []
        self._receipts = 0

    def expect(self, task: Task) -> None:
        """Takes a task, or the new version of one. Raises ReceivedAlready."""
        before = self.tasks.get(task.number)
        if before is not None:
            came = {str(line.line): line for line in before.lines}
            for line in task.lines:
                line.received = came[str(line.line)].received if str(line.line) in came else NOTHING
            kept = {str(line.line): line.expected for line in task.lines}
            for old in before.lines:
                if old.received > kept.get(str(old.line), NOTHING) and old.received:
                    raise ReceivedAlready(old.line)
            task.receipts, task.closed = before.receipts, before.closed
        self.tasks[task.number] = task

    def arrive(
        self, task: Task, arrivals: Sequence[Arrival], now: datetime, *, complete: bool
    ) -> dict[str, Any]:
        """Books what came and tells of it: over, short, damaged and unexpected as it is."""
        at = rfc3339(now)
        self._receipts += 1
        prefix = "RR" if task.kind == "return" else "GR"
        rows = [self._book(task, one, n, at) for n, one in enumerate(arrivals, 1)]
        task.closed = task.closed or complete
        receipt = {
            "number": f"{prefix}-{self._receipts:06d}", "received_at": at, "complete": complete, "lines": rows,
        }  # fmt: skip
        task.receipts.append(receipt)
        facts = {
            "site": task.site, "number": task.number, "kind": task.kind, "sales_order": task.order,
            "task_status": task.status, "receipt": receipt,
        }  # fmt: skip
        self.feed.add("returned" if task.kind == "return" else "received", at, task.number, facts)
        return receipt

    def count(self, site: str, counted: Sequence[Counted], now: datetime) -> dict[str, Any]:
        """Books the difference to what the books said of sellable goods, and tells of the count."""
        at = rfc3339(now)
        rows = [self._counted(site, one, n, at) for n, one in enumerate(counted, 1)]
        number = f"CT-{len(self.counts) + 1:06d}"
        count = {"number": number, "at": at, "lines": rows}
        self.counts.append({"site": site, **count})
        self.feed.add("counted", at, number, {"site": site, "number": number, "count": count})
        return count

    def _book(self, task: Task, one: Arrival, row: int, at: str) -> dict[str, Any]:
        line = _line_of(task, one)
        if line is not None:
            line.received += one.quantity
        item = self.stock.items[one.sku]
        status = one.status or _STATES.get(one.outcome or "", "available")
        bin_ = _SHELF_BIN if status == "available" else _ASIDE_BIN
        place = Place(task.site, one.sku, bin_, one.lot, status)
        if one.quantity:
            self.stock.adjust(place, one.quantity, reason="receipt", at=at, expires_on=one.expires_on)
        return present(
            line=row, task_line=line.line if line else None, order_line=line.order_line if line else None,
            sku=one.sku, quantity=told(one.quantity), unit=item.unit, lot=one.lot,
            ordered=told(line.expected) if line else None, status=status, outcome=one.outcome,
            expires_on=one.expires_on.isoformat() if one.expires_on else None,
        )  # fmt: skip

    def _counted(self, site: str, one: Counted, row: int, at: str) -> dict[str, Any]:
        bins = [
            bin_ for place, bin_ in self.stock.bins.items()
            if (place.site, place.sku, place.lot, place.status) == (site, one.sku, one.lot, "available")
        ]  # fmt: skip
        expected = sum((bin_.quantity for bin_ in bins), NOTHING)
        difference = one.quantity - expected
        for bin_ in bins:
            step = max(difference, -bin_.free) if difference < 0 else difference
            if step:
                self.stock.adjust(bin_.place, step, reason="count", at=at)
            difference -= step
        if difference > 0:
            place = Place(site, one.sku, _SHELF_BIN, one.lot)
            self.stock.adjust(place, difference, reason="count", at=at)
        return present(
            line=row, sku=one.sku, unit=self.stock.items[one.sku].unit, lot=one.lot,
            counted=told(one.quantity), expected=told(expected),
        )  # fmt: skip


def _line_of(task: Task, one: Arrival) -> TaskLine | None:
    """The line that goods belong to: the one named, else the first of their item that is not full."""
    same = [line for line in task.lines if line.sku == one.sku]
    named = next((line for line in same if one.line is not None and str(line.line) == str(one.line)), None)
    return named or next((line for line in same if line.received < line.expected), same[-1] if same else None)


def task_facts(task: Task) -> dict[str, Any]:
    """The task as the API tells it."""
    return present(
        number=task.number, kind=task.kind, site=task.site, order=task.order, status=task.status,
        lines=[
            present(
                line=line.line, order_line=line.order_line, sku=line.sku, unit=line.unit,
                expected=told(line.expected / line.pack), received=told(line.received / line.pack),
            )
            for line in task.lines
        ],
        receipts=task.receipts,
    )  # fmt: skip
