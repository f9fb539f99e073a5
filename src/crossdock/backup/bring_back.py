"""Bringing a backup back: nothing is put in place before it is whole, and everything open is in doubt."""

from __future__ import annotations

import filecmp
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crossdock.access.erased import FILE, Erased
from crossdock.access.seal import Seal, key_of
from crossdock.assembly import read_charter
from crossdock.backup.archive import SITE, Manifest, Progress, manifest_of, sync_folder, unpack
from crossdock.backup.report import Open, Report
from crossdock.backup.room import room
from crossdock.backup.take import SQLITE_FILE
from crossdock.charter.charter import Charter
from crossdock.faults import Misconfigured
from crossdock.governance.subjects import Subject, Subjects
from crossdock.journal.open import storage_of
from crossdock.journal.sql import audit
from crossdock.journal.sqlite.lock import StoreLock
from crossdock.journal.sqlite.schema import connect, migrate, migrations
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.message.gate import Direction
from crossdock.message.names import moment
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.pipeline.gates import BLACKOUT, Gates
from crossdock.pipeline.restored import begin, put_in_doubt
from crossdock.settings import Settings, secrets_from


async def bring_back(
    settings: Settings, file: Path, *, now_ms: Callable[[], int], progress: Progress
) -> Report:
    """Restores a backup into a place without a store; gives what must be asked again.

    A restore that is cut off leaves no store behind and may be started anew; that one removes what it left.
    Raises Misconfigured when there is a store already, or the backup does not hold.
    """
    manifest = manifest_of(file)
    _must_be_known(manifest, file)
    storage = storage_of(settings.database)
    if storage.exists():
        fix = (
            "make an empty database, and restore into that"
            if settings.is_shared
            else "move it away, with its -wal file; do not delete it yet"
        )
        raise Misconfigured(f"there is a store at {storage.name}", path="store", fix=fix)
    if settings.is_shared:
        from crossdock.journal.postgresql.schema import must_have_no_tables  # not every site needs the driver

        must_have_no_tables(settings.database)
    store = settings.site / "data" / "crossdock.db" if settings.is_shared else settings.sqlite_path
    store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    locked = store.with_name(f"{store.name}.lock")
    was_there = locked.exists()
    lock = StoreLock(store)
    try:
        with room(store.parent, ".restore-") as folder:
            unpack(file, folder, progress)
            copied = folder / SQLITE_FILE
            _must_hold(copied, manifest, progress)
            differing = _site(folder / SITE, settings.site)
            charter, _ = read_charter(settings.site)
            _forget_sessions(copied)
            erased = list(Erased(settings.site / "data" / FILE, lambda: _seal_of(settings)).all())
            report = await _in_doubt(copied, manifest, charter, differing, now_ms, progress, erased)
            if settings.is_shared:
                _into_database(copied, settings.database, progress)
            else:
                copied.rename(store)
                sync_folder(store.parent)
    except Misconfigured:
        if not was_there:
            locked.unlink(missing_ok=True)  # nobody waits for it: there is no store
        raise
    finally:
        lock.release()
    return report


def _into_database(store: Path, url: str, progress: Progress) -> None:
    """The restored file goes into an empty database, as any site that moves there. Raises Misconfigured."""
    from crossdock.journal.postgresql.moving import move  # not every site needs the driver

    moved = move(store, url, progress)
    if moved.differs:
        says = f"the database does not hold what the backup holds: {', '.join(moved.differs)}"
        raise Misconfigured(says, path="store", fix="make an empty database, and restore into that")


def _must_be_known(manifest: Manifest, file: Path) -> None:
    found, newest = manifest.schema, migrations()[-1][0]
    if found > newest:
        says = f"a newer hub made the backup {file} ({manifest.code}, shape {found}; this one knows {newest})"
        raise Misconfigured(says, path="store", fix="restore it with that version, or a newer one")


