"""A small site with a console: shops, an ERP, warehouses; orders that went well and some that did not."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from crossdock.access.roles import Actor, Role
from crossdock.access.sessions import Stage
from crossdock.api.app import App
from crossdock.api.keys import digest_of, new_key
from crossdock.assembly import Hub
from crossdock.console.gate import COOKIE
from crossdock.console.shown import Shown
from crossdock.console.site import Console, application
from crossdock.journal.open import storage_of
from crossdock.journal.sql.keyring import StoredKey, add_key
from crossdock.settings import secret_variable, secrets_from, settings_from
from tests.console.partner import Partner

#: When the keys of tests were made: 1 October 2026.
_MADE_MS = 1_790_812_800_000
ROOT = Actor("root", "terminal")
GOOD = "seven quiet forklifts"
PREFIX = "/console"

_ORDER_IN = (
    '{ "number": no, "placed_at": at, "customer": {"id": who, "name": who}, "ship_to": to,'
    ' "ship_method": $ours("ship_method", by), "lines": [lines.{'
    '"line": n, "sku": sku, "quantity": qty, "unit": "EA"}] }'
)
_ORDER_OUT = (
    '{ "order": number, "ref": customer.id, "service": $theirs("ship_method", ship_method), "to": ship_to,'
    ' "lines": [lines.{"n": line, "item": sku, "qty": quantity}] }'
)
_STOCK_IN = '{ "sku": sku, "site": site, "status": "available", "quantity": qty, "unit": "EA", "as_of": at }'


def charter(target: str) -> dict[str, Any]:
    """Two shops, an ERP, two warehouses."""

    def shop() -> dict[str, Any]:
        flow = {
            "document": "sales_order",
            "id": "no",
            "order_by": "who",
            "on_change": "refuse",
            "map": "mappings/order-in.jsonata",
        }
        return {"connector": "http", "timezone": "UTC", "in": [flow]}

    def out(path: str, unclear: str) -> dict[str, Any]:
        send = {"method": "POST", "path": path}
        answers = {"done": ["2xx"], "later": [429, 503], "unclear": [408, 500, 502, 504], "rejected": ["4xx"]}
        return {"document": "sales_order", "send": send, "map": "mappings/order-out.jsonata", "their_id": "id",
                "idempotency": {"header": "Idempotency-Key"}, "on_unclear": unclear, "answers": answers}  # fmt: skip

    stock = {
        "document": "inventory_balance",
        "id": "no",
        "map": "mappings/stock-in.jsonata",
        "on_change": "revise",
    }
    limits = {"timeout_s": 1, "retry_first_s": 0.1, "retry_max_s": 1}

    def system(unclear: str, path: str) -> dict[str, Any]:
        return {"connector": "http", "url": target, "timezone": "UTC", "in": [stock],
                "out": [out(path, unclear)], "limits": limits}  # fmt: skip

    stock_out = {"document": "inventory_balance", "send": {"method": "POST", "path": "/stock"},
                 "map": "mappings/stock-out.jsonata", "on_unclear": "resend",
                 "idempotency": {"header": "Idempotency-Key"}, "answers": {"done": ["2xx"]}}  # fmt: skip
    erp = system("resend", "/erp")
    erp["out"].append(stock_out)
    return {
        "crossdock": 1,
        "site": {"name": "Reno", "timezone": "America/Los_Angeles", "currency": "USD"},
        "network": {"allow": ["127.0.0.1/32"]},
        "checks": {"item_known": "skip"},
        "systems": {
            "webshop": shop(), "marketplace": shop(),
            "erp": erp, "wms-reno": system("person", "/wms"), "3pl-dallas": system("resend", "/3pl"),
        },
        "objects": {
            "sales_order": {
                "owner": "webshop", "readers": ["erp", {"system": "wms-reno", "after": "erp"}, "3pl-dallas"],
            },
            "inventory_balance": {"owner": "wms-reno", "readers": ["erp"]},
        },
    }  # fmt: skip


#: For a site that keeps stock.
STOCK = {
    "sites": {"RENO": {"system": "wms-reno", "buffer": 4}},
    "channels": {"webshop": {"sites": ["RENO"], "buffer": 10}},
}


#: For a site that counts what is in time.
WATCH = {"levels": {"order_release": {"within_s": 60, "objective": 99.5}}}


def write_site(folder: Path, target: str, more: Mapping[str, Any] | None = None) -> None:
    """The folder of the site."""
    (folder / "mappings").mkdir(parents=True)
    (folder / "crosswalks").mkdir()
    (folder / "charter.yaml").write_text(json.dumps(charter(target) | (more or {})), "utf-8")  # JSON is YAML
    for name, text in (
        ("order-in", _ORDER_IN),
        ("order-out", _ORDER_OUT),
        ("stock-in", _STOCK_IN),
        ("stock-out", '{ "item": sku, "qty": quantity }'),
    ):
        (folder / "mappings" / f"{name}.jsonata").write_text(text, "utf-8")
    with (folder / "crosswalks" / "ship_method.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("system", "theirs", "ours"))
        for one in ("webshop", "marketplace", "erp", "wms-reno", "3pl-dallas"):
            rows.writerows(((one, "EXP", "express"), (one, "STD", "standard")))


class _Stays(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the console."""

    status: int
    headers: dict[str, str]
    text: str
    cookies: tuple[str, ...]


