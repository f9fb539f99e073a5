"""A site with partners: a retailer and a warehouse over folders, a distributor over AS2, and a day with them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crossdock.journal.sql.connection import Connection
from tests.connectors.edi.trade import acknowledgement, drop, envelope, order, sent, set_850, shipped
from tests.console.world import World
from tests.transport.as2.parties import certificate_pem, key_pem, rsa_key

CHARTER = """\
crossdock: 1
site: {name: Duluth, timezone: America/Chicago, currency: USD}
checks: {item_known: skip}
network: {allow: ["127.0.0.1/32"]}
systems:
  harborlane: {connector: edi, partner: harborlane, timezone: America/Chicago}
  northgate: {connector: edi, partner: northgate, timezone: America/Chicago}
  baltica: {connector: edi, partner: baltica, timezone: Europe/Amsterdam, limits: {retry_first_s: 60}}
  erp:
    connector: http
    timezone: UTC
    in: [{document: invoice, id: number}, {document: inventory_balance, id: number}]
objects:
  sales_order: {owner: harborlane, readers: [northgate]}
  cancellation: {owner: harborlane, readers: []}
  shipment: {owner: northgate, readers: [harborlane]}
  invoice: {owner: erp, readers: [harborlane]}
  inventory_balance: {owner: erp, readers: [baltica]}
"""
HARBORLANE = """\
partner: 1
standard: x12
us: {id: PINECREST, qualifier: ZZ}
them: {id: HARBORLANE, qualifier: ZZ}
version: "004010"
usage: test
documents:
  - {set: "850", direction: in}
  - {set: "860", direction: in}
  - {set: "856", direction: out, answer_within_h: 4}
  - {set: "810", direction: out}
acknowledge: {within_h: 24}
deadlines: [{set: "856", after: received_at, hours: 30}]
contact: EDI desk, +1 555 0100
transport: {type: folder, root: ROOT/harborlane, every_s: 0.05}
"""
NORTHGATE = """\
partner: 1
standard: x12
us: {id: PINECREST, qualifier: ZZ}
them: {id: NORTHGATE, qualifier: ZZ}
version: "004010"
documents:
  - {set: "940", direction: out, document: sales_order}
  - {set: "945", direction: in}
acknowledge: {within_h: WITHIN}
transport: {type: folder, root: ROOT/northgate, every_s: 0.05}
"""
BALTICA = """\
partner: 1
standard: edifact
us: {id: PINECREST}
them: {id: BALTICA}
version: D96A
documents:
  - {set: INVRPT, direction: out}
transport:
  type: as2
  url: http://127.0.0.1:9/as2
  as2_us: PINECREST
  as2_them: BALTICA
  our_keys: [as2_now, as2_next]
  certificates: [baltica.pem]
"""


def writer(*, within_h: float = 4, certificate_days: int = 19):
    """Lays the site out; `within_h` is what the warehouse has to acknowledge."""

    def write(folder: Path, target: str) -> dict[str, str]:
        del target
        (folder / "partners").mkdir(parents=True)
        (folder / "charter.yaml").write_text(CHARTER)
        for name, text in (("harborlane", HARBORLANE), ("northgate", NORTHGATE), ("baltica", BALTICA)):
            filled = text.replace("ROOT", str(folder / "boxes")).replace("WITHIN", str(within_h))
            (folder / "partners" / f"{name}.yaml").write_text(filled)
        (folder / "partners" / "baltica.pem").write_bytes(
            _certificate("Baltica Import", -200, certificate_days)
        )
        return {
            "as2_now": _both("Pinecrest 2026", -300, 64),
            "as2_next": _both("Pinecrest 2027", -1, 428),
        }

    return write


def _certificate(name: str, begins: int, ends: int) -> bytes:
    now = datetime.now(UTC).replace(microsecond=0)
    return certificate_pem(name, rsa_key(name), now + timedelta(days=begins), now + timedelta(days=ends))


def _both(name: str, begins: int, ends: int) -> str:
    return (key_pem(rsa_key(name)) + _certificate(name, begins, ends)).decode()


BAD_LINES = "PO1*1*48*EA*12.75*PE*VN*PT-100~\nPO1*2**XX*1*PE*VN*PT-210~\n"


async def a_day(w: World, site: Path) -> None:
    """Orders that were answered in every way, one that is wrong, one that came twice, and a file that is none."""
    drop(site, "harborlane", "1.edi", order("PO-7001", 41))
    sets = "".join(set_850(f"{n:04}", f"PO-700{n}") for n in range(2, 6))
    drop(site, "harborlane", "2.edi", envelope(sets, "PO", 42))
    await w.until(
        "SELECT count(*) FROM transmissions WHERE target = 'northgate' AND state = 6 HAVING count(*) = 5"
    )
    for place, text in enumerate(sorted(sent(site, "northgate", "940")), start=1):
        group = int(re.search(r"GS\*OW\*\w+\*\w+\*\d+\*\d+\*(\d+)", text)[1])  # type: ignore[index]
        verdict = {4: "R", 5: ""}.get(group, "E" if group == 3 else "A")
        if verdict:
            drop(site, "northgate", f"a{place}.edi", acknowledgement(group, group=group, verdict=verdict))
    await w.until("SELECT 1 FROM receipts WHERE state = 4")
    drop(site, "northgate", "s1.edi", shipped(71, "PO-7001"))
    await w.until("SELECT 1 FROM receipts WHERE document = 'shipment' AND control > 0")
    bad = set_850("0001", "PO-7006", lines=BAD_LINES)
    drop(site, "harborlane", "3.edi", envelope(bad, "PO", 43))
    drop(site, "harborlane", "4.edi", order("PO-7001", 44, lines=None).replace("*48*EA", "*84*EA"))
    drop(site, "harborlane", "5.txt", "please find attached our order of this week\n")
    balance = {
        "number": "B-1", "sku": "PT-100", "site": "DUL", "status": "available", "quantity": 96, "unit": "EA",
        "as_of": "2026-11-22T09:30:00Z",
    }  # fmt: skip
    await w.hand_in("erp", "inventory_balance", balance)
    await w.until("SELECT 1 FROM incidents WHERE type = 'duplicate_conflict'")
    await w.until("SELECT 1 FROM captures WHERE state = 3 AND system = 'harborlane'")


async def paths(w: World) -> dict[str, str]:
    """Every page about partners by its name, after a day."""

    def read(c: Connection) -> tuple[int, int, int]:
        (wrong,) = c.execute("SELECT id FROM captures WHERE their_id = '000000043'").fetchone()
        (none,) = c.execute("SELECT id FROM captures WHERE their_id LIKE 'file+%'").fetchone()
        (notice,) = c.execute("SELECT transmission FROM receipts WHERE says LIKE '856 of%'").fetchone()
        return wrong, none, notice

    wrong, none, notice = await w.shown.hub.journal.view(read)
    documents = "/partners/harborlane/documents"
    return {
        "partners": "/partners", "partner": "/partners/harborlane", "partner-as2": "/partners/baltica",
        "partner-rejected": "/partners/northgate?show=rejected", "document": f"{documents}/c{wrong}",
        "document-sent": f"{documents}/t{notice}.1", "document-raw": f"{documents}/c{wrong}?as=raw",
        "document-none": f"{documents}/c{none}",
    }  # fmt: skip
