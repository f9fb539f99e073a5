"""The lock that keeps a second process from writing a SQLite store: two writers would fork the chain."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from crossdock.faults import Misconfigured

if sys.platform != "win32":
    import fcntl


class StoreLock:
    """Held until it is given back, or until the process ends, however it ends."""

    def __init__(self, store: Path) -> None:
        """Takes the lock. Raises Misconfigured when another process has it."""
        store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(store.with_name(f"{store.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Where there is no flock, the second hub fails at its first commit: positions are unique.
            if sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            says = "another hub writes this store"
            raise Misconfigured(
                says, file=str(store), fix="stop it, or give --database another file"
            ) from None

    def release(self) -> None:
        """Gives the lock back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
