"""Objects as people look for them: by any number, the newest, and those that wait."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.changes import unpacked_tree
from crossdock.journal.sql.connection import Connection
from crossdock.message.names import CAPTURE, HUB, INCIDENT, MESSAGE, TRANSMISSION, id_of

FOUND_MAX = 50
#: Objects that one page of the newest looks at; few of them may be of the kind that is wanted.
LOOKED_AT_MAX = 5_000
#: Sendings among which the oldest are sought.
BACKLOG_MAX = 20_000
#: What an object is doing while it waits, by the state of its transmissions.
OPEN = (1, 2, 3, 4, 5, 8)
_DESK = 8


#: What the hub's own names lead to.
_NAMED = (
    (HUB, "SELECT id FROM hubs WHERE id = ?"),
    (MESSAGE, "SELECT hub FROM messages WHERE id = ?"),
    (TRANSMISSION, "SELECT hub FROM transmissions WHERE id = ?"),
    (CAPTURE, ("SELECT hub FROM identity i JOIN captures c ON i.scope = 1 AND i.system = c.system"
     " AND i.document = c.document AND i.their_id = c.their_id WHERE c.id = ?")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One object that a person may mean."""

    hub: int
    document: str
    number: str
    owner: str


@dataclass(frozen=True, slots=True)
class Row:
    """One object in a list: who knows it, and how it stands."""

    hub: int
    document: str
    number: str
    owner: str
    heard_ms: int | None  #: when anybody last said or acknowledged something of it
    known_to: Sequence[str]
    open: int  #: sendings that are not at their end
    desk: int  #: what of it waits for a person


@dataclass(frozen=True, slots=True)
class Side:
    """What one system has of an object."""

    system: str
    ids: Sequence[str]  #: its numbers for it
    heard_ms: int | None  #: when it last said or acknowledged something of it
    state: int | None  #: of a sending to it that is not at its end


def found_by_number(
    connection: Connection, number: str, documents: Collection[str], systems: Collection[str],
    limit: int = FOUND_MAX,
) -> list[Found]:  # fmt: skip
    """Objects with this number, their own or any system's; then those whose own number begins so."""
    found: dict[int, Found] = {}
    named = connection.dialect
    kinds, owners = named.listed(list(documents)), named.listed(list(systems))
    among = named.among.format("document")
    exact = f"SELECT id, document, number, owner FROM hubs WHERE {among} AND number = ? LIMIT ?"
    _add(found, connection.execute(exact, (kinds, number, limit)))
    others = (
        "SELECT h.id, h.document, h.number, h.owner FROM identity i JOIN hubs h ON h.id = i.hub"
        f" WHERE i.scope = 1 AND {named.among.format('i.system')} AND {named.among.format('i.document')}"
        " AND i.their_id = ? LIMIT ?"
    )
    _add(found, connection.execute(others, (owners, kinds, number, limit)))
    if not found and number:
        for document in documents:
            begins = (
                "SELECT id, document, number, owner FROM hubs WHERE document = ? AND number >= ? AND number < ?"
                " ORDER BY number LIMIT ?"
            )
            _add(
                found,
                connection.execute(begins, (document, number, after_all(number), limit - len(found))),
            )
            if len(found) >= limit:
                break
    return list(found.values())


def found_by_name(connection: Connection, name: str) -> Found | str | None:
    """What one of the hub's own names means: an object, or the name of an incident (i10) itself."""
    incident = id_of(INCIDENT, name)
    if incident is not None:
        row = connection.execute("SELECT 1 FROM incidents WHERE id = ?", (incident,)).fetchone()
        return name if row else None
    for kind, query in _NAMED:
        id_ = id_of(kind, name.partition(".")[0])
        if id_ is None:
            continue
        hub = connection.execute(query, (id_,)).fetchone()
        if hub is not None:
            return _object(connection, hub[0])
    return None


def untranslated(
    connection: Connection, number: str, documents: Collection[str], systems: Collection[str]
) -> list[tuple[str, str]]:
    """(system, document) of what came under this number and could not be understood."""
    named = connection.dialect
    rows = connection.execute(
        f"SELECT DISTINCT system, document FROM revisions WHERE scope = 1 AND {named.among.format('system')}"
        f" AND {named.among.format('document')} AND their_id = ? LIMIT ?",
        (named.listed(list(systems)), named.listed(list(documents)), number, FOUND_MAX),
    )
    return [(system, document) for system, document in rows]


def not_understood(
    connection: Connection, documents: Collection[str], systems: Collection[str], limit: int
) -> list[tuple[str, str, str]]:
    """(system, document, its number there) of what lies on the desk because it was not understood, newest first."""
    rows: list[tuple[int, str, str, str]] = []
    for system in systems:
        for document in documents:
            rows += connection.execute(
                "SELECT id, system, document, their_id FROM captures WHERE state = 3 AND system = ? AND document = ?"
                " ORDER BY id DESC LIMIT ?",
                (system, document, limit),
            ).fetchall()
    rows.sort(reverse=True)
    return [(system, document, number) for _, system, document, number in rows[:limit]]


def newest(
    connection: Connection, documents: Collection[str], before: int, limit: int
) -> tuple[list[int], int | None]:
    """Objects of some kinds, newest first, from below one number; and below which to look further (None: no more)."""
    beyond = f"WHERE id < {before}" if before else ""
    rows = connection.execute(
        f"SELECT id, document FROM hubs {beyond} ORDER BY id DESC LIMIT ?", (LOOKED_AT_MAX,)
    ).fetchall()
    hubs: list[int] = []
    for id_, document in rows:
        if document in documents:
            hubs.append(id_)
            if len(hubs) == limit:
                return hubs, id_
    return hubs, rows[-1][0] if len(rows) == LOOKED_AT_MAX else None


