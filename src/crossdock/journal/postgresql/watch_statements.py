"""The statements of the writer about what is watched over, each over the rows of a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

Bulk = TypeVar("Bulk")

_EXPECTATION = "id:i scope:i rule:t root:i message:i number:t since_ms:i due_ms:i"
_ALERT = "id:i scope:i subject:t step:i way:t due_ms:i state:i tries:i content:t at_ms:i"
_NOTHING = "ON CONFLICT DO NOTHING"


def watch_statements(
    insert: Callable[..., Bulk], counted: Callable[..., Bulk], gone: Callable[..., Bulk]
) -> Iterator[Bulk]:
    """The statements in the order in which a round runs them, made as those of the rest are."""
    yield insert("begin_watch", "watch", "scope:i position:i", _NOTHING)
    yield counted(
        "move_watch",
        "UPDATE watch w SET position = u.position FROM ROWS WHERE w.scope = u.scope AND w.position = u.before",
        "scope:i position:i before:i", "scope", sort_by=0,
    )  # fmt: skip
    yield gone("delete_expectation", "expectations", "id", "=")
    yield insert("insert_expectation", "expectations", _EXPECTATION, _NOTHING)
    yield counted(
        "move_expectation",
        "UPDATE expectations e SET since_ms = u.since_ms, due_ms = u.due_ms, incident = u.incident FROM ROWS"
        " WHERE e.id = u.id",
        "id:i since_ms:i due_ms:i incident:i", "id", sort_by=0,
    )  # fmt: skip
    yield insert(
        "add_measure", "measures", "scope:i name:t from_ms:i total:i good:i",
        "ON CONFLICT (scope, name, from_ms) DO UPDATE SET total = measures.total + excluded.total,"
        " good = measures.good + excluded.good",
    )  # fmt: skip
    yield gone("delete_measures_before", "measures", "from_ms", "<")
    yield insert("insert_alert", "alerts", _ALERT, _NOTHING)
    yield counted(
        "move_alert",
        "UPDATE alerts a SET state = u.state, due_ms = u.due_ms, tries = u.tries, at_ms = u.at_ms FROM ROWS"
        " WHERE a.id = u.id AND a.state = u.before",
        "id:i state:i due_ms:i tries:i at_ms:i before:i", "id", sort_by=0,
    )  # fmt: skip
    yield gone("delete_alert", "alerts", "id", "=")
