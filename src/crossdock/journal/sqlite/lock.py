"""The lock that keeps a second process from writing a SQLite store: two writers would fork the chain."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from crossdock.faults import Misconfigured

if sys.platform != "win32":
    import fcntl


#: Stands in the lock of whoever stays; a command that is done in a moment leaves it empty.
_STAYS = b"stays"
_MOMENT_S, _STEP_S = 5.0, 0.02


class StoreLock:
    """Held until it is given back, or until the process ends, however it ends."""

    def __init__(self, store: Path, *, stays: bool = True, fix: str = "") -> None:
        """Takes the lock, after whoever has it for a moment only; `stays` is False for such a one.

        `fix` says what else to do, where another file would be wrong.
        Raises Misconfigured when another process keeps it.
        """
        store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(store.with_name(f"{store.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Where there is no flock, the second hub fails at its first commit: positions are unique.
            if sys.platform != "win32":
                self._take()
        except OSError:
            os.close(self._file)
            says = "another hub writes this store"
            fix = fix or "stop it, or give --database another file"
            raise Misconfigured(says, file=str(store), fix=fix) from None
        with suppress(OSError):  # on a full disk: then a second hub waits a little before it is refused
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, _STAYS if stays else b"")

    def _take(self) -> None:
        """Takes it now, or in the moment that a command needs. Raises OSError."""
        until_s = time.monotonic() + _MOMENT_S
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > until_s or self._stays():
                    raise
                time.sleep(_STEP_S)
            else:
                return

    def _stays(self) -> bool:
        os.lseek(self._file, 0, os.SEEK_SET)
        return os.read(self._file, len(_STAYS)) == _STAYS

    def release(self) -> None:
        """Gives the lock back."""
        if self._file >= 0:
            with suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1
