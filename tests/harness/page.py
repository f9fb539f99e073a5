"""The place of one value in an SQLite file, found by reading its pages, so that one byte can be flipped.

Source: "Database File Format", sections 1.6 (b-tree pages) and 2.1 (record format), of the SQLite project.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEAF, INTERIOR = 13, 5  #: page types of a table with rowids
_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value's bytes lie in the file."""

    rowid: int
    offset: int
    length: int


def places(file: Path, table: str, column: str) -> Iterator[Place]:
    """Where each row of a table keeps the bytes of one column; rows that keep none there are left out.

    The file must be at rest, with nothing in its write-ahead log.
    """
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    db.close()
    data = file.read_bytes()
    size = int.from_bytes(data[16:18], "big")
    size = 65536 if size == 1 else size
    for cell in _cells(data, root, size):
        place = _value(data, cell, columns.index(column), size - data[20])
        if place is not None and place.length:
            yield place


def flip(file: Path, offset: int, mask: int = 1) -> None:
    """Changes one byte of a file."""
    with file.open("r+b") as opened:
        opened.seek(offset)
        old = opened.read(1)[0]
        opened.seek(offset)
        opened.write(bytes([old ^ mask]))


def _cells(data: bytes, root: int, size: int) -> Iterator[int]:
    """The offsets of all leaf cells below a page, in order."""
    start = (root - 1) * size
    header = start + (100 if root == 1 else 0)
    kind, count = data[header], int.from_bytes(data[header + 3 : header + 5], "big")
    pointers = header + (12 if kind == INTERIOR else 8)
    cells = [
        start + int.from_bytes(data[pointers + 2 * n : pointers + 2 * n + 2], "big") for n in range(count)
    ]
    if kind == LEAF:
        yield from cells
        return
    assert kind == INTERIOR, f"page {root} is of type {kind}"
    for cell in cells:
        yield from _cells(data, int.from_bytes(data[cell : cell + 4], "big"), size)
    yield from _cells(data, int.from_bytes(data[header + 8 : header + 12], "big"), size)


def _value(data: bytes, cell: int, index: int, usable: int) -> Place | None:
    """Where one column lies; None when it lies on an overflow page, or the row has no such column yet."""
    length, at = _varint(data, cell)
    rowid, record = _varint(data, at)
    local = length if length <= usable - 35 else 0
    header, at = _varint(data, record)
    types: list[int] = []
    while at < record + header:
        kind, at = _varint(data, at)
        types.append(kind)
    if index >= len(types):
        return None
    offset = record + header + sum(_size(kind) for kind in types[:index])
    if offset + _size(types[index]) > record + local:
        return None
    return Place(rowid, offset, _size(types[index]))


def _size(kind: int) -> int:
    return _SIZES[kind] if kind in _SIZES else (kind - 12) // 2


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where the next begins."""
    value = 0
    for n in range(8):
        byte = data[at + n]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + n + 1
    return value << 8 | data[at + 8], at + 9