class World:
    """A running hub with its console, its partner and its people."""

    def __init__(self, app: App, shown: Shown, partner: Partner, database: str) -> None:
        self.app, self.shown, self.partner = app, shown, partner
        self._storage, self.database = storage_of(database), database
        self._keys: dict[str, str] = {}

    @property
    def url(self) -> str:
        return self.app.server.url

    # -- people ------------------------------------------------------------------

    async def person(self, name: str, role: Role, **more: Any) -> str:
        """Makes somebody who has chosen a password; gives the token of a session."""
        first = await self.app.people.add(name, role, ROOT, **more)
        half = await self.shown.sessions.sign_in(name, first, "127.0.0.1", "test")
        assert half.stage is Stage.RENEW
        return (await self.shown.sessions.renew(half, GOOD, "127.0.0.1", "test")).token

    # -- traffic -----------------------------------------------------------------

    async def hand_in(self, system: str, document: str, tree: Any) -> None:
        """Gives the hub one document as a system."""
        key = self._keys.get(system)
        if key is None:
            key = self._keys[system] = new_key()
            add_key(self._storage, StoredKey(digest_of(key), system, "system", system, _MADE_MS, None))
        request = Request(
            f"{self.url}/v1/systems/{system}/messages?document={document}", json.dumps(tree).encode(),
            {"authorization": f"Bearer {key}", "content-type": "application/json"},
        )  # fmt: skip
        with contextlib.suppress(OSError):
            await asyncio.to_thread(lambda: build_opener().open(request, timeout=60).read())

    def key(self, name: str, role: str, system: str | None = None) -> str:
        """Makes a key."""
        made = new_key()
        add_key(self._storage, StoredKey(digest_of(made), name, role, system, _MADE_MS, None))
        return made

    async def api(
        self, method: str, path: str, key: str | None = None, tree: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Asks the API as the holder of a key; status and body."""
        if key:
            headers["authorization"] = f"Bearer {key}"
        body = None if tree is None else json.dumps(tree).encode()
        request = Request(f"{self.url}{path}", body, headers, method=method)

        def run() -> tuple[int, Any]:
            from urllib.error import HTTPError

            try:
                answer = build_opener(_Stays).open(request, timeout=60)
            except HTTPError as refused:
                answer = refused
            with answer:
                read = answer.read()
                try:
                    return answer.status, json.loads(read)
                except ValueError:
                    return answer.status, read

        return await asyncio.to_thread(run)

    async def order(
        self, number: str, *, system: str = "webshop", by: str = "EXP", sku: str = "W-10010", **more: Any
    ) -> None:
        tree = {
            "no": number, "at": "2026-11-22T09:30:00Z", "who": f"C-{number}",
            "to": {"name": "Café Noord", "street": "Kade 4", "postcode": "1013 AA", "city": "Utrecht", "country": "NL"},
            "by": by, "lines": [{"n": 1, "sku": sku, "qty": 2}], **more,
        }  # fmt: skip
        await self.hand_in(system, "sales_order", tree)

    async def a_day(self) -> None:
        """Orders that went well, and one of each trouble."""
        for n, sku in enumerate(("W-10010", "W-10020", "G-20020", "G-20030", "B-30010")):
            tree = {
                "no": f"B-{n}",
                "sku": sku,
                "site": "RENO",
                "qty": 120 + 7 * n,
                "at": "2026-11-22T09:30:00Z",
            }
            await self.hand_in("wms-reno", "inventory_balance", tree)
        await self.settled()
        self.partner.says |= {"/erp SO-1007": 422, "/3pl SO-1007": 422, "/wms SO-1011": 0, "/wms": 201}
        for n in range(1, 25):
            await self.order(f"SO-{1000 + n}")
        for n in range(5):
            await self.order(f"MP-{200 + n}", system="marketplace", by="DRONE")
        await self.order("SO-1003", sku="OTHER-9")
        await self.order("SO-1004", system="marketplace")

    async def settled(self) -> None:
        """Waits until nothing is to be read, decided or sent at once any more; what goes again later may wait."""
        moving = (
            "SELECT (SELECT count(*) FROM captures WHERE state = 1) + (SELECT count(*) FROM messages WHERE state = 1)"
            " + (SELECT count(*) FROM transmissions WHERE state IN (1, 3))"
        )
        await self.until(f"SELECT 1 WHERE ({moving}) = 0")

    async def until(self, sql: str) -> None:
        """Waits until a query finds something; fails after two."""
        give_up_s = time.monotonic() + 120
        while not await self.shown.hub.journal.view(lambda c: c.execute(sql).fetchone()):
            assert time.monotonic() < give_up_s, f"it never came: {sql}"
            await asyncio.sleep(0.02)

    # -- the console as a browser asks it -----------------------------------------

    async def ask(
        self,
        method: str,
        path: str,
        token: str | None = None,
        form: dict[str, str] | None = None,
        **headers: str,
    ) -> Reply:
        cookie = {"cookie": f"{COOKIE}={token}"} if token else {}
        body = urlencode(form).encode() if form is not None else None
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(f"{self.url}{path}", body, {**cookie, **sent}, method=method)

        def run() -> Reply:
            from urllib.error import HTTPError

            try:
                answer = build_opener(_Stays).open(request, timeout=60)
            except HTTPError as refused:
                answer = refused
            with answer:
                cookies = tuple(answer.headers.get_all("set-cookie") or ())
                named = {name.lower(): value for name, value in answer.headers.items()}
                return Reply(answer.status, named, answer.read().decode("utf-8", "replace"), cookies)

        return await asyncio.to_thread(run)


@asynccontextmanager
async def world(
    folder: Path,
    *,
    guards_off: frozenset[str] = frozenset(),
    locks: bool = True,
    more: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    write: Callable[[Path, str], dict[str, str]] | None = None,
) -> AsyncIterator[World]:
    """A running site in a folder; `guards_off` and `locks` take a guard away, `more` adds to its charter.

    `write` lays out another site, and gives its secrets.
    """
    partner = Partner()
    await partner.start()
    if write is not None:
        secrets = write(folder / "site", partner.url)
    else:
        write_site(folder / "site", partner.url, more)
    async with again(folder, partner, guards_off=guards_off, secrets=secrets) as made:
        yield made


@asynccontextmanager
async def again(
    folder: Path,
    partner: Partner | None = None,
    *,
    guards_off: frozenset[str] = frozenset(),
    secrets: dict[str, str] | None = None,
    database: str = "",
) -> AsyncIterator[World]:
    """The site in a folder, started as it lies there."""
    partner = partner or Partner()
    database = f"sqlite:{folder / 'hub.db'}"
    environment = {**os.environ, "CROSSDOCK_UNSAFE_TEST": "1", "CROSSDOCK_SQLITE_SYNC": "off"}
    settings = settings_from(environment, site=folder / "site", listen="127.0.0.1:0", database=database)
    held = {secret_variable(name): value for name, value in (secrets or {}).items()}
    found = secrets_from(held, None)
    beside = _Kept(Console(settings.console, found), guards_off)
    app = App(Hub(settings, found), beside)
    try:
        await app.start()
    except BaseException:
        await app.hub.journal.close()
        app.hub._lock.release()
        raise
    try:
        yield World(app, beside.shown, partner, database)
    finally:
        await app.stop()
        await partner.stop()


class _Kept:
    """The console, and what its pages are made of, for tests to look at."""

    def __init__(self, console: Console, guards_off: frozenset[str]) -> None:
        self._console, self._off = console, guards_off
        self.prefix = console.prefix
        self.shown: Shown

    def asgi(self, app: App) -> Any:
        self.shown = self._console.shown(app)
        self.shown.guards_off = self._off
        return application(self.shown)
