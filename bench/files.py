"""How fast a file of items is taken in, beside a bare `csv.reader` with SQLite inserts: `python -m bench.files`.

    python -m bench.files [--rows 50000]

Rows for each second of processor time of one core. `read` is the rows alone, `checked` makes and judges the
documents, `loaded` is `crossdock load` into a new store, synced part by part, and `decided` is what the worker then
makes of it. The yardstick reads the same file and commits the cells as they are, a thousand rows at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from crossdock.assembly import Hub, read_charter
from crossdock.formats import flat
from crossdock.journal.sql.views import conservation
from crossdock.loading.parts import Part, Parts
from crossdock.loading.plan import Plan, Wish, plan
from crossdock.loading.store import hand_in
from crossdock.settings import Settings, settings_from

CHARTER = """
crossdock: 1
systems: {erp: {connector: http, in: [{document: item, id: sku}]}}
objects: {item: {owner: erp}}
"""
HEADER = "sku,name,unit,weight_kg,packs[0].unit,packs[0].factor,lot_tracked\n"


def main() -> None:
    """Measures and prints one line each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = _file(folder, rows)
        (folder / "charter.yaml").write_text(CHARTER, "utf-8")
        settings = settings_from({}, site=folder)
        charter, _ = read_charter(folder)
        made = plan(Wish("erp", "item", file), charter)
        bare = _spent(lambda: _yardstick(file, folder / "bare.db"))
        _say("yardstick: csv.reader and SQLite", rows, bare, bare)
        _say("read", rows, _spent(lambda: _read(file)), bare)
        _say("checked", rows, _spent(lambda: _checked(made, file, folder)), bare)
        _say("loaded", rows, _spent(lambda: _loaded(settings, made, file, folder)), bare)
        _say("decided", rows, _spent(lambda: asyncio.run(_decided(settings))), bare)


def _file(folder: Path, rows: int) -> Path:
    file = folder / "items.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write(HEADER)
        for n in range(rows):
            weight, factor, tracked = n % 90 / 10 + 0.1, 6 + n % 3 * 6, "yes" if n % 7 else "no"
            out.write(f"W-{n:07d},Item number {n},EA,{weight:.1f},CS,{factor},{tracked}\n")
    return file


def _yardstick(file: Path, store: Path) -> None:
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE items (sku TEXT PRIMARY KEY, a, b, c, d, e, f)")
    with file.open(encoding="utf-8", newline="") as text:
        lines = csv.reader(text)
        next(lines)
        part: list[list[str]] = []
        for line in lines:
            part.append(line)
            if len(part) == 1000:
                connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", part)
                connection.commit()
                part = []
        connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", part)
        connection.commit()
    connection.close()


def _read(file: Path) -> None:
    with file.open("rb") as source:
        for _ in flat.read(source, flat.Flat()).rows:
            pass


def _checked(made: Plan, file: Path, folder: Path) -> None:
    charter, _ = read_charter(folder)
    with file.open("rb") as source:
        for _ in Parts(made, charter).read(source):
            pass


def _loaded(settings: Settings, made: Plan, file: Path, folder: Path) -> None:
    charter, _ = read_charter(folder)

    def seen(_part: Part, _known: bool) -> None:
        pass

    with file.open("rb") as source:
        hand_in(settings, lambda name: name, made, Parts(made, charter).read(source), seen)


async def _decided(settings: Settings) -> None:
    hub = Hub(settings, lambda name: name)
    await hub.start()
    await hub.worker.start()
    while (await hub.journal.view(lambda c: conservation(c, at_ms=0)))["captures"]["waiting"]:
        await asyncio.sleep(0.2)
    await hub.stop()


def _spent(act: Callable[[], None]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def _say(what: str, rows: int, seconds: float, bare: float) -> None:
    print(f"{what:36} {rows / seconds:12,.0f} rows/s {bare / seconds:8.2f} of the yardstick")


if __name__ == "__main__":
    main()
