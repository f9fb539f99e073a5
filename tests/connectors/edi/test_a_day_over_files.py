"""A day with a partner over files: orders in, answers, notices and bills out, every acknowledgement matched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.assembly import Hub
from crossdock.settings import settings_from
from tests.connectors.edi.trade import at_work, drop, envelope, order, table, until
from tests.peers.cache import NotToBeHadError
from tests.peers.sshd import Sshd

CHARTER = """\
crossdock: 1
site: {name: day, timezone: UTC, currency: USD}
checks: {item_known: skip}
network: {allow: ["127.0.0.1/32"]}
systems:
  retailer: {connector: edi, partner: retailer, timezone: UTC}
  erp:
    connector: http
    timezone: UTC
    in:
      - {document: order_response, id: number}
      - {document: shipment, id: number, on_change: revise}
      - {document: invoice, id: number}
objects:
  sales_order: {owner: retailer, readers: []}
  order_response: {owner: erp, readers: [retailer]}
  shipment: {owner: erp, readers: [retailer]}
  invoice: {owner: erp, readers: [retailer]}
"""
X12 = """\
partner: 1
standard: x12
us: {id: PINECREST}
them: {id: HARBORLANE}
version: "004010"
documents:
  - {set: "850", direction: in}
  - {set: "855", direction: out}
  - {set: "856", direction: out}
  - {set: "810", direction: out}
shipping: {sscc_required: true, sscc_prefix: "0614141"}
"""
EDIFACT = """\
partner: 1
standard: edifact
us: {id: "4012345000009", qualifier: "14"}
them: {id: "4000004000002", qualifier: "14"}
version: D96A
documents:
  - {set: ORDERS, direction: in, association: EAN008}
  - {set: ORDRSP, direction: out, association: EAN005}
  - {set: DESADV, direction: out, association: EAN005}
  - {set: INVOIC, direction: out, association: EAN008}
