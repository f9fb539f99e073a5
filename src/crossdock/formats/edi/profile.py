"""What two trading partners agreed on: who they are, what they exchange, how it is written, answered and carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Standard(StrEnum):
    """The syntax of everything that is exchanged with one partner."""

    X12 = "x12"
    EDIFACT = "edifact"


class Direction(StrEnum):
    """Which way a document goes, seen from the hub."""

    IN = "in"
    OUT = "out"


#: What each set means in our words, by (direction, set): what a profile need not say.
MEANINGS: dict[tuple[Direction, str], str] = {
    (Direction.IN, "850"): "sales_order",
    (Direction.IN, "860"): "sales_order",
    (Direction.IN, "940"): "warehouse_order",
    (Direction.IN, "943"): "despatch_advice",
    (Direction.IN, "944"): "goods_receipt",
    (Direction.IN, "945"): "shipment",
    (Direction.IN, "846"): "inventory_balance",
    (Direction.IN, "947"): "inventory_adjustment",
    (Direction.IN, "ORDERS"): "sales_order",
    (Direction.OUT, "855"): "order_response",
    (Direction.OUT, "856"): "shipment",
    (Direction.OUT, "810"): "invoice",
    (Direction.OUT, "846"): "inventory_balance",
    (Direction.OUT, "940"): "warehouse_order",
    (Direction.OUT, "943"): "despatch_advice",
    (Direction.OUT, "944"): "goods_receipt",
    (Direction.OUT, "945"): "shipment",
    (Direction.OUT, "947"): "inventory_adjustment",
    (Direction.OUT, "ORDRSP"): "order_response",
    (Direction.OUT, "DESADV"): "shipment",
    (Direction.OUT, "RECADV"): "goods_receipt",
    (Direction.OUT, "INVRPT"): "inventory_balance",
    (Direction.OUT, "INVOIC"): "invoice",
}

#: What a set that orders may be instead, by its purpose.
_CANCELS = {"sales_order": "cancellation", "warehouse_order": "warehouse_order_cancel"}

#: The functional identifier (GS01) of each X12 set. Source: X12, data element 479.
FAMILIES: dict[str, str] = {
    "810": "IN", "846": "IB", "850": "PO", "855": "PR", "856": "SH", "860": "PC", "940": "OW", "943": "AR",
    "944": "RE", "945": "SW", "947": "AW", "997": "FA", "999": "FA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Party:
    """How one side is named: in the interchange, and in the group where that differs."""

    id: str
    qualifier: str = "ZZ"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """The delimiters of what we send; "" for the usual one. `line_end` follows each terminator."""

    element: str = ""
    component: str = ""
    terminator: str = ""
    repetition: str = ""
    line_end: str = ""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One set or message that is exchanged, and which of our documents it is."""

    set: str
    direction: Direction
    document: str
    version: str = ""  #: the profile's own where it is ""
    map: str | None = (
        None  #: mapping of the site: in, from our reading to our document; out, before the writing
    )
    overlay: Mapping[str, Any] = field(default_factory=dict[str, Any])
    association: str = ""  #: EDIFACT: as EAN008
    answer_within_h: float | None = None  #: acknowledgement due; None: the profile's own
    hierarchy: str = "SOPI"  #: 856: SOPI or SOI
    line: int = 0


@dataclass(frozen=True, slots=True)
class Answering:
    """How we acknowledge, and when we expect to be acknowledged."""

    form: str = "997"  #: 997, 999, CONTRL or none
    accept_with_errors: bool = False
    name_accepted: bool = True
    ta1: bool | None = None  #: None: as ISA14 asks
    expect: bool = True  #: whether the partner acknowledges what we send
    within_h: float = 24.0


@dataclass(frozen=True, slots=True)
class Items:
    """How items are named: the qualifiers to look for, the best first; the first one is written."""

    qualifiers: tuple[str, ...] = ("VN", "SA", "SK", "UP", "UK", "EN", "IN", "BP")
    crosswalk: str | None = None


@dataclass(frozen=True, slots=True)
class Shipping:
    """What the partner's routing guide asks of a ship notice."""

    sscc_required: bool = False
    sscc_prefix: str = ""  #: GS1 company prefix from which the hub gives out missing SSCC
    sscc_extension: str = "0"
    over_percent: float = 0.0  #: how much more than ordered may be shipped
    scac: Mapping[str, str] = field(default_factory=dict[str, str])  #: our carrier or ship method -> SCAC


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock: `set` must be with the partner `hours` after (below 0: before) the moment in `after`."""

    set: str
    after: str  #: shipped_at, requested_at, received_at
    hours: float


@dataclass(frozen=True, slots=True)
class Carriage:
    """How interchanges travel: a folder, SFTP or AS2; settings as the site wrote them, defaults filled in."""

    type: str = "folder"
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything agreed with one partner."""

    name: str
    standard: Standard
    us: Party
    them: Party
    version: str = "004010"
    envelope: str = ""  #: ISA12, or level and syntax as UNOC:3; "" as the version asks
    usage: str = "production"
    marks: Marks = Marks()
    charset: str = ""
    wants_ta1: bool = False  #: whether our ISA14 asks for a TA1
    documents: tuple[Exchanged, ...] = ()
    answering: Answering = Answering()
    items: Items = Items()
    shipping: Shipping = Shipping()
    deadlines: tuple[Deadline, ...] = ()
    crosswalks: Mapping[str, str] = field(
        default_factory=dict[str, str]
    )  #: ship_method, unit, reason -> table
    carriage: Carriage = Carriage()
    contact: str = ""
    file: str = ""

    @property
    def test(self) -> bool:
        """Whether what we send is marked as a test."""
        return self.usage == "test"

    def version_of(self, one: Exchanged) -> str:
        """The version of one set."""
        return one.version or self.version

    def taken(self, set_id: str) -> Exchanged | None:
        """What an incoming set means; None when it was not agreed on."""
        return next((d for d in self.documents if d.direction is Direction.IN and d.set == set_id), None)

    def written(self, document: str) -> Exchanged | None:
        """The set that one of our documents becomes; None when it is not sent."""
        return next(
            (d for d in self.documents if d.direction is Direction.OUT and d.document == document), None
        )

    def sent(self, set_id: str) -> Exchanged | None:
        """What an outgoing set is made from; None when it is not sent."""
        return next((d for d in self.documents if d.direction is Direction.OUT and d.set == set_id), None)

    @property
    def numbered(self) -> tuple[str, ...]:
        """The kinds of envelopes that have control numbers of ours."""
        return ("interchange", "group") if self.standard is Standard.X12 else ("interchange",)

    def sequence(self, kind: str) -> str:
        """Under which name our control numbers for this pair are kept; `kind` is interchange or group."""
        return f"edi/{self.standard}/{self.us.id}/{self.them.id}/{kind}"

    @property
    def told(self) -> tuple[str, ...]:
        """Our documents that come from the partner: a set that orders may also cancel what it ordered."""
        kinds = self.kinds(Direction.IN)
        return (
            *kinds,
            *(cancel for kind, cancel in _CANCELS.items() if kind in kinds and cancel not in kinds),
        )

    def kinds(self, direction: Direction) -> tuple[str, ...]:
        """Our documents of one direction, each once."""
        return tuple(dict.fromkeys(d.document for d in self.documents if d.direction is direction))
