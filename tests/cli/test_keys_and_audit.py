"""Keys at the terminal, and the audit: what is printed, what is kept, what is found."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from crossdock.api.keys import Keys
from crossdock.cli.keys import PersonRole
from crossdock.journal.sql import keyring
from crossdock.journal.sqlite.lock import StoreLock
from crossdock.journal.sqlite.storage import SqliteStorage
from tests.cli.console import crossdock


def holders(site: Path) -> Keys:
    """The keys of a site as the door of a hub reads them."""
    rows = [
        (key.digest, key.name, key.role, key.system)
        for key in keyring.stored_keys(SqliteStorage(site / "data" / "crossdock.db"))
        if key.revoked_ms is None
    ]
    return Keys(lambda: rows, lambda: 0.0)


def test_a_key_stands_alone_on_stdout_and_opens_its_own_door_only(site: Path) -> None:
    said = crossdock("keys", "create", "shop", "--site", site)
    assert (said.code, said.err) == (0, "")
    key = said.out.removesuffix("\n")
    assert key.startswith("cdk_")
    assert "\n" not in key
    holder = holders(site).holder(f"Bearer {key}")
    assert holder is not None
    assert holder.delivers("shop")
    assert not holder.delivers("wms")
    assert not holder.acts


def test_a_key_is_never_stored(site: Path) -> None:
    key = crossdock("keys", "create", "shop", "--site", site).out.strip()
    stored = b"".join(file.read_bytes() for file in (site / "data").iterdir())
    assert key.encode() not in stored
    assert (site / "data").stat().st_mode & 0o077 == 0, "the folder of the store is the hub's alone"


def test_people_get_roles_and_may_be_named(site: Path) -> None:
    for role in PersonRole:
        key = crossdock("keys", "create", "anna", "--role", role.value, "--site", site).out.strip()
        holder = holders(site).holder(f"Bearer {key}")
        assert holder is not None
        assert (holder.name, holder.role.value, holder.acts) == (
            "anna",
            role.value,
            role not in {PersonRole.OBSERVER, PersonRole.APPROVER},
        )


def test_a_role_can_be_given_while_the_charter_is_broken(site: Path) -> None:
    (site / "charter.yaml").write_text("crossdock: [", "utf-8")
    assert crossdock("keys", "create", "--role", "observer", "--site", site).code == 0
    said = crossdock("keys", "create", "shop", "--site", site)
    assert said.code == 1
    assert "charter.yaml:" in said.err


def test_a_revoked_key_is_listed_and_opens_nothing(site: Path) -> None:
    key = crossdock("keys", "create", "shop", "--site", site).out.strip()
    other = crossdock("keys", "create", "shop", "--site", site).out.strip()
    both = crossdock("keys", "revoke", "shop", "--site", site)
    assert both.code == 2, "two keys are called shop"
    assert len(both.out.split()) == 2
    said = crossdock("keys", "revoke", key, "--site", site)
    assert said.code == 0
    assert "revoked" in said.out
    assert holders(site).holder(f"Bearer {key}") is None
    assert holders(site).holder(f"Bearer {other}") is not None
    assert crossdock("keys", "revoke", key, "--site", site).code == 1
    rows = crossdock("keys", "list", "--site", site, "--json").tree["keys"]
    assert sorted(row["revoked_at"] is None for row in rows) == [False, True]
    assert "revoked" in crossdock("keys", "list", "--site", site).out
    assert key not in crossdock("keys", "list", "--site", site).out


def test_a_store_with_revoked_keys_is_as_it_was_written(site: Path) -> None:
    key = crossdock("keys", "create", "shop", "--site", site).out.strip()
    assert crossdock("keys", "revoke", key, "--site", site).code == 0
    said = crossdock("audit", "verify", "--site", site)
    assert (said.code, said.err) == (0, "")
    told = crossdock("audit", "verify", "--site", site, "--json").tree
    assert told["ok"] is True
    assert said.out.endswith(f"head after entry {told['position']}: {told['head']}\n")


def test_a_head_beyond_the_end_of_the_ledger_is_refused(site: Path) -> None:
    assert crossdock("keys", "create", "shop", "--site", site).code == 0
    said = crossdock("audit", "verify", "--site", site, "--at", "1000")
    assert said.code == 1
    assert "not 1000" in said.err


def test_a_key_that_somebody_gave_more_rights_is_found(site: Path) -> None:
    assert crossdock("keys", "create", "--role", "observer", "--site", site).code == 0
    with closing(sqlite3.connect(site / "data" / "crossdock.db", isolation_level=None)) as store:
        store.execute("UPDATE keys SET role = 'operator'")
    said = crossdock("audit", "verify", "--site", site, "--json")
    assert said.code == 1
    assert said.tree["ok"] is False
    assert said.tree["what"] == "state"
    plain = crossdock("audit", "verify", "--site", site)
    assert plain.code == 1
    assert "keys" in plain.err


def test_a_store_of_an_older_release_is_no_broken_store(site: Path) -> None:
    crossdock("keys", "create", "shop", "--site", site)
    with closing(sqlite3.connect(site / "data" / "crossdock.db", isolation_level=None)) as store:
        store.execute("PRAGMA user_version = 1")
    said = crossdock("audit", "verify", "--site", site)
    assert said.code == 1
    assert "an older release of the hub wrote" in said.err
    assert "start the hub once" in said.err


def test_what_people_did_is_told_newest_first_and_narrowed_by_a_word(site: Path) -> None:
    for name in ("anna", "ben"):
        assert crossdock("people", "add", name, "--role", "admin", "--site", site).code == 0
    first, second = crossdock("audit", "acts", "--site", site).out.splitlines()[:2]
    assert "made an account for ben (admin)" in first and "made an account for anna (admin)" in second
    (only,) = crossdock("audit", "acts", "ANNA", "--site", site, "--json").tree["items"]
    assert only["after"]["name"] == "anna" and only["before"] is None
    assert (
        crossdock("audit", "acts", "nobody at all", "--site", site).out
        == "nobody did anything about nobody at all\n"
    )


def acts_on_keys(site: Path) -> list[dict[str, Any]]:
    found = crossdock("audit", "acts", "--json", "--site", site).tree["items"]
    return [one for one in found if str(one["act"]).endswith("_key")]


def test_keys_made_rotated_and_revoked_with_no_hub_stand_in_the_ledger(site: Path) -> None:
    key = crossdock("keys", "create", "shop", "--site", site).out.strip()
    fresh = crossdock("keys", "rotate", key, "--overlap-h", "2", "--site", site)
    assert (fresh.code, fresh.out.count("\n")) == (0, 1)
    assert crossdock("keys", "revoke", fresh.out.strip(), "--site", site).code == 0
    told = acts_on_keys(site)
    assert [one["act"] for one in told] == ["revoke_key", "rotate_key", "make_key", "make_key"]
    assert {one["from"] for one in told} == {"terminal"}
    assert told[1]["before"]["ends"] is None
    assert told[1]["after"]["ends"] is not None
    assert crossdock("audit", "verify", "--site", site).code == 0


def test_a_key_is_made_though_another_process_keeps_the_store_and_does_not_answer(site: Path) -> None:
    lock = StoreLock(site / "data" / "crossdock.db")
    try:
        said = crossdock("keys", "create", "shop", "--site", site)
    finally:
        lock.release()
    assert (said.code, holders(site).holder(f"Bearer {said.out.strip()}") is not None) == (0, True)
    assert "not in the ledger" in said.err
    assert acts_on_keys(site) == []
