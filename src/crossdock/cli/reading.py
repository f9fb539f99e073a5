"""What the reading commands ask: the store beside them, or a hub over HTTP, with the same answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from crossdock.cli import options
from crossdock.cli.opening import closer, store_at
from crossdock.cli.remote import Remote, refuse
from crossdock.cli.terminal import MISUSED, stop

if TYPE_CHECKING:
    from crossdock.charter.charter import Charter
    from crossdock.journal.sql.connection import Connection, Storage
    from crossdock.pipeline.gates import Gates

T = TypeVar("T")


class Reading(Protocol):
    """Where the answers come from; all of them in the shapes of the HTTP interface."""

    def story(self, document: str, number: str, system: str | None) -> dict[str, Any] | None:
        """The story of one object, or `{"choices": […]}`; None when nobody ever spoke of it."""
        ...

    def body(self, href: str) -> bytes | None:
        """The bytes behind an entry of a story; None when they were erased."""
        ...

    def conservation(self, system: str | None) -> dict[str, Any]:
        """Every accepted document, by where it is now."""
        ...

    def incidents(self, **narrowed: str | None) -> dict[str, Any]:
        """One page of incidents: state, type, system, key, after."""
        ...

    def incident(self, name: str) -> dict[str, Any] | None:
        """One incident with what was done about it; None when there is none."""
        ...


def reading(
    site: Path | None, database: str | None, url: str | None, key: str | None, *, also_left: bool = False
) -> Reading:
    """The hub at `url` if one is given, else the store of the site; with `also_left` even one that was left."""
    if url is None:
        settings = options.settings(site, database)
        return Store(settings.database, _charter(settings.site), also_left=also_left)
    if key is None:
        stop(
            f"a key is needed to ask {url}",
            fix="give --key or CROSSDOCK_KEY; an observer's is enough",
            status=MISUSED,
        )
    return OverHttp(Remote(url, key))


def _charter(site: Path) -> Charter | None:
    from crossdock.assembly import read_charter
    from crossdock.faults import Misconfigured

    try:
        return read_charter(site)[0]
    except Misconfigured:
        return None  # a store may be read without its charter


class _Now:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def _gates(connection: Connection, charter: Charter) -> Gates:
    """What may pass, as a running hub would see it."""
    from crossdock.journal.sql.flow import gate_acts
    from crossdock.pipeline.gates import Gates

    found = Gates(charter, _Now(), lambda: gate_acts(connection, 1))
    found.refresh()
    return found


class Store:
    """The store itself, read in one snapshot while a hub may go on writing."""

    def __init__(self, database: str, charter: Charter | None = None, *, also_left: bool = False) -> None:
        self._database = database
        self._storage = store_at(database, also_left=also_left)
        self._charter = charter  #: for what the calendar closes; None: it cannot be read

    def story(self, document: str, number: str, system: str | None) -> dict[str, Any] | None:
        """See Reading."""
        from crossdock.journal.sql.awaited import open_
        from crossdock.journal.sql.trace import Several, trace
        from crossdock.pipeline.lives import lifecycle

        charter = self._charter
        found = self._view(
            lambda c: trace(
                c,
                document,
                number,
                system=system,
                closed=_gates(c, charter).why if charter else open_,
                life=lifecycle(charter) if charter else None,
            )
        )
        return {"choices": list(found.choices)} if isinstance(found, Several) else found

    def body(self, href: str) -> bytes | None:
        """See Reading."""
        from crossdock.journal.sql.views import bytes_of
        from crossdock.message.names import BYTES, id_of

        position = id_of(BYTES, href.rsplit("/", 1)[-1])
        found = None if position is None else self._view(lambda c: bytes_of(c, position))
        return found.body if found else None

    def conservation(self, system: str | None) -> dict[str, Any]:
        """See Reading."""
        from crossdock.journal.sql.views import conservation

        at_ms = time.time_ns() // 1_000_000
        return self._view(lambda c: conservation(c, at_ms=at_ms, system=system))

    def incidents(self, **narrowed: str | None) -> dict[str, Any]:
        """See Reading."""
        from crossdock.journal.sql.incidents import Filter, incidents

        after = narrowed.pop("after", None)
        given = {name: value for name, value in narrowed.items() if value is not None}
        wanted = Filter(**given, after=_incident_id(after) if after else 0)
        return self._view(lambda c: incidents(c, wanted))

    def incident(self, name: str) -> dict[str, Any] | None:
        """See Reading."""
        from crossdock.desk.closeup import closeup
        from crossdock.journal.sql.incidents import history, incident

        id_ = _incident_id(name)

        def read(connection: Connection) -> dict[str, Any] | None:
            item = incident(connection, id_)
            return (
                None
                if item is None
                else item | {"history": history(connection, id_)} | closeup(connection, item)
            )

        return self._view(read)

    def read(self, read: Callable[[Connection, Gates], T], charter: Charter) -> T:
        """Reads with the gates as the store and a charter have them."""
        return self._view(lambda c: read(c, _gates(c, charter)))

    def _view(self, read: Callable[[Connection], T]) -> T:
        from crossdock.journal.open import STORE_ERRORS

        storage = self._storage
        try:
            if not storage.exists():
                stop(
                    f"there is no store at {storage.name}",
                    fix="name the site by --site, or start the hub once",
                )
            must_be_current(storage)
            with storage.snapshot() as connection:
                return read(connection)
        except STORE_ERRORS as error:
            stop(f"the store {storage.name} cannot be read: {error}", fix=closer(self._database))


def must_be_current(storage: Storage) -> None:
    """Ends the command with a word where an older release wrote the store last.

    Raises StoreDown, and Misconfigured for a store that a newer version made.
    """
    from crossdock.journal.open import must_not_be_newer

    must_not_be_newer(storage)
    if storage.behind():
        stop(
            f"an older release of the hub wrote {storage.name} last",
            fix="start the hub once, it brings the store to its own shape; or ask with the older release",
        )


class OverHttp:
    """A running hub, asked with a key that may read."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def story(self, document: str, number: str, system: str | None) -> dict[str, Any] | None:
        """See Reading."""
        return self._remote.get(
            f"/v1/trace/{quote(document)}/{quote(number, safe='')}{_query(system=system)}"
        )

    def body(self, href: str) -> bytes | None:
        """See Reading."""
        answer = self._remote.ask("GET", href)
        if answer.status not in {200, 404}:
            refuse(answer)
        return answer.body if answer.status == 200 else None

    def conservation(self, system: str | None) -> dict[str, Any]:
        """See Reading."""
        return self._remote.get(f"/v1/conservation{_query(system=system)}")

    def incidents(self, **narrowed: str | None) -> dict[str, Any]:
        """See Reading."""
        return self._remote.get(f"/v1/incidents{_query(**narrowed)}")

    def incident(self, name: str) -> dict[str, Any] | None:
        """See Reading."""
        return self._remote.get(f"/v1/incidents/{quote(name)}")


def _query(**given: str | None) -> str:
    named = {name: value for name, value in given.items() if value is not None}
    return f"?{urlencode(named)}" if named else ""


def _incident_id(name: str) -> int:
    from crossdock.message.names import INCIDENT, id_of

    id_ = id_of(INCIDENT, name)
    if id_ is None:
        stop(
            f"{name!r} is no incident",
            fix="write it as `crossdock desk list` does, such as i10",
            status=MISUSED,
        )
    return id_
