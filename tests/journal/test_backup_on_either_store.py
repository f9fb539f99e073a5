"""A backup of either store comes back to either, link by link, and the hub goes on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from crossdock.backup.archive import Manifest
from crossdock.backup.bring_back import _must_be_known, _must_hold
from crossdock.faults import Misconfigured
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.connection import Storage
from crossdock.journal.sqlite.schema import migrations
from crossdock.journal.sqlite.storage import SqliteStorage
from tests.cli.console import crossdock
from tests.database import Server
from tests.journal.places import Place, postgresql_place, sqlite_place
from tests.stories import stories


def head(storage: Storage) -> str:
    """What the audit says of all chains; fails where something does not hold."""
    heads: list[str] = []
    finding = verify(storage, head=heads.append)
    assert finding is None, finding
    return heads[0]


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
async def test_a_backup_comes_back_link_by_link_and_the_hub_goes_on(
    place: Place, to: str, tmp_path: Path, postgresql: Server
) -> None:
    site, archive = tmp_path / "site", tmp_path / "a.backup"
    assert crossdock("init", site).code == 0
    async with stories(place.database) as told:
        await told.everything()
        for n in range(12):
            await told.delivered(f"M-{n}", order_by=f"C{n % 3}")
    before = head(place.storage)
    last = place.rows("SELECT max(position) FROM ledger")[0][0]
    highest = place.rows("SELECT max(id) FROM captures")[0][0]
    said = await asyncio.to_thread(
        crossdock, "backup", archive, "--site", site, "--database", place.database, "--json"
    )
    assert said.code == 0, said.err
    assert said.tree["head"] == before

    (tmp_path / "back").mkdir()
    back = sqlite_place(tmp_path / "back") if to == "sqlite" else postgresql_place(postgresql)
    said = await asyncio.to_thread(
        crossdock, "restore", archive, "--site", site, "--database", back.database, "--json"
    )
    assert said.code == 0, said.err
    assert "shop" in json.dumps(said.tree["must_send_again"])
    links = "SELECT position, partition, link FROM ledger WHERE position <= ? ORDER BY position"
    assert [(p, c, bytes(link)) for p, c, link in back.rows(links, (last,))] == [
        (p, c, bytes(link)) for p, c, link in place.rows(links, (last,))
    ]
    assert back.count("transmissions", "state IN (1, 3, 4)") == 0, "all that may have left is in doubt"
    assert head(back.storage) != before, "the restore itself stands in the ledger"
    async with stories(back.database) as told:
        await told.delivered("N-1")
        assert back.rows("SELECT max(id) FROM captures")[0][0] > highest + (1 << 40)
    head(back.storage)
    refused = await asyncio.to_thread(
        crossdock, "restore", archive, "--site", site, "--database", back.database
    )
    assert refused.code == 1
    assert "there is a store" in refused.err


async def test_only_the_ledger_that_the_manifest_names_is_brought_back(tmp_path: Path):
    store = tmp_path / "hub.db"
    async with stories(store) as told:
        await told.delivered("SO-1")
    named = Manifest(0, "reno", "1", "sqlite", migrations()[-1][0], 0, head(SqliteStorage(store)), {})
    for whole in (
        named,
        replace(named, head=""),
    ):  # one that was not verified when it was taken is verified now
        _must_hold(store, whole, lambda _done, _all: None)
    with pytest.raises(Misconfigured, match="manifest"):
        _must_hold(store, replace(named, head=f"sha256:{0:064}"), lambda _done, _all: None)
    with pytest.raises(Misconfigured, match="newer"):
        _must_be_known(replace(named, schema=10**6), store)
