"""Stock that systems disagree on: what its owner told last against what another one took last."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from crossdock.journal.changes import unpacked_tree
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.incidents import record
from crossdock.message.incident import Incident

#: Candidates that one look compares.
LOOKED_AT_MAX = 2_000
_TOLD, _OPEN = 1, (1, 2, 3, 4, 5, 8)
#: Who has another word on a balance than its owner, though no newer one is on its way or on the desk.
_CANDIDATES = (
    "SELECT b.hub, b.system, b.message, o.system, o.message, h.number FROM hubs h"
    f" JOIN beliefs o ON o.hub = h.id AND o.how = {_TOLD} AND o.system = h.owner"
    " JOIN beliefs b ON b.hub = h.id AND b.system <> o.system AND b.message <> o.message"
    " WHERE h.document = 'inventory_balance' AND NOT EXISTS (SELECT 1 FROM transmissions t"
    f" WHERE t.message = o.message AND t.target = b.system AND t.state IN {_OPEN}) LIMIT ?"
)
_KNOWN = (
    "SELECT 1 FROM members m JOIN incidents i ON i.id = m.incident"
    " WHERE m.kind = 2 AND m.id = ? AND i.type = 'stock_variance' AND i.system = ?"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One balance that a system has otherwise than its owner."""

    system: str
    owner: str
    message: int  #: what the owner told last
    number: str
    sku: str
    site: str
    has: Decimal
    owner_has: Decimal
    known: bool  #: an incident told of it already


def found(connection: Connection) -> list[Difference]:
    """Every difference that nothing under way explains, of as many as one look compares."""
    differences: list[Difference] = []
    for _, system, message, owner, told, number in connection.execute(
        _CANDIDATES, (LOOKED_AT_MAX,)
    ).fetchall():
        mine, theirs = _tree(connection, message), _tree(connection, told)
        if mine is None or theirs is None:
            continue
        has, owner_has = Decimal(str(mine.get("quantity") or 0)), Decimal(str(theirs.get("quantity") or 0))
        if has == owner_has and mine.get("unit") == theirs.get("unit"):
            continue
        known = connection.execute(_KNOWN, (told, system)).fetchone() is not None
        sku, site = str(theirs.get("sku") or ""), str(theirs.get("site") or "")
        differences.append(Difference(system, owner, told, number, sku, site, has, owner_has, known))
    return differences


def standing(connection: Connection, scope: int) -> list[Incident]:
    """The open incidents about stock that systems disagree on."""
    rows = connection.execute(
        "SELECT id FROM incidents WHERE scope = ? AND state = 1 AND type = 'stock_variance' LIMIT ?",
        (scope, LOOKED_AT_MAX),
    ).fetchall()
    return [one for (id_,) in rows if (one := record(connection, id_)) is not None]


def _tree(connection: Connection, message: int) -> dict[str, object] | None:
    row = connection.execute("SELECT tree FROM messages WHERE id = ?", (message,)).fetchone()
    return unpacked_tree(bytes(row[0])) if row is not None and row[0] else None
