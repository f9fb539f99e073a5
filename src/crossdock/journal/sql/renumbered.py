"""What an item or a party is called now, and what it was called before, as the store has it."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.rows import MESSAGE_COLUMNS, read_message

#: Changes that are looked at in one question.
_CHANGES_MAX = 10_000
KINDS = frozenset({"item", "party"})
_TAKEN = (
    f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id IN (SELECT b.message FROM hubs h JOIN beliefs b ON b.hub = h.id"
    " WHERE h.document = 'number_change' AND b.how = 1) ORDER BY id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Names:
    """Every number of one thing; `now` is the last, whether it was renamed, superseded or merged."""

    now: str
    formerly: tuple[str, ...]

    def others(self, number: str) -> list[str]:
        """The numbers beside one of them, today's first."""
        return [one for one in (self.now, *self.formerly) if one != number]


def names_of(connection: Connection, kind: str, number: str) -> Names:
    """What a number is called now, and what led there."""
    if kind not in KINDS:
        return Names(number, ())
    trees = [read_message(row).tree for row in connection.execute(_TAKEN, (_CHANGES_MAX,)).fetchall()]
    after = {tree["old"]: tree["new"] for tree in trees if tree["object"] == kind}
    now = number
    for _ in range(len(after)):
        if now not in after:
            break
        now = after[now]
    formerly: list[str] = []
    todo = [now]
    while todo:
        name = todo.pop()
        found = [old for old, new in after.items() if new == name and old not in formerly]
        formerly += found
        todo += found
    return Names(now, tuple(formerly))
