"""The commands as a stranger runs them: start, keys, stop, and what is refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.harness.hub import Refused, command, run
from tests.harness.orders import Order
from tests.harness.process import said
from tests.harness.scenarios.duplicates import not_a_problem, post
from tests.harness.sender import INTAKE
from tests.harness.site import Plan, charter, write_site
from tests.harness.stage import stage


async def test_a_sound_site_passes_its_check(tmp_path: Path) -> None:
    write_site(tmp_path, Plan(target_url="http://127.0.0.1:9"))
    code, out, err = await said([*command(), "check", "--site", str(tmp_path)])
    assert code == 0, out + err


async def test_an_unknown_key_of_the_charter_is_named_with_file_line_and_neighbour(tmp_path: Path) -> None:
    plan = Plan(target_url="http://127.0.0.1:9")
    write_site(tmp_path, plan)
    text = json.dumps(charter(plan), indent=1).replace('"readers"', '"raeders"')
    (tmp_path / "charter.yaml").write_text(text, "utf-8")
    line = 1 + text[: text.index("raeders")].count("\n")
    code, out, err = await said([*command(), "check", "--site", str(tmp_path)])
    assert code != 0
    assert f"charter.yaml:{line}" in out + err
    assert "readers" in out + err


async def test_a_crosswalk_with_two_answers_fails_the_check(tmp_path: Path) -> None:
    write_site(tmp_path, Plan(target_url="http://127.0.0.1:9"))
    with (tmp_path / "crosswalks" / "ship_method.csv").open("a", encoding="utf-8") as file:
        file.write("shop,DHL-STD,EXPRESS\r\n")
    code, out, err = await said([*command(), "check", "--site", str(tmp_path)])
    assert code != 0
    assert "DHL-STD" in out + err


async def test_the_hub_stops_at_sigterm_and_keeps_what_it_accepted(tmp_path: Path) -> None:
    async with stage(tmp_path, Plan(), dials={"busy_rate": 1.0}) as world:
        await post(world, Order(1, "C1", 1).body())
        assert await world.hub.process.stop() == 0
        await world.target.turn(busy_rate=0.0)
        await world.hub.start()
        await world.settled(accepted=1)
        assert [a.number for a in await world.target.arrivals() if a.applied] == ["SO-000001"]


async def test_half_a_request_does_not_keep_a_stop_waiting(tmp_path: Path) -> None:
    async with stage(tmp_path, Plan()) as world:
        halves = [b"POST /v1/systems/sh", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"]
        held = [await asyncio.open_connection("127.0.0.1", world.hub.port) for _ in halves]
        for (_, writer), half in zip(held, halves, strict=True):
            writer.write(half)
            await writer.drain()
        assert await world.hub.process.stop() == 0
        for _, writer in held:
            writer.close()


async def test_a_number_with_signs_is_found_by_its_encoded_path(tmp_path: Path) -> None:
    async with stage(tmp_path, Plan()) as world:
        tree = json.loads(Order(1, "C1", 1).body())
        for number in ("a%2eb", "a/b?c#d"):
            await post(world, json.dumps(tree | {"orderNumber": number}).encode())
            client = world.client()
            found = await client.ask("GET", f"/v1/trace/sales_order/{quote(number, safe='')}")
            await client.close()
            assert found.json["number"] == number


async def test_a_key_that_came_with_a_repeat_is_taken_too(tmp_path: Path) -> None:
    async with stage(tmp_path, Plan(on_change="revise")) as world:
        first, other = (
            Order(1, "C1", 1).body(),
            json.dumps(json.loads(Order(1, "C1", 1).body()) | {"remarks": "B"}),
        )
        assert (await post(world, first, key="K1")).status == 202
        assert (await post(world, first, key="K2")).status == 202
        assert (await post(world, other.encode(), key="K2")).status == 409
        assert (await post(world, first, key="K2")).status == 202
        await world.settled(accepted=1)
        code, out, err = await said([*command(), "audit", "verify", "--site", str(world.hub.site)])
        assert code == 0, out + err


async def test_keys_made_while_the_hub_runs_are_good_at_once_for_what_they_are_for(tmp_path: Path) -> None:
    async with stage(tmp_path, Plan()) as world:
        site = ("--site", str(world.hub.site))
        world.shop.key = (await run("keys", "create", "shop", *site)).strip()
        assert (await post(world, Order(1, "C1", 1).body())).status == 202
        observer = world.client((await run("keys", "create", "--role", "observer", *site)).strip())
        assert (await observer.ask("GET", "/v1/conservation")).status == 200
        assert not_a_problem(await observer.ask("POST", INTAKE, Order(1, "C1", 1).body()), 403) == []
        decided = b'{"outcome": "applied", "reason": "x"}'
        assert (await observer.ask("POST", "/v1/incidents/i1/resolve", decided)).status == 403
        await observer.close()
        nobody = world.client("")
        assert (await nobody.ask("GET", "/v1/conservation")).status == 401
        await nobody.close()


async def test_a_guard_can_be_switched_off_only_by_whoever_says_that_it_is_a_test(tmp_path: Path) -> None:
    write_site(tmp_path / "site", Plan(target_url="http://127.0.0.1:9"))
    for unsafe in ({"CROSSDOCK_GUARD_OFF": "commit"}, {"CROSSDOCK_SQLITE_SYNC": "off"}):
        with pytest.raises(Refused, match="CROSSDOCK_UNSAFE_TEST"):
            await run("up", "--site", str(tmp_path / "site"), "--listen", "127.0.0.1:0", env=unsafe)


async def test_a_guard_that_is_off_is_printed_at_the_start_and_every_door_answers(tmp_path: Path) -> None:
    env = {"CROSSDOCK_UNSAFE_TEST": "1", "CROSSDOCK_GUARD_OFF": "order"}
    async with stage(tmp_path, Plan(), env=env) as world:
        assert "order" in world.hub.process.tail()
        client = world.client(world.observer)
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            assert (await client.ask("GET", path)).status == 200, path
        described = (await client.ask("GET", "/openapi.json")).json
        await client.close()
        assert described["openapi"].startswith("3.1")
        assert {"/v1/conservation", "/v1/incidents"} <= set(described["paths"])


async def test_a_private_address_that_is_not_listed_is_never_sent_to(tmp_path: Path) -> None:
    async with stage(tmp_path, Plan(), started=False) as world:
        file = world.hub.site / "charter.yaml"
        tree = json.loads(file.read_text("utf-8"))
        tree["network"]["allow"] = []
        file.write_text(json.dumps(tree), "utf-8")
        code, out, err = await said([*command(), "check", "--site", str(world.hub.site)])
        assert (code, "127.0.0.1" in out + err) == (1, True), out + err
