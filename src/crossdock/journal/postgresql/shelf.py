"""The levels that a transaction decides on: locked before anybody decides, in one order for all hosts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from crossdock.journal.changes import Changes, Row
from crossdock.journal.postgresql.arrays import Type, array, scalar
from crossdock.journal.postgresql.wire import Command, Statement
from crossdock.journal.sql.stock_reads import LEVEL
from crossdock.journal.stock import LevelRow, OnStock

_INT, _TEXTS = Type.INT.oid, Type.TEXT.array_oid
#: Everybody who changes the level of an item takes these locks first, so that no two wait for each other.
_LEVELS = Statement(
    b"lock_levels",
    f"SELECT {LEVEL} FROM stock_levels WHERE scope = $1 AND sku = ANY($2) ORDER BY sku, site FOR UPDATE",
    (_INT, _TEXTS),
)
_HELD = Statement(
    b"find_held",
    # A statement of its own: it sees what those wrote for whom the locks were waited.
    "SELECT channel, sku, sum(amount)::bigint FROM reservations WHERE channel = ANY($1) AND sku = ANY($2)"
    " AND state IN (1, 2) GROUP BY channel, sku",
    (_TEXTS, _TEXTS),
)
STATEMENTS = (_LEVELS, _HELD)

_Wanted = tuple[Sequence[str], str | None, OnStock[Any]]
_TAKES = frozenset({"take_stock", "add_supply"})


class Shelf:
    """The levels as they are found, and as the tasks of the transaction leave them."""

    def __init__(self, wanted: Sequence[_Wanted], scope: int) -> None:
        self._wanted = wanted
        self._scope = scope
        self._levels: dict[str, dict[tuple[str, str], LevelRow]] = {}
        self._held: dict[tuple[str, str], int] = {}
        self._taken: dict[tuple[str, str], tuple[int, int]] = {}  #: what decisions took, and when that is due

    def commands(self, changes: Sequence[Changes]) -> list[Command]:
        """Locks every level that is decided on or written, in the order of their keys."""
        written = {values[1] for one in changes for name, values, _ in one.rows if name in _TAKES}
        asked = {sku for skus, _, _ in self._wanted for sku in skus}
        if not asked | written:
            return []
        found: list[Command] = [(_LEVELS, [scalar(self._scope), array(sorted(asked | written), Type.TEXT)])]
        channels = sorted({channel for _, channel, _ in self._wanted if channel is not None})
        if channels:
            found.append((_HELD, [array(channels, Type.TEXT), array(sorted(asked), Type.TEXT)]))
        return found

    def learn(self, results: list[list[tuple[Any, ...]]]) -> None:
        """What the commands found."""
        for row in results[0] if results else ():
            self._levels.setdefault(row[0], {})[row[0], row[1]] = LevelRow(*row)
        for channel, sku, amount in results[1] if len(results) > 1 else ():
            self._held[channel, sku] = amount

    def note(self, rows: Sequence[Row]) -> None:
        """What the changes of another task of this transaction do to the levels."""
        for name, values, _ in rows if self._wanted else ():
            if name == "take_stock":
                self._add(values[1], values[2], reserved=values[3])
            elif name == "add_supply":
                self._add(values[1], values[2], supply=values[4])

    def decide(self, wanted: _Wanted, changes: Changes) -> Any:
        """Runs one decision; what it takes is written for all decisions at once."""
        skus, channel, decide = wanted
        channel = channel or ""
        levels: dict[tuple[str, str], LevelRow] = {}
        for sku in skus:
            levels |= self._levels.get(sku, {})
        held = {sku: self._held[channel, sku] for sku in skus if (channel, sku) in self._held}
        outcome = decide(levels, held, changes)
        rows, changes.rows = changes.rows, []
        for row in rows:
            if row[0] == "take_stock":
                self._take(channel, row[1])
            else:
                changes.rows.append(row)
        return outcome

    def _take(self, channel: str, values: tuple[Any, ...]) -> None:
        _, sku, site, amount, _, due_ms = values
        before, _ = self._taken.get((sku, site), (0, 0))
        self._taken[sku, site] = before + amount, due_ms
        self._held[channel, sku] = self._held.get((channel, sku), 0) + amount
        self._add(sku, site, reserved=amount)

    def _add(self, sku: str, site: str, *, supply: int = 0, reserved: int = 0) -> None:
        row = self._levels.get(sku, {}).get((sku, site))
        if row is not None:
            self._levels[sku][sku, site] = replace(
                row, supply=row.supply + supply, reserved=row.reserved + reserved
            )

    def taken(self) -> Iterator[tuple[Any, ...]]:
        """What all decisions took, item by item: judged under the locks, so nothing is asked of the levels again."""
        for (sku, site), (amount, due_ms) in self._taken.items():
            yield self._scope, sku, site, amount, ANYTHING, due_ms


#: What must be left of a level when that has been judged already.
ANYTHING = -(1 << 62)
