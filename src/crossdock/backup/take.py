"""Taking a backup: a snapshot of the store and the files of the site, packed into one file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from crossdock.backup.archive import SITE, STORE, Manifest, Progress, write
from crossdock.backup.room import room
from crossdock.faults import Misconfigured
from crossdock.journal.open import must_not_be_newer, storage_of
from crossdock.journal.sql import audit
from crossdock.journal.sqlite.copying import copy
from crossdock.journal.sqlite.left import left, refusal
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.settings import Settings

SQLITE_FILE = f"{STORE}crossdock.db"
#: What of a site belongs to it; data and secrets do not.
_SITE_PARTS = ("charter.yaml", "crosswalks", "mappings", "partners", "connectors")


def take(settings: Settings, file: Path, *, verify: bool, now_ms: int, progress: Progress) -> Manifest:
    """Writes a backup while a hub may run. Raises Misconfigured when there is no store, or the copy does not hold."""
    storage = storage_of(settings.database)
    if not settings.is_shared and (gone := left(settings.sqlite_path)) is not None:
        raise refusal(settings.sqlite_path, gone)
    if not storage.exists():
        raise Misconfigured(
            f"there is no store at {storage.name}", path="store", fix="name the site by --site"
        )
    must_not_be_newer(storage)
    if file.exists():
        raise Misconfigured("there is a file already", file=str(file), fix="give the backup another name")
    # Beside the target: it has the room, and the copy is as private as the backup.
    with room(file.absolute().parent, ".crossdock-backup-") as folder:
        copied = folder / "crossdock.db"
        schema, position = _copied(settings, copied, progress)
        head = _verified(copied, progress) if verify else ""
        manifest = Manifest(
            made_ms=now_ms, site=settings.site.resolve().name, code=version("crossdock"),
            store="postgresql" if settings.is_shared else "sqlite",
            schema=schema, position=position, head=head, files={},
        )  # fmt: skip
        return write(file, manifest, {SQLITE_FILE: copied} | _site(settings.site, folder), progress)


def _site(site: Path, folder: Path) -> dict[str, Path]:
    """Copies of the files of the site, by their names in the backup: somebody may write to them meanwhile."""
    members: dict[str, Path] = {}
    for name, path in site_files(site):
        members[f"{SITE}{name}"] = kept = folder / SITE / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
    return members


def site_files(site: Path) -> Iterator[tuple[str, Path]]:
    """The files of a site that a backup holds, by their names in it."""
    for part in _SITE_PARTS:
        root = site / part
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                yield path.relative_to(site).as_posix(), path


def _copied(settings: Settings, target: Path, progress: Progress) -> tuple[int, int]:
    if not settings.is_shared:
        return copy(settings.sqlite_path, target, progress)
    from crossdock.journal.postgresql.copying import copy as copy_database  # not every site needs the driver

    return copy_database(settings.database, target, progress)


def _verified(store: Path, progress: Progress) -> str:
    """The head of the ledger. Raises Misconfigured when it does not hold."""
    heads: list[str] = []
    finding = audit.verify(SqliteStorage(store), progress, head=heads.append)
    if finding is not None:
        says = f"at position {finding.position} the {finding.what} does not hold: {finding.says}"
        raise Misconfigured(says, path="store", fix="`crossdock audit verify` looks at the store itself")
    return heads[0]
