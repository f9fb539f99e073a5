"""Ports for servers that must know theirs before they start, and keep it over a restart."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections import deque
from pathlib import Path
from typing import TextIO

PORTS = range(20_000, 32_000)  # below the range that the system gives to outgoing connections
_KEPT_MAX = 200
#: While its file is locked, a port belongs to the process that asked for it, whether or not it listens yet.
_kept: deque[TextIO] = deque()


def free_port() -> int:
    """A port that nobody listens on, and that no other test is given; stable across restarts of whoever will."""
    folder = Path(tempfile.gettempdir()) / f"crossdock-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for _ in range(200):
        port = random.choice(PORTS)
        lock = (folder / str(port)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _kept.append(lock)
        if len(_kept) > _KEPT_MAX:
            _kept.popleft().close()
        return port
    raise AssertionError("no free port in 200 tries")
