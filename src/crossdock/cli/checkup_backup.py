"""What a checkup looks at of backups."""

from __future__ import annotations

import time
from collections.abc import Iterator

from crossdock.cli import last_backup
from crossdock.cli.checkup import Finding, Installation, State

#: A backup older than this is worth a word.
_BACKUP_OLD_H = 48


def backup(installation: Installation) -> Iterator[Finding]:
    """Whether `crossdock backup` ran within two days; a database may be backed up by other means."""
    settings = installation.settings
    last = last_backup.noted(settings)
    if last is None and (settings.is_shared or not settings.sqlite_path.exists()):
        return
    fix = "`crossdock backup FILE` each day, from a timer, and keep the file on another machine"
    if last is None:
        yield Finding("backup", "none was taken yet", State.NOTE, fix)
        return
    if last.store != last_backup.store_of(settings) and (last.store or settings.is_shared):
        of = last.store or "another store"
        yield Finding("backup", f"none was taken of this store yet; {last.file} is of {of}", State.NOTE, fix)
        return
    hours = max(0, time.time_ns() // 1_000_000 - last.at_ms) // 3_600_000
    ago = f"{hours // 24} days" if hours >= _BACKUP_OLD_H else f"{hours} h" if hours else "less than an hour"
    late = hours >= _BACKUP_OLD_H
    says = f"the last one was taken {ago} ago: {last.file}"
    yield Finding("backup", says, State.NOTE if late else State.GOOD, fix if late else "")
