"""Turns a fault into an incident on the desk with an owner and a clock."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec
import structlog

from crossdock.charter.charter import Charter
from crossdock.faults import Fault, Unmapped
from crossdock.kit.connector import Read
from crossdock.message.gate import Direction
from crossdock.message.incident import TYPES, Incident, MemberKind
from crossdock.message.records import Message

#: Types whose incidents gather all documents with the same wrong value: one missing row, one incident.
_BY_VALUE = frozenset({"unknown_sku", "unknown_unit", "unmapped_code"})
_VALUE_MAX = 200  #: characters of a value that an incident shows


_log = structlog.get_logger("crossdock.desk")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Subject:
    """What an incident is about."""

    system: str
    document: str
    number: str


def shown(value: object) -> str | None:
    """A value as an incident shows it: text, bounded."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _VALUE_MAX else text[: _VALUE_MAX - 1] + "…"


def cause_of(fault: Fault, subject: Subject, member: tuple[MemberKind, int]) -> str:
    """What groups incidents: the wrong value for codes, the target's words for refusals, else the member itself."""
    if isinstance(fault, Unmapped):
        return f"{fault.type}/{subject.system}/{fault.crosswalk}/{shown(fault.value)}"
    if fault.type in _BY_VALUE or (fault.type == "backorder" and fault.value is not None):
        return f"{fault.type}/{subject.system}/{shown(fault.value)}"
    if fault.type == "mass_change":
        return f"mass_change/{subject.system}/{subject.document}"
    if fault.type == "in_doubt":
        return f"in_doubt/t{member[1]}"
    if fault.type == "invalid" and fault.path and "." not in fault.path and fault.value is None:
        # One mapping that yields nothing for a field fails alike for every document.
        return f"invalid/{subject.system}/{subject.document}/{fault.path}/{fault.says}"[:300]
    return f"{fault.type}/{subject.system}/{subject.document}/{member[0].name.lower()}{member[1]}"


def subject_of(message: Message, fault: Fault) -> Subject:
    """What an incident of a message is about: its document, or all of a feed that runs away."""
    return Subject(message.system, message.document, "" if fault.type == "mass_change" else message.number)


def incident_of(
    fault: Fault, subject: Subject, member: tuple[MemberKind, int], *, id_: int, now_ms: int, charter: Charter
) -> Incident:
    """The incident that a fault becomes."""
    type_ = TYPES.get(fault.type, TYPES["invalid"])
    # The desk has the words and the value; a log is read by others, so it names only the thing.
    _log.warning(
        "incident", type=type_.name, system=subject.system, document=subject.document, number=subject.number
    )
    owners: Mapping[str, str] = charter.owners
    severity = charter.desk.severity(type_.name, type_.severity)
    respond_s = charter.desk.respond_s(type_.name, severity, type_.respond_s)
    return Incident(
        id=id_,
        type=type_.name,
        cause=cause_of(fault, subject, member),
        severity=severity,
        owner=owners.get(type_.name, type_.owner),
        opened_ms=now_ms,
        due_ms=_due_ms(subject.system, respond_s, now_ms, charter),
        system=subject.system,
        document=subject.document,
        number=subject.number,
        path=fault.path,
        value=shown(fault.value),
        says=fault.says,
        fix=fault.fix,
        members=[member],
    )


def notice_of(
    fault: Fault, subject: Subject, cause: str, *, id_: int, now_ms: int, charter: Charter
) -> Incident:
    """An incident that holds nothing: what it tells of was not taken, so nothing of it could be sent back."""
    incident = incident_of(fault, subject, (MemberKind.CAPTURE, id_), id_=id_, now_ms=now_ms, charter=charter)
    incident.cause, incident.members = cause, []
    return incident


def _due_ms(system: str, respond_s: float, now_ms: int, charter: Charter) -> int:
    """When somebody must have looked; while the system is left alone nobody can."""
    known = charter.systems.get(system)
    if known is None or not known.blackouts:
        return now_ms + int(respond_s * 1000)
    return charter.calendar(system, Direction.OUT.value).advanced(now_ms, int(respond_s * 1000))


def reads_json(reads: Collection[Read]) -> str | None:
    """The read set of a decision as the ledger keeps it."""
    if not reads:
        return None
    return _encode([{"what": read.what, "version": read.version} for read in reads]).decode()
