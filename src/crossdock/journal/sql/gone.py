"""Rows that must be there because others tell of them: what was deleted leaves no mark of its own."""

from __future__ import annotations

from crossdock.journal.sql.connection import Connection
from crossdock.message.incident import MemberKind
from crossdock.message.states import MessageState, TransmissionState

_ROUTED, _DONE = MessageState.ROUTED.value, TransmissionState.DONE.value
_MESSAGE, _TRANSMISSION = MemberKind.MESSAGE.value, MemberKind.TRANSMISSION.value
_UNANSWERED = "the incident of {}, which waits for a person"
_M_DESK, _T_DESK = MessageState.DESK.value, TransmissionState.DESK.value

#: What the hub itself tells of an order is nobody's belief.
_TOLD = "m.document <> 'order_status'"
_BELIEF = "beliefs x WHERE x.hub = m.hub AND x.system = m.{}"
_MEMBER = "members x WHERE x.kind = {} AND x.id = m.id"
_SAME_NAME = (
    "x.scope = m.scope AND x.system = m.system AND x.document = m.document AND x.their_id = m.their_id"
)
#: A level that the hub reckoned came from nobody: it has no name elsewhere, and nobody told it.
_CAME = f"m.state = {_ROUTED} AND m.capture <> 0"
#: What is gone; the table that tells of it, which of its rows do, and what they name; the row that must be there.
_GONE = (
    ("the object of {}", "messages", f"m.state = {_ROUTED}", "number", "hubs x WHERE x.id = m.hub"),
    ("the identity of {}", "messages", _CAME, "number", f"identity x WHERE {_SAME_NAME}"),
    ("the sender's belief of {}", "messages", f"{_CAME} AND {_TOLD}", "number", _BELIEF.format("system")),
    (
        "the receiver's belief of {}",
        "transmissions",
        f"m.state = {_DONE}",
        "number",
        _BELIEF.format("target"),
    ),
    ("incident {}", "ledger", "m.incident IS NOT NULL", "incident", "incidents x WHERE x.id = m.incident"),
    (_UNANSWERED, "messages", f"m.state = {_M_DESK}", "number", _MEMBER.format(_MESSAGE)),
    (_UNANSWERED, "transmissions", f"m.state = {_T_DESK}", "number", _MEMBER.format(_TRANSMISSION)),
)


def first_gone(connection: Connection) -> str | None:
    """What another row tells of and is not there; None when nothing is missing."""
    for says, table, which, named, row in _GONE:
        query = f"SELECT m.{named} FROM {table} m WHERE {which} AND NOT EXISTS (SELECT 1 FROM {row}) LIMIT 1"
        found = connection.execute(query).fetchone()
        if found is not None:
            return f"{says.format(found[0])} is gone"
    return None
