"""Rows of a result in the binary format as Python values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg import pq


def _int(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


_DECODERS: dict[int, Callable[[bytes], Any]] = {
    16: lambda data: data == b"\x01",
    17: bytes,
    20: _int,
    21: _int,
    23: _int,
    25: bytes.decode,
}


def rows(result: pq.abc.PGresult) -> list[tuple[Any, ...]]:
    """All rows of a result; a type that the journal has no column of is a defect."""
    columns = range(result.nfields)
    decoders = [_DECODERS[result.ftype(column)] for column in columns]
    return [
        tuple(
            None if (data := result.get_value(row, column)) is None else decoders[column](data)
            for column in columns
        )
        for row in range(result.ntuples)
    ]
