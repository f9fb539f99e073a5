"""What each system is known to believe of an object, with where that is from and how old it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.changes import unpacked_tree
from crossdock.journal.sql.connection import Connection

BALANCE = "inventory_balance"
LISTED_MAX = 200
#: Balances of a site that are looked at to see whether a system speaks of it.
TOLD_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Belief:
    """One system's word on one object; `how`: 1 told, 2 acknowledged, 3 observed."""

    hub: int
    number: str
    system: str
    how: int
    at_ms: int
    tree: dict[str, Any]


def stock_beliefs(
    connection: Connection, site_and_sku: str, after: str, limit: int
) -> tuple[list[Belief], str | None]:
    """Balances whose number begins so (site, item, …), by number beyond one; and where the next page begins.

    Balances are numbered by site, item, status, lot, owner and place, so that what begins alike lies together.
    """
    upper = f"{site_and_sku}\U0010ffff"
    rows = connection.execute(
        "SELECT id, number FROM hubs WHERE document = ? AND number >= ? AND number < ? AND number > ?"
        " ORDER BY number LIMIT ?",
        (BALANCE, site_and_sku, upper, after, limit + 1),
    ).fetchall()
    found = [one for hub, number in rows[:limit] for one in beliefs_of(connection, hub, number)]
    return found, rows[limit - 1][1] if len(rows) > limit else None


def beliefs_of(connection: Connection, hub: int, number: str) -> Sequence[Belief]:
    """Every system's word on one object, the newest first."""
    rows = connection.execute(
        "SELECT b.system, b.how, b.at_ms, m.tree FROM beliefs b JOIN messages m ON m.id = b.message"
        " WHERE b.hub = ? ORDER BY b.at_ms DESC LIMIT ?",
        (hub, LISTED_MAX),
    )
    return [Belief(hub, number, system, how, at_ms, unpacked_tree(tree)) for system, how, at_ms, tree in rows]


def is_told_of(connection: Connection, site: str, systems: Sequence[str]) -> bool:
    """Whether some systems said anything of a site; the first balances of it are looked at."""
    dialect = connection.dialect
    row = connection.execute(
        "SELECT 1 FROM (SELECT id FROM hubs WHERE document = ? AND number >= ? AND number < ? ORDER BY number LIMIT ?)"
        f" AS h JOIN beliefs b ON b.hub = h.id WHERE {dialect.among.format('b.system')} LIMIT 1",
        (BALANCE, f"{site}:", f"{site}:\U0010ffff", TOLD_MAX, dialect.listed(list(systems))),
    ).fetchone()
    return row is not None


def sites_of(connection: Connection) -> list[str]:
    """The sites that any balance speaks of, found by leaps over an index."""
    sites, last = list[str](), ""
    while len(sites) < LISTED_MAX:
        row = connection.execute(
            "SELECT min(number) FROM hubs WHERE document = ? AND number > ?", (BALANCE, last)
        ).fetchone()
        if row[0] is None:
            break
        site = row[0].partition(":")[0]
        sites.append(site)
        last = f"{site}:\U0010ffff"
    return sites
