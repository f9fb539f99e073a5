"""Wrong names, a damaged store, an address of another machine: told in plain words with the way out."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crossdock.cli.trace import _with_bytes
from crossdock.cli.up import _damage
from crossdock.journal.contract import StoreDown
from tests.cli.console import crossdock


@pytest.mark.parametrize("words", [("desk", "list"), ("conservation",)])
def test_a_system_that_the_charter_does_not_have_is_wrong_use(site: Path, words: tuple[str, ...]) -> None:
    said = crossdock(*words, "--system", "wsm", "--site", site)
    assert said.code == 2
    assert said.err == "crossdock: the charter has no system wsm; did you mean wms?\n"


def test_the_connectors_of_a_folder_that_is_not_there_are_wrong_use(site: Path) -> None:
    said = crossdock("connectors", "list", "--site", site.parent / "sitte")
    assert said.code == 2
    assert f"did you mean {site}?" in said.err
    assert crossdock("connectors", "list", "--site", site).code == 0


@pytest.mark.parametrize("bytes_", [b"no database" * 2_000, b"SQLite format 3\x00" + b"\xff" * 20_000])
def test_a_damaged_store_is_called_damaged(site: Path, bytes_: bytes) -> None:
    store = site / "data" / "crossdock.db"
    store.parent.mkdir(exist_ok=True)
    store.write_bytes(bytes_)
    said = crossdock("up", "--site", site, "--listen", "127.0.0.1:0")
    assert said.code == 2, "systemd does not start it again"
    assert f"the store {store} is damaged: " in said.err
    assert "`crossdock restore` a backup" in said.err
    assert "defect" not in said.err
    assert "it is damaged: " in crossdock("doctor", "--site", site).out


@pytest.mark.parametrize(
    ("listen", "says"),
    [
        ("203.0.113.7:8080", "203.0.113.7 is no address of this machine"),
        ("nosuch.invalid:8080", "no machine is called nosuch.invalid"),
    ],
)
def test_an_address_that_is_not_ours_is_told_in_plain_words(site: Path, listen: str, says: str) -> None:
    said = crossdock("up", "--site", site, "--listen", listen)
    assert said.code == 1
    assert f"cannot listen on {listen}: {says}" in said.err


def test_a_store_that_is_damaged_behind_its_first_page_is_told_apart(site: Path) -> None:
    assert crossdock("keys", "create", "shop", "--site", site).code == 0
    store = site / "data" / "crossdock.db"
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = store.read_bytes()
    first = _page_of(store, "ledger") * 4_096
    store.write_bytes(whole[:first] + b"\xff" * 4_096 + whole[first + 4_096 :])
    said = crossdock("up", "--site", site, "--listen", "127.0.0.1:0")
    assert said.code == 2, said.err
    assert f"the store {store} is damaged: " in said.err
    assert "`crossdock audit verify` says where" in said.err


def test_a_store_that_does_not_answer_is_not_called_damaged() -> None:
    def down(cause: Exception) -> StoreDown:
        said = StoreDown("the store cannot be read")
        said.__cause__ = cause
        return said

    assert _damage(down(sqlite3.DatabaseError("database disk image is malformed"))) is not None
    assert _damage(down(sqlite3.OperationalError("disk I/O error"))) is None


def _page_of(store: Path, table: str) -> int:
    """The number of the first page of a table, from 0."""
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA page_size").fetchone()[0] == 4_096
        return (
            connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
            - 1
        )


def test_a_port_that_is_too_large_is_no_riddle(site: Path) -> None:
    said = crossdock("up", "--site", site, "--listen", "127.0.0.1:99999")
    assert said.code == 2
    assert "the port 99999 of '127.0.0.1:99999' is too large; write one of 1 to 65535" in said.err


def test_a_wrong_name_at_restored_end_is_told_with_the_right_one(site: Path) -> None:
    said = crossdock("restored", "end", "shopp", "--site", site)
    assert said.code == 2
    assert "did you mean shop? See: crossdock restored show" in said.err


def test_a_story_in_json_carries_its_bytes_when_asked() -> None:
    class Kept:
        def body(self, href: str) -> bytes | None:
            return {"/a": b'{"n": 1}', "/b": b"\xff\x00"}.get(href)

    entries: list[dict[str, Any]] = [{"bytes": {"href": href}} for href in ("/a", "/b", "/erased")]
    told = _with_bytes(Kept(), {"entries": [*entries, {"bytes": None}]})["entries"]  # type: ignore[arg-type]
    assert [one["bytes"] for one in told] == [
        {"href": "/a", "text": '{"n": 1}'},
        {"href": "/b", "base64": base64.b64encode(b"\xff\x00").decode()},
        {"href": "/erased", "text": None},
        None,
    ]
