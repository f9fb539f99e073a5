"""A hub that ends lets go of everything, though one of its parts cannot be ended well."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from crossdock.assembly import Hub
from crossdock.journal.sqlite.lock import StoreLock
from tests.watch.stand import charter, stand


async def test_a_part_that_fails_at_the_end_keeps_neither_the_store_nor_its_lock(tmp_path: Path) -> None:
    hubs: list[Hub] = []

    async def fails() -> None:
        raise OSError("the collector has gone")

    async def runs_and_ends() -> None:
        async with stand(tmp_path, charter("http://127.0.0.1:9", {})) as one:
            hubs.append(one.app.hub)
            one.app.hub.watch.stop = one.app.supervision.stop = fails  # type: ignore[method-assign]

    with pytest.raises(OSError, match="the collector has gone"):
        await runs_and_ends()
    (hub,) = hubs
    StoreLock(hub.settings.sqlite_path).release()
    assert all(task.done() for task in hub.worker._term.tasks)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        hub.journal.captures_queued()
