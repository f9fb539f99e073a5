"""The writes of one transaction, gathered by statement so that each runs once for many rows."""

from __future__ import annotations

from typing import Any

from crossdock.journal.postgresql.arrays import array
from crossdock.journal.postgresql.statements import BULK, Bulk
from crossdock.journal.postgresql.wire import Command

#: What a row must have for itself within a round: the table, and the place of its key among the values.
_KEYS: dict[str, tuple[str, slice]] = {
    "move_capture": ("captures", slice(1, 2)),
    "move_message": ("messages", slice(3, 4)),
    "move_transmission": ("transmissions", slice(7, 8)),
    "hand_over": ("messages", slice(2, 3)),
    "upsert_hub": ("hubs", slice(0, 1)),
    "introduce_shared": ("hubs", slice(0, 1)),
    "upsert_number": ("numbers", slice(0, 2)),
    "move_number": ("numbers", slice(0, 2)),
    "answer_receipt": ("receipts", slice(2, 4)),
    "upsert_restored": ("restored", slice(0, 1)),
    "upsert_belief": ("beliefs", slice(0, 2)),
    "upsert_cursor": ("cursors", slice(0, 3)),
    "upsert_tally": ("tallies", slice(0, 5)),
    "upsert_crosswalk_row": ("crosswalk_rows", slice(0, 3)),
    "replace_arrival": ("arrivals", slice(0, 3)),
    "assign_incident": ("incidents", slice(0, 1)),
    "resolve_incident": ("incidents", slice(0, 1)),
    "escalate_incident": ("incidents", slice(0, 1)),
    "upsert_incident_clock": ("incident_clocks", slice(0, 1)),
    "upsert_desk_run": ("desk_runs", slice(0, 1)),
    "insert_resend": ("resends", slice(0, 2)),
    "upsert_resend": ("resends", slice(0, 2)),
    "claim_once": ("claims", slice(0, 1)),
    "move_claim": ("claims", slice(0, 1)),
    "delete_member": ("members", slice(0, 2)),
    "insert_key": ("keys", slice(0, 1)),
    "upsert_person": ("people", slice(0, 1)),
    "decide_approval": ("approvals", slice(0, 1)),
    "upsert_session": ("sessions", slice(0, 1)),
    "upsert_attempt": ("attempts", slice(0, 1)),
    "upsert_stock_belief": ("stock_beliefs", slice(0, 2)),
    "age_stock": ("stock_beliefs", slice(0, 2)),
    "add_supply": ("stock_levels", slice(0, 3)),
    "take_stock": ("stock_levels", slice(0, 3)),
    "settle_level": ("stock_levels", slice(0, 3)),
    "move_reservation": ("reservations", slice(0, 1)),
    "upsert_stock_told": ("stock_told", slice(0, 2)),
    "due_told": ("stock_told", slice(1, 3)),
    "upsert_coming": ("stock_coming", slice(0, 3)),
    "move_watch": ("watch", slice(0, 1)),
    "move_expectation": ("expectations", slice(0, 1)),
    "add_measure": ("measures", slice(0, 3)),
    "move_alert": ("alerts", slice(0, 1)),
}


class Plan:
    """Rounds of statements; within a round the order is that of statements.py, and no row is changed twice."""

    __slots__ = ("_round", "_rounds", "_seen")

    def __init__(self) -> None:
        self._round: dict[str, list[tuple[Any, ...]]] = {}
        self._rounds = [self._round]
        self._seen: set[tuple[str, tuple[Any, ...]]] = set()

    def add(self, name: str, values: tuple[Any, ...]) -> None:
        """Adds one row to a statement."""
        if name in _KEYS:
            table, place = _KEYS[name]
            key = (table, values[place])
            if key in self._seen:
                self._next()
            self._seen.add(key)
        elif name == "insert_member" and ("members", values[1:3]) in self._seen:
            self._next()  # it left before it came back
        self._round.setdefault(name, []).append(values)

    def _next(self) -> None:
        self._round = {}
        self._rounds.append(self._round)
        self._seen.clear()

    def commands(self) -> list[Command]:
        """The statements in order, and an empty plan again."""
        found = [
            _command(BULK[name], rounds[name]) for rounds in self._rounds for name in BULK if name in rounds
        ]
        self._round = {}
        self._rounds = [self._round]
        self._seen.clear()
        return found


def _command(bulk: Bulk, rows: list[tuple[Any, ...]]) -> Command:
    if bulk.sort_by is not None:
        place = bulk.sort_by
        rows.sort(key=lambda row: row[place])
    columns = zip(*rows, strict=True)
    return bulk.statement, [array(values, type_) for values, type_ in zip(columns, bulk.types, strict=True)]
