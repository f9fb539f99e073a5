"""A restored store goes on far behind the last number that it knows: what it gave since the backup is in the world."""

from __future__ import annotations

from pathlib import Path

from crossdock.journal.sql.audit import verify
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.pipeline.restored import SKIPPED_MAX, begin
from tests.stories import START_MS, Stories, stories


async def _sent(told: Stories, number: str) -> int:
    return await told.sent_with_numbers(
        await told.due(await told.translated(await told.capture(number)), "partner")
    )


async def test_no_number_is_given_again_after_a_restore(tmp_path: Path) -> None:
    path = tmp_path / "crossdock.db"
    async with stories(path) as told:
        assert await _sent(told, "SO-1") == 1
        await begin(told.journal, ["shop"], backup_ms=START_MS, now_ms=START_MS, says="restored")
        assert await _sent(told, "SO-2") == 1 + SKIPPED_MAX + 1
        standing = {name: value for name, value, _ in told.journal.numbers()}
        assert standing["once/label"] == 3 + 999_999 // 10 + 3
    assert verify(SqliteStorage(path)) is None


async def test_without_a_restore_the_next_number_follows(tmp_path: Path) -> None:
    """The control: it is the restore that skips."""
    async with stories(tmp_path / "crossdock.db") as told:
        assert [await _sent(told, "SO-1"), await _sent(told, "SO-2")] == [1, 2]
