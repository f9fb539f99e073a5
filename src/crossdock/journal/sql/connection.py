"""What the reading code needs of a database connection, whichever store it leads to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from crossdock.faults import Misconfigured


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the stores say differently."""

    #: What names the index of a count, with `{}` for its name: SQLite does not always find it by itself.
    index: str
    #: Whether positions and the numbers of the door have no gaps. Where several hosts write, a commit that
    #: was rolled back leaves one.
    dense: bool
    #: Whether the store notes where each chain ends, as it must where a rolled back commit leaves a gap.
    ends: bool = False
    #: Whether a column, in place of `{}`, has one of many values, which go in as one.
    among: str = "{} IN (SELECT value FROM json_each(?))"
    #: Many values as the one that `among` takes.
    listed: Callable[[Sequence[Any]], Any] = json.dumps
    #: The function that tells where one text begins in another.
    find: str = "instr"
    #: Sendings that have not ended, those that have, and entries that make something: the words of the indexes of
    #: these, which are found by them only.
    open_work: str = "state IN (1, 2, 3, 4, 5, 8)"
    ended_work: str = "state IN (6, 7, 9)"
    makes: str = "kind IN (1, 2, 3, 5)"


class Cursor(Protocol):
    """The rows of one statement."""

    @property
    def rowcount(self) -> int:
        """How many rows a write touched."""
        ...

    def fetchone(self) -> Any:
        """The next row as a tuple; None after the last."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left, one by one, in bounded memory."""
        ...


class Connection(Protocol):
    """Takes statements in the SQL that both stores understand, each `?` standing for a value."""

    dialect: Dialect

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor:
        """Runs one statement."""
        ...

    def scan(self, sql: str, parameters: Sequence[Any] = ..., /) -> Iterator[Any]:
        """The rows of a query one by one, in bounded memory however many there are."""
        ...


class Damaged(Exception):
    """What is stored cannot be read back."""


class Storage(Protocol):
    """A store as the commands open it, with or without a hub beside them."""

    @property
    def name(self) -> str:
        """What people call it: its file, or its address without the password."""
        ...

    def exists(self) -> bool:
        """Whether a hub ever wrote here. Raises StoreDown when nobody can tell."""
        ...

    def behind(self) -> bool:
        """Whether an older release wrote it last, so that tables of this one may be missing."""
        ...

    def snapshot(self) -> AbstractContextManager[Connection]:
        """One view of all that is committed. Raises StoreDown; damage shows as Damaged or sqlite3.Error."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection to write with, each statement durable by itself; makes the store if there is none."""
        ...

    def complaint(self, connection: Connection) -> str | None:
        """What is wrong with the tables or the file below them; None when they are as a hub makes them."""
        ...


def must_be_known(found: int, newest: int) -> None:
    """Raises Misconfigured for tables of a shape that only a newer version of the hub knows."""
    if found > newest:
        says = f"a newer hub made this store (shape {found}; this one knows {newest})"
        fix = "start the version of the hub that made it, or a newer one"
        raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix)
