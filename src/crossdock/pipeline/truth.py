"""What the hub itself says of an order: documents of its own making, told to whoever reads them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from crossdock.message.names import moment
from crossdock.message.records import Message
from crossdock.model import register
from crossdock.model.documents.progress import OrderStatus
from crossdock.model.lifecycle.life import Life
from crossdock.model.lifecycle.lines import LineProgress
from crossdock.model.lifecycle.words import Cancellation, Fulfilment

_BEGUN = (Fulfilment.RECEIVED, Fulfilment.VALIDATED)
_FIGURES = ("ordered", "allocated", "picked", "packed", "shipped", "backordered", "cancelled", "returned")


def word_of(life: Life) -> str:
    """An order in one word."""
    fulfilment = life.fulfilment
    left = any(one.left for one in life.live)
    if life.cancellation is Cancellation.ACCEPTED and not left:
        return "cancelled"
    return "received" if fulfilment in _BEGUN else fulfilment.value


def states_of(life: Life) -> dict[str, Any]:
    """Every table of an order, in words."""
    return {
        "fulfilment": life.fulfilment.value,
        "billing": life.billing.value,
        "cancellation": life.cancellation.value,
        "amendment": life.amendment.value,
        "returned": life.returned.value,
        "holds": [kind.value for kind in life.held],
        "closed": life.closed,
        "lines": [_line(line, life.fulfilment) for line in life.lines.values()],
    }


def _line(line: LineProgress, whole: Fulfilment) -> dict[str, Any]:
    figures = {name: _plain(getattr(line, name)) for name in _FIGURES}
    return {"line": line.line, "sku": line.sku, "unit": line.unit, **figures, "state": line.state(whole)}


def _plain(quantity: Decimal) -> int | Decimal:
    """A quantity without a fraction that says nothing."""
    return int(quantity) if quantity == quantity.to_integral_value() else quantity


def status(
    like: Message,
    life: Life,
    order: str,
    occasion: str,
    *,
    id_: int,
    hub: int,
    now_ms: int,
    reason: str = "",
    parts: Sequence[dict[str, Any]] = (),
) -> Message:
    """The document that tells how far an order is; `like` is what made the hub tell it."""
    number = f"{order}:{id_}"
    tree: dict[str, Any] = {
        "number": number, "order": order, "occasion": occasion, "state": word_of(life), **states_of(life),
        "as_of": moment(now_ms),
    }  # fmt: skip
    if reason:
        tree["reason"] = reason[:500]
    if parts:
        tree["parts"] = list(parts)
    return made(like, OrderStatus.kind, number, tree, id_=id_, hub=hub)


def made(like: Message, document: str, number: str, tree: dict[str, Any], *, id_: int, hub: int) -> Message:
    """A message of the hub's own making, in the story of the one that it follows from."""
    tree = register.tree_of(register.read(document, tree, declares=_passed))
    return Message(
        id_, like.capture, like.system, document, number, number, hub, like.root, like.key, 1, tree,
        partition=like.partition,
    )  # fmt: skip


def _passed(_sku: str, _unit: str) -> bool:
    """Units were checked with the order."""
    return True
