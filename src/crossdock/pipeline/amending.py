"""What changed between two versions of an order, in the kinds that the charter speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.message.records import Message
from crossdock.message.states import MessageState

_ADDRESS = ("ship_to",)
#: Fields that no warehouse works by.
_IDLE = ("extra", "placed_at", "holds", "bill_to")
_PATHS = {"quantity": "lines", "lines": "lines", "address": "ship_to", "ship_method": "ship_method"}


def is_former(one: Message, newer: Message) -> bool:
    """Whether a message is an earlier version of the same object that went its way."""
    return one.hub == newer.hub and one.id < newer.id and one.state is MessageState.ROUTED


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The kinds of change: quantity, address, lines, ship_method, other."""
    found: list[str] = []
    old, new = _lines(before), _lines(after)
    if old.keys() != new.keys() or any(old[name][:2] != new[name][:2] for name in old):
        found.append("lines")
    elif any(old[name][2] != new[name][2] for name in old):
        found.append("quantity")
    if any(before.get(name) != after.get(name) for name in _ADDRESS):
        found.append("address")
    if before.get("ship_method") != after.get("ship_method"):
        found.append("ship_method")
    known = {*_ADDRESS, *_IDLE, "ship_method", "lines"}
    if any(before.get(name) != after.get(name) for name in {*before, *after} - known):
        found.append("other")
    return found


def path_of(change: str) -> str:
    """Where a kind of change stands in a document."""
    return _PATHS.get(change, "")


def _lines(tree: Mapping[str, Any]) -> dict[str, tuple[Any, Any, Any]]:
    return {str(one["line"]): (one["sku"], one["unit"], one["quantity"]) for one in tree.get("lines", ())}
