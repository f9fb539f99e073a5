"""A backup taken beside a running hub, and what comes of it when the store is lost."""

from __future__ import annotations

import asyncio
import getpass
import json
import shutil
import urllib.request
from pathlib import Path

import pytest

from crossdock.backup.archive import manifest_of, unpack
from crossdock.backup.take import take
from crossdock.settings import settings_from
from tests.cli.console import Running, Said, crossdock

pytestmark = pytest.mark.slow
_TRIES_MAX, _STEP_S = 2_000, 0.05


async def run(*words: object) -> Said:
    """A command, beside the event loop that watches the hub."""
    return await asyncio.to_thread(crossdock, *words)


async def send(world: Running, *numbers: str) -> None:
    for number in numbers:
        tree = json.loads((world.site / "orders" / "SO-1001.json").read_text("utf-8"))
        file = world.site / f"{number}.json"
        file.write_text(
            json.dumps(tree | {"orderNumber": number, "customer": tree["customer"] | {"id": number}}), "utf-8"
        )
        said = await run("send", file, "--system", "shop", "--site", world.site)
        assert said.code == 0, said.err


async def settled(site: Path) -> dict[str, dict[str, int]]:
    for _ in range(_TRIES_MAX):
        figures = (await run("conservation", "--site", site, "--json")).tree
        moving = [figures[row].get(state, 0) for row in ("captures", "messages", "transmissions")
                  for state in ("waiting", "due", "sending", "retrying", "in_doubt")]  # fmt: skip
        if not any(moving):
            return figures
        await asyncio.sleep(_STEP_S)
    raise AssertionError(figures)


async def test_a_store_lost_after_a_backup_comes_back_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    world = Running(tmp_path)
    archive = tmp_path / "monday.backup"
    await world.start()
    try:
        await send(world, "SO-1", "SO-2")
        await settled(world.site)
        said = await run("backup", archive, "--site", world.site)
        assert said.code == 0, said.err
        assert "the ledger in it is whole" in said.out
        await send(world, "SO-3", "SO-4")
        before = await settled(world.site)
        assert before["transmissions"]["done"] == 4

        await world.hub.stop()
        shutil.rmtree(world.site / "data")
        said = await run("restore", archive, "--site", world.site)
        assert said.code == 0, said.err
        assert "crossdock restored end shop" in said.out
        await world.hub.start()

        said = await run("restored", "show", "--site", world.site)
        assert "shop" in said.out, said.err
        assert "hands in again" in said.out
        await told_everywhere(world)
        await send(world, "SO-1", "SO-2", "SO-3", "SO-4")
        after = await settled(world.site)
        assert after["transmissions"]["made"] == 4
        assert after["outside"]["repeats"] == 2, "the backup has the first two"
        assert (await run("restored", "end", "shop", "--site", world.site)).code == 0
        shown = (await run("restored", "show", "--site", world.site)).out
        assert f" by {getpass.getuser()} (shop has sent again all that was lost); what came between" in shown
        await send(world, "SO-5")
        last = await settled(world.site)
        assert last["transmissions"]["done"] == after["transmissions"]["done"] + 1
        assert (await run("audit", "verify", "--site", world.site)).code == 0
    finally:
        await world.stop()


async def told_everywhere(world: Running) -> None:
    """Who hands in again is said wherever one looks, and what ends it."""
    for words in (("status",), ("doctor", "--json")):
        said = await run(*words, "--site", world.site)
        assert "crossdock restored end shop" in " ".join(said.out.split()), words
    (note,) = (world.site / "data").glob("hub-*.json")
    noted = json.loads(note.read_text("utf-8"))
    metrics = f"{noted['url']}/metrics"
    assert 'crossdock_restored{system="shop"} 1' in await asyncio.to_thread(page, metrics)


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


async def test_a_restore_waits_until_the_hub_is_stopped_and_a_hub_without_its_store_ends(
    tmp_path: Path,
) -> None:
    world, archive = Running(tmp_path), tmp_path / "monday.backup"
    await world.start()
    try:
        assert (await run("pause", "shop", "--reason", "stocktaking", "--site", world.site)).code == 0
        assert (await run("backup", archive, "--site", world.site)).code == 0
        said = await run("restore", archive, "--site", world.site)
        assert said.code == 1
        assert "a hub of this site runs at" in said.err
        store = world.site / "data" / "crossdock.db"
        store.rename(world.site / "data" / "away.db")
        async with asyncio.timeout(20):
            await world.hub.ended()
        assert (await run("health", "--site", world.site)).code == 1
        said = await run("restore", archive, "--site", world.site)
        assert said.code == 0, said.err
        lines = said.out.splitlines()
        start = next(n for n, line in enumerate(lines) if "now start the hub" in line)
        ends = next(n for n, line in enumerate(lines) if "crossdock restored end shop" in line)
        assert start < ends, "in the order in which one does it"
        assert "shop is paused by" in said.out
        assert "crossdock resume SYSTEM" in said.out
    finally:
        await world.stop()


