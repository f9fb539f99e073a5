"""Where the hub of a site listens, noted by the hub itself for the commands beside it."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from crossdock.settings import Settings

_FILE = "hub.json"
_KNOCK_S = 1.0


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub: its address and its process."""

    url: str
    pid: int


def note(settings: Settings, url: str) -> None:
    """Writes down that the hub of this site listens at `url`."""
    file = _file(settings)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(json.dumps({"url": url, "pid": os.getpid()}), "utf-8")
    except OSError:
        return  # a site that cannot be written to: commands then need --url


def forget(settings: Settings) -> None:
    """Takes the note away, if it is still our own."""
    noted = _noted(settings)
    if noted is not None and noted.pid == os.getpid():
        _file(settings).unlink(missing_ok=True)


def running(settings: Settings) -> Hub | None:
    """The hub of this site, if one answers its door; None when none runs, or it stands on another host."""
    noted = _noted(settings)
    return noted if noted is not None and somebody_listens(noted.url) else None


def somebody_listens(url: str) -> bool:
    """Whether a TCP connection to the address of a URL is taken."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), timeout=_KNOCK_S):
            return True
    except (OSError, ValueError):
        return False


def _noted(settings: Settings) -> Hub | None:
    try:
        tree = json.loads(_file(settings).read_text("utf-8"))
        return Hub(str(tree["url"]), int(tree["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(settings: Settings) -> Path:
    return settings.site / "data" / _FILE
