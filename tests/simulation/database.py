"""The shared database of two hosts, as far as they see it: its rows of owners, its clock, its locks, the way to it."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import psycopg

from crossdock.journal.chain import PARTITIONS
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.machine import START_MS

#: How long a question is carried, by way of trial, while the way is cut or a lock is held.
_AGAIN_S = 0.02
#: A statement that got no answer for so long has none: the socket says so.
_GIVE_UP_S = 10.0
#: Numbers in a block: fewer than in production, so that the end of one is met all the time.
ID_BLOCK = 64
_TABLES = """
CREATE TABLE owners (id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT, birth TEXT, address TEXT, chain INTEGER UNIQUE,
  epoch INTEGER NOT NULL DEFAULT 1, round INTEGER NOT NULL DEFAULT 0, lease_until REAL NOT NULL, gone_at REAL,
  works INTEGER NOT NULL DEFAULT 0, charter INTEGER);
CREATE TABLE partitions (partition INTEGER PRIMARY KEY, owner INTEGER, since REAL);
CREATE TABLE chains (chain INTEGER PRIMARY KEY, position INTEGER NOT NULL DEFAULT 0, doors INTEGER NOT NULL DEFAULT 0);
CREATE TABLE ledger (position INTEGER PRIMARY KEY, link BLOB);
CREATE TABLE budgets (system TEXT, owner INTEGER, places INTEGER, rate_per_s REAL, wants INTEGER,
  PRIMARY KEY (system, owner));
"""
#: How the production statements are said to SQLite, in this order.
_WORDS: tuple[tuple[str, str], ...] = (
    (r"\(SELECT array_agg\((.+?) ORDER BY (\w+)\) FROM ([^)]+)\)",
     r"(SELECT json_group_array(v) FROM (SELECT \1 AS v FROM \3 ORDER BY \2))"),
    (r"floor\(extract\(epoch FROM clock_timestamp\(\)\) / %s\)::bigint", "CAST(clock_timestamp() / %s AS INTEGER)"),
    (r"= ANY\(%s\)", "IN (SELECT value FROM json_each(%s))"),
    (r"\(extract\(epoch FROM clock_timestamp\(\)\) \* 1000\)::bigint", "wall_ms()"),
    (r"interval '1 second'", "1.0"),
    (r"interval '1 day'", "86400.0"),
    (r" FOR SHARE", ""),
    (r"%s", "?"),
)  # fmt: skip
_TERMINATE = "SELECT pg_terminate_backend"
_said: dict[str, str] = {}


def said(sql: str) -> str:
    """A production statement in SQLite's words."""
    if sql not in _said:
        text = sql
        for pattern, word in _WORDS:
            text = re.sub(pattern, word, text)
        _said[sql] = text
    return _said[sql]


class Waits(Exception):
    """Somebody else has the lock; asked again soon."""


class Session:
    """One connection as the server sees it."""

    def __init__(self, process: Process, name: str = "") -> None:
        self.process = process
        self.name = name
        self.last_s = 0.0
        self.dead = False


