"""Numbers that were given in sequence, and receipts that are owed, as the ledger tells of them: none may be gone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from crossdock.journal.numbers import AGAIN, NUMBERS, OWES, begins_again
from crossdock.journal.sql.connection import Connection


@dataclass(slots=True)
class _Told:
    """What the ledger tells of one sequence."""

    count: int = 0
    lowest: int = 0
    highest: int = 0
    position: int = 0  #: of the last entry that gave a number of it
    again: int = 0  #: how many of them a person let be given once more


class Series:
    """Gathers what entries tell, then compares it with the rows, in memory that grows with the sequences only."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def note(self, connection: Connection, position: int, detail: str) -> str | None:
        """Takes one entry into account; says what is wrong with the receipt that it tells of."""
        if not any(f'"{word}"' in detail for word in (NUMBERS, OWES, AGAIN)):
            return None
        told: dict[str, Any] = json.loads(detail)
        for sequence, runs in told.get(NUMBERS, {}).items():
            known = self._told.setdefault(sequence, _Told(lowest=runs[0]))
            known.position = position
            for first, last in zip(runs[::2], runs[1::2], strict=True):
                known.count += last - first + 1
                known.lowest, known.highest = min(known.lowest, first), max(known.highest, last)
        for sequence, (first, last) in told.get(AGAIN, {}).items():
            known = self._told.setdefault(sequence, _Told(lowest=first))
            known.position = position
            known.again += last - first + 1
        for owed in told.get(OWES, ()):
            query = "SELECT 1 FROM receipts WHERE transmission = ? AND round = ?"
            if connection.execute(query, tuple(owed)).fetchone() is None:
                return f"the receipt that is owed for {owed[0]}, round {owed[1]}, is gone"
        return None

    def complaint(self, connection: Connection) -> tuple[int, str] | None:
        """The first sequence that is not as the ledger tells, with the position of its last entry."""
        rows = connection.execute("SELECT sequence, value, most FROM numbers").fetchall()
        standing = {sequence: (value, most) for sequence, value, most in rows}
        for sequence, told in self._told.items():
            span = told.highest - told.lowest + 1
            value, most = standing.pop(sequence, (None, 0))
            again = begins_again(sequence) and told.highest == most
            if value is None:
                return told.position, f"the sequence {sequence} is gone"
            if told.again:
                # What was to be given once more was, or is next: the net of all is where the sequence stands.
                stands = told.lowest - 1 + told.count - told.again
                if value != stands and not again:
                    return told.position, f"{sequence} stands at {value}; the numbers given lead to {stands}"
                continue
            if told.count < span:
                return told.position, f"{span - told.count} numbers of {sequence} were skipped"
            if told.count > span and not again:
                return told.position, f"{told.count - span} numbers of {sequence} were given twice"
            if told.count == span and value != told.highest:
                return told.position, f"{sequence} stands at {value}; its last number was {told.highest}"
        for sequence in standing:
            return 0, f"no entry tells of the sequence {sequence}"
        return None
