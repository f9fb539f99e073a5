"""A request for approval, as the store keeps it and as people are shown it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.message.names import id_of, moment

#: Before the number of a request.
APPROVAL = "p"
LISTED_MAX = 200


class State(Enum):
    """How far a request has come. The number is what the store keeps."""

    ASKED = 1  #: waits for another person
    APPROVED = 2  #: another person said yes; it is carried out now
    DONE = 3  #: it was carried out
    DECLINED = 4  #: another person said no
    WITHDRAWN = 5  #: whoever asked no longer wants it
    FAILED = 6  #: it was approved, and could not be carried out any more
    EXPIRED = 7  #: nobody decided in time


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for; times in milliseconds since 1970."""

    id: int
    scope: int
    kind: str
    verb: str  #: what carries it out
    subject: str  #: what it is about
    body: str  #: what the act was given, as JSON
    says: str
    asked_by: str
    asked_from: str
    asked_ms: int
    until_ms: int
    state: int = State.ASKED.value
    decided_by: str | None = None
    decided_ms: int | None = None
    reason: str = ""

    @property
    def values(self) -> tuple[Any, ...]:
        """As the statement `insert_approval` takes it."""
        return tuple(getattr(self, name) for name in self.__slots__)

    @property
    def name(self) -> str:
        """What people call it by."""
        return f"{APPROVAL}{self.id}"

    def is_over(self, now_ms: int) -> bool:
        """Whether nobody approved it in time."""
        return self.state == State.ASKED.value and now_ms >= self.until_ms

    def shown(self, now_ms: int) -> dict[str, Any]:
        """As answers show it."""
        state = "expired" if self.is_over(now_ms) else State(self.state).name.lower()
        return {
            "id": self.name, "kind": self.kind, "says": self.says, "subject": self.subject, "state": state,
            "given": json.loads(self.body), "asked_by": self.asked_by, "asked_from": self.asked_from,
            "asked_at": moment(self.asked_ms), "until": moment(self.until_ms), "decided_by": self.decided_by,
            "decided_at": moment(self.decided_ms) if self.decided_ms is not None else None, "reason": self.reason,
        }  # fmt: skip


_COLUMNS = ", ".join(Request.__slots__)


def request_of(connection: Connection, name: str) -> Request | None:
    """One request by its name."""
    id_ = id_of(APPROVAL, name)
    if id_ is None:
        return None
    row = connection.execute(f"SELECT {_COLUMNS} FROM approvals WHERE id = ?", (id_,)).fetchone()  # noqa: S608 - constants
    return Request(*row) if row else None


def requests(connection: Connection, *, open_only: bool) -> Sequence[Request]:
    """Requests, newest first; `open_only`: those that wait, or are being carried out."""
    narrowed = "WHERE state IN (1, 2) " if open_only else ""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM approvals {narrowed}ORDER BY id DESC LIMIT ?",  # noqa: S608 - constants
        (LISTED_MAX,),
    )
    return [Request(*row) for row in rows]


def times_asked(connection: Connection, verb: str, subject: str, body: str, asked_by: str) -> int:
    """How often somebody has asked for the very same act."""
    row = connection.execute(
        "SELECT count(*) FROM approvals WHERE verb = ? AND subject = ? AND body = ? AND asked_by = ?",
        (verb, subject, body, asked_by),
    ).fetchone()
    return int(row[0])


def same_open(connection: Connection, verb: str, subject: str, body: str, asked_by: str) -> Request | None:
    """The open request of somebody for the very same act."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM approvals WHERE state IN (1, 2) AND verb = ? AND subject = ? AND body = ?"  # noqa: S608 - constants
        " AND asked_by = ? ORDER BY id DESC LIMIT 1",
        (verb, subject, body, asked_by),
    ).fetchone()
    return Request(*row) if row else None
