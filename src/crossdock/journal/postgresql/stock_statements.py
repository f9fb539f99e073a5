"""The statements of the writer about stock, each over the rows of a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Bulk = TypeVar("Bulk")

_BELIEF = (
    "hub", "system", "sku", "site", "status", "lot", "expires_on", "owner", "place", "unit", "gross", "net", "as_of_ms",
    "message", "counted", "before", "good_until_ms", "partition", "position",
)  # fmt: skip
_BELIEF_TEXTS = frozenset({"system", "sku", "site", "status", "lot", "expires_on", "owner", "place", "unit"})
_RESERVATION = (
    "id:i sku:t site:t channel:t holder:i line:t amount:i state:i lot:t made_ms:i until_ms:i passed_ms:i"
)
_COMING = "hub:i sku:t site:t root:i number:t unit:t amount:i at_ms:i position:i"
_TOLD = "channel:t sku:t hub:i amount:i unit:t how:i at_ms:i due_ms:i partition:i position:i"


def _spec(columns: Sequence[str]) -> str:
    return " ".join(f"{name}:{'t' if name in _BELIEF_TEXTS else 'i'}" for name in columns)


def _taken_over(columns: Sequence[str]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in columns)


def stock_statements(
    insert: Callable[..., Bulk],
    counted: Callable[..., Bulk],
) -> Iterator[Bulk]:
    """The statements in the order in which a round runs them, made as those of the rest are."""
    yield counted(
        "upsert_stock_belief",
        f"INSERT INTO stock_beliefs ({', '.join(_BELIEF)}) SELECT * FROM ROWS ON CONFLICT (hub, system) DO UPDATE"
        f" SET {_taken_over(_BELIEF[2:])} WHERE stock_beliefs.counted = excluded.before",
        _spec(_BELIEF), "hub", sort_by=0,
    )  # fmt: skip
    yield counted(
        "age_stock",
        "UPDATE stock_beliefs b SET counted = 0 FROM ROWS WHERE b.hub = u.hub AND b.system = u.system"
        " AND b.counted = u.counted",
        "hub:i system:t counted:i", "hub", sort_by=0,
    )  # fmt: skip
    yield counted(
        "add_supply",
        "INSERT INTO stock_levels (scope, sku, site, unit, supply, reserved, as_of_ms, changed, due_ms, partition)"
        " SELECT scope, sku, site, unit, supply, 0, as_of_ms, 1, due_ms, partition FROM ROWS"
        " ON CONFLICT (scope, sku, site) DO UPDATE SET unit = excluded.unit,"
        " supply = stock_levels.supply + excluded.supply,"
        " as_of_ms = greatest(stock_levels.as_of_ms, excluded.as_of_ms), changed = stock_levels.changed + 1,"
        " due_ms = least(stock_levels.due_ms, excluded.due_ms)",
        "scope:i sku:t site:t unit:t supply:i as_of_ms:i due_ms:i partition:i", "scope", sort_by=1,
    )  # fmt: skip
    yield counted(
        "take_stock",
        "UPDATE stock_levels l SET reserved = l.reserved + u.amount, changed = l.changed + 1,"
        " due_ms = least(l.due_ms, u.due_ms) FROM ROWS WHERE l.scope = u.scope AND l.sku = u.sku AND l.site = u.site"
        " AND l.supply - l.reserved - u.amount >= u.least",
        "scope:i sku:t site:t amount:i least:i due_ms:i", "scope", sort_by=1,
    )  # fmt: skip
    yield from _kept(insert, counted)


def _kept(insert: Callable[..., Bulk], counted: Callable[..., Bulk]) -> Iterator[Bulk]:
    """Reservations, promises, and what channels were told."""
    yield counted(
        "settle_level",
        # One that has changed since stays due.
        "UPDATE stock_levels l SET due_ms = CASE WHEN l.changed = u.changed THEN NULL ELSE l.due_ms END FROM ROWS"
        " WHERE l.scope = u.scope AND l.sku = u.sku AND l.site = u.site",
        "scope:i sku:t site:t changed:i", "scope", sort_by=1,
    )  # fmt: skip
    yield insert("insert_reservation", "reservations", f"{_RESERVATION} scope:i position:i")
    yield counted(
        "move_reservation",
        "UPDATE reservations r SET sku = u.sku, site = u.site, channel = u.channel, holder = u.holder, line = u.line,"
        " amount = u.amount, state = u.state, lot = u.lot, made_ms = u.made_ms, until_ms = u.until_ms,"
        " passed_ms = u.passed_ms, position = u.position FROM ROWS"
        " WHERE r.id = u.id AND r.state = u.state_before AND r.amount = u.amount_before",
        f"{_RESERVATION} state_before:i amount_before:i position:i", "id", sort_by=0,
    )  # fmt: skip
    yield insert(
        "insert_promise", "promises", "id:i scope:i channel:t body:t made_ms:i until_ms:i position:i"
    )
    columns = [pair.partition(":")[0] for pair in _TOLD.split()]
    yield insert(
        "upsert_stock_told", "stock_told", _TOLD,
        f"ON CONFLICT (channel, sku) DO UPDATE SET {_taken_over(columns[2:])}",
    )  # fmt: skip
    coming = [pair.partition(":")[0] for pair in _COMING.split()]
    yield insert(
        "upsert_coming", "stock_coming", _COMING,
        f"ON CONFLICT (hub, sku, site) DO UPDATE SET {_taken_over(coming[3:])}",
    )  # fmt: skip
    yield counted(
        "due_told",
        "UPDATE stock_told t SET due_ms = u.due_ms FROM ROWS WHERE t.channel = u.channel AND t.sku = u.sku",
        "due_ms:i channel:t sku:t", "channel",
    )  # fmt: skip
