"""A store file that was left: its site was moved into a database, and the file must not be gone on with."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from crossdock.faults import Misconfigured
from crossdock.journal.sqlite.schema import LEFT, LEFT_SPARSE, SPARSE, connect


@dataclass(frozen=True, slots=True)
class Left:
    """Where a site went that was in a file; each is empty where an older release made the mark."""

    into: str = ""  #: the database, without its password
    at: str = ""  #: when, in UTC
    move: str = ""  #: the moment at which the database says that the move began; it tells moves apart


def leave(path: Path, *, into: str, move: str) -> None:
    """Marks a store that was moved elsewhere, so that nobody goes on with it; it can still be read."""
    note = _note(path)
    fresh = note.with_name(f"{note.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(Left(into, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", move))))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(note)
    # The mark counts, and the note only explains it: so the note is there before.
    with closing(connect(path)) as connection:
        kind = connection.execute("PRAGMA application_id").fetchone()[0]
        mark = LEFT_SPARSE if kind in {SPARSE, LEFT_SPARSE} else LEFT
        connection.execute(f"PRAGMA application_id = {mark}")


def left(path: Path) -> Left | None:
    """Where the site went that was in this file; None: it is still here. Raises sqlite3.Error."""
    if not path.is_file():
        return None
    with closing(connect(path, read_only=True)) as connection:
        return left_by(connection, path)


def left_by(connection: sqlite3.Connection, path: Path) -> Left | None:
    """As `left`, of a file that is open."""
    if connection.execute("PRAGMA application_id").fetchone()[0] not in {LEFT, LEFT_SPARSE}:
        return None
    try:
        tree = json.loads(_note(path).read_text("utf-8"))
        return Left(str(tree["into"]), str(tree["at"]), str(tree["move"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Left()


def refusal(path: Path, gone: Left) -> Misconfigured:
    """What is said of a store that was moved elsewhere."""
    into, when = gone.into or "a database", f" at {gone.at}" if gone.at else ""
    says = f"the store {path} was moved into {into}{when}"
    fix = "name that database by --database, or in CROSSDOCK_DATABASE"
    return Misconfigured(says, path="CROSSDOCK_DATABASE", fix=fix)


def must_be_in_use(connection: sqlite3.Connection, path: Path) -> None:
    """Raises Misconfigured for a store that was moved elsewhere."""
    gone = left_by(connection, path)
    if gone is not None:
        raise refusal(path, gone)


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.moved")
