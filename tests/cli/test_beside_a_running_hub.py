"""Commands beside a running hub: what is sent, told and acted on, from its own machine and from another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from crossdock.cli.outcome import outcome
from crossdock.cli.remote import Remote
from crossdock.journal.sql.keyring import stored_keys
from crossdock.journal.sqlite.storage import SqliteStorage
from tests.cli.console import Running, Said, crossdock

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
_TRIES_MAX, _STEP_S = 2_000, 0.05


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    world = Running(tmp_path_factory.mktemp("hub"))
    await world.start()
    yield world
    await world.stop()


async def run(*words: object, stdin: str | None = None) -> Said:
    """A command, beside the event loop that watches the hub."""
    return await asyncio.to_thread(crossdock, *words, stdin=stdin)


async def until(*words: object, true: Callable[[Said], bool]) -> Said:
    """Repeats a reading command until it says what is awaited."""
    for _ in range(_TRIES_MAX):
        said = await run(*words)
        if true(said):
            return said
        await asyncio.sleep(_STEP_S)
    raise AssertionError(f"{words}: {said}")


def order(world: Running, number: str, method: str) -> Path:
    """An order of the first site under a number and a ship method of its own."""
    tree = json.loads((world.site / "orders" / "SO-1001.json").read_text("utf-8"))
    file = world.site / f"{number}.json"
    file.write_text(json.dumps({**tree, "orderNumber": number, "shipMethod": method}), "utf-8")
    return file


async def test_an_order_is_sent_once_and_its_story_told(world: Running) -> None:
    file, at = order(world, "SO-1", "EXP"), ("--site", world.site)
    first = await run("send", file, "--system", "shop", *at)
    assert first.code == 0, first.err
    assert "accepted and safe on disk" in first.out
    again = await run("send", file, "--system", "shop", *at)
    assert again.code == 0
    assert "nothing is done twice" in again.out
    said = await until("trace", "order", "SO-1", *at, true=lambda s: "wms answered 201" in s.out)
    assert "sales order SO-1: released" in said.out
    assert "shop  handed in sales order SO-1" in said.out
    assert "It waits for nobody." in said.out
    assert "came again; nothing was done twice" in said.out
    told = await run("trace", "sales_order", "SO-1", "--bytes", *at)
    assert '"carrier_service": "AIR"' in told.out
    assert '"price": 10.0' in told.out
    assert (await run("trace", "SO-1", *at)).out.startswith("sales order SO-1: released"), (
        "any kind is looked for"
    )
    assert "nobody ever spoke of SO-0" in (await run("trace", "SO-0", *at)).err


async def test_other_content_is_refused_in_words(world: Running) -> None:
    file, at = order(world, "SO-2", "EXP"), ("--site", world.site)
    assert (await run("send", file, "--system", "shop", *at)).code == 0
    changed = file.read_text("utf-8").replace('"qty": 5', '"qty": 6')
    said = await run("send", "-", "--system", "shop", *at, stdin=changed)
    assert said.code == 1
    assert "refused (409)" in said.err
    assert "(incident i" in said.err


async def test_an_incident_is_shown_and_ended_without_a_key_on_the_hubs_own_machine(world: Running) -> None:
    at = ("--site", world.site)
    assert (await run("send", order(world, "SO-3", "DRONE"), "--system", "shop", *at)).code == 0
    await until("desk", "list", *at, "--type", "unmapped_code", true=lambda s: "SO-3" in s.out)
    page = (await run("desk", "list", *at, "--type", "unmapped_code", "--json")).tree
    (item,) = page["items"]
    shown = await run("desk", "show", item["id"], *at)
    assert (
        f"crossdock desk fix {item['id']} --crosswalk ship_method --system shop --theirs DRONE" in shown.out
    )
    assert "desk fix ID" not in shown.out + (await run("desk", "list", *at)).out
    waiting = await run("trace", "order", "SO-3", *at)
    assert "It waits for master data: " in waiting.out
    assert f"crossdock desk show {item['id']}" in waiting.out
    given = await run("desk", "assign", item["id"], "--owner", "anna", *at)
    assert (given.code, given.out) == (0, f"{item['id']} now waits for anna\n")
    row = ("--crosswalk", "ship_method", "--system", "shop", "--theirs", "DRONE", "--ours", "express")
    fixed = await run("desk", "fix", item["id"], *row, *at)
    assert fixed.code == 0, fixed.err
    assert fixed.out.startswith(
        f"{item['id']}: fixed the crosswalk ship_method: DRONE of shop is our express"
    )
    assert fixed.out.endswith("; tried again: 1 went on\n")
    await until("trace", "order", "SO-3", *at, true=lambda s: "wms answered 201" in s.out)
    ended = await run("desk", "resolve", item["id"], "--reason", "too late", *at)
    assert ended.code == 1
    assert "is ended" in ended.err
    keys = stored_keys(SqliteStorage(world.site / "data" / "crossdock.db"))
    assert [key for key in keys if key.role == "operator"] == [], "a key for one command does not stay"


async def test_keys_kept_beside_the_hub_stand_in_its_ledger(world: Running) -> None:
    at = ("--site", world.site)
    made = await run("keys", "create", "wms", *at)
    assert (made.code, made.err, made.out.count("\n")) == (0, "", 1)
    fresh = await run("keys", "rotate", made.out.strip(), *at)
    assert (await run("keys", "revoke", fresh.out.strip(), *at)).code == 0
    told = (await run("audit", "acts", "wms", "--json", *at)).tree["items"]
    assert [one["act"] for one in told] == ["revoke_key", "rotate_key", "make_key", "make_key"]
    assert {one["from"] for one in told} == {"127.0.0.1"}
    rows = stored_keys(SqliteStorage(world.site / "data" / "crossdock.db"))
    assert [key for key in rows if key.role == "terminal"] == [], "a key for one command does not stay"


async def test_a_key_for_another_store_is_made_there_and_not_by_the_hub(world: Running) -> None:
    other = world.site / "other.db"
    said = await run("keys", "create", "shop", "--site", world.site, "--database", f"sqlite:{other}")
    assert (said.code, said.err) == (0, "")
    assert [key.name for key in stored_keys(SqliteStorage(other))] == ["shop"]


async def test_from_another_machine_a_key_is_needed_and_its_role_counts(world: Running) -> None:
    at = ("--site", world.site)
    observer = (await run("keys", "create", "--role", "observer", *at)).out.strip()
    there = ("--url", world.url, "--key", observer)
    assert (await run("send", order(world, "SO-4", "BIKE"), "--system", "shop", *at)).code == 0
    await until("desk", "list", *there, true=lambda s: "SO-4" in s.out)
    assert (await run("trace", "order", "SO-4", *there)).out.count("incident") == 1
    (item,) = (await run("desk", "list", *there, "--type", "unmapped_code", "--json")).tree["items"]
    assert (await run("desk", "show", item["id"], *there)).code == 0
    refused = await run("desk", "retry", item["id"], *there)
    assert refused.code == 1
    assert "may not act" in refused.err
    unknown = await run("desk", "list", "--url", world.url, "--key", "cdk_nobody")
    assert unknown.code == 1
    assert "give --key or CROSSDOCK_KEY" in unknown.err
    assert (await run("desk", "show", "i999999", *there)).code == 1
    assert (await run("trace", "SO-404", *there)).code == 1


async def test_the_store_and_the_hub_say_the_same(world: Running) -> None:
    at = ("--site", world.site)
    observer = (await run("keys", "create", "--role", "observer", *at)).out.strip()
    there = ("--url", world.url, "--key", observer)
    assert (await run("send", order(world, "SO-5", "STD"), "--system", "shop", *at)).code == 0
    await until("trace", "order", "SO-5", *at, true=lambda s: "wms answered 201" in s.out)
    settled = ("conservation", *at, "--json")
    await until(
        *settled, true=lambda s: s.tree["captures"]["waiting"] == s.tree["transmissions"]["sending"] == 0
    )
    for words in (
        ["conservation"], ["conservation", "--system", "shop"], ["desk", "list", "--state", "all"],
        ["trace", "sales_order", "SO-5"],
    ):  # fmt: skip
        here, over = (await run(*words, *at, "--json")).tree, (await run(*words, *there, "--json")).tree
        here.pop("at", None)
        over.pop("at", None)
        assert here == over, words


async def test_figures_add_up_in_words_and_the_ledger_holds(world: Running) -> None:
    at = ("--site", world.site)
    said = await run("conservation", *at)
    assert (said.code, said.err) == (0, "")
    assert "nothing is missing" in said.out
    audit = await run("audit", "verify", *at)
    assert audit.code == 0, audit.err


async def test_the_doctor_knows_that_the_hub_runs(world: Running) -> None:
    said = await run("doctor", "--site", world.site)
    assert said.code == 0, said.out
    assert f"the hub runs at {world.url}" in said.out
    assert "wms takes connections" in said.out


async def test_an_address_that_is_taken_is_told_before_anything_is_sent(
    world: Running, tmp_path: Path
) -> None:
    assert crossdock("init", tmp_path / "other").code == 0
    taken = world.url.removeprefix("http://")
    said = await run("up", "--site", tmp_path / "other", "--listen", taken)
    assert said.code == 1
    assert f"cannot listen on {taken}" in said.err


async def test_a_hub_that_stopped_is_not_looked_for(tmp_path: Path) -> None:
    world = Running(tmp_path)
    await world.start()
    assert len(list((world.site / "data").glob("hub*.json"))) == 1
    assert await world.stop() == 0
    assert list((world.site / "data").glob("hub*.json")) == []
    said = await run("send", world.site / "orders" / "SO-1001.json", "--system", "shop", "--site", world.site)
    assert said.code == 1
    assert "no hub runs" in said.err


async def test_a_fix_that_does_not_help_says_so_and_what_to_look_at_next(world: Running) -> None:
    at = ("--site", world.site)
    assert (await run("send", order(world, "SO-6", "BOAT"), "--system", "shop", *at)).code == 0
    await until("desk", "list", *at, true=lambda s: "no row for BOAT" in s.out)
    items = (await run("desk", "list", *at, "--json")).tree["items"]
    (id_,) = [item["id"] for item in items if "no row for BOAT" in item["says"]]
    row = ("--crosswalk", "ship_method", "--system", "shop", "--theirs", "BOAT", "--ours", "nonsense")
    fixed = await run("desk", "fix", id_, *row, *at)
    assert "warning: no other row of ship_method has our code nonsense" in fixed.out
    assert "tried again: 1 failed again as i" in fixed.out
    (again,) = [w for w in fixed.out.split() if w.startswith("i") and w[1:].isdigit()]
    shown = await run("desk", "show", again, *at)
    assert "--system wms --theirs CODE --ours nonsense" in shown.out
    assert "(known: AIR, ROAD)" in shown.out
    ended = await run("desk", "resolve", again, "--reason", "a slip of the pen", *at)
    assert ended.out == f"{again} is ended (1 document): a slip of the pen\n"


async def test_what_is_still_under_way_is_not_called_done() -> None:
    class Busy(Remote):
        def get(self, path: str) -> Any:
            if path.startswith("/v1/incidents"):
                return {"items": []}
            rows = ("captures", "messages", "transmissions")
            states = ("waiting", "due", "sending", "retrying", "in_doubt")
            return {row: dict.fromkeys(states, 1) for row in rows}

    item = {"id": "i1", "members": 2, "captures": ["c1", "c2"], "keys": []}
    assert outcome(Busy("", ""), item, wait_s=0) == "sent back: 2 documents; see crossdock desk list"
