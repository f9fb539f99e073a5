"""What is read to watch over a store: the ledger from where it was read last, clocks, measures, alerts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.changes import unpacked_tree
from crossdock.journal.sql.connection import Connection
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.stock.amount import PARTS

#: Entries looked at in one step.
STEP_MAX = 2_000
CLOCKS_MAX = 500
ALERTS_MAX = 200
_DONE, _DESK = TransmissionState.DONE.value, TransmissionState.DESK.value
_ESCALATED = "escalate"
_CAME, _MADE, _OPENED = EntryKind.accepted.value, EntryKind.translated.value, EntryKind.incident.value

_HAPPENED = (
    "SELECT l.position, l.at_ms, l.kind, l.state, l.incident, l.transmission, c.system, c.document, c.at_ms,"
    " m.id, m.system, m.document, m.number, m.root, t.target, t.document, t.number, t.root FROM ledger l"
    " LEFT JOIN transmissions t ON t.id = l.transmission LEFT JOIN messages m ON m.id = coalesce(l.message, t.message)"
    " LEFT JOIN captures c ON c.id = coalesce(l.capture, m.capture)"
    f" WHERE l.position > ? AND l.position <= ? AND (l.kind IN ({_CAME}, {_MADE}, {_OPENED})"
    f" OR (l.state IN ({_DONE}, {_DESK}) AND l.transmission IS NOT NULL)) ORDER BY l.position LIMIT ?"
)
_CLOCK = "id, rule, root, message, number, since_ms, due_ms, incident"
_ALERT = "id, subject, step, way, due_ms, state, tries, content, at_ms"


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of the ledger as who watches sees it; times in milliseconds since 1970."""

    position: int
    at_ms: int
    came: bool  #: bytes came from a system
    made: bool  #: a document was made of them
    done: bool  #: a target has a document
    failed: bool  #: a sending waits for a person
    incident: int | None  #: was opened, or got a member
    system: str  #: that the bytes came from
    target: str  #: that has it, or should
    document: str  #: of the bytes, of the document made, or as the target has it
    number: str
    root: int  #: story that it belongs to; 0: none yet
    message: int
    came_ms: int  #: when the bytes behind it came


@dataclass(frozen=True, slots=True)
class Running:
    """A clock of an expectation."""

    id: int
    rule: str
    root: int
    message: int
    number: str
    since_ms: int
    due_ms: int
    incident: int | None


@dataclass(frozen=True, slots=True)
class Telling:
    """An alert as it is kept."""

    id: int
    subject: str
    step: int
    way: str
    due_ms: int
    state: int
    tries: int
    content: str
    at_ms: int


def position(connection: Connection, scope: int) -> int | None:
    """How far the ledger was read; None where nobody watched yet."""
    row = connection.execute("SELECT position FROM watch WHERE scope = ?", (scope,)).fetchone()
    return None if row is None else int(row[0])


def horizon(connection: Connection) -> tuple[int, int, int]:
    """(last position given, first transaction still open, first one to come): what is below no commit adds to.

    Positions are given before a commit, so a lower one may show later than a higher one, where several write.
    """
    if not connection.dialect.ends:  # a file has one writer, and positions come with the commit
        row = connection.execute("SELECT coalesce(max(position), 0) FROM ledger").fetchone()
        return int(row[0]), 1, 0
    row = connection.execute(
        "SELECT last_value, txid_snapshot_xmin(txid_current_snapshot()), txid_snapshot_xmax(txid_current_snapshot())"
        " FROM positions"
    ).fetchone()
    return int(row[0]), int(row[1]), int(row[2])


def happened(connection: Connection, after: int, upto: int) -> tuple[int, list[Happened]]:
    """What happened between two positions, and how far it was read."""
    rows = connection.execute(_HAPPENED, (after, upto, STEP_MAX)).fetchall()
    return (rows[-1][0] if len(rows) == STEP_MAX else upto), [_happened(row) for row in rows]


