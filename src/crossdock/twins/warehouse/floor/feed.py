"""The events of the warehouse, numbered and kept for readers with a cursor."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = ["EVENTS_MAX", "JSON", "CursorExpired", "Event", "Feed"]

EVENTS_MAX = 200_000
#: Writes decimals as JSON numbers with their digits.
JSON = msgspec.json.Encoder(decimal_format="number")

TOPICS = {
    "shipped": "shipment", "stock_changed": "inventory_balance", "received": "goods_receipt",
    "returned": "return_receipt", "counted": "inventory_count", "adjusted": "inventory_adjustment",
}  # fmt: skip


class CursorExpired(Exception):
    """The events after a cursor are not kept any more."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, its bytes made once for all readers."""

    sequence: int
    id: str
    type: str
    topic: str
    number: str  #: of the order, or the sku: events of one number are pushed in order
    body: bytes


class Feed:
    """Gives events their id and number, keeps about the newest EVENTS_MAX and tells listeners."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kept: list[Event] = []
        self._listeners: list[Callable[[Event], None]] = []
        self.count = 0

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Calls `listener` with every event from now on."""
        self._listeners.append(listener)

    def add(self, type: str, at: str, number: str, facts: dict[str, Any]) -> None:
        """Makes an event of what happened; facts that are None are left out."""
        self.count += 1
        id, topic = f"EV{self._seed}-{self.count:07d}", TOPICS.get(type, "pick_status")
        tree: dict[str, Any] = {"id": id, "sequence": self.count, "type": type, "topic": topic, "at": at}
        tree.update((name, value) for name, value in facts.items() if value is not None)
        event = Event(self.count, id, type, topic, number, JSON.encode(tree))
        self._kept.append(event)
        if len(self._kept) > EVENTS_MAX:
            del self._kept[: EVENTS_MAX // 10]
        for listener in self._listeners:
            listener(event)

    def page(
        self, after: int, limit: int, types: Collection[str] | None = None, overlap: int = 0
    ) -> tuple[list[Event], int, bool]:
        """Up to `limit` events after a number, the number to go on from, and whether there are more.

        Raises CursorExpired when events in between are gone.
        """
        first = self.count - len(self._kept) + 1
        if after + 1 < first and after != 0:
            raise CursorExpired
        index = max(after + 1 - first, 0)
        wanted = _back(self._kept, index, overlap, types)
        reached = after
        for position in range(index, len(self._kept)):
            event = self._kept[position]
            if types is None or event.type in types:
                if len(wanted) >= limit:
                    return wanted, reached, True
                wanted.append(event)
            reached = event.sequence
        return wanted, reached, False


def _back(kept: list[Event], index: int, overlap: int, types: Collection[str] | None) -> list[Event]:
    """The last `overlap` matching events before a place, oldest first."""
    found: list[Event] = []
    for position in range(min(index, len(kept)) - 1, -1, -1):
        if len(found) >= overlap:
            break
        if types is None or kept[position].type in types:
            found.append(kept[position])
    return found[::-1]
