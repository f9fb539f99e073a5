"""Who may sign in, who is signed in, and what people did, as a store has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.message.names import moment
from crossdock.message.states import EntryKind

PEOPLE_MAX = 5_000
SESSIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class PersonRow:
    """What a store keeps of one person; times in milliseconds since 1970."""

    id: int
    scope: int
    name: str  #: what they type to sign in
    shown: str  #: what others call them
    role: str
    systems: str  #: JSON list; empty: all
    sites: str  #: JSON list; empty: all
    password: str | None  #: Argon2id; None: they sign in elsewhere
    renew: int  #: 1: the password is good for one sign-in, in which they choose their own
    totp: bytes | None  #: the sealed secret of their authenticator app
    subject: str | None  #: who they are to the single sign-on
    disabled_ms: int | None
    made_ms: int

    @property
    def values(self) -> tuple[Any, ...]:
        """As the statement `upsert_person` takes it."""
        return tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One signed-in browser; times in milliseconds since 1970."""

    digest: bytes
    person: int
    stage: int
    made_ms: int
    seen_ms: int
    until_ms: int
    origin: str
    agent: str

    @property
    def values(self) -> tuple[Any, ...]:
        """As the statement `upsert_session` takes it."""
        return tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """Failures to sign in under one name, or from one address."""

    who: str
    failures: int = 0
    until_ms: int = 0
    at_ms: int = 0
    step: int = 0  #: the time step of the last one-time code that was used

    @property
    def values(self) -> tuple[Any, ...]:
        """As the statement `upsert_attempt` takes it."""
        return tuple(getattr(self, name) for name in self.__slots__)


_PERSON = ", ".join(f"p.{name}" for name in PersonRow.__slots__)
_SESSION_WIDTH = 8
_SESSION = ", ".join(f"s.{name}" for name in SessionRow.__slots__)


def person_named(connection: Connection, scope: int, name: str) -> PersonRow | None:
    """Who signs in under a name."""
    query = f"SELECT {_PERSON} FROM people p WHERE p.scope = ? AND p.name = ?"
    return _person(connection.execute(query, (scope, name)).fetchone())


def person_of_subject(connection: Connection, scope: int, subject: str) -> PersonRow | None:
    """Whom the single sign-on means."""
    query = f"SELECT {_PERSON} FROM people p WHERE p.scope = ? AND p.subject = ? AND p.subject IS NOT NULL"
    return _person(connection.execute(query, (scope, subject)).fetchone())


def people(connection: Connection, scope: int) -> Sequence[PersonRow]:
    """Everybody, by name."""
    query = f"SELECT {_PERSON} FROM people p WHERE p.scope = ? ORDER BY p.name LIMIT ?"
    return [PersonRow(*row) for row in connection.execute(query, (scope, PEOPLE_MAX))]


def session(connection: Connection, digest: bytes) -> tuple[SessionRow, PersonRow] | None:
    """A session and whose it is."""
    row = connection.execute(
        f"SELECT {_SESSION}, {_PERSON} FROM sessions s JOIN people p ON p.id = s.person WHERE s.digest = ?",
        (digest,),
    ).fetchone()
    if row is None:
        return None
    return SessionRow(*row[:_SESSION_WIDTH]), PersonRow(*row[_SESSION_WIDTH:])


def sessions_of(connection: Connection, person: int) -> Sequence[SessionRow]:
    """Where somebody is signed in, newest first."""
    query = f"SELECT {_SESSION} FROM sessions s WHERE s.person = ? ORDER BY s.made_ms DESC LIMIT ?"
    return [SessionRow(*row) for row in connection.execute(query, (person, SESSIONS_MAX))]


def attempt(connection: Connection, who: str) -> AttemptRow:
    """The failures of a name or an address."""
    names = ", ".join(AttemptRow.__slots__)
    row = connection.execute(f"SELECT {names} FROM attempts WHERE who = ?", (who,)).fetchone()
    return AttemptRow(*row) if row else AttemptRow(who)


def _person(row: tuple[Any, ...] | None) -> PersonRow | None:
    return PersonRow(*row) if row else None


def has_people(connection: Connection) -> bool:
    """Whether there is any account."""
    return connection.execute("SELECT 1 FROM people LIMIT 1").fetchone() is not None


def acts(connection: Connection, before: int, limit: int, *, about: str = "") -> list[dict[str, Any]]:
    """What people did, newest first, beyond one position of the ledger (0: from the newest).

    `about` narrows it to acts that speak of these words, or were done by somebody of this name.
    """
    beyond = f" AND position < {before}" if before else ""
    told = "lower(COALESCE(says, '') || ' ' || COALESCE(system, '') || ' ' || COALESCE(detail, ''))"
    wanted = about.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    rows = connection.execute(
        f"SELECT position, at_ms, system, says, detail, incident FROM ledger WHERE kind = {EntryKind.act.value}{beyond}"
        + (f" AND {told} LIKE ? ESCAPE '!'" if about else "")
        + " ORDER BY position DESC LIMIT ?",
        (*([f"%{wanted}%"] if about else []), limit),
    )
    return [_act(*row) for row in rows]


def _act(
    position: int, at_ms: int, system: str, says: str, detail: str | None, incident: int | None
) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(detail) if detail else {}
    return {
        "position": position,
        "at": moment(at_ms),
        "system": system,
        "says": says,
        "who": told.get("who") or "",
        "act": told.get("act") or "",
        "from": told.get("from") or "",
        "before": told.get("before"),
        "after": told.get("after") or told.get("given"),
        "incident": f"i{incident}" if incident is not None else None,
    }
