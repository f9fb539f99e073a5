"""The shapes of what a story tells beside its entries: states, and numbers that changed."""

from __future__ import annotations

from pydantic import BaseModel


class LifeLine(BaseModel):
    """One line of an order, in its own unit."""

    line: str
    sku: str
    unit: str
    ordered: float
    allocated: float
    picked: float
    packed: float
    shipped: float
    backordered: float
    cancelled: float
    returned: float
    state: str


class Lifecycle(BaseModel):
    """The states of an order, each in a table of its own."""

    fulfilment: str
    billing: str
    cancellation: str
    amendment: str
    returned: str
    holds: list[str]
    closed: bool
    lines: list[LifeLine]


class Renumbered(BaseModel):
    """What an item or a party is called now, and was called before."""

    now: str
    formerly: list[str]