def _must_hold(store: Path, manifest: Manifest, progress: Progress) -> None:
    with closing(connect(store)) as connection:
        migrate(connection)
    heads: list[str] = []
    finding = audit.verify(SqliteStorage(store), progress, head=heads.append)
    if finding is not None:
        says = f"the ledger in the backup does not hold at position {finding.position}: {finding.says}"
        raise Misconfigured(says, path="store", fix="take an older backup")
    if manifest.head and heads[0] != manifest.head:
        raise Misconfigured(
            "the ledger in the backup is not the one that its manifest names",
            path="store",
            fix="take an older backup",
        )


def _site(unpacked: Path, site: Path) -> list[str]:
    """Puts the site's files where none are; gives those that are there and differ, which stay as they are."""
    differing: list[str] = []
    fresh = not (site / "charter.yaml").exists()
    for path in sorted(p for p in unpacked.rglob("*") if p.is_file()):
        target = site / path.relative_to(unpacked)
        if target.exists():
            if not filecmp.cmp(path, target, shallow=False):
                differing.append(target.relative_to(site).as_posix())
        elif fresh:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        else:
            differing.append(target.relative_to(site).as_posix())
    return differing


@dataclass(frozen=True, slots=True)
class _Moment:
    """The clock of the gates."""

    now_ms: Callable[[], int]


async def _in_doubt(
    store: Path,
    manifest: Manifest,
    charter: Charter,
    differing: list[str],
    now_ms: Callable[[], int],
    progress: Progress,
    erased: list[tuple[str, str]],
) -> Report:
    """Notes the restore in the ledger and puts in doubt what may have been sent since."""
    origins, targets, waiting = _found(store)
    journal = SqliteJournal(store, clock_ms=now_ms, dedup=ArrivalDedup())
    journal.start()
    try:
        systems = sorted(origins | {name for name, system in charter.systems.items() if system.flows_in})
        says = f"restored from the backup of {moment(manifest.made_ms)}, entry {manifest.position}"
        await begin(journal, systems, backup_ms=manifest.made_ms, now_ms=now_ms(), says=says)
        doubted = await put_in_doubt(
            journal, sorted(targets), lambda done: progress(done, sum(targets.values()))
        )
        subjects = Subjects(journal, now_ms)
        for by, value in erased:  # what was erased since the backup, or before, is not brought back with it
            await subjects.erase(Subject(by, value), "erased before the restore", who="restore")
        gates = Gates(charter, _Moment(now_ms), journal.gate_acts)
        gates.refresh()
        shut = (gates.shut(name, way) for name in charter.systems for way in Direction)
        closed = sorted({one.says for one in shut if one is not None and one.state != BLACKOUT})
        cursors = {
            (name, flow.document): journal.cursor(name, flow.document)
            for name in systems if name in charter.systems
            for flow in charter.systems[name].flows_in
        }  # fmt: skip
    finally:
        await journal.close()
    _fold_wal(store)
    opened = [Open(target, count, charter.systems.get(target)) for target, count in sorted(doubted.items())]
    return Report(manifest, now_ms(), charter, systems, opened, waiting, cursors, differing, closed)


def _seal_of(settings: Settings) -> Seal:
    secrets = secrets_from(os.environ, settings.secrets_dir)
    return Seal(key_of(secrets, settings.site / "data" / "seal.key"))


def _forget_sessions(store: Path) -> None:
    """Nobody is signed in by a backup: whoever was signed out since would be in again."""
    with closing(connect(store)) as connection:
        connection.execute("DELETE FROM sessions")


def _found(store: Path) -> tuple[set[str], dict[str, int], int]:
    """Systems that handed in, open transmissions by target, and documents that wait."""
    with closing(sqlite3.connect(store)) as connection:
        origins = {row[0] for row in connection.execute("SELECT DISTINCT system FROM captures")}
        targets: dict[str, int] = dict(
            connection.execute(
                "SELECT target, count(*) FROM transmissions WHERE state IN (1, 3, 4) GROUP BY target"
            )
        )
        waiting = connection.execute(
            "SELECT (SELECT count(*) FROM captures WHERE state = 1) + (SELECT count(*) FROM messages WHERE state = 1)"
        ).fetchone()[0]
    return origins, targets, int(waiting)


def _fold_wal(store: Path) -> None:
    """Brings the -wal file into the store, so that one rename puts all of it in place."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    handle = os.open(store, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
