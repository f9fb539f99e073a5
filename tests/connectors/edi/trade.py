"""A retailer and a warehouse that speak X12 through folders, and a hub between them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from crossdock.assembly import Hub
from crossdock.settings import settings_from

CHARTER = """\
crossdock: 1
site: {name: trade, timezone: UTC, currency: USD}
checks: {item_known: skip}
systems:
  retailer: {connector: edi, partner: retailer, timezone: UTC}
  threepl: {connector: edi, partner: threepl, timezone: UTC}
objects:
  sales_order: {owner: retailer, readers: [threepl]}
  cancellation: {owner: retailer, readers: []}
  shipment: {owner: threepl, readers: [retailer]}
"""
RETAILER = """\
partner: 1
standard: x12
us: {id: PINECREST, qualifier: ZZ}
them: {id: HARBORLANE, qualifier: ZZ}
version: "004010"
documents:
  - {set: "850", direction: in}
  - {set: "860", direction: in}
  - {set: "856", direction: out}
acknowledge: {within_h: 4}
transport: {type: folder, root: ROOT/retailer, every_s: 0.05}
"""
THREEPL = """\
partner: 1
standard: x12
us: {id: PINECREST, qualifier: ZZ}
them: {id: NORTHGATE, qualifier: ZZ}
version: "004010"
documents:
  - {set: "940", direction: out, document: sales_order}
  - {set: "945", direction: in}
transport: {type: folder, root: ROOT/threepl, every_s: 0.05}
"""


def site(folder: Path, *, charter: str = CHARTER, retailer: str = RETAILER, threepl: str = THREEPL) -> Path:
    """A site in a folder, with its partners."""
    (folder / "partners").mkdir(parents=True, exist_ok=True)
    (folder / "charter.yaml").write_text(charter)
    for name, text in (("retailer", retailer), ("threepl", threepl)):
        (folder / "partners" / f"{name}.yaml").write_text(text.replace("ROOT", str(folder / "boxes")))
    return folder


def hub_of(folder: Path, listen: str | None = None, *, database: str = "") -> Hub:
    """A hub over that site, on its own store or another."""
    given = {"CROSSDOCK_DATABASE": database} if database else {}
    return Hub(settings_from(given, site=folder, listen=listen), lambda name: name)


def order(number: str = "PO-1", control: int = 1, *, lines: str | None = None, purpose: str = "00") -> str:
    """An 850 in an envelope of its own."""
    return envelope(set_850("0001", number, lines=lines, purpose=purpose), "PO", control)


LINES = "PO1*1*48*EA*12.75*PE*VN*PT-100*UP*012345678905~\nPO1*2*10*CA*61.2*PE*VN*PT-210~\n"


def set_850(st: str, number: str, *, lines: str | None = None, purpose: str = "00") -> str:
    """One 850."""
    body = (
        f"BEG*{purpose}*SA*{number}**20260302~\nN1*BY*Harbor Lane*92*0417~\nN1*ST*Harbor Lane Store 417*92*0417~\n"
        f"N3*2200 Lakeshore Drive~\nN4*Duluth*MN*55802*US~\n{LINES if lines is None else lines}CTT*2~\n"
    )
    return f"ST*850*{st}~\n{body}SE*{body.count('~') + 2}*{st}~\n"


def envelope(
    sets: str, family: str, control: int, *, sender: str = "HARBORLANE", group: int | None = None
) -> str:
    """Sets in one group of one interchange."""
    group = control if group is None else group
    return (
        f"ISA*00*{' ' * 10}*00*{' ' * 10}*ZZ*{sender:<15}*ZZ*{'PINECREST':<15}*260320*0915"
        f"*U*00401*{control:09}*0*T*>~\n"
        f"GS*{family}*{sender}*PINECREST*20260320*0915*{group}*X*004010~\n{sets}"
        f"GE*{len(re.findall(r'^ST', sets, re.MULTILINE))}*{group}~\nIEA*1*{control:09}~\n"
    )


def drop(folder: Path, partner: str, name: str, text: str) -> None:
    """The partner leaves a file for us."""
    box = folder / "boxes" / partner / "in"
    box.mkdir(parents=True, exist_ok=True)
    (box / f".{name}").write_text(text)
    (box / f".{name}").rename(box / name)


def sent(folder: Path, partner: str, set_id: str = "") -> list[str]:
    """What the partner got, the oldest first."""
    box = folder / "boxes" / partner / "out"
    files = (
        sorted(box.glob(f"{set_id}*.edi"), key=lambda path: path.stat().st_mtime_ns) if box.exists() else []
    )
    return [path.read_text() for path in files]


async def until(true: Callable[[], object], within_s: float = 120.0) -> None:
    """Waits for something to become true."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)


def acknowledgement(
    control: int, *, group: int, verdict: str = "A", of: str = "940", family: str = "OW"
) -> str:
    """A 997 from the warehouse for one set of ours."""
    told = "" if verdict == "A" else "AK3*W01*8**8~\nAK4*1*330*7*48~\n"
    code = "A" if verdict == "A" else f"{verdict}*5"
    taken = "1" if verdict != "R" else "0"
    body = f"AK1*{family}*{group}~\nAK2*{of}*0001~\n{told}AK5*{code}~\nAK9*{verdict}*1*1*{taken}~\n"
    one = f"ST*997*0001~\n{body}SE*{body.count('~') + 2}*0001~\n"
    return envelope(one, "FA", control, sender="NORTHGATE")


def shipped(control: int, number: str, *, second: int = 10, label: str = "00000123456789012367") -> str:
    """A 945: line 1 complete in a package, line 2 as much as is said."""
    status = "CC" if second == 10 else "CP"
    body = (
        f"W06*F*{number}*20260317*SHP-{number}~\nN1*SF*Northgate*92*NG1~\nW27*M*RDWY~\n"
        f"LX*1~\nMAN*GM*{label}~\nW12*CC*48*48*0*EA**VN*PT-100~\nN9*LI*1~\n"
        f"W12*{status}*10*{second}*{second - 10}*CA**VN*PT-210~\nN9*LI*2~\nW03*{48 + second}~\n"
    )
    return envelope(
        f"ST*945*0001~\n{body}SE*{body.count('~') + 2}*0001~\n", "SW", control, sender="NORTHGATE"
    )


def table(hub: Hub, sql: str) -> list[tuple[object, ...]]:
    """Rows of the store."""
    connection = sqlite3.connect(hub.settings.sqlite_path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@contextlib.asynccontextmanager
async def running(folder: Path, *, database: str = "") -> AsyncIterator[Hub]:
    """A hub at work over a site."""
    async with at_work(hub_of(folder, database=database)) as hub:
        yield hub


@contextlib.asynccontextmanager
async def at_work(hub: Hub) -> AsyncIterator[Hub]:
    """A hub from its start to its stop."""
    await hub.start()
    await hub.worker.start()
    try:
        yield hub
    finally:
        await hub.stop()
