"""A folder of one backup or restore: gone at its end, and where that was cut off, at the beginning of the next."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_LOCK = ".lock"


@contextmanager
def room(parent: Path, prefix: str) -> Generator[Path]:
    """A new folder in `parent`; what others of this prefix left behind there, and nobody holds, is removed first."""
    _clear(parent, prefix)
    with tempfile.TemporaryDirectory(dir=parent, prefix=prefix) as name:
        held = _hold(Path(name))
        try:
            yield Path(name)
        finally:
            if held is not None:
                os.close(held)


def _clear(parent: Path, prefix: str) -> None:
    for left in sorted(parent.glob(f"{prefix}*")):
        if not left.is_dir() or left.is_symlink() or not (left / _LOCK).exists():
            continue  # not ours, or begun this moment
        held = _hold(left)
        if held is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(held)


def _hold(folder: Path) -> int | None:
    """The lock of a folder, held as long as the process lives; None when somebody has it."""
    if sys.platform == "win32":
        return None  # no flock there: nothing is removed
    try:
        file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file
