"""Days of orders by a seed: everything that a shop and a warehouse tell of them, as it happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

ITEMS = tuple(f"ITEM-{n}" for n in range(8))
BEGAN = datetime(2026, 1, 5, 6, tzinfo=UTC)
#: More than all orders of a day want, so that no order depends on when its stock was told.
PLENTY = 1_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """One document of one system about one order; order -1: about the stock."""

    order: int
    system: str
    document: str
    tree: dict[str, Any]


def moment(minute: int) -> str:
    """A moment of that day."""
    return (BEGAN + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def day(orders: int, seed: int) -> list[Event]:
    """All events in the order in which they happened: stock, then the orders with their lives, then stock again."""
    dice = Random(seed)
    gone = dict.fromkeys(ITEMS, 0)
    told = [_balance(sku, PLENTY, 0) for sku in ITEMS]
    for n in range(orders):
        told += _life(Random(dice.random()), n, gone)
    return told + [_balance(sku, PLENTY - gone[sku], 100_000) for sku in ITEMS]


def _balance(sku: str, quantity: int, minute: int) -> Event:
    tree = {"sku": sku, "site": "AMS", "status": "available", "quantity": quantity, "unit": "EA",
            "as_of": moment(minute)}  # fmt: skip
    return Event(-1, "wms", "inventory_balance", tree)


def _life(dice: Random, n: int, gone: dict[str, int]) -> Iterator[Event]:
    """One order from its placing to its end."""
    number, minute = f"SO-{n:05}", 10 + dice.randrange(5_000)
    lines = [
        {"line": line, "sku": sku, "quantity": dice.randint(1, 9), "unit": "EA"}
        for line, sku in enumerate(dice.sample(ITEMS, dice.randint(1, 3)), 1)
    ]
    yield Event(n, "shop", "sales_order", {"number": number, "lines": lines})
    if dice.random() < 0.15:
        for minutes, state in ((1, "set"), (2, "lifted")):
            hold = {"order": number, "hold": "credit", "state": state, "at": moment(minute + minutes)}
            yield Event(n, "shop", "order_hold", hold | {"extra": {"event": f"{number}/{state}"}})
    ends = dice.random()
    floor = ["allocated", "picking", "picked", "packed"]
    for step, state in enumerate(floor[: 1 if ends < 0.15 else dice.choice((2, 3, 4, 4, 4))]):
        yield _picked(n, number, state, minute + 10 + step)
    if ends < 0.15:
        yield _picked(n, number, "cancelled", minute + 20)
    elif ends > 0.25:
        yield from _shipped(dice, n, number, lines, minute + 30, gone)


def _picked(n: int, number: str, state: str, minute: int) -> Event:
    tree = {"warehouse_order": number, "order": number, "state": state, "at": moment(minute),
            "extra": {"event": f"{number}/{state}"}}  # fmt: skip
    return Event(n, "wms", "pick_status", tree)


def _shipped(
    dice: Random, n: int, number: str, lines: list[dict[str, Any]], minute: int, gone: dict[str, int]
) -> Iterator[Event]:
    """All of it at once, or in two parts."""
    parts = [lines] if dice.random() < 0.6 or len(lines) == 1 else [lines[:1], lines[1:]]
    for part, some in enumerate(parts, 1):
        lines = [one | {"order_line": one["line"]} for one in some]
        tree = {"number": f"{number}-{part}", "order": number, "warehouse_order": number, "lines": lines,
                "complete": part == len(parts), "shipped_at": moment(minute + 5 * part)}  # fmt: skip
        for line in some:
            gone[line["sku"]] += line["quantity"]
        yield Event(n, "wms", "shipment", tree)
