"""An incident: what the trade calls an exception, with an owner and a clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class IncidentState(Enum):
    """Where an incident stands."""

    OPEN = 1  #: somebody has to act
    RESOLVED = 2  #: ended, by a person or because its cause is gone


class MemberKind(Enum):
    """What an incident holds."""

    CAPTURE = 1  #: bytes that could not be translated, or were refused at the door
    MESSAGE = 2  #: a document that failed a check
    TRANSMISSION = 3  #: a sending that waits for a person
    FOLLOWER = 4  #: a sending held behind a member


@dataclass(frozen=True, slots=True)
class IncidentType:
    """What one type means: who owns it, how bad, how long until somebody must have looked (seconds)."""

    name: str
    owner: str
    severity: str
    respond_s: int
    says: str


_MASTER, _OPS, _IT = "role:master_data", "role:operations", "role:integration"
_HOUR = 3600

#: Every incident type, by name. The charter may name other owners.
TYPES: dict[str, IncidentType] = {
    t.name: t
    for t in (
        IncidentType("poison", _IT, "high", 4 * _HOUR, "Bytes that cannot be read"),
        IncidentType("invalid", _IT, "high", 4 * _HOUR, "A value breaks a rule"),
        IncidentType("duplicate_conflict", _OPS, "high", 4 * _HOUR, "The same number with other content"),
        IncidentType("unknown_sku", _MASTER, "high", 2 * _HOUR, "An item that the item master does not know"),
        IncidentType("unknown_unit", _MASTER, "high", 2 * _HOUR, "A unit that the item does not have"),
        IncidentType("unmapped_code", _MASTER, "high", 2 * _HOUR, "A code without a crosswalk row"),
        IncidentType("bad_address", _OPS, "medium", 4 * _HOUR, "An address that cannot be shipped to"),
        IncidentType(
            "bad_transition", _OPS, "medium", 4 * _HOUR, "An event that does not follow from what is known"
        ),
        IncidentType("not_owned", _IT, "high", 2 * _HOUR, "A change by a system that does not own it"),
        IncidentType("rejected", _OPS, "high", 2 * _HOUR, "A target refused a document"),
        IncidentType("in_doubt", _OPS, "high", _HOUR, "Nobody knows whether a target applied a document"),
        IncidentType("throttled", _IT, "medium", 4 * _HOUR, "A target slows us down beyond its limits"),
        IncidentType("overdue", _OPS, "high", _HOUR, "A document could not be delivered in time"),
        IncidentType("backorder", _OPS, "low", 24 * _HOUR, "Ordered goods are not there"),
        IncidentType("part_fulfilled", _OPS, "low", 24 * _HOUR, "Less was shipped than ordered"),
        IncidentType("stock_variance", _OPS, "medium", 8 * _HOUR, "Two systems disagree on stock"),
        IncidentType("lot_missing", _OPS, "high", 4 * _HOUR, "A lot-controlled item without its lot"),
        IncidentType("lot_expired", _OPS, "high", 4 * _HOUR, "A lot past its date"),
        IncidentType("negative_stock", _OPS, "medium", 8 * _HOUR, "Stock below zero"),
        IncidentType("price_missing", _MASTER, "medium", 4 * _HOUR, "A line without a price"),
        IncidentType("mass_change", _OPS, "high", _HOUR, "A feed changes far more than usual and is held"),
        IncidentType("silence", _OPS, "high", _HOUR, "A system did not tell what it should have told by now"),
    )
}


@dataclass(slots=True)
class Incident:
    """One thing that needs somebody; members share one cause."""

    id: int
    type: str
    cause: str  #: what groups members; unique among open incidents
    severity: str
    owner: str
    opened_ms: int
    due_ms: int
    system: str
    document: str = ""
    number: str = ""
    path: str = ""
    value: str | None = None
    says: str = ""
    fix: str = ""
    state: IncidentState = IncidentState.OPEN
    reason: str | None = None
    members: list[tuple[MemberKind, int]] = field(default_factory=list[tuple[MemberKind, int]])
