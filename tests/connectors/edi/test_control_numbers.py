"""Control numbers: none skipped, none given twice, whatever is killed and however many write at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from crossdock.journal.changes import unpacked
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.kit.connector import Numbered
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.dedup import ArrivalDedup

MARK = b"987654321"
KILLS = 100

#: A process that begins a writer for each line that it reads, and waits for its end.
_FORKS = """
import asyncio, os, sys
from tests.connectors.edi.test_control_numbers import write_on
for _ in sys.stdin:
    child = os.fork()
    if not child:
        asyncio.run(write_on(sys.argv[1]))
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


def journal_at(path: Path) -> SqliteJournal:
    """A store."""
    return SqliteJournal(path, clock_ms=lambda: 1, dedup=ArrivalDedup())


async def one(journal: SqliteJournal, *, most: int = 999_999_999, fails: bool = False) -> bytes:
    """Stores a body that gets a number; gives it as it is stored."""
    told: list[bytes] = []
    changes = journal.changes()
    entry = Entry(EntryKind.sent, says="856")
    numbers = (Numbered("edi/a/b/interchange", ((MARK, lambda n: b"%09d" % n),), most),)
    entry.payload = changes.numbered(b"ISA*" + MARK + b"~IEA*1*" + MARK + b"~", numbers, entry, told.append)
    changes.entry(entry)
    if fails:
        changes.row("move_capture", 2, -1, 1, touches=1)
    with contextlib.suppress(Exception):
        await journal.submit(changes)
    return told[-1] if told else b""


async def write_on(path: str) -> None:
    """Writes until it is killed, several at once, some of them in vain."""
    journal = journal_at(Path(path))
    journal.start()
    print(os.getpid(), flush=True)
    while True:
        await asyncio.gather(*(one(journal, fails=n % 4 == 3) for n in range(8)))


def numbers_in(path: Path) -> list[int]:
    """The numbers of every stored body."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT codec, data FROM payloads ORDER BY id").fetchall()
    finally:
        connection.close()
    bodies = [unpacked(codec, data) for codec, data in rows]
    assert all(body[4:13] == body[20:29] for body in bodies), "ISA13 and IEA02 are the same number"
    return [int(body[4:13]) for body in bodies]


def test_a_hundred_kills_leave_no_gap_and_no_repeat(tmp_path: Path) -> None:
    path, dice = tmp_path / "store.db", random.Random(7)
    with subprocess.Popen(
        [sys.executable, "-c", _FORKS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as forks:
        assert forks.stdin is not None and forks.stdout is not None
        for _ in range(KILLS):
            forks.stdin.write(b"one\n")
            forks.stdin.flush()
            writer = int(forks.stdout.readline())
            threading.Event().wait(dice.uniform(0.001, 0.06))
            os.kill(writer, signal.SIGKILL)
            assert forks.stdout.readline() == b"ended\n"
        forks.stdin.close()
    given = numbers_in(path)
    assert given and sorted(given) == list(range(1, len(given) + 1))


async def test_after_the_highest_comes_one(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "store.db")
    journal.start()
    bodies = [await one(journal, most=3) for _ in range(5)]
    assert [int(body[4:13]) for body in bodies] == [1, 2, 3, 1, 2]
    await journal.close()


async def test_what_is_not_written_takes_no_number(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "store.db")
    journal.start()
    await asyncio.gather(*(one(journal, fails=n % 2 == 1) for n in range(20)))
    await journal.close()
    given = Counter(numbers_in(tmp_path / "store.db"))
    assert given == Counter(range(1, 11))


async def test_a_number_taken_before_the_commit_leaves_gaps(tmp_path: Path) -> None:
    """The control: with a counter beside the store, what fails takes its number away."""
    journal = journal_at(tmp_path / "store.db")
    journal.start()
    for counter in range(1, 11):
        changes = journal.changes()
        changes.payload(b"ISA*%09d~IEA*1*%09d~" % (counter, counter))
        changes.entry(Entry(EntryKind.sent, says="856"))
        if counter % 2 == 0:
            changes.row("move_capture", 2, -1, 1, touches=1)
        with contextlib.suppress(Exception):
            await journal.submit(changes)
    await journal.close()
    given = numbers_in(tmp_path / "store.db")
    assert sorted(given) != list(range(1, len(given) + 1))