def test_a_folder_in_place_of_a_backup_is_named(tmp_path: Path) -> None:
    made(tmp_path)
    said = crossdock("restore", tmp_path, "--site", tmp_path / "fresh")
    assert (said.code, "is a folder" in said.err, "name the backup" in said.err) == (1, True, True)
    assert not (tmp_path / "fresh" / "data").exists()


def made(tmp_path: Path) -> tuple[Path, Path]:
    """A site with an empty store, and its backup."""
    site, archive = tmp_path / "site", tmp_path / "a.backup"
    assert crossdock("init", site).code == 0
    assert crossdock("keys", "create", "shop", "--site", site).code == 0
    assert crossdock("backup", archive, "--site", site).code == 0
    return site, archive


def test_a_backup_is_readable_by_its_owner_only_and_never_overwrites(tmp_path: Path) -> None:
    site, archive = made(tmp_path)
    assert archive.stat().st_mode & 0o077 == 0
    said = crossdock("backup", archive, "--site", site)
    assert said.code == 1
    assert "there is a file already" in said.err


def test_a_folder_or_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    site, _ = made(tmp_path)
    said = crossdock("backup", tmp_path / "nowhere" / "x.backup", "--site", site)
    assert (said.code, "there is no folder" in said.err, "crossdock-backup-" in said.err) == (1, True, False)
    said = crossdock("restore", tmp_path / "nothing.backup", "--site", tmp_path / "fresh")
    assert (said.code, "look at the name" in said.err) == (1, True)


def test_a_restore_never_takes_the_place_of_a_store(tmp_path: Path) -> None:
    site, archive = made(tmp_path)
    said = crossdock("restore", archive, "--site", site)
    assert said.code == 1
    assert "there is a store" in said.err


def test_every_flipped_byte_and_every_cut_is_refused_and_leaves_no_store(tmp_path: Path) -> None:
    _, archive = made(tmp_path)
    whole = archive.read_bytes()
    other = tmp_path / "other"
    damaged = tmp_path / "damaged.backup"
    for at in [*range(0, len(whole), max(len(whole) // 40, 1)), len(whole) - 1]:
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        said = crossdock("restore", damaged, "--site", other)
        if said.code == 0:  # a byte that the compression does not use: what came back is what was written
            assert manifest_of(damaged) == manifest_of(archive)
            shutil.rmtree(other)
            continue
        assert said.code == 1
        assert "backup" in said.err
        assert not (other / "data" / "crossdock.db").exists()
    for size in (0, 10, len(whole) // 2, len(whole) - 20):
        damaged.write_bytes(whole[:size])
        assert crossdock("restore", damaged, "--site", other).code == 1
        assert not (other / "data" / "crossdock.db").exists()
        assert not (other / "data" / "crossdock.db.lock").exists()


def test_the_files_of_the_site_come_with_it_where_there_are_none(tmp_path: Path) -> None:
    site, archive = made(tmp_path)
    other = tmp_path / "other"
    assert crossdock("restore", archive, "--site", other).code == 0
    assert (other / "charter.yaml").read_bytes() == (site / "charter.yaml").read_bytes()
    shutil.rmtree(other / "data")
    (other / "charter.yaml").write_bytes((site / "charter.yaml").read_bytes() + b"# mine\n")
    said = crossdock("restore", archive, "--site", other, "--json")
    assert said.tree["site_files_that_differ"] == ["charter.yaml"]
    assert (other / "charter.yaml").read_bytes().endswith(b"# mine\n")


def test_a_file_of_the_site_that_is_written_to_meanwhile_spoils_no_backup(tmp_path: Path) -> None:
    site, _ = made(tmp_path)
    (site / "crosswalks").mkdir(exist_ok=True)
    rows = site / "crosswalks" / "zones.csv"
    rows.write_text("0")

    def written(done: int, all_: int) -> None:
        rows.write_text(str((done + all_) % 10))

    file = tmp_path / "amid.cdb"
    settings = settings_from({}, site=site)
    take(settings, file, verify=False, now_ms=0, progress=written)
    unpack(file, tmp_path / "unpacked", lambda _done, _all: None)
    assert (tmp_path / "unpacked" / "site" / "crosswalks" / "zones.csv").is_file()