def _happened(row: Sequence[Any]) -> Happened:
    (
        at, at_ms, kind, state, incident, transmission, c_system, c_document, came_ms,
        message, m_system, m_document, m_number, m_root, target, t_document, t_number, t_root,
    ) = row  # fmt: skip
    sent = transmission is not None
    return Happened(
        at, at_ms,
        kind == _CAME, kind == _MADE, sent and state == _DONE, sent and state == _DESK,
        incident if kind == _OPENED else None,
        m_system or c_system or "", target or "",
        (t_document if sent else m_document) or c_document or "", (t_number if sent else m_number) or "",
        (t_root if sent else m_root) or 0, message or 0, came_ms or at_ms,
    )  # fmt: skip


# -- clocks ----------------------------------------------------------------------


def clocks_of(connection: Connection, scope: int, roots: Sequence[int]) -> list[Running]:
    """The clocks of some stories; that of a whole feed has the story 0."""
    among = connection.dialect.among.format("root")
    rows = connection.execute(
        f"SELECT {_CLOCK} FROM expectations WHERE scope = ? AND {among}",
        (scope, connection.dialect.listed(list(roots))),
    )
    return [Running(*row) for row in rows]


def clocks_of_rule(connection: Connection, scope: int, rule: str) -> list[Running]:
    """Clocks of one rule."""
    rows = connection.execute(
        f"SELECT {_CLOCK} FROM expectations WHERE scope = ? AND rule = ? LIMIT ?", (scope, rule, CLOCKS_MAX)
    )
    return [Running(*row) for row in rows]


def told_of(
    connection: Connection, roots: Sequence[int], documents: Sequence[str]
) -> dict[tuple[int, str, str], int]:
    """When a system last told a kind of document in a story, by story, system and kind."""
    dialect = connection.dialect
    rows = connection.execute(
        "SELECT l.root, m.system, m.document, max(l.at_ms) FROM ledger l JOIN messages m ON m.id = l.message"
        f" WHERE l.root IS NOT NULL AND {dialect.among.format('l.root')} AND l.kind = {_MADE}"
        f" AND {dialect.among.format('m.document')} GROUP BY l.root, m.system, m.document",
        (dialect.listed(list(roots)), dialect.listed(list(documents))),
    )
    return {(root, system, document): at_ms for root, system, document, at_ms in rows}


def clocks_due(connection: Connection, scope: int, now_ms: int) -> list[Running]:
    """Clocks that have run out and are no incident yet, the first ones first."""
    rows = connection.execute(
        f"SELECT {_CLOCK} FROM expectations WHERE scope = ? AND incident IS NULL AND due_ms <= ?"
        " ORDER BY due_ms LIMIT ?",
        (scope, now_ms, CLOCKS_MAX),
    )
    return [Running(*row) for row in rows]


def clocks_told(connection: Connection, scope: int, after: int) -> list[tuple[Running, int, str | None]]:
    """Clocks beyond an id whose incident was ended, with its state and the reason."""
    rows = connection.execute(
        f"SELECT {', '.join(f'e.{name.strip()}' for name in _CLOCK.split(','))}, i.state, i.reason"
        " FROM expectations e JOIN incidents i ON i.id = e.incident"
        " WHERE e.scope = ? AND e.incident IS NOT NULL AND i.state <> 1 AND e.id > ? ORDER BY e.id LIMIT ?",
        (scope, after, CLOCKS_MAX),
    )
    return [(Running(*row[:8]), row[8], row[9]) for row in rows]


def count_of_incident(connection: Connection, incident: int) -> int:
    """How many clocks belong to an incident."""
    row = connection.execute("SELECT count(*) FROM expectations WHERE incident = ?", (incident,)).fetchone()
    return int(row[0])


def awaited(connection: Connection, scope: int) -> dict[str, tuple[int, int, int | None]]:
    """By rule: how many clocks run, how many have run out, when the next one will."""
    rows = connection.execute(
        "SELECT rule, sum(CASE WHEN incident IS NULL THEN 1 ELSE 0 END),"
        " sum(CASE WHEN incident IS NULL THEN 0 ELSE 1 END), min(CASE WHEN incident IS NULL THEN due_ms END)"
        " FROM expectations WHERE scope = ? GROUP BY rule",
        (scope,),
    )
    return {rule: (int(runs), int(out), due_ms) for rule, runs, out, due_ms in rows}


