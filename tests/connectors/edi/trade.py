"""A retailer and a warehouse that speak X12 through folders, and a hub between them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
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


def hub_of(folder: Path) -> Hub:
    """A hub over that site."""
    return Hub(settings_from({}, site=folder), lambda name: name)


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
        f"ISA*00*          *00*          *ZZ*{sender:<15}*ZZ*{'PINECREST':<15}*260320*0915*U*00401*{control:09}*0*T*>~\n"
        f"GS*{family}*{sender}*PINECREST*20260320*0915*{group}*X*004010~\n{sets}"
        f"GE*{len(re.findall(r'^ST', sets, re.M))}*{group}~\nIEA*1*{control:09}~\n"
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
    files = sorted(box.glob(f"{set_id}*.edi"), key=lambda path: path.stat().st_mtime_ns) if box.exists() else []
    return [path.read_text() for path in files]


async def until(true: Callable[[], object], within_s: float = 10.0) -> None:
    """Waits for something to become true."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)