class Database:
    """The rows that say who may commit, and the time that leases run by: the server's own.

    Production statements run on them as they are. What PostgreSQL locks row by row is locked as a whole:
    while one transaction is open, every other statement waits, up to `lease_s`, then the idle one is ended.
    """

    def __init__(
        self, loop: SimulatedLoop, random: Random, tell: Callable[..., None], lease_s: float
    ) -> None:
        self._loop = loop
        self.random = random
        self._tell = tell
        self.lease_s = lease_s
        self.slow_s = 0.0  #: the longest that a way to the server takes beside its usual time
        self.failing = 0.0  #: the share of commits that the server refuses
        self.commits = 0
        self.last: Process | None = None  #: whose commit was the last
        self.after_commit: Callable[[], None] = lambda: None
        self.given_up: Callable[[Process, frozenset[int]], None] = lambda *_: None
        self._ids = 1
        self.sessions: list[Session] = []  #: those that are open
        self.writing: dict[int, Session] = {}  #: member -> the open transaction of its writer
        self._open: Session | None = None  #: who has a transaction of statements open
        self.rows = sqlite3.connect(":memory:", isolation_level=None)
        self.rows.create_function("clock_timestamp", 0, self.now_s)
        # A host compares it with the machine's own clock, which nobody simulates.
        self.rows.create_function("wall_ms", 0, lambda: time.time_ns() // 1_000_000)
        self.rows.create_function("pg_advisory_xact_lock", 1, lambda _: None)
        self.rows.executescript(_TABLES)
        for table, column in (("partitions", "partition"), ("chains", "chain")):
            insert = f"INSERT INTO {table} ({column}) VALUES (?)"
            self.rows.executemany(insert, [(n,) for n in range(PARTITIONS)])

    def now_s(self) -> float:
        """The server's clock, which no host shares."""
        return START_MS / 1000 + self._loop.time()

    def block(self, size: int) -> int:
        """The first of so many numbers that nobody else is given."""
        first, self._ids = self._ids, self._ids + size
        return first

    def beyond(self, number: int) -> None:
        """Numbers begin above one that is taken."""
        self._ids = max(self._ids, number + 1)

    # -- statements ------------------------------------------------------------

    def execute(self, session: Session, sql: str, values: Sequence[Any], *, opens: bool) -> list[Any]:
        """One statement of a session, at the server. Raises Waits, psycopg.Error."""
        if session.dead:
            raise psycopg.OperationalError("terminating connection")
        self.free(session)
        if opens and self._open is None:
            self.rows.execute("BEGIN")
            self._open = session
        session.last_s = self._loop.time()
        if sql.startswith(_TERMINATE):
            return self._terminate(values[0])
        given = [json.dumps(list(v)) if isinstance(v, list | tuple | set | frozenset) else v for v in values]
        self._look(session, sql, values)
        found = self.rows.execute(said(sql), given).fetchall()
        return [tuple(_unlisted(value) for value in row) for row in found]

    def free(self, session: Session | None) -> None:
        """Raises Waits while another one has the lock; one that is silent for a lease loses it."""
        other = self._open
        if other is None or other is session:
            return
        if self._loop.time() - other.last_s <= self.lease_s:
            raise Waits
        self.abort(other)

    def _look(self, session: Session, sql: str, values: Sequence[Any]) -> None:
        """What a member gives up must be at rest: whoever watches is told."""
        if sql.startswith("UPDATE partitions SET owner = NULL WHERE partition ="):
            self.given_up(session.process, frozenset(values[0]))

    def _terminate(self, names: Sequence[str]) -> list[Any]:
        for name in names:
            session = self.writing.pop(int(name.rpartition("/")[2]), None)
            if session is not None:
                session.dead = True
                self._tell("database", f"the open transaction of {name} is ended")
        return []

    def end(self, session: Session, *, commit: bool) -> None:
        """Ends a transaction of statements. Raises psycopg.Error."""
        if session.dead:
            raise psycopg.OperationalError("terminating connection")
        if self._open is session:
            self._open = None
            self.rows.execute("COMMIT" if commit else "ROLLBACK")

    def connect(self, session: Session) -> None:
        """A connection comes about."""
        self.sessions.append(session)

    def abort(self, session: Session) -> None:
        """The connection is gone: what was open on it is undone."""
        session.dead = True
        if session in self.sessions:
            self.sessions.remove(session)
        if self._open is session:
            self._open = None
            self.rows.execute("ROLLBACK")
        for member in [m for m, writer in self.writing.items() if writer is session]:
            del self.writing[member]

    # -- questions of the world --------------------------------------------------

    def epoch(self, member: int) -> int | None:
        """The epoch of a member; None when its row is gone."""
        row = self.rows.execute("SELECT epoch FROM owners WHERE id = ?", (member,)).fetchone()
        return None if row is None else row[0]

    def owner(self, partition: int) -> int | None:
        """Who has a partition."""
        return self.rows.execute("SELECT owner FROM partitions WHERE partition = ?", (partition,)).fetchone()[
            0
        ]


def _unlisted(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("[") else value


class Road:
    """The way between one host and the database. While it is cut nothing gets through and nothing is refused."""

    def __init__(self, loop: SimulatedLoop, database: Database) -> None:
        self._loop = loop
        self._database = database
        self.cut = False

    async def ask(self, act: Callable[[], Any]) -> Any:
        """Does something at the server, after its time; what it gives, or raises, comes back after its time.

        What was handed over arrives although the asker dies, as what a kernel was handed does. What is under
        way when the road is cut is kept and sent again, as TCP does, and may so arrive long after.
        """
        future: asyncio.Future[Any] = self._loop.create_future()
        self._loop.in_world(self._delay_s(), self._arrives, act, future)
        return await future

    def _delay_s(self) -> float:
        draw = self._database.random
        return draw.uniform(0.0002, 0.002) + draw.random() * self._database.slow_s

    def _arrives(self, act: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        if self.cut:
            self._loop.in_world(_AGAIN_S, self._arrives, act, future)
            return
        try:
            outcome: Any = act()
        except Waits:
            self._loop.in_world(_AGAIN_S, self._arrives, act, future)
            return
        except Exception as error:  # carried to the asker
            outcome = error
        self._loop.in_world(self._delay_s(), self._answers, outcome, future)

    def _answers(self, outcome: Any, future: asyncio.Future[Any]) -> None:
        if future.done():
            return
        if self.cut:
            self._loop.in_world(_AGAIN_S, self._answers, outcome, future)
        elif isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


class Cursor:
    """The part of psycopg's cursor that the production code uses."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: list[Any] = []

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> Cursor:
        self._found = await self._connection.run(sql, values)
        return self

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        for values in rows:
            await self._connection.run(sql, values)

    async def fetchone(self) -> Any:
        return self._found.pop(0) if self._found else None

    async def fetchall(self) -> list[Any]:
        found, self._found = self._found, []
        return found

    async def __aenter__(self) -> Cursor:
        return self

    async def __aexit__(self, *failed: object) -> None:
        """Nothing is held."""


class Connection:
    """The part of psycopg's connection that the production code uses."""

    def __init__(self, database: Database, road: Road, process: Process) -> None:
        self._database = database
        self._road = road
        self._session = Session(process)
        database.connect(self._session)
        self._opens = False
        self.closed = False

    async def run(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """One statement. Raises psycopg.OperationalError."""
        session, opens = self._session, self._opens
        return await self._asked(lambda: self._database.execute(session, sql, values, opens=opens))

    async def _asked(self, act: Callable[[], Any]) -> Any:
        try:
            async with asyncio.timeout(_GIVE_UP_S):
                return await self._road.ask(act)
        except TimeoutError:
            raise psycopg.OperationalError("no answer from the database") from None

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> Cursor:
        return await Cursor(self).execute(sql, values)

    def cursor(self) -> Cursor:
        return Cursor(self)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        """All statements inside, or none."""
        self._opens = True
        try:
            yield
        except BaseException:
            self._opens = False
            await self.close()
            raise
        self._opens = False
        session = self._session
        await self._asked(lambda: self._database.end(session, commit=True))

    async def close(self) -> None:
        """The server learns of it as soon as the way lets it."""
        if not self.closed:
            self.closed = True
            database, session = self._database, self._session
            future = asyncio.ensure_future(self._road.ask(lambda: database.abort(session)))
            future.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *failed: object) -> None:
        with suppress(psycopg.Error):
            await self.close()
