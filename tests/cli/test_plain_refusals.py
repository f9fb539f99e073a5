"""Wrong names, a damaged store, an address of another machine: told in plain words with the way out."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from crossdock.cli.trace import _with_bytes
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
    assert said.code == 1
    assert f"the store {store} is damaged: " in said.err
    assert "restore a backup" in said.err
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
