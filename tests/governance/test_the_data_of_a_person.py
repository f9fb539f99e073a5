"""What is kept of a person is found, exported and erased, and the chain of the ledger still verifies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.journal.open import storage_of
from crossdock.journal.sql import audit
from crossdock.model.personal import every_path, is_personal, paths_of
from crossdock.model.register import kinds
from tests.console.world import World, world

NAME, STREET = "Marijke van den Heuvel", "Oude Gracht 412 bis"
TO = {"name": NAME, "street": STREET, "postcode": "3511 PL", "city": "Utrecht", "country": "NL"}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        await made.order("SO-1", to=TO)
        await made.order("SO-2", to={**TO, "name": "Somebody Else", "street": "Elsewhere 1"})
        await made.settled()
        yield made


def stored(w: World) -> bytes:
    """Every byte of the store, unpacked."""
    from crossdock.journal.changes import unpacked, unpacked_tree

    with storage_of(w.database).snapshot() as c:
        parts = [unpacked(codec, data) for codec, data in c.execute("SELECT codec, data FROM payloads")]
        parts += [
            json.dumps(unpacked_tree(row[0]), default=str).encode()
            for row in c.execute("SELECT tree FROM messages")
        ]
        for table in (
            "ledger",
            "incidents",
            "overrides",
            "answers",
            "stones",
            "hubs",
            "captures",
            "approvals",
        ):
            parts += [repr(row).encode() for row in c.execute(f"SELECT * FROM {table}")]
    return b"\n".join(parts)


async def test_somebody_is_exported_whole_and_erased_and_the_ledger_holds(w: World) -> None:
    key = w.key("root", "admin")
    status, found = await w.api("POST", "/v1/subjects/export", key, {"by": "name", "value": NAME})
    assert status == 200
    assert [one["number"] for one in found["documents"]] == ["SO-1"]
    assert found["documents"][0]["content"]["ship_to"]["street"] == STREET
    assert found["bytes"]
    before = await asyncio.to_thread(stored, w)
    assert STREET.encode() in before, "control: it was there"
    status, done = await w.api(
        "POST", "/v1/subjects/erase", key, {"by": "name", "value": NAME, "reason": "request 7"}
    )
    assert (status, done["left"]) == (200, 0)
    assert done["erased"]["documents"] == 1 and done["erased"]["bodies"] >= 2
    after = await asyncio.to_thread(stored, w)
    assert STREET.encode() not in after and NAME.encode() not in after
    assert b"Somebody Else" in after, "nobody else is touched"
    assert await asyncio.to_thread(audit.verify, storage_of(w.database)) is None
    again = await w.api("POST", "/v1/subjects/export", key, {"by": "name", "value": NAME})
    assert again[1]["documents"] == []
    for href in found["bytes"]:
        assert (await w.api("GET", href, key))[0] == 404
    status, trace = await w.api("GET", "/v1/trace/sales_order/SO-1", key)
    assert (status, trace["state"] is not None) == (200, True)
    links = [one["bytes"] for one in trace["entries"] if one["bytes"] is not None]
    assert [one for one in links if one.get("erased")], "the story says what is gone"
    assert all(one.get("erased") for one in links if one["length"] == 0)
    await w.order("SO-1", to=TO)
    figures = (await w.api("GET", "/v1/conservation", key))[1]
    assert figures["balanced"] and figures["outside"]["repeats"] == 1, (
        "what was erased is known by its number still"
    )


async def test_what_two_people_erased_does_not_stay_in_the_request_for_it(tmp_path: Path) -> None:
    async with world(tmp_path, more={"four_eyes": {"acts": ["erase"]}}) as w:
        await w.order("SO-1", to=TO)
        await w.settled()
        wanted = {"by": "name", "value": NAME, "reason": "request 7"}
        status, waiting = await w.api("POST", "/v1/subjects/erase", w.key("root", "admin"), wanted)
        assert status == 202
        assert NAME.encode() in await asyncio.to_thread(stored, w), "control: whoever approves must know whom"
        approver = w.key("april", "approver")
        path = f"/v1/approvals/{waiting['id']}/approve"
        assert (await w.api("POST", path, approver, {}))[0] == 200
        assert NAME.encode() not in await asyncio.to_thread(stored, w)
        assert await asyncio.to_thread(audit.verify, storage_of(w.database)) is None


async def test_a_request_that_nobody_decided_does_not_keep_whom_it_was_about(tmp_path: Path) -> None:
    async with world(tmp_path, more={"four_eyes": {"acts": ["erase"]}}) as w:
        wanted = {"by": "name", "value": NAME, "reason": "request 8"}
        asker = w.key("root", "admin")
        _, waiting = await w.api("POST", "/v1/subjects/erase", asker, wanted)
        assert await w.app.approvals.end_what_is_over() == 0
        assert NAME.encode() in await asyncio.to_thread(stored, w), "control: it may be decided still"
        later = w.shown.hub.clock.now_ms() + 10 * 86_400_000
        w.app.approvals._now_ms = lambda: later
        assert await w.app.approvals.end_what_is_over() == 1
        assert NAME.encode() not in await asyncio.to_thread(stored, w)
        (one,) = (await w.api("GET", "/v1/approvals?state=all", asker))[1]["approvals"]
        assert (one["id"], one["state"], one["decided_by"]) == (waiting["id"], "expired", "the hub")
        path = f"/v1/approvals/{waiting['id']}/approve"
        assert (await w.api("POST", path, w.key("april", "approver"), {}))[0] == 409
        assert await asyncio.to_thread(audit.verify, storage_of(w.database)) is None


async def test_what_is_under_way_stays_until_it_has_ended(w: World) -> None:
    key = w.key("root", "admin")
    w.partner.says["/wms SO-9"] = 0
    await w.order("SO-9", to={**TO, "name": "Piet Waits"})
    await w.settled()
    _, done = await w.api("POST", "/v1/subjects/erase", key, {"by": "order", "value": "SO-9"})
    assert (done["left"], done["erased"]["documents"]) == (1, 0)
    rows = await w.shown.hub.journal.view(lambda c: c.execute("SELECT max(id) FROM incidents").fetchone())
    await w.api("POST", f"/v1/incidents/i{rows[0]}/resolve", key, {"outcome": "applied", "reason": "there"})
    await w.settled()
    _, done = await w.api("POST", "/v1/subjects/erase", key, {"by": "order", "value": "SO-9"})
    assert (done["left"], done["erased"]["documents"]) == (0, 1)
    assert b"Piet Waits" not in await asyncio.to_thread(stored, w)
    assert await asyncio.to_thread(audit.verify, storage_of(w.database)) is None


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("DELETE FROM stones WHERE what = 'payload'", "payload"),
        ("DELETE FROM stones WHERE what = 'message'", "link"),
        ("UPDATE messages SET number = 'SO-7' WHERE number = 'SO-1'", "state"),
        ("UPDATE stones SET why = 'nothing to see'", "state"),
        (
            "UPDATE payloads SET codec = 2, salt = x'', size = 0, data = x'', crc = 0 WHERE codec <> 2",
            "payload",
        ),
    ],
)
async def test_who_takes_something_out_behind_the_hubs_back_is_found(
    w: World, change: str, what: str
) -> None:
    import sqlite3

    await w.api("POST", "/v1/subjects/erase", w.key("root", "admin"), {"by": "name", "value": NAME})
    file = w.database.removeprefix("sqlite:")
    with sqlite3.connect(file) as connection:
        connection.execute(change)
    finding = await asyncio.to_thread(audit.verify, storage_of(w.database))
    assert finding is not None and finding.what == what


async def test_what_is_beyond_its_time_is_taken_out_and_the_rest_stays(tmp_path: Path) -> None:
    rules = {"retention": {"refused_days": 1, "bytes_days": 30, "documents_days": 30}}
    async with world(tmp_path, more=rules) as w:
        await w.order("SO-1", to=TO)
        await w.hand_in("webshop", "sales_order", {"secret of a refused body": "x"})
        w.partner.says["/wms SO-2"] = 0
        await w.order("SO-2", to={**TO, "name": "Still Waiting"})
        await w.settled()
        assert sum((await w.app.retainer.round()).values()) == 0, "control: nothing is old enough"
        now_ms = w.shown.hub.clock.now_ms()
        w.app.retainer._now_ms = lambda: now_ms + 2 * 86_400_000
        assert await w.app.retainer.round() == {"refused bodies": 1, "bytes": 0, "documents": 0}
        assert b"secret of a refused body" not in await asyncio.to_thread(stored, w)
        w.app.retainer._now_ms = lambda: now_ms + 31 * 86_400_000
        done = await w.app.retainer.round()
        assert done["documents"] == 1 and done["bytes"] >= 2
        left = await asyncio.to_thread(stored, w)
        assert NAME.encode() not in left and b"Still Waiting" in left
        assert await asyncio.to_thread(audit.verify, storage_of(w.database)) is None
        assert sum((await w.app.retainer.round()).values()) == 0


async def test_an_erasure_is_done_again_after_a_restore(w: World, tmp_path: Path) -> None:
    from crossdock.access.erased import FILE, Erased
    from crossdock.access.seal import Seal, key_of, no_secret

    await w.api("POST", "/v1/subjects/erase", w.key("root", "admin"), {"by": "name", "value": NAME})
    folder = tmp_path / "site" / "data"
    kept = Erased(folder / FILE, lambda: Seal(key_of(no_secret, folder / "seal.key")))
    assert list(kept.all()) == [("name", NAME)]
    assert NAME.encode().hex() not in (folder / FILE).read_text() and NAME not in (folder / FILE).read_text()


def test_every_field_that_tells_of_a_person_is_tagged() -> None:
    """Words that name people or places in any kind of document; a new field of that name must be tagged, too."""
    words = {"street", "street2", "postcode", "phone", "email", "company", "notes", "note", "signed_by"}
    for kind, model in kinds().items():
        shape: Any = json.dumps(model.model_json_schema())
        told = {word for word in words if f'"{word}":' in shape}
        tagged = {path.rpartition(".")[2] for path in paths_of(kind)}
        assert told <= tagged, (kind, told - tagged)
    assert is_personal("addresses[3].street") and not is_personal("lines[0].sku")
    assert "customer.id" not in every_path()
