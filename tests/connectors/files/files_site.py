"""A site whose ERP and warehouse speak by files only, with a whole hub over it in this process."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossdock.assembly import Hub
from crossdock.desk.desk import Desk
from crossdock.journal.sql import incidents
from crossdock.journal.sql.views import conservation
from crossdock.pipeline.trial import Trial
from crossdock.settings import settings_from

CHARTER = """
crossdock: 1
site: {name: files, timezone: Europe/Amsterdam, currency: EUR}
systems:
  erp:
    connector: files
    timezone: Europe/Amsterdam
    folder: exchange/erp
    settled_s: 0
    in:
      - {document: item, id: sku, every_s: 0.05, file: {match: 'items*.csv', decimal: ','}}
      - {document: sales_order, id: number, every_s: 0.05, on_change: revise,
         file: {match: 'orders*.csv', group: true}}
      - {document: party, id: Kunde, every_s: 0.05, map: mappings/party.jsonata, optional: [addresses.city],
         file: {match: 'kunden*.txt', encoding: cp1252, delimiter: ';'}}
  wms:
    connector: files
    timezone: UTC
    folder: exchange/wms
    settled_s: 0
    in:
      - {document: inventory_balance, id: sku, every_s: 0.05, file: {match: '*.xlsx', numbers: [quantity]}}
    out:
      - {document: item, file: {name: 'item-{number}-{key}.xml', rows: item}}
      - {document: sales_order, file: {name: 'order-{number}-{key}.csv'}, fits: {ship_to.name: {max: 10}}}
objects:
  item: {owner: erp, readers: [wms]}
  sales_order: {owner: erp, readers: [wms]}
  party: {owner: erp}
  inventory_balance: {owner: wms}
"""
PARTY = '{"id": Kunde, "name": Name, "roles": ["customer"], "addresses": [{"city": Ort, "country": Land}]}'


@dataclass
class Stand:
    """One running hub with its folders."""

    hub: Hub
    site: Path
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        hub = self.hub
        self.desk = Desk(
            hub.journal, hub.worker, hub.clock.now_ms, crosswalks_changed=hub.refresh_crosswalks,
            trial=Trial(hub.context),
        )  # fmt: skip

    def drop(self, system: str, name: str, content: str | bytes) -> None:
        """A file renamed into place, as a careful sender does."""
        inbox = self.site / "exchange" / system / "in"
        body = content.encode() if isinstance(content, str) else content
        (inbox / f".{name}.part").write_bytes(body)
        (inbox / f".{name}.part").replace(inbox / name)

    def sent(self, start: str = "") -> list[str]:
        """What the warehouse was handed, by name without the key, the oldest first."""
        # What begins with a dot is still being written: it goes away while one looks.
        found = (self.site / "exchange" / "wms" / "out").glob(f"{start or '[!.]'}*")
        names = sorted(found, key=lambda path: path.stat().st_mtime_ns)
        return [f"{path.name.rpartition('-')[0]}{path.suffix}" for path in names]

    def last(self, name: str) -> str:
        """The newest file of that name without its key."""
        stem, _, ending = name.rpartition(".")
        found = (self.site / "exchange" / "wms" / "out").glob(f"{stem}-t*.{ending}")
        return max(found, key=lambda path: path.stat().st_mtime_ns).read_text("utf-8")

    def files(self, system: str, folder: str) -> list[str]:
        """What lies in one folder, by name."""
        return sorted(path.name for path in (self.site / "exchange" / system / folder).iterdir())

    def text(self, system: str, folder: str, name: str) -> str:
        """One file."""
        return (self.site / "exchange" / system / folder / name).read_text("utf-8")

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Waits for something that the hub does by itself."""
        deadline = time.monotonic() + 120
        while not holds():
            assert time.monotonic() < deadline, (
                f"never came: {what} {await self.counts()} {await self.incidents()}"
            )
            await asyncio.sleep(0.02)

    async def counts(self) -> dict[str, Any]:
        """The conservation of the whole site."""
        return await self.hub.journal.view(lambda c: conservation(c, at_ms=self.hub.clock.now_ms()))

    async def incidents(self) -> list[dict[str, Any]]:
        """Everything that is open on the desk."""
        return (await self.hub.journal.view(lambda c: incidents.incidents(c, incidents.Filter())))["items"]

    async def incidents_once_there(self) -> list[dict[str, Any]]:
        """The same, once there are some."""
        deadline = time.monotonic() + 120
        while not (found := await self.incidents()):
            assert time.monotonic() < deadline, f"nothing came to the desk: {await self.counts()}"
            await asyncio.sleep(0.02)
        return found

    async def act(self, incident: str, name: str, body: Any) -> dict[str, Any]:
        """One act of a person."""
        answer = await self.desk.act(int(incident[1:]), name, body, who="test")
        assert answer is not None
        return json.loads(answer)


@asynccontextmanager
async def stand(
    site: Path, charter: str = CHARTER, *, secrets: Mapping[str, str] | None = None, **files: str
) -> AsyncIterator[Stand]:
    """A site with its hub running; `files` are written first, `__` standing for `/`."""
    (site / "mappings").mkdir(parents=True, exist_ok=True)
    (site / "charter.yaml").write_text(charter, "utf-8")
    (site / "mappings" / "party.jsonata").write_text(PARTY, "utf-8")
    for name, text in files.items():
        path = site / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    environment = {"CROSSDOCK_UNSAFE_TEST": "1", "CROSSDOCK_SQLITE_SYNC": "off"}
    (site / "data").mkdir(exist_ok=True)
    hub = Hub(settings_from(environment, site=site), lambda name: (secrets or {}).get(name, ""))
    await hub.start()
    await hub.worker.start()
    try:
        yield Stand(hub, site)
    finally:
        await hub.stop()
