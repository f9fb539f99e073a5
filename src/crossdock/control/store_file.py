"""Whether the file of a store is still the one that was opened: a hub whose file is gone writes where nobody reads."""

from __future__ import annotations

from pathlib import Path


class StoreFile:
    """The file of a store, as it was when it was opened."""

    def __init__(self, path: Path) -> None:
        """Notes which file it is; it must be there."""
        self._path = path
        self._opened = self._which()

    def gone(self) -> str | None:
        """What became of it, in one sentence; None while it is the same."""
        try:
            now = self._which()
        except FileNotFoundError:
            return f"the store {self._path} was moved or removed under the running hub"
        except OSError:
            return None  # it cannot be looked at now, which says nothing
        return None if now == self._opened else f"the store {self._path} was replaced under the running hub"

    def _which(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_dev, found.st_ino
