"""An erasure as an act of the ledger: what took something out, in whose name, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes, Row
from crossdock.message.four_eyes import second
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.message.whence import WHENCE

_encode = msgspec.json.Encoder().encode


def put(
    changes: Changes, rows: tuple[Sequence[Row], Sequence[Row]], says: str, detail: dict[str, Any]
) -> None:
    """Adds what takes it out, and the entry of the ledger that tells of it."""
    for name, values, touches in rows[0]:
        changes.row(name, *values, touches=touches)
    told = {"from": WHENCE.get(), **detail} | second()
    entry = Entry(EntryKind.act, says=says, detail=_encode(told).decode(), partition=partition_of("erasure"))
    changes.entry(entry, *rows[1])
