"""The statements of the writer about the desk, each over the rows of a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

Bulk = TypeVar("Bulk")


def desk_statements(insert: Callable[..., Bulk], counted: Callable[..., Bulk]) -> Iterator[Bulk]:
    """The statements in the order in which a round runs them, made as those of the rest are."""
    yield counted(
        "escalate_incident",
        "UPDATE incidents i SET owner = u.owner, moved = u.moved FROM ROWS"
        " WHERE i.id = u.id AND i.owner = u.former AND i.state + 0 = 1",
        "id:i owner:t former:t moved:i", "id", sort_by=0,
    )  # fmt: skip
    yield insert(
        "upsert_incident_clock", "incident_clocks",
        "incident:i scope:i level:i until_ms:i clock_ms:i at_ms:i position:i",
        "ON CONFLICT (incident) DO UPDATE SET level = excluded.level, until_ms = excluded.until_ms,"
        " clock_ms = excluded.clock_ms, at_ms = excluded.at_ms, position = excluded.position",
    )  # fmt: skip
    yield insert(
        "insert_shift_note",
        "shift_notes",
        "id:i scope:i who:t heir:t says:t given:i at_ms:i position:i",
    )
    yield insert(
        "upsert_desk_run", "desk_runs",
        "id:i scope:i kind:t who:t why:t given:t state:t total:i done:i failed:i at_ms:i ended_ms:i position:i",
        "ON CONFLICT (id) DO UPDATE SET state = excluded.state, total = excluded.total, done = excluded.done,"
        " failed = excluded.failed, ended_ms = excluded.ended_ms, position = excluded.position",
    )  # fmt: skip
    resend = "run:i transmission:i scope:i partition:i treatment:t state:i made:i says:t position:i"
    yield insert("insert_resend", "resends", resend, "ON CONFLICT DO NOTHING")
    yield insert(
        "upsert_resend", "resends", resend,
        "ON CONFLICT (run, transmission) DO UPDATE SET state = excluded.state, made = excluded.made,"
        " says = excluded.says, position = excluded.position",
    )  # fmt: skip
    yield counted(
        "claim_once",
        "INSERT INTO claims (name, scope, holder, at_ms, position)"
        " SELECT name, scope, holder, at_ms, position FROM ROWS ON CONFLICT DO NOTHING",
        "name:t scope:i holder:i at_ms:i position:i", "name", sort_by=0,
    )  # fmt: skip
    yield counted(
        "move_claim",
        "UPDATE claims c SET holder = u.holder, at_ms = u.at_ms, position = u.position FROM ROWS"
        " WHERE c.name = u.name AND c.scope = u.scope AND c.holder = u.former",
        "name:t scope:i holder:i at_ms:i former:i position:i", "name", sort_by=0,
    )  # fmt: skip
