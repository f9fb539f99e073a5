"""The one way by which a command at the terminal comes to a store: one that was left is told, or refused."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.cli.terminal import complain, stop

if TYPE_CHECKING:
    from crossdock.journal.sql.connection import Storage


def store_at(database: str, *, also_left: bool = False) -> Storage:
    """The store at an address. Raises Misconfigured where its site was moved into a database.

    With `also_left` that is only told: what lies in such a file may be read for ever.
    """
    from crossdock.journal.open import storage_of

    must_be_here(database, also_left=also_left)
    return storage_of(database)


def must_be_here(database: str, *, also_left: bool = False) -> None:
    """Raises Misconfigured for a file whose site was moved into a database; with `also_left` it is only told."""
    from crossdock.journal.sqlite.left import left, refusal

    scheme, _, rest = database.partition(":")
    if scheme != "sqlite":
        return
    path = Path(rest)
    try:
        gone = left(path)
    except sqlite3.Error:
        return  # whoever reads it next says what is wrong with it
    if gone is None:
        return
    fault = refusal(path, gone)
    if not also_left:
        raise fault
    complain(f"{fault.says}, and this is what the file knew then", fix=fault.fix)


@contextmanager
def reaching(database: str) -> Generator[None]:
    """Ends the command with what to do where a PostgreSQL database is not reached."""
    from crossdock.journal.address import spoken
    from crossdock.journal.contract import StoreDown

    try:
        yield
    except StoreDown as down:
        if not database.startswith("postgresql:"):
            raise
        from crossdock.journal.postgresql.connection import remedy  # not every site needs the driver

        stop(
            f"{spoken(database)} is not reached: {down}", fix=f"{remedy(down, database)}; {closer(database)}"
        )


def closer(database: str) -> str:
    """What looks closer at a store that does not work, named so that it looks at the same one."""
    from crossdock.journal.address import spoken

    named = f" --database {shlex.quote(spoken(database))}" if database.startswith("postgresql:") else ""
    return f"`crossdock doctor{named}` looks closer"
