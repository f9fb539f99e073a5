"""The statements of the writer: each takes the rows of a whole batch as arrays, one for each column."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.journal.postgresql.arrays import Type
from crossdock.journal.postgresql.desk_statements import desk_statements
from crossdock.journal.postgresql.guard_statements import guard_statements
from crossdock.journal.postgresql.stock_statements import stock_statements
from crossdock.journal.postgresql.watch_statements import watch_statements
from crossdock.journal.postgresql.wire import Statement

_LETTERS = {"i": Type.INT, "t": Type.TEXT, "b": Type.BYTES, "o": Type.BOOL}


@dataclass(frozen=True, slots=True)
class Bulk:
    """A statement over many rows, and the type of each of their values."""

    statement: Statement
    types: tuple[Type, ...]
    sort_by: int | None = (
        None  #: the value that rows are ordered by, so that two writers take locks in one order
    )


def _columns(spec: str) -> tuple[list[str], tuple[Type, ...]]:
    """Names and types from `id:i says:t`."""
    pairs = [part.split(":") for part in spec.split()]
    return [name for name, _ in pairs], tuple(_LETTERS[letter] for _, letter in pairs)


def _unnest(types: tuple[Type, ...]) -> str:
    return f"unnest({', '.join(f'${n}::{t.sql}[]' for n, t in enumerate(types, 1))})"


def _bulk(name: str, sql: str, types: tuple[Type, ...], sort_by: int | None = None) -> Bulk:
    return Bulk(Statement(name.encode(), sql, tuple(t.array_oid for t in types)), types, sort_by)


def _insert(name: str, table: str, spec: str, then: str = "", select: str = "*") -> Bulk:
    columns, types = _columns(spec)
    rows = f"SELECT {select} FROM {_unnest(types)} AS u({', '.join(columns)})"
    if select != "*":
        rows = f"SELECT {', '.join(columns)}, {select} FROM {_unnest(types)} AS u({', '.join(columns)})"
        columns = [*columns, select.rpartition(" AS ")[2]]
    return _bulk(name, f"INSERT INTO {table} ({', '.join(columns)}) {rows} {then}".rstrip(), types)


def _counted(name: str, change: str, spec: str, key: str, *, sort_by: int | None = None) -> Bulk:
    """A change that must touch as many rows as it names; `key` is a column that is never null."""
    columns, types = _columns(spec)
    rows = f"{_unnest(types)} AS u({', '.join(columns)})"
    wanted = f"cardinality(${columns.index(key) + 1}::{types[columns.index(key)].sql}[])"
    sql = (
        f"WITH touched AS ({change.replace('ROWS', rows)} RETURNING 1)"
        f" SELECT must_touch((SELECT count(*) FROM touched), {wanted}, '{name}')"
    )
    return _bulk(name, sql, types, sort_by)


def _gone(name: str, table: str, column: str, sign: str, type_: Type = Type.INT) -> Bulk:
    """Takes out the rows whose column stands in a relation to one of some values."""
    rows = f"{_unnest((type_,))} AS u({column})"
    return _bulk(name, f"DELETE FROM {table} t USING {rows} WHERE t.{column} {sign} u.{column}", (type_,), 0)


_NOTHING = "ON CONFLICT DO NOTHING"
_MEMBER = "incident:i kind:i id:i position:i"
_INCIDENT = (
    "id:i scope:i type:t cause:t severity:t owner:t opened_ms:i due_ms:i system:t document:t number:t path:t value:t"
    " says:t fix:t state:i position:i"
)
_LEDGER = (
    "position:i partition:i kind:i at_ms:i scope:i system:t origin:t capture:i message:i transmission:i attempt:i"
    " root:i state:i says:t charter:i reads:t payload:i digest:b detail:t incident:i mark:b marks:b link:b"
)
_ARRIVAL = "scope:i system:t key:t capture:i"
_HUB = "id:i root:i document:t number:t owner:t key:t home:i position:i"
_IDENTITY = "scope:i system:t document:t their_id:t hub:i position:i"

_ALL = (
    _insert("insert_payload", "payloads", "id:i salt:b codec:i size:i data:b crc:i"),
    _insert(
        "insert_capture", "captures",
        "id:i scope:i system:t document:t their_id:t version:i order_by:t content_type:t payload:i at_ms:i late:o"
        " state:i partition:i",
    ),
    _insert("insert_arrival", "arrivals", _ARRIVAL),
    # Only a guard that takes a repeat for something new gets here: the key then leads to the last one.
    _insert(
        "replace_arrival", "arrivals", _ARRIVAL,
        "ON CONFLICT (scope, system, key) DO UPDATE SET capture = excluded.capture",
    ),
    _insert("insert_revision", "revisions", "scope:i system:t document:t their_id:t version:i capture:i"),
    _insert("insert_alias", "aliases", "scope:i system:t key:t capture:i mark:b", _NOTHING),
    _insert(
        "insert_message", "messages",
        "id:i scope:i capture:i system:t document:t their_id:t number:t hub:i root:i key:t version:i tree:b state:i"
        " waits_for:t until_ms:i partition:i",
    ),
    _insert(
        "insert_transmission", "transmissions",
        "id:i scope:i message:i target:t origin:t document:t number:t hub:i root:i key:t after:i state:i round:i"
        " attempt:i due_ms:i first_ms:i payload:i request:t partition:i",
    ),
    _insert(
        "upsert_hub", "hubs", _HUB,
        "ON CONFLICT (id) DO UPDATE SET root = excluded.root, key = excluded.key, home = excluded.home,"
        " position = excluded.position",
        select="position AS introduced",
    ),
    # Who is to be the first, and is not, finds that another process has made something of it meanwhile.
    _counted(
        "introduce_shared",
        "INSERT INTO hubs (id, root, document, number, owner, key, home, position, introduced, shared)"
        f" SELECT *, position, 1 FROM ROWS {_NOTHING}",
        _HUB, "id",
    ),
    _insert("upsert_identity", "identity", _IDENTITY, _NOTHING),
    _counted(
        "introduce_identity",
        "INSERT INTO identity (scope, system, document, their_id, hub, position)"
        f" SELECT * FROM ROWS {_NOTHING}",
        _IDENTITY, "hub",
    ),
    _insert(
        "upsert_belief", "beliefs", "hub:i system:t how:i version:i message:i transmission:i at_ms:i position:i",
        "ON CONFLICT (hub, system) DO UPDATE SET how = excluded.how, version = excluded.version,"
        " message = excluded.message, transmission = excluded.transmission, at_ms = excluded.at_ms,"
        " position = excluded.position",
    ),
    _insert("insert_incident", "incidents", _INCIDENT, select="position AS moved"),
    _insert("insert_member", "members", _MEMBER, _NOTHING),
    _insert(
        "insert_override", "overrides",
        "id:i scope:i system:t document:t their_id:t path:t value:t until_ms:i position:i",
    ),
    _insert(
        "upsert_crosswalk_row", "crosswalk_rows", "name:t system:t theirs:t ours:t position:i",
        "ON CONFLICT (name, system, theirs) DO UPDATE SET ours = excluded.ours, position = excluded.position",
    ),
    _insert(
        "upsert_number", "numbers", "scope:i sequence:t value:i most:i position:i",
        "ON CONFLICT (scope, sequence) DO UPDATE SET value = excluded.value, most = excluded.most,"
        " position = excluded.position",
    ),
    _insert("introduce_number", "numbers", "scope:i sequence:t value:i most:i position:i", _NOTHING),
    _counted(
        "move_number",
        "UPDATE numbers n SET value = u.value, most = u.most, position = u.position FROM ROWS"
        " WHERE n.scope = u.scope AND n.sequence = u.sequence AND n.value = u.before",
        "scope:i sequence:t value:i most:i before:i position:i", "scope", sort_by=1,
    ),
    _bulk(
        "insert_receipt",
        "INSERT INTO receipts (transmission, round, scope, system, control, grp, document, number, root, partition,"
        " says, sent_ms, due_ms, position, moved, state) SELECT u.*, u.position, 1"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],"
        " $8::text[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[])"
        " AS u(transmission, round, scope, system, control, grp, document, number, root, partition, says, sent_ms,"
        " due_ms, position)",
        (Type.INT, Type.INT, Type.INT, Type.TEXT, Type.INT, Type.INT, Type.TEXT, Type.TEXT, Type.INT, Type.INT,
         Type.TEXT, Type.INT, Type.INT, Type.INT), 0,
    ),
    _bulk(
        "answer_receipt",
        "UPDATE receipts r SET state = u.state, answered = u.answered, moved = u.moved"
        " FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])"
        " AS u(state, answered, transmission, round, moved)"
        " WHERE r.transmission = u.transmission AND r.round = u.round",
        (Type.INT, Type.TEXT, Type.INT, Type.INT, Type.INT), 2,
    ),
    _insert(
        "upsert_restored", "restored", "system:t backup_ms:i since_ms:i floor:i ended_id:i position:i",
        "ON CONFLICT (system) DO UPDATE SET backup_ms = excluded.backup_ms, since_ms = excluded.since_ms,"
        " floor = excluded.floor, ended_id = excluded.ended_id, position = excluded.position",
    ),
    _insert(
        "insert_gate_act", "gate_acts",
        "id:i scope:i system:t direction:t move:t who:t reason:t at_ms:i position:i",
    ),
    _insert(
        "upsert_tally", "tallies",
        "scope:i system:t document:t from_ms:i counter:i changed:i zeroed:i jumped:i mark:b",
        "ON CONFLICT (scope, system, document, from_ms, counter) DO UPDATE SET changed = excluded.changed,"
        " zeroed = excluded.zeroed, jumped = excluded.jumped, mark = excluded.mark",
    ),
    _insert(
        "upsert_cursor", "cursors", "scope:i system:t document:t cursor:t at_ms:i mark:b",
        "ON CONFLICT (scope, system, document) DO UPDATE SET cursor = excluded.cursor, at_ms = excluded.at_ms,"
        " mark = excluded.mark",
    ),
    _insert(
        "upsert_restored", "restored", "system:t backup_ms:i since_ms:i floor:i ended_id:i position:i",
        "ON CONFLICT (system) DO UPDATE SET backup_ms = excluded.backup_ms, since_ms = excluded.since_ms,"
        " floor = excluded.floor, ended_id = excluded.ended_id, position = excluded.position",
    ),
    _insert("insert_door", "door", "scope:i system:t at_ms:i status:i says:t payload:i incident:i mark:b id:i"),
    _insert("insert_answer", "answers", "key:t digest:b body:b at_ms:i mark:b"),
    _insert(
        "insert_key", "keys", "digest:b name:t role:t system:t scope:i at_ms:i revoked_ms:i mark:b",
        "ON CONFLICT (digest) DO UPDATE SET revoked_ms = excluded.revoked_ms, mark = excluded.mark",
    ),
    _insert("insert_anchor", "anchors", "position:i at_ms:i heads:b mark:b", "ON CONFLICT (position) DO NOTHING"),
    _counted(
        "move_capture",
        "UPDATE captures c SET state = u.state FROM ROWS WHERE c.id = u.id AND c.state = u.before",
        "state:i id:i before:i", "id", sort_by=1,
    ),
    _counted(
        "move_message",
        "UPDATE messages m SET state = u.state, waits_for = u.waits_for, until_ms = u.until_ms FROM ROWS"
        " WHERE m.id = u.id AND m.state = u.before",
        "state:i waits_for:t until_ms:i id:i before:i", "id", sort_by=3,
    ),
    _counted(
        "hand_over",
        "UPDATE messages m SET state = u.state, partition = u.partition, waits_for = NULL, until_ms = NULL FROM ROWS"
        " WHERE m.id = u.id AND m.state = u.before",
        "state:i partition:i id:i before:i", "id", sort_by=2,
    ),
    _counted(
        "move_transmission",
        "UPDATE transmissions t SET state = u.state, round = u.round, attempt = u.attempt, due_ms = u.due_ms,"
        " first_ms = u.first_ms, payload = u.payload, request = u.request FROM ROWS"
        " WHERE t.id = u.id AND t.state = u.before",
        "state:i round:i attempt:i due_ms:i first_ms:i payload:i request:t id:i before:i", "id", sort_by=7,
    ),
    # Nothing is added to a state but to keep the planner from the index of all that is open.
    _counted(
        "assign_incident",
        "UPDATE incidents i SET owner = u.owner, moved = u.moved FROM ROWS"
        " WHERE i.id = u.id AND i.state + 0 = 1",
        "id:i owner:t moved:i", "id", sort_by=0,
    ),
    _counted(
        "resolve_incident",
        "UPDATE incidents i SET state = 2, reason = u.reason, closed_ms = u.closed_ms, moved = u.moved FROM ROWS"
        " WHERE i.id = u.id AND i.owner = u.owner AND i.state + 0 = 1"
        " AND NOT EXISTS (SELECT 1 FROM held WHERE incident = u.id)",
        "id:i owner:t reason:t closed_ms:i moved:i", "id", sort_by=0,
    ),
    _bulk(
        "delete_member",
        f"DELETE FROM members m USING {_unnest((Type.INT, Type.INT))} AS u(kind, id)"
        " WHERE m.kind = u.kind AND m.id = u.id",
        (Type.INT, Type.INT), 1,
    ),
    _bulk(
        "delete_answers",
        f"DELETE FROM answers a USING {_unnest((Type.INT,))} AS u(at_ms) WHERE a.at_ms < u.at_ms",
        (Type.INT,), 0,
    ),
    _bulk(
        "delete_tallies",
        f"DELETE FROM tallies a USING {_unnest((Type.INT, Type.TEXT, Type.TEXT, Type.INT))}"
        " AS u(scope, system, document, from_ms) WHERE a.scope = u.scope AND a.system = u.system"
        " AND a.document = u.document AND a.from_ms < u.from_ms",
        (Type.INT, Type.TEXT, Type.TEXT, Type.INT), 3,
    ),
    _insert(
        "upsert_person", "people",
        "id:i scope:i name:t shown:t role:t systems:t sites:t password:t renew:i totp:b subject:t disabled_ms:i"
        " made_ms:i position:i",
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, shown = excluded.shown, role = excluded.role,"
        " systems = excluded.systems, sites = excluded.sites, password = excluded.password, renew = excluded.renew,"
        " totp = excluded.totp, subject = excluded.subject, disabled_ms = excluded.disabled_ms,"
        " position = excluded.position",
    ),
    _gone("delete_sessions_before", "sessions", "until_ms", "<"),
    _gone("delete_sessions_of", "sessions", "person", "="),
    _gone("delete_session", "sessions", "digest", "=", Type.BYTES),
    _insert(
        "upsert_session", "sessions",
        "digest:b person:i stage:i made_ms:i seen_ms:i until_ms:i origin:t agent:t",
        "ON CONFLICT (digest) DO UPDATE SET stage = excluded.stage, seen_ms = excluded.seen_ms,"
        " until_ms = excluded.until_ms",
    ),
    _bulk(
        "see_session",
        f"UPDATE sessions s SET seen_ms = u.seen_ms FROM {_unnest((Type.INT, Type.BYTES))} AS u(seen_ms, digest)"
        " WHERE s.digest = u.digest",
        (Type.INT, Type.BYTES), 1,
    ),
    _gone("delete_attempts_before", "attempts", "at_ms", "<"),
    _insert(
        "upsert_attempt", "attempts", "who:t failures:i until_ms:i at_ms:i step:i",
        "ON CONFLICT (who) DO UPDATE SET failures = excluded.failures, until_ms = excluded.until_ms,"
        " at_ms = excluded.at_ms, step = excluded.step",
    ),
    *guard_statements(_insert, _counted, _bulk),
    _insert("insert_ledger", "ledger", _LEDGER),
    *desk_statements(_insert, _counted),
    *stock_statements(_insert, _counted),
    *watch_statements(_insert, _counted, _gone),
)  # fmt: skip

#: Every bulk statement by the name that `Changes` knows it by, in the order in which a round runs them.
BULK: dict[str, Bulk] = {one.statement.name.decode(): one for one in _ALL}
