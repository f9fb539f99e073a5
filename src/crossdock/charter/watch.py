"""The watch section of the charter as frozen values; times in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossdock.charter.hours import Hours

#: Kinds of documents that count for a service level that names none.
DOCUMENTS_OF: Mapping[str, tuple[str, ...]] = {
    "order_release": ("sales_order", "warehouse_order", "purchase_order"),
    "inventory_update": ("inventory_balance", "inventory_adjustment", "inventory_count", "stock_level"),
    "shipment_confirmation": ("shipment",),
    "receipt_posting": ("goods_receipt", "return_receipt"),
}
SEVERITIES = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a system should tell next: one at least every so often, or one for each document that starts a clock."""

    system: str
    document: str
    every_s: float | None = None
    within_s: float | None = None
    after: str | None = None  #: the kind of document that starts a clock
    at: str | None = None  #: once this system has it
    of: str | None = None  #: once it comes from this system
    hours: Hours | None = None

    @property
    def rule(self) -> str:
        """What the clocks of this expectation are known by in the store."""
        end = f"{self.after}@{self.at}" if self.at else f"{self.after}<{self.of}" if self.of else ""
        return f"{self.system}/{self.document}/{end}"

    @property
    def wait_s(self) -> float:
        """How long silence may last."""
        return self.every_s or self.within_s or 0.0

    def due_ms(self, from_ms: int) -> int:
        """When silence that began at an instant is too long."""
        wait_ms = int(self.wait_s * 1000)
        return self.hours.advanced(from_ms, wait_ms) if self.hours else from_ms + wait_ms


@dataclass(frozen=True, slots=True)
class Level:
    """A service level: how much of what counts must be where it belongs within how long."""

    name: str
    within_s: float
    objective: float  #: of 1
    documents: tuple[str, ...]
    systems: tuple[str, ...] = ()  #: targets that count; none: all

    def counts(self, target: str, document: str) -> bool:
        """Whether a document for a target counts."""
        return document in self.documents and (not self.systems or target in self.systems)


@dataclass(frozen=True, slots=True)
class AlertWay:
    """One way on which alerts go; `secret` is the name of a secret, never its value."""

    name: str
    type: str  #: mail | webhook | chat
    url: str | None = None
    secret: str | None = None
    server: str | None = None
    user: str | None = None
    starttls: bool = True
    sender: str | None = None
    to: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    severity: str = "low"
    late: bool = True

    def takes(self, type_: str, severity: str, owner: str | None) -> bool:
        """Whether an incident is for it; `owner` None: whoever has it."""
        if SEVERITIES.index(severity) < SEVERITIES.index(self.severity):
            return False
        return (not self.types or type_ in self.types) and (
            not self.owners or owner is None or owner in self.owners
        )


@dataclass(frozen=True, slots=True)
class Alerting:
    """Who is told of what, and when not."""

    ways: tuple[AlertWay, ...] = ()
    link: str | None = None
    quiet: Hours | None = None
    group_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Beat:
    """The sign of life that somebody outside gets."""

    every_s: float
    url: str | None = None
    secret: str | None = None
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Traces:
    """Where traces go."""

    url: str
    header: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Watching:
    """Everything that the hub watches over besides documents."""

    expects: tuple[Expectation, ...] = ()
    levels: tuple[Level, ...] = ()
    alerts: Alerting = field(default_factory=Alerting)
    beat: Beat | None = None
    traces: Traces | None = None
    rest_within_s: float = 14_400.0  #: how long nobody need say what becomes of the rest of an order
    stock_every_s: float = 60.0  #: how often stock is compared
