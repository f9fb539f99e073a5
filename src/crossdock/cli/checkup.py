"""The things that a checkup of an installation looks at, one function each."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sqlite3
import stat
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.charter.charter import Charter, Intake
from crossdock.cli import whereabouts
from crossdock.cli.checkup_restored import restored
from crossdock.faults import Misconfigured
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql.connection import Damaged
from crossdock.settings import Settings, secret_variable, secrets_from

if TYPE_CHECKING:
    from crossdock.journal.sql.connection import Connection

_SQLITE_LEAST = (3, 35, 0)
_FREE_LEAST_BYTES = 1_000_000_000
COMMITS = 15
COMMIT_SLOW_MS, _COMMIT_UNREAL_MS = 50.0, 0.03
_LOOKED_THROUGH_MAX_BYTES = 500_000_000
_FILES_LEAST = 1_024
CLOCK_BACK_MS = 1_000
#: File systems that SQLite's write-ahead log or its fsync cannot stand on.
_SHARED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph", "afs"}
_IN_MEMORY = {"tmpfs", "ramfs"}


class State(Enum):
    """How bad a finding is."""

    GOOD = "good"
    NOTE = "note"  #: worth knowing; the hub runs all the same
    WRONG = "wrong"  #: keeps the hub from running, or from keeping its promises


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    says: str
    state: State = State.GOOD
    fix: str = ""


class Installation:
    """What the checks look at; the charter is read once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    def data(self) -> Path:
        """The folder of the store."""
        return self.settings.sqlite_path.parent

    @cached_property
    def charter(self) -> Charter | None:
        """The charter, when nothing is wrong with it."""
        from crossdock.assembly import read_charter

        try:
            return read_charter(self.settings.site)[0]
        except Misconfigured:
            return None


Check = Callable[[Installation], Iterator[Finding]]


def looked(check: Check, installation: Installation) -> list[Finding]:
    """What one check finds; that it could not look is a finding too."""
    try:
        return list(check(installation))
    except Misconfigured as fault:
        return [Finding(fault.path.lower() or "settings", fault.says, State.WRONG, fault.fix)]
    except (OSError, sqlite3.Error, StoreDown, Damaged) as error:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            fix = "`crossdock audit verify` says where; restore a backup"
            return [Finding(check.__name__, f"it is damaged: {error}", State.WRONG, fix)]
        return [Finding(check.__name__, f"cannot be looked at: {error}", State.WRONG)]


def versions(_: Installation) -> Iterator[Finding]:
    """Python and SQLite."""
    state = State.GOOD if sys.version_info >= (3, 11) else State.WRONG
    yield Finding(
        "python", platform.python_version(), state, "" if state is State.GOOD else "install 3.11 or newer"
    )
    old = sqlite3.sqlite_version_info < _SQLITE_LEAST
    least = ".".join(map(str, _SQLITE_LEAST))
    fix = f"install a Python that brings SQLite {least} or newer" if old else ""
    yield Finding("sqlite", sqlite3.sqlite_version, State.WRONG if old else State.GOOD, fix)


def guards(installation: Installation) -> Iterator[Finding]:
    """Settings that are for tests only."""
    for warning in installation.settings.warnings:
        yield Finding("guards", warning, State.WRONG, "unset CROSSDOCK_UNSAFE_TEST; it is for tests only")


def site(installation: Installation) -> Iterator[Finding]:
    """The folder of the site and its charter."""
    from crossdock.assembly import connector_fields
    from crossdock.charter import load
    from crossdock.kit.registry import connectors
    from crossdock.model import register

    folder = installation.settings.site
    kinds = connector_fields(connectors(folder))
    problems = load.check(folder, connectors=kinds, documents=register.kinds())
    if not problems:
        yield Finding("site", f"{folder.resolve()}: the charter is sound")
        return
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    fix = f"`crossdock check --site {folder}` tells all, with what to write instead"
    yield Finding("site", f"{problems[0]}{more}", State.WRONG, fix)


def secrets(installation: Installation) -> Iterator[Finding]:
    """Whether every secret that the charter names is there, and is nobody else's to read."""
    settings, charter = installation.settings, installation.charter
    if charter is None:
        return
    secret = secrets_from(os.environ, settings.secrets_dir)
    names = sorted({system.auth.secret for system in charter.systems.values() if system.auth.secret})
    for name in names:
        try:
            secret(name)
        except Misconfigured as fault:
            yield Finding("secrets", fault.says, State.WRONG, fault.fix)
            continue
        file = settings.secrets_dir / name if settings.secrets_dir else None
        if file is not None and secret_variable(name) not in os.environ and _others_read(file):
            yield Finding("secrets", f"others may read {file}", State.WRONG, f"chmod 600 {file}")
        else:
            yield Finding("secrets", f"{name} is there")


