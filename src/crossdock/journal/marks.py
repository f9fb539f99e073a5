"""Marks: eight bytes by which the ledger vouches for rows of other tables, and rows for themselves."""

from __future__ import annotations

from typing import Any, cast

from crossdock.journal.chain import mark
from crossdock.journal.numbers import WAITING
from crossdock.message.incident import IncidentState
from crossdock.message.records import Transmission

#: Rows of which only the first values are vouched for; the others follow from them, or are needed to write.
SHORT = {"upsert_stock_belief": ("stock_belief", 14), "insert_reservation": ("reservation", 12),
         "move_reservation": ("reservation", 12), "upsert_stock_told": ("stock_told", 7),
         "insert_approval": ("approval", 15), "decide_approval": ("approval", 15),
         "claim_once": ("claim", 4), "move_claim": ("claim", 4), "insert_resend": ("upsert_resend", 8)}  # fmt: skip
#: Rows that cite the entry that made them: its position is their last value, and it holds their mark.
CITING = frozenset(
    {"upsert_hub", "introduce_shared", "upsert_identity", "upsert_belief", "insert_member", "insert_member_by_cause",
     "insert_override", "upsert_crosswalk_row", "insert_gate_act", "upsert_number", "move_number",
     "insert_receipt", "answer_receipt", "upsert_restored", "assign_incident", "resolve_incident",
     "resolve_empty_incident", *SHORT, "insert_promise", "upsert_coming", "upsert_person", "insert_stone",
     "escalate_incident", "upsert_incident_clock", "insert_shift_note", "upsert_desk_run", "upsert_resend"}
)  # fmt: skip
#: Not a row but the mark of a move that an entry tells of beside its own.
TOLD = "told"
#: Rows that no entry makes: they carry a mark of their own as their last value.
MARKED = frozenset(
    {
        "insert_alias",
        "insert_door",
        "upsert_cursor",
        "insert_answer",
        "insert_charter",
        "insert_key",
        "insert_anchor",
        "upsert_tally",
    }
)


def marked(statement: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values of a row that carries its own mark."""
    return (*values, mark(statement, values))


def marks_of(statement: str, values: tuple[Any, ...]) -> bytes:
    """The marks of a row that cites its entry: one, or two where part of the row may change later."""
    if statement in ("upsert_hub", "introduce_shared"):
        # The home is where the object is decided, not what is known of it: it may change hands.
        id_, root, document, number, owner, key, _ = cast("tuple[Any, Any, Any, Any, Any, Any, Any]", values)
        return mark("hub", (id_, document, number, owner)) + mark("place", (id_, root, key))
    if statement == "insert_incident":
        # All but the owner and the state, which change later.
        fixed = mark("incident", values[:5] + values[6:-1])
        return fixed + incident_mark(values[0], values[5], values[-1], None, None)
    if statement in ("assign_incident", "escalate_incident"):
        return incident_mark(values[0], values[1], IncidentState.OPEN.value, None, None)
    if statement == "resolve_incident":
        id_, owner, reason, closed_ms = cast("tuple[int, str, str, int]", values)
        return incident_mark(id_, owner, IncidentState.RESOLVED.value, reason, closed_ms)
    if statement in ("upsert_number", "move_number"):
        return mark("number", values[:4])
    if statement == "insert_receipt":
        return mark("receipt", values) + receipt_mark(values[0], values[1], WAITING, None)
    if statement == "answer_receipt":
        state, answered, transmission, round_ = cast("tuple[int, str | None, int, int]", values)
        return receipt_mark(transmission, round_, state, answered)
    if statement == TOLD:
        return values[0]
    if statement in SHORT:
        name, count = SHORT[statement]
        return mark(name, values[:count])
    return mark(statement, values)


def incident_mark(id_: int, owner: str, state: int, reason: str | None, closed_ms: int | None) -> bytes:
    """The mark of what changes on an incident."""
    return mark("stand", (id_, owner, state, reason, closed_ms))


def transmission_mark(t: Transmission) -> bytes:
    """The mark of what changes on a transmission, but for its state."""
    return mark("transmission", (t.id, t.round, t.attempt, t.due_ms, t.first_ms, t.payload, t.request))


def message_mark(id_: int, waits_for: str | None, until_ms: int | None) -> bytes | None:
    """The mark of what a message waits for; None when it waits for nothing."""
    return None if waits_for is None and until_ms is None else mark("message", (id_, waits_for, until_ms))


def receipt_mark(transmission: int, round_: int, state: int, answered: str | None) -> bytes:
    """The mark of what changes on a receipt."""
    return mark("answer", (transmission, round_, state, answered))
