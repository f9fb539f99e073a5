"""A list beside the store of what was erased, sealed, so that a restored backup can be cleaned again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from crossdock.access.seal import Seal

FILE = "erased"
_ABOUT = "erased"


class Erased:
    """One sealed line for each erasure."""

    def __init__(self, file: Path, seal: Callable[[], Seal]) -> None:
        self._file = file
        self._seal = seal

    def note(self, by: str, value: str) -> None:
        """Keeps one, durable before anything is erased. Raises OSError."""
        line = self._seal().sealed(json.dumps([by, value]).encode(), about=_ABOUT).hex()
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, f"{line}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def all(self) -> Iterator[tuple[str, str]]:
        """By what and for what was looked each time, oldest first. Raises Misconfigured when the key is another."""
        if not self._file.exists():
            return
        for line in self._file.read_text("ascii").splitlines():
            by, value = json.loads(self._seal().opened(bytes.fromhex(line), about=_ABOUT))
            yield by, value
