"""Connections, statements and migrations of the SQLite journal."""

from __future__ import annotations

import re
import sqlite3
from importlib import resources
from pathlib import Path

from crossdock.journal.chain import mark

_PACKAGE = "crossdock.journal.sqlite"
_HEADING = re.compile(r"^-- (\w+)\n((?:(?!^-- \w+\n).*\n?)*)", re.MULTILINE)


def _statements() -> dict[str, str]:
    """Every statement of statements.sql by the name above it."""
    text = resources.files(_PACKAGE).joinpath("statements.sql").read_text("utf-8")
    return {name: sql.strip().rstrip(";") for name, sql in _HEADING.findall(text)}


STATEMENTS = _statements()


def connect(path: Path, *, read_only: bool = False, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection with the settings that durability rests on."""
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=10, check_same_thread=False, cached_statements=512
    )
    if read_only:
        connection.execute("PRAGMA query_only = 1")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        # Checkpoints of about 16 MB: fewer interruptions than the default 4 MB, a bounded -wal file.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def migrations() -> list[tuple[int, str, str]]:
    """Number, name and text of every migration, in order."""
    folder = resources.files(_PACKAGE).joinpath("migrations")
    files = sorted((f.name, f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".sql"))
    return [(int(name.split("_")[0]), name, text) for name, text in files]


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Brings a store to the newest shape; gives the names of what was applied. Each is one transaction."""
    done = connection.execute("PRAGMA user_version").fetchone()[0]
    applied: list[str] = []
    for number, name, text in migrations():
        if number <= done:
            continue
        connection.executescript(f"BEGIN IMMEDIATE;\n{text}\nPRAGMA user_version = {number};\nCOMMIT;")
        applied.append(name)
    if not connection.execute("SELECT 1 FROM scopes WHERE id = 1").fetchone():
        scope = (1, "default", "default")
        connection.execute(
            "INSERT INTO scopes (id, tenant, site, mark) VALUES (?, ?, ?, ?)", (*scope, mark("scope", scope))
        )
    return applied