# -- orders ----------------------------------------------------------------------


def begun(connection: Connection, root: int) -> tuple[int, dict[str, Any]] | None:
    """When a story began, and the document that it began with."""
    row = connection.execute(
        "SELECT l.at_ms, m.tree FROM hubs h JOIN ledger l ON l.position = h.introduced"
        " LEFT JOIN messages m ON m.id = l.message WHERE h.id = ?",
        (root,),
    ).fetchone()
    return None if row is None else (row[0], unpacked_tree(row[1]) if row[1] is not None else {})


def tree_of(connection: Connection, message: int) -> dict[str, Any]:
    """A document as it was made."""
    row = connection.execute("SELECT tree FROM messages WHERE id = ?", (message,)).fetchone()
    return unpacked_tree(row[0]) if row else {}


# -- measures --------------------------------------------------------------------


def measured(connection: Connection, scope: int, name: str, since_ms: Sequence[int]) -> list[tuple[int, int]]:
    """(total, good) of a measure since each of some times."""
    found: list[tuple[int, int]] = []
    for at_ms in since_ms:
        row = connection.execute(
            "SELECT coalesce(sum(total), 0), coalesce(sum(good), 0) FROM measures"
            " WHERE scope = ? AND name = ? AND from_ms >= ?",
            (scope, name, at_ms),
        ).fetchone()
        found.append((int(row[0]), int(row[1])))
    return found


def stuck(connection: Connection, documents: Sequence[str], targets: Sequence[str], before_ms: int) -> int:
    """How many of the oldest open transmissions carry what came before a time; a bounded look."""
    many, among = 0, connection.dialect.among.format("t.document")
    for target in targets:
        row = connection.execute(
            "SELECT count(*) FROM (SELECT message, document FROM transmissions WHERE target = ?"
            f" AND {connection.dialect.open_work} ORDER BY id LIMIT ?) t JOIN messages m ON m.id = t.message"
            f" JOIN captures c ON c.id = m.capture WHERE c.at_ms < ? AND {among}",
            (target, STEP_MAX, before_ms, connection.dialect.listed(list(documents))),
        ).fetchone()
        many += int(row[0])
    return many


# -- alerts ----------------------------------------------------------------------


def alerts_due(connection: Connection, scope: int, now_ms: int) -> list[Telling]:
    """Alerts to be told by now, the first ones first."""
    rows = connection.execute(
        f"SELECT {_ALERT} FROM alerts WHERE scope = ? AND state = 1 AND due_ms <= ? AND state < 3"
        " ORDER BY due_ms, id LIMIT ?",
        (scope, now_ms, ALERTS_MAX),
    )
    return [Telling(*row) for row in rows]


def alerts_cut_off(connection: Connection, scope: int) -> list[Telling]:
    """Alerts that were being told when the hub stopped."""
    rows = connection.execute(
        f"SELECT {_ALERT} FROM alerts WHERE scope = ? AND state = 2 AND state < 3 ORDER BY id LIMIT ?",
        (scope, ALERTS_MAX),
    )
    return [Telling(*row) for row in rows]


def alerts_ended(connection: Connection, before_ms: int) -> list[int]:
    """Alerts of long ago that nobody asks for any more."""
    rows = connection.execute(
        "SELECT id FROM alerts WHERE state > 2 AND at_ms < ? ORDER BY at_ms LIMIT ?", (before_ms, ALERTS_MAX)
    )
    return [int(row[0]) for row in rows]


def alerts(connection: Connection, scope: int, limit: int) -> list[Telling]:
    """The newest alerts, whatever became of them."""
    rows = connection.execute(
        f"SELECT {_ALERT} FROM alerts WHERE scope = ? ORDER BY id DESC LIMIT ?", (scope, limit)
    )
    return [Telling(*row) for row in rows]


