"""What becomes of an arrival once it is known what it is: rows and entries, the same in every store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossdock.journal.chain import crc, digest, partition_of
from crossdock.journal.changes import Changes, packed
from crossdock.journal.contract import Arrival
from crossdock.message.incident import TYPES, Incident, MemberKind
from crossdock.message.records import Capture, Entry
from crossdock.message.states import CaptureState, EntryKind


@dataclass(frozen=True, slots=True)
class Stored:
    """A new capture as it is written: two rows, the entry that tells of it, and the record for the worker."""

    payload: tuple[Any, ...]
    capture: tuple[Any, ...]
    entry: Entry
    record: Capture


def stored(
    a: Arrival, id_: int, payload: int, *, scope: int, version: int, late: bool, salt: bytes
) -> Stored:
    """A new document, or a late one."""
    codec, data = packed(a.body)
    partition = partition_of(a.order_by or a.their_id)
    fixed = (
        id_, scope, a.system, a.document, a.their_id, version, a.order_by, a.content_type, payload, a.at_ms, late,
    )  # fmt: skip
    entry = Entry(
        EntryKind.accepted, system=a.system, origin=a.system, capture=id_, state=CaptureState.WAITING.value,
        says=f"{a.document} {a.their_id}", payload=payload, digest=digest(salt, a.body),
        seal=(*fixed, a.idempotency_key), partition=partition,
    )  # fmt: skip
    record = Capture(
        id_, a.system, a.document, a.their_id, version, a.order_by, a.content_type, payload, a.at_ms, late,
        body=a.body, parsed=a.parsed, partition=partition,
    )  # fmt: skip
    row = (payload, salt, codec, len(a.body), data, crc(data))
    return Stored(row, (*fixed, CaptureState.WAITING.value, partition), entry, record)


def repeated(a: Arrival, capture: int) -> Entry:
    """The same again."""
    return Entry(
        EntryKind.repeated, system=a.system, origin=a.system, capture=capture,
        says=f"{a.document} {a.their_id} came again", partition=partition_of(a.order_by or a.their_id),
    )  # fmt: skip


def cause_of_conflict(a: Arrival) -> str:
    """What groups the conflicts of one document."""
    return f"duplicate_conflict/{a.system}/{a.document}/{a.their_id}"


def conflict(a: Arrival, capture: int, now_ms: int, changes: Changes, incident: Callable[[], int]) -> int:
    """Keeps the refused bytes and puts the conflict on the desk; the key stays with the first. Gives the incident."""
    payload, sealed = changes.payload(a.body)
    id_ = incident()
    type_ = TYPES["duplicate_conflict"]
    says = f"{a.system} sent {a.document} {a.their_id} again with other content; the first one stands"
    opened = Incident(
        id_, type_.name, cause_of_conflict(a), type_.severity, type_.owner, now_ms,
        now_ms + type_.respond_s * 1000, a.system, a.document, a.their_id, says=says,
        members=[(MemberKind.CAPTURE, capture)],
        fix="ask the sender which one is right; a real change needs a new version or on_change: revise",
    )  # fmt: skip
    entry = Entry(
        EntryKind.incident, system=a.system, origin=a.system, capture=capture, says=says, payload=payload,
        digest=sealed, partition=partition_of(a.order_by or a.their_id),
    )  # fmt: skip
    changes.open_incident(opened, entry)
    changes.row("insert_door", changes.scope, a.system, now_ms, 409, says, payload, id_)
    return id_