def waiting(
    connection: Connection, states: Sequence[int], target: str | None, after: int, limit: int
) -> tuple[list[int], int | None]:
    """Objects with sendings in some states, the oldest first; and after which sending to look further."""
    among = ", ".join(str(int(one)) for one in states)
    to, values = ("", ()) if target is None else (" AND target = ?", (target,))
    open_ = connection.dialect.index.format("transmissions_open")
    # Of a great backlog some are looked at, so that a page costs the same whatever waits.
    some = (
        f"SELECT id FROM transmissions{open_} WHERE {connection.dialect.open_work} AND state IN ({among}){to}"
        f" AND id > ? LIMIT {BACKLOG_MAX}"
    )
    rows = connection.execute(
        f"SELECT t.id, t.hub FROM (SELECT id FROM ({some}) AS s ORDER BY id LIMIT ?) AS o"
        " JOIN transmissions t ON t.id = o.id ORDER BY t.id",
        (*values, after, limit),
    ).fetchall()
    return list(dict.fromkeys(hub for _, hub in rows)), rows[-1][0] if len(rows) == limit else None


def rows_of(connection: Connection, hubs: Iterable[int]) -> list[Row]:
    """Some objects as a list shows them, in the order given: all of them read together."""
    wanted = list(hubs)
    among, most = connection.dialect.among.format, len(wanted) * FOUND_MAX

    def read(query: str, values: Iterable[int]) -> list[tuple[Any, ...]]:
        return connection.execute(
            f"{query} LIMIT ?", (connection.dialect.listed(list(values)), most)
        ).fetchall()

    objects = {
        row[0]: row
        for row in read(f"SELECT id, document, number, owner FROM hubs WHERE {among('id')}", wanted)
    }
    heard: dict[int, int] = {}
    messages: dict[int, set[int]] = {}
    for hub, at_ms, message in read(f"SELECT hub, at_ms, message FROM beliefs WHERE {among('hub')}", wanted):
        heard[hub] = max(at_ms, heard.get(hub, at_ms))
        messages.setdefault(hub, set()).add(message)
    known: dict[int, list[str]] = {}
    for hub, system in read(f"SELECT DISTINCT hub, system FROM identity WHERE {among('hub')}", wanted):
        known.setdefault(hub, []).append(system)
    states: dict[int, list[int]] = {}
    of_all = {message for some in messages.values() for message in some}
    for message, state in read(f"SELECT message, state FROM transmissions WHERE {among('message')}", of_all):
        states.setdefault(message, []).append(state)
    lying = {
        row[0]
        for row in read(f"SELECT DISTINCT hub FROM messages WHERE state = 5 AND {among('hub')}", wanted)
    }
    rows: list[Row] = []
    for hub in wanted:
        if (found := objects.get(hub)) is None:
            continue
        sent = [state for message in messages.get(hub, ()) for state in states.get(message, ())]
        rows.append(
            Row(
                hub, found[1], found[2], found[3], heard.get(hub), sorted(known.get(hub, [])),
                open=sum(state in OPEN for state in sent), desk=sent.count(_DESK) + (hub in lying),
            )
        )  # fmt: skip
    return rows


def sides(connection: Connection, hub: int) -> list[Side]:
    """Every system that has an object or is to have it, in the order in which they came to know it."""
    ids: dict[str, list[str]] = {}
    named = "SELECT system, their_id FROM identity WHERE hub = ? ORDER BY position LIMIT ?"
    for system, their_id in connection.execute(named, (hub, FOUND_MAX)):
        ids.setdefault(system, []).append(their_id)
    told = connection.execute(
        "SELECT system, at_ms, message FROM beliefs WHERE hub = ? ORDER BY position LIMIT ?", (hub, FOUND_MAX)
    ).fetchall()
    heard = {system: at_ms for system, at_ms, _ in told}
    open_: dict[str, int] = {}
    for message in sorted({message for _, _, message in told}):
        for target, state in connection.execute(
            "SELECT target, state FROM transmissions WHERE message = ? LIMIT ?", (message, FOUND_MAX)
        ):
            if state in OPEN:
                open_[target] = max(state, open_.get(target, 0))
    return [Side(one, ids.get(one, ()), heard.get(one), open_.get(one)) for one in {**ids, **heard, **open_}]


def content(connection: Connection, hub: int) -> dict[str, Any] | None:
    """An object as it was last told, in our words; None where nothing was told or it was taken out."""
    row = connection.execute(
        "SELECT tree FROM messages WHERE id = (SELECT max(message) FROM beliefs WHERE hub = ?)", (hub,)
    ).fetchone()
    return unpacked_tree(bytes(row[0])) if row is not None and row[0] else None


def _object(connection: Connection, hub: int) -> Found | None:
    row = connection.execute("SELECT id, document, number, owner FROM hubs WHERE id = ?", (hub,)).fetchone()
    return Found(*row) if row else None


def _add(found: dict[int, Found], rows: Iterable[tuple[Any, ...]]) -> None:
    for row in rows:
        found.setdefault(row[0], Found(*row))


def after_all(prefix: str) -> str:
    """The first text that does not begin with a prefix."""
    last = min(ord(prefix[-1]) + 1, 0x10FFFF)
    return prefix[:-1] + chr(0xE000 if 0xD800 <= last <= 0xDFFF else last)
