"""Several hosts of one site on one machine: each has a note of its own, and commands find the one that lives."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.cli import whereabouts
from crossdock.settings import Settings
from tests.cli.console import crossdock


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door.getsockname()[1]


@pytest.fixture
def gone() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def test_who_ends_takes_away_its_own_note_only(tmp_path: Path, listening: int, gone: int) -> None:
    north, south = Settings(tmp_path, host_id="north"), Settings(tmp_path, host_id="south")
    whereabouts.note(north, f"http://127.0.0.1:{listening}")
    whereabouts.note(south, f"http://127.0.0.1:{gone}")
    whereabouts.forget(south)
    found = whereabouts.running(Settings(tmp_path, host_id="somebody"))
    assert found is not None
    assert (found.host_id, found.url) == ("north", f"http://127.0.0.1:{listening}")
    whereabouts.forget(north)
    assert list((tmp_path / "data").iterdir()) == []


def test_who_was_killed_hides_nobody(tmp_path: Path, listening: int, gone: int) -> None:
    for name, port in (("north", listening), ("south", gone)):
        whereabouts.note(Settings(tmp_path, host_id=name), f"http://127.0.0.1:{port}")
    assert [hub.host_id for hub in whereabouts.all_running(Settings(tmp_path))] == ["north"]


def test_a_process_that_lives_goes_before_the_note_of_a_dead_one(tmp_path: Path, listening: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        whereabouts.note(Settings(tmp_path, host_id="a"), f"http://127.0.0.1:{stranger.getsockname()[1]}")
        (dead,) = (tmp_path / "data").glob("hub*.json")
        dead.write_text(json.dumps(json.loads(dead.read_text("utf-8")) | {"pid": 2**22 + 1}), "utf-8")
        whereabouts.note(Settings(tmp_path, host_id="b"), f"http://127.0.0.1:{listening}")
        found = whereabouts.running(Settings(tmp_path))
    assert found is not None
    assert found.host_id == "b"


def test_the_note_of_an_older_hub_is_read(tmp_path: Path, listening: int) -> None:
    (tmp_path / "data").mkdir()
    note = {"url": f"http://127.0.0.1:{listening}", "pid": 1}
    (tmp_path / "data" / "hub.json").write_text(json.dumps(note), "utf-8")
    assert whereabouts.running(Settings(tmp_path)) is not None


def test_the_checkup_names_every_host_and_ends_none(tmp_path: Path, listening: int, gone: int) -> None:
    assert crossdock("init", tmp_path / "site").code == 0
    for name, port in (("north", listening), ("south", gone)):
        whereabouts.note(Settings(tmp_path / "site", host_id=name), f"http://127.0.0.1:{port}")
    said = crossdock("doctor", "--site", tmp_path / "site", "--listen", f"127.0.0.1:{listening}", "--json")
    doors = [one for one in said.tree["findings"] if one["name"] == "door"]
    assert [(one["state"], one["fix"]) for one in doors] == [("good", None)]
    assert f":{listening}" in doors[0]["says"]