def permissions(installation: Installation) -> Iterator[Finding]:
    """Who else may read or write what the hub stores."""
    if installation.settings.is_shared:
        return
    data = installation.data
    if not data.exists():
        where = data.parent if data.parent.exists() else data.parent.parent
        if not os.access(where, os.W_OK):
            yield Finding(
                "data", f"{data} cannot be made", State.WRONG, f"let the hub's user write to {where}"
            )
        return
    if not os.access(data, os.W_OK):
        yield Finding(
            "data", f"{data} cannot be written to", State.WRONG, "give it to the user that runs the hub"
        )
    elif data.stat().st_mode & stat.S_IWOTH:
        yield Finding("data", f"anybody may write to {data}", State.WRONG, f"chmod 700 {data}")
    elif _others_read(data):
        yield Finding(
            "data",
            f"others may read {data}, which holds names and addresses",
            State.NOTE,
            f"chmod 700 {data}",
        )
    else:
        yield Finding("data", f"{data} is the hub's alone")


def _others_read(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IROTH)


def disk(installation: Installation) -> Iterator[Finding]:
    """Free space, and whether the file system can be trusted with a store."""
    if installation.settings.is_shared:
        return
    place = _existing(installation.data)
    found = shutil.disk_usage(place)
    intake = installation.charter.intake if installation.charter is not None else Intake()
    kept, says = intake.kept_free(found.total), f"{found.free / 1e9:.1f} GB free"
    if found.free < kept:
        says += f", and {kept / 1e9:.1f} are to stay free (intake.disk_free_mb): the doors answer 503"
    short = found.free < max(_FREE_LEAST_BYTES, kept)
    fix = "make room: a full disk means 503 at the door" if short else ""
    yield Finding("disk", says, State.WRONG if short else State.GOOD, fix)
    kind = _file_system(place.resolve())
    if kind in _SHARED:
        yield Finding(
            "disk", f"{place} is on {kind}, which SQLite cannot rely on", State.WRONG, "use a local disk"
        )
    elif kind in _IN_MEMORY:
        yield Finding(
            "disk",
            f"{place} is on {kind}: a restart of the machine loses all",
            State.WRONG,
            "use a real disk",
        )


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent) if path != path.parent else path


