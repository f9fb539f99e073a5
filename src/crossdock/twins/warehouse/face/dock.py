"""The part of the reference warehouse API that is about goods coming in, and the door for trucks and counters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import msgspec

from crossdock.twins.warehouse.face import wire
from crossdock.twins.warehouse.face.problem import Problem
from crossdock.twins.warehouse.floor.dock import (
    TASKS_MAX,
    Arrival,
    Counted,
    Dock,
    ReceivedAlready,
    Task,
    TaskLine,
)

#: Unit and path of an item to how many of its own unit that is. Raises Problem.
Pack = Callable[[str, str, str], Decimal]


def expect(dock: Dock, number: str, new: wire.NewTask, site: str, pack: Pack) -> tuple[Task, bool]:
    """The task as it is now, and whether anything changed. Raises Problem."""
    content = msgspec.json.encode(new)
    known = dock.tasks.get(number)
    if known is not None and known.content == content:
        return known, False
    if known is None and len(dock.tasks) >= TASKS_MAX:
        raise Problem(429, "busy")
    lines: dict[str, TaskLine] = {}
    for index, line in enumerate(new.lines):
        path = f"lines[{index}]"
        if str(line.line) in lines:
            raise Problem(422, "invalid", path=f"{path}.line", value=line.line)
        if not line.quantity > 0:
            raise Problem(422, "invalid", path=f"{path}.quantity", value=str(line.quantity))
        size = pack(line.sku, line.unit, path)
        expected = Decimal(line.quantity) * size
        lines[str(line.line)] = TaskLine(line.line, line.sku, line.unit, size, expected, line.order_line)
    task = Task(number, new.kind, site, content, list(lines.values()), new.order)
    try:
        dock.expect(task)
    except ReceivedAlready as already:
        raise Problem(409, "received_already", path="lines", value=already.line) from None
    return task, True


def truck(dock: Dock, came: wire.Truck, pack: Pack, now: datetime) -> None:
    """Goods come off a truck. Raises Problem."""
    task = dock.tasks.get(came.number)
    if task is None:
        raise Problem(404, "not_found", path="number", value=came.number)
    rows = [
        Arrival(
            line.sku, Decimal(line.quantity) * pack(line.sku, line.unit, f"lines[{n}]"), line.line, line.lot,
            line.expires_on, line.status, line.outcome,
        )
        for n, line in enumerate(came.lines)
    ]  # fmt: skip
    dock.arrive(task, rows, now, complete=came.complete)


def counter(dock: Dock, found: wire.Counter, site: str, pack: Pack, now: datetime) -> None:
    """Somebody counted. Raises Problem."""
    rows = [
        Counted(line.sku, Decimal(line.quantity) * pack(line.sku, line.unit, f"lines[{n}]"), line.lot)
        for n, line in enumerate(found.lines)
    ]
    dock.count(site, rows, now)
