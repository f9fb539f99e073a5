"""Where the hubs of a site listen, noted by each hub itself for the commands beside it."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from crossdock.settings import Settings

_NOTES = "hub*.json"  # an older hub has one note for all, hub.json
_KNOCK_S = 1.0


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub: its address, its process and its host."""

    url: str
    pid: int
    host_id: str = ""


def note(settings: Settings, url: str) -> None:
    """Writes down that a hub of this site listens at `url`. Each host and port has a note of its own."""
    file = _file(settings, url)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        tree = {"url": url, "pid": os.getpid(), "host_id": settings.host_id}
        file.write_text(json.dumps(tree), "utf-8")
    except OSError:
        return  # a site that cannot be written to: commands then need --url


def forget(settings: Settings) -> None:
    """Takes away the note of this process, and no other."""
    for file, hub in _noted(settings):
        if (hub.pid, hub.host_id) == (os.getpid(), settings.host_id):
            file.unlink(missing_ok=True)


def running(settings: Settings) -> Hub | None:
    """A hub of this site that answers its door; None when none runs, or it stands on another machine."""
    return next(all_running(settings), None)


def all_running(settings: Settings) -> Iterator[Hub]:
    """Every hub of this site that answers its door here, each address once; those whose process lives come first."""
    # A hub that was killed leaves its note, and another program may listen there by now.
    hubs = sorted((hub for _, hub in _noted(settings)), key=lambda hub: not _lives(hub.pid))
    for url in dict.fromkeys(hub.url for hub in hubs):
        if somebody_listens(url):
            yield next(hub for hub in hubs if hub.url == url)


def somebody_listens(url: str) -> bool:
    """Whether a TCP connection to the address of a URL is taken."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), timeout=_KNOCK_S):
            return True
    except (OSError, ValueError):
        return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _noted(settings: Settings) -> list[tuple[Path, Hub]]:
    found: list[tuple[Path, Hub]] = []
    for file in sorted(_folder(settings).glob(_NOTES)):
        try:
            tree = json.loads(file.read_text("utf-8"))
            hub = Hub(str(tree["url"]), int(tree["pid"]), str(tree.get("host_id", "")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        found.append((file, hub))
    return found


def _file(settings: Settings, url: str) -> Path:
    host = re.sub(r"[^A-Za-z0-9_.-]", "_", settings.host_id)
    return _folder(settings) / f"hub-{host}-{urlsplit(url).port}.json"


def _folder(settings: Settings) -> Path:
    return settings.site / "data"