def _file_system(path: Path) -> str:
    """The type of the file system that a path is on, as Linux tells it; empty elsewhere."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = before.split()[4].replace("\\040", " ")
        if path.is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, after.split()[0]
    return kind


def commits(installation: Installation) -> Iterator[Finding]:
    """How long a durable commit takes where the store is."""
    if installation.settings.is_shared:
        return
    place = _existing(installation.data)
    if not os.access(place, os.W_OK):
        return
    took: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix=".crossdock-doctor-", dir=place) as folder,
        closing(sqlite3.connect(Path(folder) / "commit.db", isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE t (x)")
        for number in range(COMMITS):
            began = time.perf_counter()
            connection.execute("INSERT INTO t VALUES (?)", (number,))
            took.append((time.perf_counter() - began) * 1000)
    middle = statistics.median(took)
    says = f"a durable commit takes {middle:.2f} ms"
    if middle > COMMIT_SLOW_MS:
        yield Finding(
            "commits", says, State.NOTE, "a faster disk makes a faster hub; commits are shared under load"
        )
    elif middle < _COMMIT_UNREAL_MS:
        fix = "see that the disk has a safe cache; one that forgets loses accepted documents at a power cut"
        yield Finding("commits", f"{says}, too fast for one that reaches a disk", State.NOTE, fix)
    else:
        yield Finding("commits", says)


def store(installation: Installation) -> Iterator[Finding]:
    """Whether the store opens, is whole and has the shape that this version knows."""
    if installation.settings.is_shared:
        return
    from crossdock.journal.sqlite.left import left_by, refusal
    from crossdock.journal.sqlite.schema import connect, migrations

    path = installation.settings.sqlite_path
    if not path.exists():
        yield Finding("store", f"{path} is not there yet; the first start makes it")
        return
    with closing(connect(path, read_only=True)) as connection:
        gone = left_by(connection, path)
        if gone is not None:
            fault = refusal(path, gone)
            yield Finding("store", f"{fault.says}; no hub goes on with the file", State.WRONG, fault.fix)
            return
        shape = connection.execute("PRAGMA user_version").fetchone()[0]
        newest = max(number for number, _, _ in migrations())
        size = path.stat().st_size
        if shape != newest:
            yield from shape_told(shape, newest, str(path))
        elif size > _LOOKED_THROUGH_MAX_BYTES:
            yield Finding(
                "store", f"it opens ({size / 1e6:.0f} MB); `crossdock audit verify` looks through it"
            )
        else:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            fix = "" if said == "ok" else "`crossdock audit verify` says where; restore a backup"
            whole = (
                f"it opens and is whole ({size / 1e6:.1f} MB)"
                if said == "ok"
                else f"SQLite finds it damaged: {said}"
            )
            yield Finding("store", whole, State.GOOD if said == "ok" else State.WRONG, fix)
        if shape == newest:
            yield from ledger_clock(connection)
            yield from keys(connection)
            for says, fix in restored(connection):
                yield Finding("restored", says, State.NOTE, fix)


def shape_told(shape: int, newest: int, where: str) -> Iterator[Finding]:
    """Whether this version knows the tables as they are."""
    if shape > newest:
        fix = "start the version of the hub that made it, or a newer one"
        says = f"a newer hub made {where} (shape {shape}; this one knows {newest})"
        yield Finding("store", says, State.WRONG, fix)
    elif shape < newest:
        yield Finding("store", f"it has shape {shape}; the next start brings it to {newest}", State.NOTE)


def ledger_clock(connection: Connection) -> Iterator[Finding]:
    """The machine's clock beside the last entry of the ledger."""
    row = connection.execute("SELECT at_ms FROM ledger ORDER BY position DESC LIMIT 1").fetchone()
    ahead_ms = (row[0] if row else 0) - time.time_ns() // 1_000_000
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if ahead_ms > CLOCK_BACK_MS:
        says = f"it is {now}, but the ledger's last entry is {ahead_ms / 1000:.0f} s later"
        yield Finding("clock", says, State.WRONG, "set the clock, by NTP if you can")
    else:
        yield Finding("clock", now)


def keys(connection: Connection) -> Iterator[Finding]:
    """Whether anybody can speak to the hub."""
    count = connection.execute("SELECT count(*) FROM keys WHERE revoked_ms IS NULL").fetchone()[0]
    if count == 0:
        yield Finding("keys", "nobody can speak to the hub yet", State.NOTE, "crossdock keys create SYSTEM")


def door(installation: Installation) -> Iterator[Finding]:
    """Whether a hub runs already, or its port is free."""
    settings = installation.settings
    runs = False
    for hub in whereabouts.all_running(settings):
        runs = True
        yield Finding("door", f"the hub runs at {hub.url} (process {hub.pid})")
    if runs:
        return
    where = f"{settings.host}:{settings.port}"
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((settings.host, settings.port))
    except OSError as error:
        fix = "see what listens there, it may be a hub: end it, or give this hub another address by --listen"
        yield Finding(
            "door", f"the hub cannot listen on {where}: {error.strerror or error}", State.WRONG, fix
        )
    else:
        yield Finding("door", f"no hub runs; {where} is free for it")


def targets(installation: Installation) -> Iterator[Finding]:
    """Whether somebody listens where the hub sends to."""
    for system in installation.charter.systems.values() if installation.charter else ():
        if system.url is None:
            continue
        if whereabouts.somebody_listens(system.url):
            yield Finding("targets", f"{system.name} takes connections at {system.url}")
        else:
            fix = "start it, or see url, DNS and firewall; the hub waits for it and tries again"
            yield Finding("targets", f"{system.name} does not answer at {system.url}", State.NOTE, fix)


def limits(_: Installation) -> Iterator[Finding]:
    """What the operating system gives the process."""
    try:
        import resource
    except ImportError:
        return  # no such limits on this system
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files < _FILES_LEAST:
        fix = "ulimit -n 4096, or LimitNOFILE= in the unit"
        yield Finding("limits", f"only {files} files and connections may be open", State.NOTE, fix)


CHECKS: tuple[Check, ...] = (
    versions, guards, site, secrets, permissions, disk, commits, store, door, targets, limits,
)  # fmt: skip
