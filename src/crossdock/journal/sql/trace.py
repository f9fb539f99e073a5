"""The story of one business object: every ledger entry about it, in order, down to the bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.changes import ERASED, unpacked
from crossdock.journal.sql.awaited import Closed, open_
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.renumbered import names_of
from crossdock.journal.sql.standing import Standing, Subject, standing
from crossdock.message.names import BYTES, CAPTURE, HUB, INCIDENT, MESSAGE, TRANSMISSION, moment, name_of
from crossdock.message.states import EntryKind
from crossdock.model.documents.sales import SalesOrder

#: The states of an order, from the root of its story.
States = Callable[[Connection, int], dict[str, Any]]
#: Entries of one story; the newest are kept when there are more.
ENTRIES_MAX = 2_000
#: Captures, systems and incidents that one story looks at.
_PARTS_MAX = 500


@dataclass(frozen=True, slots=True)
class Object:
    """One object that a number may mean; without a hub it never got beyond the door."""

    hub: int | None
    root: int | None
    key: str | None
    system: str  #: who owns it, or sent it


@dataclass(frozen=True, slots=True)
class Several:
    """A number that means more than one object, with who owns each."""

    choices: Sequence[dict[str, Any]]


def trace(
    connection: Connection,
    document: str,
    number: str,
    *,
    system: str | None = None,
    origin: str | None = None,
    closed: Closed = open_,
    life: States | None = None,
) -> dict[str, Any] | Several | None:
    """The story of an object; None when nobody ever spoke of it.

    `system` says whose number it is; `origin` keeps to objects that came from one system (for its own key);
    `closed` tells why something does not pass now, `life` the states of an order.
    """
    names = names_of(connection, document, number)
    found = _objects(connection, document, number, system)
    for other in names.others(number) if not found else ():
        found = _objects(connection, document, other, system)
        if found:
            number = other
            break
    if origin is not None:
        found = [one for one in found if one.system == origin]
    if not found:
        return None
    if len(found) > 1:
        return Several([_choice(document, number, one) for one in found])
    story = _story(connection, document, number, found[0], closed, life)
    if names.formerly:
        story["renumbered"] = {"now": names.now, "formerly": list(names.formerly)}
    return story


def _choice(document: str, number: str, one: Object) -> dict[str, Any]:
    return {"system": one.system, "object": document, "number": number, "hub_id": name_of(HUB, one.hub)}


# -- which object ----------------------------------------------------------------


def _objects(connection: Connection, document: str, number: str, system: str | None) -> list[Object]:
    systems = [system] if system is not None else _systems(connection)
    hubs: dict[int, Object] = {}
    for id_, root, key, owner in connection.execute(
        "SELECT id, root, key, owner FROM hubs WHERE document = ? AND number = ? LIMIT ?",
        (document, number, _PARTS_MAX),
    ):
        if system is None or owner == system or _their_id(connection, id_, system) is not None:
            hubs[id_] = Object(id_, root, key, owner)
    for name in systems:
        row = connection.execute(
            "SELECT h.id, h.root, h.key, h.owner FROM identity i JOIN hubs h ON h.id = i.hub"
            " WHERE i.scope = 1 AND i.system = ? AND i.document = ? AND i.their_id = ?",
            (name, document, number),
        ).fetchone()
        if row is not None:
            hubs.setdefault(row[0], Object(*row))
    if hubs:
        return list(hubs.values())
    # What could not be translated has no object yet; its sender's number is all that is known.
    return [
        Object(None, None, None, name) for name in systems if _captures_of(connection, name, document, number)
    ]


def _systems(connection: Connection) -> list[str]:
    """Every system that ever sent or took anything, found by leaps over an index."""
    found: set[str] = set()
    for table in ("revisions", "identity"):
        last = ""
        while len(found) < _PARTS_MAX:
            query = f"SELECT min(system) FROM {table} WHERE scope = 1 AND system > ?"
            row = connection.execute(query, (last,)).fetchone()
            if row[0] is None:
                break
            last = row[0]
            found.add(last)
    return sorted(found)


def _their_id(connection: Connection, hub: int, system: str) -> str | None:
    row = connection.execute(
        "SELECT their_id FROM identity WHERE hub = ? AND system = ?", (hub, system)
    ).fetchone()
    return row[0] if row else None


def _captures_of(connection: Connection, system: str, document: str, their_id: str) -> list[int]:
    rows = connection.execute(
        "SELECT capture FROM revisions WHERE scope = 1 AND system = ? AND document = ? AND their_id = ?"
        " ORDER BY version DESC LIMIT ?",
        (system, document, their_id, _PARTS_MAX),
    )
    return [row[0] for row in rows]


# -- its story -------------------------------------------------------------------


def _story(
    connection: Connection, document: str, number: str, one: Object, closed: Closed, life: States | None
) -> dict[str, Any]:
    ids = _ids(connection, document, one, number)
    captures = {c for known in ids for c in _captures_of(connection, known["system"], document, known["id"])}
    called = _number(connection, one, number)
    where = standing(connection, one.root, captures, Subject(document, called, one.hub), closed)
    rows = _entries(connection, one.root, where)
    states: dict[str, Any] = {}
    if life is not None and one.root is not None and document == SalesOrder.kind:
        states = {"lifecycle": life(connection, one.root)}
    return {
        "object": document,
        "number": called,
        "hub_id": name_of(HUB, one.hub),
        "key": one.key,
        "ids": ids,
        "state": where.state,
        "waits_for": where.waits_for,
        **states,
        "entries": [_entry(connection, row) for row in rows],
    }


def _number(connection: Connection, one: Object, number: str) -> str:
    row = connection.execute("SELECT number FROM hubs WHERE id = ?", (one.hub,)).fetchone()
    return row[0] if row else number


def _ids(connection: Connection, document: str, one: Object, number: str) -> list[dict[str, str]]:
    if one.hub is None:
        return [{"system": one.system, "id": number}]
    rows = connection.execute(
        "SELECT system, their_id FROM identity WHERE hub = ? AND document = ? ORDER BY position LIMIT ?",
        (one.hub, document, _PARTS_MAX),
    )
    return [{"system": system, "id": their_id} for system, their_id in rows]


_ENTRY = (
    "l.position, l.at_ms, l.kind, l.system, l.capture, l.message, l.transmission, l.attempt, l.says, c.version, c.code,"
    " l.reads, l.payload, l.incident FROM ledger l LEFT JOIN charters c ON c.id = l.charter"
)


def _entries(connection: Connection, root: int | None, where: Standing) -> list[tuple[Any, ...]]:
    """By the root of the story; by its captures while nobody knew the root; and what people did on its incidents."""
    found: dict[int, tuple[Any, ...]] = {}

    def add(condition: str, *values: int) -> None:
        query = f"SELECT {_ENTRY} WHERE {condition} ORDER BY l.position DESC LIMIT {ENTRIES_MAX}"
        for row in connection.execute(query, values):
            found[row[0]] = row

    if root is not None:
        add("l.root = ?", root)
    for capture in _some(where.captures):
        add("l.capture = ? AND l.root IS NULL AND l.capture IS NOT NULL", capture)
    for incident in _some(where.incidents):
        add(f"l.incident = ? AND l.incident IS NOT NULL AND l.kind = {EntryKind.act.value}", incident)
    return [found[position] for position in sorted(found)][-ENTRIES_MAX:]


def _some(ids: Iterable[int]) -> list[int]:
    return sorted(ids)[-_PARTS_MAX:]


def _entry(connection: Connection, row: tuple[Any, ...]) -> dict[str, Any]:
    (
        position,
        at_ms,
        kind,
        system,
        capture,
        message,
        transmission,
        attempt,
        says,
        charter,
        code,
        reads,
        payload,
        incident,
    ) = row
    entry: dict[str, Any] = {
        "position": position,
        "at": moment(at_ms),
        "kind": EntryKind(kind).name,
        "system": system or None,
        "capture": name_of(CAPTURE, capture),
        "message": name_of(MESSAGE, message),
        "transmission": name_of(TRANSMISSION, transmission),
        "attempt": attempt,
        "says": says,
        "charter": charter,
        "code": code,
        "reads": json.loads(reads) if reads else [],
        "bytes": _bytes(connection, position, payload),
    }
    if incident is not None:
        entry["incident"] = name_of(INCIDENT, incident)
    return entry


def _bytes(connection: Connection, position: int, payload: int | None) -> dict[str, Any] | None:
    if payload is None:
        return None
    row = connection.execute("SELECT codec, size, data FROM payloads WHERE id = ?", (payload,)).fetchone()
    if row is None:
        return None
    codec, size, data = row
    sha256 = hashlib.sha256(unpacked(codec, data)).hexdigest()
    link = {"sha256": sha256, "length": size, "href": f"/v1/bytes/{name_of(BYTES, position)}"}
    return link | {"erased": True} if codec == ERASED else link
