"""A hub in this process with a shop, a warehouse and an ERP that speak its own words."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossdock.api.app import App
from crossdock.api.keys import digest_of, new_key
from crossdock.assembly import Hub
from crossdock.journal.open import storage_of
from crossdock.journal.sql.keyring import StoredKey, add_key
from crossdock.settings import secrets_from, settings_from

WAIT_S = 120.0


def charter(target: str, watch: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A charter whose systems speak the hub's own words; `target` is where the warehouse and the ERP listen."""

    def system(name: str, sends: list[str], gets: list[str]) -> dict[str, Any]:
        into = [{"document": d, "id": "number" if d != "inventory_balance" else "sku"} for d in sends]
        out = [
            {"document": d, "send": {"method": "POST", "path": f"/{name}/{d}"}, "on_unclear": "resend",
             "idempotency": {"header": "Idempotency-Key"}}
            for d in gets
        ]  # fmt: skip
        found: dict[str, Any] = {"connector": "http", "timezone": "UTC", "in": into}
        limits = {"timeout_s": 2, "retry_first_s": 0.05, "retry_max_s": 0.2, **more.get("limits", {})}
        return found | ({"url": target, "out": out, "limits": limits} if out else {})

    return {
        "crossdock": 1,
        "site": {"name": "demo", "timezone": "Europe/Amsterdam"},
        "network": {"allow": ["127.0.0.1/32"]},
        "checks": {"item_known": "skip", "wait_s": 60},
        "systems": {
            "shop": system("shop", ["sales_order", "cancellation"], []),
            "wms": system("wms", ["shipment", "inventory_balance"], ["sales_order"]),
            "erp": system("erp", ["invoice"], ["shipment"]),
        },
        "objects": {
            "sales_order": {"owner": "shop", "readers": ["wms"]},
            "cancellation": {"owner": "shop"},
            "shipment": {"owner": "wms", "readers": ["erp"]},
            "inventory_balance": {"owner": "wms"},
            "invoice": {"owner": "erp"},
        },
        "watch": watch,
    }


def order(number: str, **more: Any) -> dict[str, Any]:
    """A sales order."""
    lines = [{"line": 1, "sku": "TEA-1", "quantity": 2, "unit": "EA"}]
    return {"number": number, "customer": {"id": "C1", "name": "Anna Example"}, "lines": lines, **more}


def shipment(number: str, of: str, quantity: int = 2) -> dict[str, Any]:
    """A shipment of an order."""
    line = {"line": 1, "order_line": 1, "sku": "TEA-1", "quantity": quantity, "ordered": 2, "unit": "EA"}
    return {"number": number, "order": of, "shipped_at": "2026-11-22T10:00:00Z", "lines": [line]}


@dataclass
class Door:
    """A running hub as one comes to it from outside."""

    port: int
    keys: dict[str, str]

    async def ask(self, who: str, method: str, path: str, tree: Any = None) -> Any:
        """One request; gives (status, answer)."""
        body = b"" if tree is None else json.dumps(tree).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {self.keys[who]}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.read()
        writer.close()
        first, _, found = answer.partition(b"\r\n\r\n")
        if b"chunked" in first.lower():
            found = _joined(found)
        status = int(first.split(b" ")[1])
        return status, json.loads(found) if found[:1] in (b"{", b"[") else found.decode()

    async def send(self, system: str, document: str, tree: dict[str, Any]) -> None:
        """One document at the door, accepted."""
        path = f"/v1/systems/{system}/messages?document={document}"
        status, answer = await self.ask(system, "POST", path, tree)
        assert status == 202, (status, answer)

    async def get(self, path: str, who: str = "observer") -> Any:
        """One answer of the API."""
        status, answer = await self.ask(who, "GET", path)
        assert status == 200, (status, answer)
        return answer

    async def act(self, incident: str, act: str, body: dict[str, Any]) -> Any:
        """One act at the desk."""
        status, answer = await self.ask("operator", "POST", f"/v1/incidents/{incident}/{act}", body)
        assert status == 200, (status, answer)
        return answer

    async def incidents(self, type_: str = "silence", state: str = "open") -> list[dict[str, Any]]:
        """The incidents of a type."""
        found = await self.get(f"/v1/incidents?type={type_}&state={state}")
        return list(found["items"])


@dataclass
class Stand(Door):
    """A hub in this process."""

    app: App


def make_keys(database: str, systems: Iterable[str]) -> dict[str, str]:
    """A key for each system and each role."""
    keys: dict[str, str] = {}
    storage = storage_of(database)
    for name in (*systems, "observer", "operator"):
        keys[name] = new_key()
        kind, system = ("system", name) if name in systems else (name, None)
        add_key(
            storage, StoredKey(digest_of(keys[name]), name, kind, system, time.time_ns() // 1_000_000, None)
        )
    return keys


def _joined(chunked: bytes) -> bytes:
    """A body that came in chunks."""
    found, rest = b"", chunked
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        found, rest = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        if int(size, 16) == 0:
            break
    return found


async def until(look: Callable[[], Any | Awaitable[Any]], wait_s: float = WAIT_S) -> Any:
    """Looks until there is something; gives it."""
    async with asyncio.timeout(wait_s):
        while True:
            found = look()
            if isinstance(found, Awaitable):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.05)


def write(site: Path, tree: dict[str, Any]) -> None:
    """The folder of a site."""
    site.mkdir(parents=True, exist_ok=True)
    (site / "charter.yaml").write_text(json.dumps(tree), "utf-8")


@asynccontextmanager
async def stand(
    site: Path, tree: dict[str, Any], *, database: str | None = None, host: str = "one", **environment: str
) -> AsyncIterator[Stand]:
    """A running hub."""
    write(site, tree)
    env = {**os.environ, **environment}
    settings = settings_from(env, site=site, listen="127.0.0.1:0", database=database, host_id=host)
    app = App(Hub(settings, secrets_from(env, None)))
    keys = make_keys(settings.database, tree["systems"])
    await app.start()
    try:
        yield Stand(app.server.port, keys, app)
    finally:
        await app.stop()
