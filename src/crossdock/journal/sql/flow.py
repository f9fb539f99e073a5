"""What flow control asks a store: the acts on gates, and how much waits where."""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.journal.sql.connection import Connection
from crossdock.message.gate import Direction, GateAct, GateMove

#: Acts on gates that are looked at: years of them, for people act by hand.
GATE_ACTS_MAX = 10_000


def gate_acts(connection: Connection, scope: int) -> Sequence[GateAct]:
    """What people did to the ways into and out of systems, oldest first; the newest where there are very many."""
    rows = connection.execute(
        "SELECT id, system, direction, move, who, reason, at_ms FROM gate_acts WHERE scope = ?"
        " ORDER BY at_ms DESC, id DESC LIMIT ?",
        (scope, GATE_ACTS_MAX),
    ).fetchall()
    return [
        GateAct(id_, system, Direction(direction), GateMove(move), who, reason, at_ms)
        for id_, system, direction, move, who, reason, at_ms in reversed(rows)
    ]
