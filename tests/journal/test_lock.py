"""One store has one writer."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crossdock.faults import Misconfigured
from crossdock.journal.sqlite.lock import StoreLock

HOLD = """
import sys
from pathlib import Path
from crossdock.journal.sqlite.lock import StoreLock
lock = StoreLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    store = tmp_path / "data" / "crossdock.db"
    first = StoreLock(store)
    with pytest.raises(Misconfigured, match="another hub"):
        StoreLock(store)
    first.release()
    StoreLock(store).release()


def test_who_stays_waits_for_who_is_done_in_a_moment(tmp_path: Path) -> None:
    store = tmp_path / "crossdock.db"
    brief = StoreLock(store, stays=False)
    with ThreadPoolExecutor(1) as pool:
        hub = pool.submit(StoreLock, store)
        with pytest.raises(TimeoutError):
            hub.result(timeout=0.05)
        brief.release()
        hub.result().release()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    store = tmp_path / "crossdock.db"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(Misconfigured):
        StoreLock(store)
    process.kill()
    process.wait()
    StoreLock(store).release()
