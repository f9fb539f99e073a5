"""The rows of a store beside the marks that vouch for them, read for an audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crossdock.journal.chain import mark
from crossdock.journal.marks import incident_mark, marks_of, message_mark, receipt_mark
from crossdock.journal.sql.connection import Connection

#: A thing that moves: what it is, its id, its state, the mark of its changing columns.
Moving = tuple[str, int, int, bytes | None]


def moving_rows(connection: Connection) -> Iterator[Moving]:
    """Every capture, message and transmission as it stands."""
    for id_, state in connection.scan("SELECT id, state FROM captures ORDER BY id"):
        yield "capture", id_, state, None
    for id_, state, waits_for, until_ms in connection.scan(
        "SELECT id, state, waits_for, until_ms FROM messages ORDER BY id"
    ):
        yield "message", id_, state, message_mark(id_, waits_for, until_ms)
    for id_, state, *moving in connection.scan(
        "SELECT id, state, round, attempt, due_ms, first_ms, payload, request FROM transmissions ORDER BY id"
    ):
        yield "transmission", id_, state, mark("transmission", (id_, *moving))


@dataclass(frozen=True, slots=True)
class Voucher:
    """One row, the entry that it cites, the mark that must stand there, and those that do."""

    table: str
    position: int
    mark: bytes
    marks: bytes | None


#: Table, the statement that its mark is named after, and its columns in the order of that statement.
_SIMPLE = (
    ("identity", "upsert_identity", "scope, system, document, their_id, hub"),
    ("beliefs", "upsert_belief", "hub, system, how, version, message, transmission, at_ms"),
    ("members", "insert_member", "incident, kind, id"),
    ("overrides", "insert_override", "id, scope, system, document, their_id, path, value, until_ms"),
    ("restored", "upsert_restored", "system, backup_ms, since_ms, floor, ended_id"),
    ("crosswalk_rows", "upsert_crosswalk_row", "name, system, theirs, ours"),
    ("numbers", "number", "scope, sequence, value, most"),
    ("gate_acts", "insert_gate_act", "id, scope, system, direction, move, who, reason, at_ms"),
    (
        "stock_beliefs",
        "stock_belief",
        "hub, system, sku, site, status, lot, expires_on, owner, place, unit, gross, net, as_of_ms, message",
    ),
    (
        "reservations",
        "reservation",
        "id, sku, site, channel, holder, line, amount, state, lot, made_ms, until_ms, passed_ms",
    ),
    ("promises", "insert_promise", "id, scope, channel, body, made_ms, until_ms"),
    ("stock_coming", "upsert_coming", "hub, sku, site, root, number, unit, amount, at_ms"),
    ("stock_told", "stock_told", "channel, sku, hub, amount, unit, how, at_ms"),
    ("incident_clocks", "upsert_incident_clock", "incident, scope, level, until_ms, clock_ms, at_ms"),
    ("shift_notes", "insert_shift_note", "id, scope, who, heir, says, given, at_ms"),
    (
        "desk_runs",
        "upsert_desk_run",
        "id, scope, kind, who, why, given, state, total, done, failed, at_ms, ended_ms",
    ),
    ("claims", "claim", "name, scope, holder, at_ms"),
    ("resends", "upsert_resend", "run, transmission, scope, partition, treatment, state, made, says"),
    (
        "people",
        "upsert_person",
        "id, scope, name, shown, role, systems, sites, password, renew, totp, subject, disabled_ms, made_ms",
    ),
    (
        "approvals",
        "approval",
        (
            "id, scope, kind, verb, subject, body, says, asked_by, asked_from, asked_ms, until_ms, state, decided_by,"
            " decided_ms, reason"
        ),
    ),
    ("stones", "insert_stone", "what, id, seal, rest, why, at_ms"),
)
_INCIDENT = (
    "id, scope, type, cause, severity, owner, opened_ms, due_ms, system, document, number, path, value, says, fix,"
    " state, reason, closed_ms, position, moved"
)
_RECEIPT = (
    "transmission", "round", "scope", "system", "control", "grp", "document", "number", "root", "partition", "says",
    "sent_ms", "due_ms",
)  # fmt: skip


class Cited:
    """Every row that cites an entry."""

    def __init__(self, connection: Connection) -> None:
        self._read = connection

    def __iter__(self) -> Iterator[Voucher]:
        """The rows table by table."""
        for table, statement, columns in _SIMPLE:
            named = ", ".join(f"t.{column.strip()}" for column in columns.split(","))
            query = f"SELECT {named}, t.position, l.marks FROM {table} t LEFT JOIN ledger l ON l.position = t.position"
            stones = self._stones("override") if table == "overrides" else dict[tuple[Any, bytes], bytes]()
            for *values, position, marks in self._read.scan(query):
                own = mark(statement, values)
                yield Voucher(table, position, stones.get((values[0], own), own), marks)
        yield from self._hubs()
        yield from self._incidents()
        yield from self._receipts()

    def _stones(self, what: str) -> dict[tuple[int, bytes], bytes]:
        """Rows of which a value was erased: their number and mark as they are, to the mark as they were written."""
        query = "SELECT id, rest, seal FROM stones WHERE what = ?"
        return {(id_, bytes(rest)): bytes(seal) for id_, rest, seal in self._read.scan(query, (what,))}

    def _hubs(self) -> Iterator[Voucher]:
        for id_, root, document, number, owner, key, introduced, position, first, last in self._read.scan(
            "SELECT h.id, h.root, h.document, h.number, h.owner, h.key, h.introduced, h.position, i.marks, l.marks"
            " FROM hubs h LEFT JOIN ledger i ON i.position = h.introduced LEFT JOIN ledger l ON l.position = h.position"
        ):
            yield Voucher("hubs", introduced, mark("hub", (id_, document, number, owner)), first)
            yield Voucher("hubs", position, mark("place", (id_, root, key)), last)

    def _incidents(self) -> Iterator[Voucher]:
        named = ", ".join(f"i.{column.strip()}" for column in _INCIDENT.split(","))
        stones = self._stones("incident")
        for *row, first, last in self._read.scan(
            f"SELECT {named}, o.marks, l.marks FROM incidents i LEFT JOIN ledger o ON o.position = i.position"
            " LEFT JOIN ledger l ON l.position = i.moved"
        ):
            state, reason, closed_ms, position, moved = row[15:]
            fixed = marks_of("insert_incident", tuple(row[:16]))[: len(mark("", ()))]
            fixed = stones.get((row[0], fixed), fixed)
            yield Voucher("incidents", position, fixed, first)
            yield Voucher("incidents", moved, incident_mark(row[0], row[5], state, reason, closed_ms), last)

    def _receipts(self) -> Iterator[Voucher]:
        named = ", ".join(f"r.{column}" for column in _RECEIPT)
        for *values, state, answered, position, moved, first, last in self._read.scan(
            f"SELECT {named}, r.state, r.answered, r.position, r.moved, o.marks, l.marks FROM receipts r"
            " LEFT JOIN ledger o ON o.position = r.position LEFT JOIN ledger l ON l.position = r.moved"
        ):
            yield Voucher("receipts", position, mark("receipt", values), first)
            yield Voucher("receipts", moved, receipt_mark(values[0], values[1], state, answered), last)


#: Table, the statement that its mark is named after, and its columns in the order of that statement.
_MARKED = (
    ("scopes", "scope", "id, tenant, site"),
    ("charters", "insert_charter", "version, code, files, at_ms"),
    ("keys", "insert_key", "digest, name, role, system, scope, at_ms, revoked_ms"),
    ("cursors", "upsert_cursor", "scope, system, document, cursor, at_ms"),
    ("door", "insert_door", "scope, system, at_ms, status, says, payload, incident"),
    ("answers", "insert_answer", "key, digest, body, at_ms"),
    ("aliases", "insert_alias", "scope, system, key, capture"),
    ("tallies", "upsert_tally", "scope, system, document, from_ms, counter, changed, zeroed, jumped"),
    ("anchors", "insert_anchor", "position, at_ms, heads"),
)


def marked_rows(connection: Connection) -> Iterator[tuple[str, str, tuple[Any, ...], bytes]]:
    """Every row that carries its own mark: table, what its mark is named after, values, mark."""
    for table, statement, columns in _MARKED:
        for *values, found in connection.scan(f"SELECT {columns}, mark FROM {table}"):
            yield table, statement, tuple(values), found
