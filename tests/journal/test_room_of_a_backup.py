"""What a backup or restore that was cut off leaves behind is removed by the next one; what is in use stays."""

from __future__ import annotations

from pathlib import Path

from crossdock.backup.room import room

PREFIX = ".restore-"


def test_what_nobody_holds_is_removed_and_what_is_in_use_stays(tmp_path: Path) -> None:
    cut_off, others, file = (
        tmp_path / ".restore-left",
        tmp_path / ".restore-other",
        tmp_path / ".restore-file",
    )
    cut_off.mkdir()
    (cut_off / ".lock").touch()
    (cut_off / "crossdock.db").write_bytes(b"a copy of the store")
    others.mkdir()  # without a lock: somebody else's
    file.touch()
    with room(tmp_path, PREFIX) as first, room(tmp_path, PREFIX) as second:
        assert first.is_dir()
        assert second.is_dir()
        assert first != second
        assert not cut_off.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".restore-file", ".restore-other"]
