"""Somebody changes the database behind the hub's back: one row less, one byte else."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.harness.conservation import unbalanced
from tests.harness.hub import View, command
from tests.harness.outcome import Outcome
from tests.harness.page import flip, places
from tests.harness.process import said
from tests.harness.site import Plan
from tests.harness.stage import progress, stage

COUNTED = ("captures", "messages", "transmissions")
#: table, column, and what `audit verify` may call it.
FLIPPED = (
    ("payloads", "data", {"payload"}),
    ("captures", "state", {"state"}),
    ("messages", "state", {"state"}),
    ("transmissions", "state", {"state"}),
    ("ledger", "link", {"link"}),
    ("ledger", "digest", {"link", "payload"}),
    ("ledger", "says", {"link"}),
    ("ledger", "at_ms", {"link"}),
)
REST_WAIT_S = 120.0


async def run(folder: Path, *, orders: int = 40, more_flips: int = 0, seed: int = 1) -> Outcome:
    """A hub at rest; rows taken and put back while it runs, bytes flipped in copies of its site."""
    outcome = Outcome("behind the hub's back")
    async with stage(folder, Plan(), seed=seed) as world:
        await world.shop.load(4, orders=orders // 4)
        await world.settled(REST_WAIT_S)
        outcome.verdict = await world.verdict()
        file = world.hub.site / "data" / "crossdock.db"
        for table in COUNTED:
            outcome.problems += await _without_a_row(file, table, world.view())
        await world.hub.process.stop()
        if (whole := await verify(world.hub.site))[0] != 0:
            outcome.problems.append(f"audit verify of an untouched site: {whole}")
        for table, column, names in FLIPPED:
            told = await _flipped(world.hub.site, folder / "copy", table, column, random.Random(seed))
            outcome.rows.append((f"{table}.{column}", told))
            if (
                told[0] != 1
                or told[1].get("what") not in names
                or not isinstance(told[1].get("position"), int)
            ):
                outcome.problems.append(
                    f"one byte of {table}.{column} flipped: {told}, awaited {sorted(names)}"
                )
        if more_flips:
            outcome.rows.append(
                ("random flips found", await _many(world.hub.site, folder / "copy", more_flips, seed))
            )
    return outcome


async def _without_a_row(file: Path, table: str, view: View) -> list[str]:
    """What is wrong with conservation while one row of a table is away, and once it is back."""
    wrong: list[str] = []
    if found := unbalanced(await view.conservation()):
        wrong.append(f"before {table}: {found}")
    row = _take(file, table)
    figures = await view.conservation()
    if figures["balanced"] is not False:
        wrong.append(f"a row of {table} is gone, and conservation says balanced: {figures}")
    _put(file, table, row)
    if found := unbalanced(await view.conservation()):
        wrong.append(f"{table} whole again: {found}")
    return wrong


def _take(file: Path, table: str) -> tuple[Any, ...]:
    db = sqlite3.connect(file, timeout=10)
    with db:
        row = db.execute(f"SELECT * FROM {table} ORDER BY id LIMIT 1 OFFSET 3").fetchone()
        db.execute(f"DELETE FROM {table} WHERE id = ?", (row[0],))
    db.close()
    return tuple(row)


def _put(file: Path, table: str, row: tuple[Any, ...]) -> None:
    db = sqlite3.connect(file, timeout=10)
    with db:
        db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    db.close()


async def verify(site: Path, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON of `crossdock audit verify`."""
    code, out, err = await said([*command(), "audit", "verify", "--site", str(site), "--json"], env)
    try:
        return code, json.loads(out)
    except ValueError:
        return code, {"stdout": out[-500:], "stderr": err[-1500:]}


def _copied(site: Path, copy: Path) -> Path:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(site, copy)
    return copy / "data" / "crossdock.db"


async def _flipped(
    site: Path, copy: Path, table: str, column: str, dice: random.Random
) -> tuple[int, dict[str, Any]]:
    """What `audit verify` says of a copy in which one byte of one value is another."""
    file = _copied(site, copy)
    place = dice.choice(list(places(file, table, column)))
    flip(file, place.offset + place.length // 2)
    return await verify(copy)


async def _many(site: Path, copy: Path, flips: int, seed: int) -> str:
    """How many of many flips, each at a random value of a random table, are found; and where not."""
    dice = random.Random(seed)
    file = _copied(site, copy)
    every = [
        (table, column, place) for table, column in _columns(file) for place in places(file, table, column)
    ]
    missed: list[str] = []
    for turn in range(flips):
        table, column, place = dice.choice(every)
        file = _copied(site, copy)
        flip(file, place.offset + dice.randrange(place.length), 1 << dice.randrange(8))
        if (await verify(copy))[0] != 1:
            missed.append(f"{table}.{column}")
        if turn % 20 == 19:
            progress(f"{turn + 1} flips, {len(missed)} missed")
    return f"{flips - len(missed)} of {flips}, missed: {sorted(set(missed))}"


def _columns(file: Path) -> list[tuple[str, str]]:
    db = sqlite3.connect(file)
    tables = [
        row[0]
        for row in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%'"
        )
    ]
    found = [(table, row[1]) for table in tables for row in db.execute(f"PRAGMA table_info({table})")]
    db.close()
    return [one for one in found if not one[0].startswith("sqlite_")]
