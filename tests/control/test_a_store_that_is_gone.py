"""A hub sees that the file of its store was taken away from under it."""

from __future__ import annotations

from pathlib import Path

from crossdock.control.store_file import StoreFile


def test_a_file_that_stays_is_the_same(tmp_path: Path) -> None:
    store = tmp_path / "crossdock.db"
    store.write_bytes(b"one")
    file = StoreFile(store)
    store.write_bytes(b"two")
    assert file.gone() is None


def test_one_that_was_moved_away_is_gone(tmp_path: Path) -> None:
    store = tmp_path / "crossdock.db"
    store.write_bytes(b"one")
    file = StoreFile(store)
    store.rename(tmp_path / "away.db")
    assert "was moved or removed" in str(file.gone())


def test_another_in_its_place_is_not_the_same(tmp_path: Path) -> None:
    store = tmp_path / "crossdock.db"
    store.write_bytes(b"one")
    file = StoreFile(store)
    store.rename(tmp_path / "away.db")
    store.write_bytes(b"one")
    assert "was replaced" in str(file.gone())
