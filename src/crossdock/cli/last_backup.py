"""When the site was last backed up, noted by `crossdock backup` for the doctor."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from crossdock.journal.address import spoken
from crossdock.settings import Settings

_FILE = "last-backup.json"


@dataclass(frozen=True, slots=True)
class LastBackup:
    """The newest backup that was taken on this machine: file, moment, the entry that it goes up to, and its store."""

    file: str
    at_ms: int
    position: int
    store: str = ""  #: as `store_of` names it; empty where an older release noted it


def note(settings: Settings, last: LastBackup) -> None:
    """Writes down that a backup was taken."""
    try:
        _file(settings).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _file(settings).write_text(json.dumps(asdict(last)), "utf-8")
    except OSError:
        return  # a site that cannot be written to: the backup is good all the same


def noted(settings: Settings) -> LastBackup | None:
    """The newest backup that is known here, if any."""
    try:
        tree = json.loads(_file(settings).read_text("utf-8"))
        return LastBackup(
            str(tree["file"]), int(tree["at_ms"]), int(tree["position"]), str(tree.get("store", ""))
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store_of(settings: Settings) -> str:
    """Which store settings mean: its file, or server and name of its database, whoever asks for it."""
    if not settings.is_shared:
        return str(settings.sqlite_path.resolve())
    return spoken(settings.database).partition("?")[0].rpartition("//")[2].rpartition("@")[2]


def _file(settings: Settings) -> Path:
    return settings.site / "data" / _FILE
