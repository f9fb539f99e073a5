"""Every command with a PostgreSQL database: keys, hub, sending, reading, acting, audit, doctor, and the move there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psycopg
import pytest

from tests.cli.console import Said, crossdock
from tests.database import Server
from tests.harness.hub import command
from tests.harness.ports import free_port
from tests.harness.process import ROOT, Process
from tests.journal.places import postgresql_place
from tests.stories import stories

ORDER = {
    "orderNumber": "SO-1", "orderDate": "2026-11-22T10:00:00Z", "customer": {"id": "C1", "name": "Ada"},
    "shipTo": {"name": "Ada", "street": "Kade 1", "zip": "1011", "city": "Amsterdam", "country": "NL"},
    "shipMethod": "DRONE", "remarks": "", "seq": 1,
    "lines": [{"lineNo": 1, "sku": "W-1", "qty": 2, "uom": "EA", "unitPrice": 1.5, "currency": "EUR"}],
}  # fmt: skip


class Site:
    """A site whose store is a database."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        self.env = {"CROSSDOCK_DATABASE": database}

    def __call__(self, *words: object, **more: object) -> Said:
        return crossdock(*words, "--site", self.folder, env=self.env, **more)  # type: ignore[arg-type]

    def hub(self, port: int) -> Process:
        """A hub over it."""
        words = ["up", "--site", str(self.folder), "--listen", f"127.0.0.1:{port}"]
        return Process([*command(), *words], self.folder.parent / "hub.log", self.env)


@pytest.fixture
def at(site: Path, postgresql: Server) -> Site:
    """A new site on an empty database."""
    return Site(site, postgresql_place(postgresql).database)


def test_keys_are_made_listed_and_revoked(at: Site):
    made = at("keys", "create", "shop")
    assert made.code == 0, made.err
    assert made.out.startswith("cdk_")
    assert [key["name"] for key in at("keys", "list", "--json").tree["keys"]] == ["shop"]
    assert at("keys", "revoke", made.out.strip()).code == 0
    assert at("keys", "revoke", made.out.strip()).code == 1
    acts = at("audit", "acts", "--json").tree["items"]
    assert [one["act"] for one in acts] == ["revoke_key", "make_key"]
    assert at("audit", "verify").code == 0


def test_a_store_that_is_not_there_yet_is_told_in_plain_words(at: Site):
    for words in (("conservation",), ("trace", "sales_order", "SO-1"), ("audit", "verify"), ("desk", "list")):
        said = at(*words)
        assert said.code == 1
        assert "there is no store at postgresql://" in said.err


def test_a_server_that_does_not_answer_is_told_in_plain_words(site: Path):
    at = Site(site, f"postgresql://nobody:secret@127.0.0.1:{free_port()}/none")
    for words in (("keys", "create", "shop"), ("conservation",), ("audit", "verify"), ("up",)):
        said = at(*words)
        assert said.code == 1, words
        assert "is not reached" in said.err or "does not answer" in said.err
        assert "secret" not in said.err
        assert "Traceback" not in said.err


async def test_a_hub_works_on_it_and_all_commands_show_the_same(at: Site, tmp_path: Path):
    hub = at.hub(free_port())
    await hub.start()
    try:
        file = tmp_path / "order.json"
        file.write_text(json.dumps(ORDER))
        sent = await asyncio.to_thread(at, "send", "--system", "shop", file)
        assert sent.code == 0, sent.err
        while not (listed := (await asyncio.to_thread(at, "desk", "list", "--json")).tree)["items"]:
            await asyncio.sleep(0.05)
        incident = listed["items"][0]
        assert incident["type"] == "unmapped_code"
        fixed = await asyncio.to_thread(
            at, "desk", "fix", incident["id"], "--crosswalk", "ship_method", "--system", "shop", "--theirs", "DRONE",
            "--ours", "express",
        )  # fmt: skip
        assert fixed.code == 0, fixed.err
        figures = (await asyncio.to_thread(at, "conservation", "--json")).tree
        assert figures["balanced"]
        assert figures["captures"]["accepted"] == 1
        story = (await asyncio.to_thread(at, "trace", "sales_order", "SO-1", "--json")).tree
        assert {"accepted", "incident", "act"} <= {entry["kind"] for entry in story["entries"]}
        shown = await asyncio.to_thread(at, "desk", "show", incident["id"], "--json")
        assert shown.tree["state"] == "resolved"
        assert (await asyncio.to_thread(at, "audit", "verify")).code == 0
        looked = (await asyncio.to_thread(at, "doctor", "--json")).tree["findings"]
        assert any("1 working" in finding["says"] for finding in looked)
        assert not any("different charters" in finding["says"] for finding in looked)
        with psycopg.connect(at.database) as database:
            database.execute(
                "INSERT INTO owners (host, birth, address, chain, lease_until, works, charter)"
                " SELECT 'right', 'x/1/2/3', '',"
                " max(chain) + 1, clock_timestamp() + interval '1 hour', true, max(charter) + 1 FROM owners"
            )
        looked = (await asyncio.to_thread(at, "doctor", "--json")).tree["findings"]
        assert any("different charters" in finding["says"] for finding in looked)
    finally:
        await hub.stop()
    assert at("audit", "verify", "--json").tree["ok"] is True


