"""Whether the levels of stock are the sums of what was told and of what is set aside."""

from __future__ import annotations

from crossdock.journal.sql.connection import Connection

_TOLD = "SELECT coalesce(sum(b.counted), 0) FROM stock_beliefs b WHERE b.sku = l.sku AND b.site = l.site"
_ASIDE = (
    "SELECT coalesce(sum(r.amount), 0) FROM reservations r"
    " WHERE r.sku = l.sku AND r.site = l.site AND r.state IN (1, 2)"
)
_UNITS = "SELECT 1 FROM stock_beliefs b WHERE b.sku = l.sku AND b.site = l.site"
_LEVELS = (
    f"SELECT l.sku, l.site FROM stock_levels l WHERE l.supply <> ({_TOLD}) OR l.reserved <> ({_ASIDE})"
    f" OR (EXISTS ({_UNITS}) AND NOT EXISTS ({_UNITS} AND b.unit = l.unit))"
    " OR NOT EXISTS (SELECT 1 FROM scopes s WHERE s.id = l.scope) LIMIT 1"
)
_LEVEL = "SELECT 1 FROM stock_levels l WHERE l.sku = t.sku AND l.site = t.site"
_NO_SCOPE = "NOT EXISTS (SELECT 1 FROM scopes s WHERE s.id = t.scope)"
_BARE = (
    f"SELECT t.sku, t.site FROM stock_beliefs t WHERE NOT EXISTS ({_LEVEL})",
    f"SELECT t.sku, t.site FROM reservations t WHERE NOT EXISTS ({_LEVEL}) OR {_NO_SCOPE}",
)


def unbalanced(connection: Connection) -> str | None:
    """What does not add up; None when everything does."""
    found = connection.execute(_LEVELS).fetchone()
    if found is not None:
        return f"the stock of {found[0]} at {found[1]} is not the sum of what was told and set aside"
    for query in _BARE:
        found = connection.execute(f"{query} LIMIT 1").fetchone()
        if found is not None:
            return f"there is no level for the stock of {found[0]} at {found[1]}"
    return None
