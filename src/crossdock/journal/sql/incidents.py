"""The incidents of a store as the desk shows them: pages, one with its members, one's history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.message.incident import Incident, IncidentState, MemberKind
from crossdock.message.names import CAPTURE, INCIDENT, moment, name_of
from crossdock.message.states import EntryKind

PAGE = 100
#: Members whose keys and captures one incident lists; `members` counts all of them.
LISTED_MAX = 1_000

_ROW = (
    "id, type, cause, severity, owner, opened_ms, due_ms, system, document, number, path, value, says, fix, state,"
    " reason, closed_ms"
)
#: What can be done about an open incident, by type; retrying a doubt would be a guess.
_ACTS = ("assign", "fix", "retry", "resolve")
_ACTS_OF = {
    "in_doubt": ("assign", "fix", "resolve"),
    "duplicate_conflict": ("assign", "resolve"),
    "mass_change": ("assign", "retry", "resolve"),
    "part_fulfilled": ("assign", "resolve"),
    "stock_variance": ("assign", "resolve"),
}

#: Of an acknowledgement that refuses or does not come: what was sent is done, and nothing of it is held.
_OF_RECEIPTS = frozenset({"rejected", "overdue"})
#: Kinds of which no field can be mended: what a partner said stands as it came.
_AS_IT_CAME = frozenset({"interchange", "acknowledgement"})

#: Each member with the ordering key and the capture that it leads to, and the system that it came from.
_MEMBERS = (
    "SELECT m.kind, m.id, coalesce(t.key, d.key, c.order_by), coalesce(s.capture, d.capture, c.id),"
    " coalesce(t.origin, d.system, c.system) FROM members m"
    " LEFT JOIN captures c ON m.kind = 1 AND c.id = m.id"
    " LEFT JOIN messages d ON m.kind = 2 AND d.id = m.id"
    " LEFT JOIN transmissions t ON m.kind IN (3, 4) AND t.id = m.id"
    " LEFT JOIN messages s ON s.id = t.message"
    " WHERE m.incident = ?"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a page of incidents is narrowed to; `origin` keeps to what came from one system (for its own key)."""

    state: str = "open"  #: open | resolved | all
    type: str | None = None
    system: str | None = None
    key: str | None = None
    after: int = 0
    origin: str | None = None


def incidents(connection: Connection, wanted: Filter) -> dict[str, Any]:
    """One page, oldest first: how many there are in all, where the next page begins, the items."""
    condition, values = _condition(wanted)
    total = connection.execute(f"SELECT count(*) FROM incidents i WHERE {condition}", values).fetchone()[0]
    rows = connection.execute(
        f"SELECT {_ROW} FROM incidents i WHERE {condition} AND i.id > ? ORDER BY i.id LIMIT ?",
        (*values, wanted.after, PAGE + 1),
    ).fetchall()
    page = rows[:PAGE]
    following = name_of(INCIDENT, page[-1][0]) if len(rows) > PAGE else None
    return {
        "total": total,
        "next": following,
        "items": [_item(connection, row, wanted.origin) for row in page],
    }


def _condition(wanted: Filter) -> tuple[str, tuple[Any, ...]]:
    parts, values = ["1 = 1"], list[Any]()
    if wanted.state != "all":
        parts.append(f"i.state = {IncidentState[wanted.state.upper()].value}")
    if wanted.type is not None:
        parts.append("i.type = ?")
        values.append(wanted.type)
    member = (
        "EXISTS (SELECT 1 FROM members m LEFT JOIN captures c ON m.kind = 1 AND c.id = m.id"
        " LEFT JOIN messages d ON m.kind = 2 AND d.id = m.id"
        " LEFT JOIN transmissions t ON m.kind IN (3, 4) AND t.id = m.id WHERE m.incident = i.id AND"
    )
    # Those of a system are found by it; what each of them holds is looked at then.
    stand = "" if wanted.state == "all" else f" AND o.state = {IncidentState[wanted.state.upper()].value}"
    about = f"i.id IN (SELECT o.incident FROM incident_origins o WHERE o.system = ?{stand})"
    if wanted.system is not None:
        parts.append(f"{about} AND (i.system = ? OR {member} coalesce(t.origin, d.system, c.system) = ?))")
        values += [wanted.system] * 3
    if wanted.origin is not None:
        parts.append(f"{about} AND {member} coalesce(t.origin, d.system, c.system) = ?)")
        values += [wanted.origin] * 2
    if wanted.key is not None:
        parts.append(f"{member} coalesce(t.key, d.key, c.order_by) = ?)")
        values.append(wanted.key)
    return " AND ".join(parts), tuple(values)


def incident(connection: Connection, id_: int, *, origin: str | None = None) -> dict[str, Any] | None:
    """One incident as the list shows it; None when there is none, or nothing in it came from `origin`."""
    row = connection.execute(f"SELECT {_ROW} FROM incidents WHERE id = ?", (id_,)).fetchone()
    if row is None:
        return None
    item = _item(connection, row, origin)
    return item if origin is None or item["members"] else None


