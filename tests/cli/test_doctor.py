"""The doctor: a sound installation passes, and each thing that is wrong is found with what to do about it."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.console import crossdock
from tests.harness.ports import free_port


def examined(
    site: Path, env: dict[str, str] | None = None, *more: str
) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Exit status, and the findings that are not good by name."""
    listen = more or ("--listen", f"127.0.0.1:{free_port()}")
    said = crossdock("doctor", "--site", site, "--json", *listen, env=env)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in said.tree["findings"]:
        if finding["state"] != "good":
            found.setdefault(finding["name"], []).append(finding)
    assert said.tree["ok"] is (said.code == 0)
    return said.code, found


@pytest.fixture
def used(site: Path) -> Path:
    """A site with a store and a key, whose target's port is nobody's."""
    assert crossdock("keys", "create", "shop", "--site", site).code == 0
    charter = site / "charter.yaml"
    charter.write_text(charter.read_text("utf-8").replace("9100", str(free_port())), "utf-8")
    return site


def test_a_sound_installation_has_nothing_wrong(used: Path) -> None:
    code, found = examined(used)
    wrong = [one for findings in found.values() for one in findings if one["state"] == "wrong"]
    assert (code, wrong) == (0, [])
    assert set(found) >= {"targets", "backup"}
    said = crossdock("doctor", "--site", used, "--listen", f"127.0.0.1:{free_port()}")
    assert "nothing is wrong" in said.out
    assert "→ start it" in said.out


def test_it_knows_when_the_last_backup_was_taken(used: Path, tmp_path: Path) -> None:
    file = tmp_path / "site.backup"
    assert crossdock("backup", file, "--site", used).code == 0
    assert "backup" not in examined(used)[1]
    noted = used / "data" / "last-backup.json"
    old = json.loads(noted.read_text("utf-8")) | {"at_ms": (time.time_ns() // 1_000_000) - 3 * 86_400_000}
    noted.write_text(json.dumps(old), "utf-8")
    (found,) = examined(used)[1]["backup"]
    assert found["state"] == "note"
    assert found["says"] == f"the last one was taken 3 days ago: {file}"


def test_it_leaves_nothing_behind(used: Path) -> None:
    before = sorted(path.name for path in (used / "data").iterdir())
    examined(used)
    assert {name for name in (p.name for p in (used / "data").iterdir()) if name.startswith(".")} == set()
    assert set(before) <= {p.name for p in (used / "data").iterdir()} | {
        "crossdock.db-wal",
        "crossdock.db-shm",
    }


def test_a_site_that_was_never_started_is_sound(site: Path) -> None:
    assert examined(site)[0] == 0
    assert not (site / "data").exists()


@contextmanager
def listening() -> Iterator[int]:
    """A port that somebody has."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door.getsockname()[1]


def test_a_target_that_listens_is_reached(used: Path) -> None:
    charter = used / "charter.yaml"
    with listening() as port:
        text = charter.read_text("utf-8")
        head, _, rest = text.partition("url: http://127.0.0.1:")
        charter.write_text(f"{head}url: http://127.0.0.1:{port}{rest[rest.index(chr(10)) :]}", "utf-8")
        assert "targets" not in examined(used)[1]


def test_a_port_that_somebody_has_is_found(used: Path) -> None:
    with listening() as port:
        code, found = examined(used, None, "--listen", f"127.0.0.1:{port}")
    assert code == 1
    assert "--listen" in found["door"][0]["fix"]


def test_a_broken_charter_is_found_with_its_line(used: Path) -> None:
    charter = used / "charter.yaml"
    charter.write_text(charter.read_text("utf-8").replace("readers", "raeders"), "utf-8")
    code, found = examined(used)
    assert code == 1
    assert "charter.yaml:" in found["site"][0]["says"]
    assert "crossdock check" in found["site"][0]["fix"]


def test_a_store_that_others_may_read_or_write_is_found(used: Path) -> None:
    (used / "data").chmod(0o755)
    code, found = examined(used)
    assert (code, found["data"][0]["state"]) == (0, "note")
    (used / "data").chmod(0o777)
    code, found = examined(used)
    assert (code, found["data"][0]["state"]) == (1, "wrong")
    assert found["data"][0]["fix"].startswith("chmod 700")


def test_a_secret_that_is_missing_or_open_to_others_is_found(used: Path, tmp_path: Path) -> None:
    charter = used / "charter.yaml"
    text = charter.read_text("utf-8").replace("{type: none}", "{type: bearer, secret: wms_token}")
    charter.write_text(text, "utf-8")
    code, found = examined(used)
    assert code == 1
    assert "CROSSDOCK_SECRET_WMS_TOKEN" in found["secrets"][0]["says"] + found["secrets"][0]["fix"]
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "wms_token").write_text("not told", "utf-8")
    (secrets / "wms_token").chmod(0o644)
    code, found = examined(used, {"CROSSDOCK_SECRETS_DIR": str(secrets)})
    assert code == 1
    assert "chmod 600" in found["secrets"][0]["fix"]
    assert "not told" not in str(found)
    (secrets / "wms_token").chmod(0o600)
    assert "secrets" not in examined(used, {"CROSSDOCK_SECRETS_DIR": str(secrets)})[1]


def test_settings_that_are_for_tests_only_are_found(used: Path) -> None:
    code, found = examined(used, {"CROSSDOCK_UNSAFE_TEST": "1", "CROSSDOCK_SQLITE_SYNC": "off"})
    assert code == 1
    assert "sync" in found["guards"][0]["says"]


def test_a_store_of_a_newer_hub_is_found(used: Path) -> None:
    with closing(sqlite3.connect(used / "data" / "crossdock.db", isolation_level=None)) as store:
        store.execute("PRAGMA user_version = 999")
    code, found = examined(used)
    assert code == 1
    assert "newer" in found["store"][0]["says"]


def test_a_store_that_is_none_is_found(used: Path) -> None:
    for file in (used / "data").iterdir():
        file.unlink()
    (used / "data" / "crossdock.db").write_text("This has never been a database." * 10, "utf-8")
    code, found = examined(used)
    assert code == 1
    assert "not a database" in found["store"][0]["says"]


def test_a_clock_behind_the_ledger_is_found(used: Path) -> None:
    with closing(sqlite3.connect(used / "data" / "crossdock.db", isolation_level=None)) as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(ledger)")]
        row = {"position": 2**40, "at_ms": 2**42}
        values = [row.get(name, 0 if name != "link" else b"") for name in columns]
        store.execute(f"INSERT INTO ledger VALUES ({', '.join('?' * len(columns))})", values)
    code, found = examined(used)
    assert code == 1
    assert "clock" in found["clock"][0]["fix"]


def test_no_key_yet_is_worth_a_note(used: Path) -> None:
    with closing(sqlite3.connect(used / "data" / "crossdock.db", isolation_level=None)) as store:
        store.execute("DELETE FROM keys")
    code, found = examined(used)
    assert (code, found["keys"][0]["state"]) == (0, "note")