def alert_states(connection: Connection, scope: int) -> Mapping[int, int]:
    """How many alerts there are in each state."""
    return dict(
        connection.execute(
            "SELECT state, count(*) FROM alerts WHERE scope = ? GROUP BY state", (scope,)
        ).fetchall()
    )


def touched(connection: Connection, incident: int) -> bool:
    """Whether a person did anything about an incident; that the hub gave it to somebody else is nothing."""
    rows = connection.execute(
        "SELECT detail FROM ledger WHERE incident = ? AND incident IS NOT NULL AND kind = ? LIMIT 100",
        (incident, EntryKind.act.value),
    )
    return any(json.loads(detail or "{}").get("act") != _ESCALATED for (detail,) in rows)


def is_first(connection: Connection, root: int, document: str, message: int) -> bool:
    """Whether a document is the first of its kind in a story."""
    row = connection.execute(
        f"SELECT min(m.id) FROM ledger l JOIN messages m ON m.id = l.message WHERE l.root = ? AND l.kind = {_MADE}"
        " AND m.document = ?",
        (root, document),
    ).fetchone()
    return row is not None and row[0] == message


@dataclass(frozen=True, slots=True)
class Opened:
    """An incident as an alert speaks of it."""

    id: int
    type: str
    severity: str
    owner: str
    system: str
    document: str
    opened_ms: int
    due_ms: int
    position: int  #: of the entry that opened it
    is_open: bool
    members: int


def opened(connection: Connection, ids: Sequence[int]) -> list[Opened]:
    """Some incidents, without a word of what people wrote."""
    dialect = connection.dialect
    rows = connection.execute(
        "SELECT id, type, severity, owner, system, document, opened_ms, due_ms, position, state = 1,"
        " (SELECT count(*) FROM members m WHERE m.incident = i.id) FROM incidents i"
        f" WHERE {dialect.among.format('i.id')} ORDER BY id",
        (dialect.listed(list(ids)),),
    )
    return [Opened(*row) for row in rows]


def burning(connection: Connection, scope: int) -> list[Telling]:
    """Notes of service levels that burn."""
    rows = connection.execute(
        f"SELECT {_ALERT} FROM alerts WHERE scope = ? AND subject >= 'level/' AND subject < 'level0' AND step = 0"
        " AND state = 3",
        (scope,),
    )
    return [Telling(*row) for row in rows]


def orders_of(connection: Connection, roots: Sequence[int]) -> dict[int, str]:
    """The number of the object that each story belongs to."""
    dialect = connection.dialect
    rows = connection.execute(
        f"SELECT id, number FROM hubs WHERE {dialect.among.format('id')}", (dialect.listed(list(roots)),)
    )
    return dict(rows.fetchall())


# -- stock -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variance:
    """How far a system disagrees with the systems whose figures count."""

    items: int  #: item and site
    units: float  #: base units, added up without sign


def variances(connection: Connection, sites: Mapping[str, str]) -> dict[str, Variance]:
    """By system: what it believes of stock against what the system of each site says (`sites`: site to system)."""
    amounts = (
        "SELECT system, site, sku, sum(gross) AS amount FROM stock_beliefs WHERE site = ? GROUP BY 1, 2, 3"
    )
    items, parts = Counter[str](), Counter[str]()
    for site, owner in sites.items():
        rows = connection.execute(
            "SELECT b.system, sum(CASE WHEN b.amount = coalesce(o.amount, 0) THEN 0 ELSE 1 END),"
            f" sum(abs(b.amount - coalesce(o.amount, 0))) FROM ({amounts}) b"
            f" LEFT JOIN ({amounts}) o ON o.sku = b.sku AND o.system = ?"
            " WHERE b.system <> ? GROUP BY b.system",
            (site, site, owner, owner),
        )
        for system, differ, by in rows:
            items[system] += int(differ)
            parts[system] += int(by)
    return {system: Variance(items[system], parts[system] / PARTS) for system in items}