shipping: {sscc_required: true, sscc_prefix: "4012345"}
"""
FOLDER = "transport: {type: folder, root: boxes/retailer, every_s: 0.05}\n"
ORDERS = (
    "UNB+UNOC:3+4000004000002:14+4012345000009:14+260320:0915+71'\n"
    "UNH+1+ORDERS:D:96A:UN:EAN008'\nBGM+220+PO-1+9'\nDTM+137:20260302:102'\nDTM+2:20260320:102'\n"
    "NAD+BY+4000004000002::9'\nNAD+SU+4012345000009::9'\n"
    "NAD+DP+++Harbor Lane Store 417+Kaistr 2+Bonn++53111+DE'\nCUX+2:EUR:9'\n"
    "LIN+1++4012345678901:EN'\nPIA+1+PT-100:SA'\nQTY+21:48'\nPRI+AAA:12.75'\n"
    "LIN+2++4012345678918:EN'\nPIA+1+PT-210:SA'\nQTY+21:10'\nPRI+AAA:61.2'\n"
    "UNS+S'\nCNT+2:2'\nUNT+19+1'\nUNZ+1+71'\n"
)
DAY = "2026-03-17"
ACCEPTED = 2


class Box:
    """The partner's end of the transport: it leaves files for us and takes ours."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def leave(self, name: str, text: str) -> None:
        """A file for us."""
        part = self._root / "in" / f".{name}"
        part.write_text(text)
        part.chmod(0o666)
        part.rename(self._root / "in" / name)

    def got(self, set_id: str) -> list[str]:
        """What came for the partner, the oldest first."""
        files = sorted((self._root / "out").glob(f"{set_id}-*.edi"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_text() for path in files]


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    """A real OpenSSH server."""
    try:
        with Sshd() as running:
            yield running
    except NotToBeHadError as error:
        pytest.skip(f"there is no OpenSSH server here: {error}")


async def tell(hub: Hub, document: str, tree: dict[str, Any]) -> None:
    """The ERP says something."""
    body = json.dumps(tree).encode()
    await hub.worker.door.receive("erp", document, body, {"content-type": "application/json"}, key=None)


def hub_over(folder: Path, profile: str, secrets: dict[str, str] | None = None) -> Hub:
    """A hub over a site with this partner."""
    (folder / "partners").mkdir()
    (folder / "charter.yaml").write_text(CHARTER)
    (folder / "partners" / "retailer.yaml").write_text(profile)
    return Hub(settings_from({}, site=folder), lambda name: (secrets or {})[name])


async def the_erp_answers(hub: Hub) -> None:
    """Order response, shipment in two cartons without labels, invoice."""
    lines = [
        {"line": "1", "sku": "PT-100", "quantity": 48, "unit": "EA"},
        {"line": "2", "sku": "PT-210", "quantity": 10, "unit": table_unit(hub)},
    ]
    one = {"order": "PO-1"}
    taken = [{**line, "status": "accepted", "ordered": line["quantity"]} for line in lines]
    await tell(
        hub,
        "order_response",
        {"number": "R-1", **one, "status": "accepted", "answered_at": DAY, "lines": taken},
    )
    gone = {"number": "SHP-1", **one, "shipped_at": f"{DAY}T15:00:00Z", "carrier": "RDWY", "tracking": "1Z1"}
    packages = [{"id": line["line"], "lines": [line]} for line in lines]
    await tell(hub, "shipment", {**gone, "lines": lines, "packages": packages})
    priced = [{**lines[0], "price": 12.75}, {**lines[1], "price": 61.2}]
    bill = {"number": "INV-1", **one, "currency": currency(hub), "invoiced_on": DAY, "lines": priced}
    await tell(hub, "invoice", bill)


def told(hub: Hub) -> dict[str, Any]:
    """The order as the hub has it."""
    known = hub.journal.hub_of_number("sales_order", "PO-1")
    belief = hub.journal.belief(known[0], "retailer") if known is not None else None
    message = hub.journal.message(belief[2]) if belief is not None else None
    return message.tree if message is not None else {}


def table_unit(hub: Hub) -> str:
    """The unit of the second line."""
    return str(told(hub)["lines"][1]["unit"])


def currency(hub: Hub) -> str:
    """The currency of the order."""
    return str(told(hub)["lines"][0]["currency"])


def states(hub: Hub) -> list[object]:
    """Where the receipts stand."""
    return [row[0] for row in table(hub, "SELECT state FROM receipts ORDER BY transmission")]


def incidents(hub: Hub) -> list[tuple[object, ...]]:
    """What is open."""
    return table(hub, "SELECT type, number, path, value, says FROM incidents WHERE state = 1")


def acknowledged(text: str, control: int) -> str:
    """A 997 for one interchange of ours."""
    family, group = re.findall(r"GS\*(\w\w)\*(?:[^*]*\*){4}(\d+)\*", text)[0]
    set_id = re.findall(r"ST\*(\d{3})\*", text)[0]
    body = f"AK1*{family}*{group}~\nAK2*{set_id}*0001~\nAK5*A~\nAK9*A*1*1*1~\n"
    return envelope(f"ST*997*0001~\n{body}SE*{body.count('~') + 2}*0001~\n", "FA", control)


def confirmed(text: str, control: int) -> str:
    """A CONTRL for one interchange of ours."""
    ours = re.findall(r"UNB\+(?:[^+]*\+){4}([^+']+)", text)[0]
    us, them = "4012345000009:14", "4000004000002:14"
    return (
        f"UNB+UNOC:3+{them}+{us}+260320:1015+{control}'\nUNH+1+CONTRL:D:3:UN'\nUCI+{ours}+{us}+{them}+7'\n"
        f"UNT+3+1'\nUNZ+1+{control}'\n"
    )


async def the_day(hub: Hub, box: Box, *, x12: bool) -> list[object]:
    """From the order to the last acknowledgement; gives where the receipts stand then."""
    sets = ("855", "856", "810") if x12 else ("ORDRSP", "DESADV", "INVOIC")
    async with at_work(hub):
        box.leave("order.edi", order("PO-1", 7) if x12 else ORDERS)
        await until(lambda: told(hub) or incidents(hub), 20)
        assert incidents(hub) == []
        await the_erp_answers(hub)
        await until(lambda: all(box.got(one) for one in sets) or incidents(hub), 20)
        assert incidents(hub) == []
        await until(lambda: box.got("997" if x12 else "CONTRL"), 20)
        for at, one in enumerate(sets, 1):
            (text,) = box.got(one)
            box.leave(f"ack{at}.edi", acknowledged(text, 100 + at) if x12 else confirmed(text, 100 + at))
        await until(lambda: states(hub) == [2, 2, 2] or incidents(hub), 20)
        assert incidents(hub) == []
        notice = box.got(sets[1])[0]
        labels = re.findall(r"MAN\*GM\*(?:00)?(\d{18})|GIN\+BJ\+(\d{18})", notice)
        assert len({one or other for one, other in labels}) == 2, notice
        return states(hub)


async def test_a_day_in_x12_over_sftp(tmp_path: Path, sshd: Sshd) -> None:
    root = sshd.folder("mailbox")
    for name in ("in", "out"):
        (root / name).mkdir()
        (root / name).chmod(0o777)
    transport = (
        f"transport: {{type: sftp, host: {sshd.host}, port: {sshd.port}, user: {sshd.user}, key: SSH_KEY,"
        f' host_keys: ["{sshd.host_key}"], inbox: {root}/in, outbox: {root}/out, every_s: 0.1}}\n'
    )
    hub = hub_over(tmp_path, X12 + transport, {"SSH_KEY": sshd.client_key})
    assert await the_day(hub, Box(root), x12=True) == [ACCEPTED] * 3


@pytest.mark.parametrize("x12", [True, False], ids=["x12", "edifact"])
async def test_a_day_with_a_folder(tmp_path: Path, x12: bool) -> None:
    root = tmp_path / "boxes" / "retailer"
    (root / "in").mkdir(parents=True)
    hub = hub_over(tmp_path, (X12 if x12 else EDIFACT) + FOLDER)
    assert await the_day(hub, Box(root), x12=x12) == [ACCEPTED] * 3


async def test_a_file_for_another_partner_is_told_and_harms_nobody(tmp_path: Path) -> None:
    hub = hub_over(tmp_path, X12 + FOLDER)
    async with at_work(hub):
        drop(tmp_path, "retailer", "b.edi", order("PO-2", 9).replace("HARBORLANE", "SOMEBODY"[:8].ljust(10)))
        drop(tmp_path, "retailer", "c.edi", order("PO-1", 8))
        await until(lambda: told(hub), 20)
        await until(lambda: incidents(hub), 20)
        ((type_, _, path, value, says),) = incidents(hub)
        assert (type_, path, value) == ("invalid", "ISA06", "SOMEBODY")
        assert "from SOMEBODY to PINECREST" in str(says)
        assert table(hub, "SELECT number FROM messages WHERE document = 'sales_order'") == [("PO-1",)]
        box = tmp_path / "boxes" / "retailer" / "in"
        await until(lambda: not list(box.glob("*.edi")), 20)  # taken: the bytes are kept here


UNSHIPPED = {"line": "1", "sku": "PT-100", "quantity": 48, "price": 12.75}


@pytest.mark.parametrize(
    ("unit", "about", "begins"),
    [
        ("EA", ("invalid", "INV-1", "lines", "1"), "48 EA charged on line 1, 0 shipped of 48"),
        # Another unit is no way around what has left.
        ("CA", ("unknown_unit", "INV-1", "lines[0].unit", "PT-100 CA"),
         "line 1: 48 CA of PT-100 are told, 48 EA were ordered, and "),
    ],
    ids=["ordered unit", "another unit"],
)  # fmt: skip
async def test_what_has_not_left_is_not_charged(
    tmp_path: Path, unit: str, about: tuple[str, ...], begins: str
) -> None:
    hub = hub_over(tmp_path, X12 + FOLDER)
    async with at_work(hub):
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: told(hub), 20)
        bill = {"number": "INV-1", "order": "PO-1", "currency": "USD", "invoiced_on": DAY}
        await tell(hub, "invoice", {**bill, "lines": [{**UNSHIPPED, "unit": unit}]})
        await until(lambda: incidents(hub), 20)
        ((*where, says),) = incidents(hub)
        assert tuple(where) == about
        assert str(says).startswith(begins)
        assert Box(tmp_path / "boxes" / "retailer").got("810") == []


async def test_a_label_that_was_given_stands_in_every_later_version(tmp_path: Path) -> None:
    hub = hub_over(tmp_path, X12 + FOLDER)
    box = Box(tmp_path / "boxes" / "retailer")
    async with at_work(hub):
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: told(hub), 20)
        for number, tracking in (("SHP-1", "1Z1"), ("SHP-1", "1Z2"), ("SHP-2", "1Z3")):
            line = {"line": "1", "sku": "PT-100", "quantity": 10, "unit": "EA"}
            gone = {
                "number": number,
                "order": "PO-1",
                "shipped_at": DAY,
                "carrier": "RDWY",
                "tracking": tracking,
            }
            before = len(box.got("856"))
            await tell(hub, "shipment", {**gone, "lines": [line], "packages": [{"id": "1", "lines": [line]}]})
            await until(lambda before=before: len(box.got("856")) > before or incidents(hub), 20)
            assert incidents(hub) == []
        first, again, other = (re.findall(r"MAN\*GM\*(\d+)", text) for text in box.got("856"))
        assert first == again and first != other