def history(connection: Connection, id_: int) -> list[dict[str, Any]]:
    """What people did about an incident, oldest first."""
    rows = connection.execute(
        "SELECT position, at_ms, says, detail FROM ledger WHERE incident = ? AND incident IS NOT NULL AND kind = ?"
        " ORDER BY position LIMIT ?",
        (id_, EntryKind.act.value, LISTED_MAX),
    )
    return [_act(*row) for row in rows]


def _act(position: int, at_ms: int, says: str, detail: str | None) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(detail) if detail else {}
    return {
        "position": position,
        "at": moment(at_ms),
        "says": says,
        "who": told.get("who"),
        "act": told.get("act"),
    }


def _item(connection: Connection, row: Sequence[Any], origin: str | None) -> dict[str, Any]:
    (
        id_, type_, _, severity, owner, opened_ms, due_ms, system, document, number, path, value, says, fix, state,
        reason, closed_ms,
    ) = row  # fmt: skip
    count, members = _members(connection, id_, origin)
    is_open = state == IncidentState.OPEN.value
    item: dict[str, Any] = {
        "id": name_of(INCIDENT, id_),
        "type": type_,
        "severity": severity,
        "state": IncidentState(state).name.lower(),
        "owner": owner,
        "opened_at": moment(opened_ms),
        "due_at": moment(due_ms),
        "system": system,
        "object": document,
        "number": number,
        "keys": _listed(m[2] for m in members),
        "members": count,
        "captures": [name_of(CAPTURE, c) for c in _listed(m[3] for m in members)],
        "path": path,
        "value": value,
        "says": says,
        "fix": fix,
        "acts": _acts(type_, members, document, path) if is_open else [],
    }
    if not is_open:
        item |= {"reason": reason, "closed_at": None if closed_ms is None else moment(closed_ms)}
    return item


def _acts(type_: str, members: Sequence[tuple[Any, ...]], document: str, path: str) -> list[str]:
    """What can be done: a conflict at the door left nothing behind to let go, a document that came twice did.

    Where nothing is held there is nothing to send back; and what a partner wrote is not mended value by value.
    """
    if type_ == "duplicate_conflict" and any(kind == MemberKind.MESSAGE.value for kind, *_ in members):
        return ["assign", "retry", "resolve"]
    acts = list(_ACTS_OF.get(type_, _ACTS))
    if type_ in _OF_RECEIPTS and not members:
        return ["assign", "resolve"]
    if (document in _AS_IT_CAME or "/" in path) and type_ != "unmapped_code" and "fix" in acts:
        acts.remove("fix")
    return acts


def _members(connection: Connection, id_: int, origin: str | None) -> tuple[int, list[tuple[Any, ...]]]:
    """How many members there are, and the first of them; all of them may be many thousands."""
    if origin is None:
        count = connection.execute("SELECT count(*) FROM members WHERE incident = ?", (id_,)).fetchone()[0]
        return count, connection.execute(f"{_MEMBERS} LIMIT {LISTED_MAX}", (id_,)).fetchall()
    own = f"{_MEMBERS} AND coalesce(t.origin, d.system, c.system) = ?"
    count = connection.execute(f"SELECT count(*) FROM ({own}) AS own", (id_, origin)).fetchone()[0]
    return count, connection.execute(f"{own} LIMIT {LISTED_MAX}", (id_, origin)).fetchall()


def _listed(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(v for v in values if v is not None))


# -- for who acts ----------------------------------------------------------------


def record(connection: Connection, id_: int) -> Incident | None:
    """One incident as a record, without its members."""
    row = connection.execute(f"SELECT {_ROW} FROM incidents WHERE id = ?", (id_,)).fetchone()
    if row is None:
        return None
    *head, state, reason, _ = row
    found = Incident(*head)
    found.state, found.reason = IncidentState(state), reason
    return found


def held(connection: Connection, id_: int, limit: int) -> list[tuple[MemberKind, int]]:
    """Members that wait because of an incident, transmissions before their followers."""
    rows = connection.execute(
        "SELECT kind, id FROM held WHERE incident = ? ORDER BY kind, id LIMIT ?", (id_, limit)
    )
    return [(MemberKind(kind), member) for kind, member in rows]


def sources(connection: Connection, id_: int, after: int, limit: int) -> list[tuple[int, str, str, str]]:
    """(member, system, document, their id) of what an incident holds, beyond one member.

    Of a capture that many documents came in, such as a file, only those that it holds are meant.
    """
    return connection.execute(
        "SELECT min(h.id), c.system, coalesce(s.document, d.document, c.document),"
        " coalesce(s.their_id, d.their_id, c.their_id) FROM held h"
        " LEFT JOIN messages d ON h.kind = 2 AND d.id = h.id"
        " LEFT JOIN transmissions t ON h.kind = 3 AND t.id = h.id"
        " LEFT JOIN messages s ON s.id = t.message"
        " JOIN captures c ON c.id = coalesce(s.capture, d.capture, CASE h.kind WHEN 1 THEN h.id END)"
        " WHERE h.incident = ? AND h.kind <> 4 AND h.id > ? GROUP BY 2, 3, 4 ORDER BY 1 LIMIT ?",
        (id_, after, limit),
    ).fetchall()


def open_by_type(connection: Connection) -> dict[str, int]:
    """How many incidents are open, by type."""
    return dict(
        connection.execute("SELECT type, count(*) FROM incidents WHERE state = 1 GROUP BY type").fetchall()
    )
