"""A small real site: one shop, one warehouse, somebody at the desk, all through the doors of `crossdock up`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from tests.harness.ear import Ear
from tests.harness.hub import Hub, make_key, run
from tests.harness.wire import Client

WAIT_S = 120.0


class Small:
    """A real hub with one shop, one warehouse, and somebody at the desk."""

    def __init__(self, hub: Hub, keys: Mapping[str, str], ear: Ear) -> None:
        self.hub, self.keys, self.ear = hub, keys, ear

    async def ask(self, who: str, method: str, path: str, tree: Any = None) -> tuple[int, Any]:
        """One request with somebody's key."""
        client = Client(self.hub.url, self.keys[who])
        reply = await client.ask(method, path, b"" if tree is None else json.dumps(tree).encode())
        await client.close()
        return reply.status, reply.json

    async def tell(self, system: str, document: str, tree: Any) -> int:
        """One document at the door."""
        return (await self.ask(system, "POST", f"/v1/systems/{system}/messages?document={document}", tree))[0]

    async def incident(self, type_: str, owner: str) -> dict[str, Any]:
        """The only open incident, of the right type and with the right owner."""
        until_s = time.monotonic() + WAIT_S
        while True:
            _, found = await self.ask("operator", "GET", "/v1/incidents")
            if found["items"]:
                (one,) = found["items"]
                assert (one["type"], one["owner"]) == (type_, owner), one
                assert one["fix"], one
                return one
            assert time.monotonic() < until_s, f"no {type_}"
            await asyncio.sleep(0.02)

    async def by_http(self, incident: Mapping[str, Any], act: str, body: Any) -> None:
        """One act over HTTP."""
        status, answer = await self.ask("operator", "POST", f"/v1/incidents/{incident['id']}/{act}", body)
        assert status == 200, answer

    async def by_terminal(self, incident: Mapping[str, Any], act: str, *words: str) -> None:
        """One act from a terminal."""
        await run("desk", act, str(incident["id"]), *words, "--site", str(self.hub.site))

    async def done(self, number: str) -> None:
        """The order is in the warehouse, and nothing is on the desk."""
        until_s = time.monotonic() + WAIT_S
        while number not in [tree["number"] for tree in self.ear.of("/wh")]:
            assert time.monotonic() < until_s, f"{number} never went out"
            await asyncio.sleep(0.02)
        await self.clear()

    async def clear(self) -> None:
        """Nothing is open on the desk."""
        until_s = time.monotonic() + WAIT_S
        while (await self.ask("operator", "GET", "/v1/incidents"))[1]["total"]:
            assert time.monotonic() < until_s, "still on the desk"
            await asyncio.sleep(0.02)

    async def shipped(self, number: str) -> None:
        """The order is told to be shipped."""
        until_s = time.monotonic() + WAIT_S
        while (await self.ask("operator", "GET", f"/v1/trace/sales_order/{number}"))[1].get(
            "state"
        ) != "shipped":
            assert time.monotonic() < until_s, f"{number} is not shipped"
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def small_site(
    folder: Path, write: Callable[[Path, str], None], systems: tuple[str, ...] = ("shop", "wms")
) -> AsyncIterator[Small]:
    """A hub over the site that `write` puts into a folder, given the address of everybody it sends to."""
    ear, site = Ear(), folder / "site"
    await ear.start()
    write(site, ear.url)
    hub = Hub(site)
    keys = {name: await make_key(site, name) for name in systems}
    keys["operator"] = await make_key(site, role="operator")
    try:
        await hub.start()
        yield Small(hub, keys, ear)
    finally:
        await hub.process.stop()
        await ear.stop()