async def test_two_hosts_of_one_name_are_told_at_the_start_and_by_the_doctor(at: Site):
    words = ["up", "--site", str(at.folder), "--host-id", "north", "--listen"]
    ports, logs = [free_port(), free_port()], [at.folder.parent / f"hub-{n}.log" for n in range(2)]
    hubs = [
        Process([*command(), *words, f"127.0.0.1:{port}"], log, at.env)
        for port, log in zip(ports, logs, strict=True)
    ]
    try:
        for hub in hubs:
            await hub.start()
        found = (await asyncio.to_thread(at, "doctor", "--json")).tree["findings"]
    finally:
        for hub in hubs:
            await hub.stop()
    said = [one for one in found if "2 processes are called north" in one["says"]]
    assert len(said) == 1, found
    assert said[0]["state"] == "note"
    assert all(str(port) in said[0]["says"] for port in ports)
    assert "others are called as this host" not in logs[0].read_text("utf-8")
    assert "others are called as this host" in logs[1].read_text("utf-8")
    assert str(ports[0]) in logs[1].read_text("utf-8")


async def test_a_host_that_was_killed_and_started_again_is_no_namesake_of_itself(at: Site):
    words = ["up", "--site", str(at.folder), "--host-id", "north", "--listen", f"127.0.0.1:{free_port()}"]
    first = Process([*command(), *words], at.folder.parent / "first.log", at.env)
    again = Process([*command(), *words], at.folder.parent / "again.log", at.env)
    await first.start()
    await first.kill()
    try:
        await again.start()
        found = (await asyncio.to_thread(at, "doctor", "--json")).tree["findings"]
    finally:
        await again.stop()
    assert not any("are called" in one["says"] for one in found)
    assert "others are called" not in (at.folder.parent / "again.log").read_text("utf-8")


def test_the_doctor_sees_a_server_that_forgets(at: Site):
    at("keys", "create", "shop")
    said = at("doctor", "--json", "--listen", f"127.0.0.1:{free_port()}")
    wrong = {f["says"].split(":")[0] for f in said.tree["findings"] if f["state"] == "wrong"}
    assert said.code == 1
    assert wrong == {"fsync is off", "full_page_writes is off"}, "the server of the tests is a fast one"
    names = {finding["name"] for finding in said.tree["findings"]}
    assert {"database", "commits", "clock"} <= names
    assert not names & {"disk", "data", "backup"}


async def test_a_site_is_moved_and_moving_it_the_wrong_way_is_refused(tmp_path: Path, postgresql: Server):
    place, file = postgresql_place(postgresql), tmp_path / "hub.db"
    async with stories(file) as told:
        await told.everything()
    said = crossdock("migrate", "--from", f"sqlite:{file}", "--to", place.database)
    assert said.code == 0, said.err
    assert "the same on both sides" in said.out
    page = (ROOT / "docs" / "how-to" / "run-on-postgresql.md").read_text("utf-8")
    tables = said.out.partition(" rows in ")[2].partition(" tables")[0]
    assert f" rows in {tables} tables, " in page, "the page shows what the command says"
    again = crossdock("migrate", "--from", f"sqlite:{file}", "--to", place.database)
    assert (again.code, "moved there before" in again.out) == (0, True)
    assert crossdock("migrate", "--from", place.database, "--to", f"sqlite:{file}").code == 2
    assert crossdock("migrate", "--from", f"sqlite:{tmp_path / 'none.db'}", "--to", place.database).code == 2
    assert crossdock("audit", "verify", "--database", place.database).code == 0
    up = ("up", "--database", f"sqlite:{file}", "--site", tmp_path)
    assert (await asyncio.to_thread(crossdock, *up)).code != 0


def _backup(folder: Path) -> Path:
    """A backup of a new site."""
    assert crossdock("init", folder / "new").code == 0
    assert crossdock("keys", "create", "shop", "--site", folder / "new").code == 0
    assert crossdock("backup", folder / "new.backup", "--site", folder / "new").code == 0
    return folder / "new.backup"


def test_a_database_that_is_not_reached_says_what_to_look_at(tmp_path: Path, postgresql: Server):
    backup, port = _backup(tmp_path), free_port()
    file = tmp_path / "new" / "data" / "crossdock.db"
    lost = crossdock(
        "migrate", "--from", f"sqlite:{file}", "--to", f"postgresql://hub:geheim@127.0.0.1:{port}/x"
    )
    assert lost.code == 1
    assert f"`crossdock doctor --database postgresql://hub@127.0.0.1:{port}/x` looks closer" in lost.err
    for words in (("backup", tmp_path / "a.backup"), ("restore", backup)):
        unreached = crossdock(*words, "--database", f"postgresql://hub:geheim@127.0.0.1:{port}/x")
        assert unreached.code == 1
        assert (
            f"`crossdock doctor --database postgresql://hub@127.0.0.1:{port}/x` looks closer" in unreached.err
        )
        assert "geheim" not in unreached.err
    none = crossdock("migrate", "--from", f"sqlite:{file}", "--to", postgresql.url("nobodys"))
    assert none.code == 1
    assert "make it by createdb" in none.err
    wrong = crossdock("migrate", "--from", "postgresql://hub:geheim@a/x", "--to", f"sqlite:{file}")
    assert wrong.code == 2
    assert "postgresql://hub@a/x" in wrong.err
    assert not any("geheim" in said.err + said.out for said in (lost, none, wrong))


def test_the_doctor_speaks_of_the_password_where_it_is_wrong(site: Path, postgresql: Server):
    postgresql.run("DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD 'right'")
    rules = postgresql.folder / "data" / "pg_hba.conf"
    before = rules.read_text("utf-8")
    rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{before}", "utf-8")
    postgresql.run("SELECT pg_reload_conf()")
    try:
        for password in ("", ":geheim"):
            url = postgresql.url().replace("crossdock@", f"guarded{password}@")
            said = crossdock("doctor", "--site", site, "--database", url, env={"PGPASSFILE": "/nonexistent"})
            assert said.code == 1
            assert "~/.pgpass, a file of mode 0600" in said.out
            assert "geheim" not in said.out + said.err
    finally:
        rules.write_text(before, "utf-8")
        postgresql.run("SELECT pg_reload_conf()")
