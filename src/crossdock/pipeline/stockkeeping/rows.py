"""The rows in which the journal keeps levels and reservations."""

from __future__ import annotations

from typing import Any

from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Row
from crossdock.journal.stock import BeliefRow, ComingRow, ToldRow
from crossdock.stock.reservation import Reservation

_SCOPE = 1
#: How a channel came to have a figure: it said so, or we sent it.
THEIRS, OURS = 1, 2
#: The site of a level that holds nothing: it says that its item must be looked at.
NOWHERE = "*"
#: What must be left of a level when nothing is taken.
ANYTHING = -(1 << 62)


def _columns(one: Reservation) -> tuple[Any, ...]:
    return (
        one.id, one.sku, one.site, one.channel, one.holder, one.line, one.amount, one.state.value, one.lot,
        one.made_ms, one.until_ms, one.passed_ms,
    )  # fmt: skip


def reserved(one: Reservation) -> Row:
    """A new reservation."""
    return "insert_reservation", (*_columns(one), _SCOPE), None


def moved(before: Reservation, after: Reservation) -> Row:
    """A reservation that changes; touches none when somebody else changed it first."""
    return "move_reservation", (*_columns(after), before.state.value, before.amount), 1


def took(sku: str, site: str, amount: int, least: int, due_ms: int | None) -> tuple[Any, ...]:
    """Statement and values of so much set aside, or given back where it is below nothing; so much must be left."""
    return "take_stock", _SCOPE, sku, site, amount, least, due_ms


def given_back(sku: str, site: str, amount: int, due_ms: int | None) -> tuple[Any, ...]:
    """Statement and values of so much that is no longer set aside, however little is there."""
    return took(sku, site, -amount, ANYTHING, due_ms)


def added(sku: str, site: str, unit: str, amount: int, as_of_ms: int, due_ms: int | None) -> tuple[Any, ...]:
    """Statement and values of more or less supply; makes the level where there is none."""
    return "add_supply", _SCOPE, sku, site, unit, amount, as_of_ms, due_ms, partition_of(sku)


def settled(sku: str, site: str, changed: int) -> tuple[Any, ...]:
    """Statement and values of a level of which everybody was told."""
    return "settle_level", _SCOPE, sku, site, changed


def told_row(row: ToldRow, *, due_ms: int | None) -> Row:
    """What a channel has now, as far as is known; `due_ms` is when it is to be told another figure."""
    values = (
        row.channel, row.sku, row.hub, row.amount, row.unit, row.how, row.at_ms, due_ms, partition_of(row.sku),
    )  # fmt: skip
    return "upsert_stock_told", values, None


def coming_row(row: ComingRow) -> Row:
    """What is still announced, in place of what was said of it before."""
    values = row.hub, row.sku, row.site, row.root, row.number, row.unit, row.amount, row.at_ms
    return "upsert_coming", values, None


def told_due(due_ms: int | None, channel: str, sku: str) -> tuple[Any, ...]:
    """Statement and values of when a channel is to be told of an item; None: it has been."""
    return "due_told", due_ms, channel, sku


def believed(row: BeliefRow, before: int, good_until_ms: int | None) -> Row:
    """What a system has told of one balance; `before` is what of it was counted until now."""
    values = (
        row.hub, row.system, row.sku, row.site, row.status, row.lot, row.expires_on, row.owner, row.place, row.unit,
        row.gross, row.net, row.as_of_ms, row.message, row.counted, before, good_until_ms, partition_of(row.sku),
    )  # fmt: skip
    return "upsert_stock_belief", values, 1
