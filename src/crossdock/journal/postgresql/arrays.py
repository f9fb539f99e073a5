"""Columns of a batch as PostgreSQL arrays in the binary format: one value on the wire for many rows."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from struct import Struct
from typing import Any


class Type(Enum):
    """The types of the journal's columns, with the numbers that PostgreSQL knows them by."""

    INT = (20, 1016, "bigint")
    TEXT = (25, 1009, "text")
    BYTES = (17, 1001, "bytea")
    BOOL = (16, 1000, "boolean")

    def __init__(self, oid: int, array_oid: int, sql: str) -> None:
        self.oid = oid
        self.array_oid = array_oid
        self.sql = sql


#: Dimensions, whether there are nulls, the type of the elements; then per dimension its length and first index.
_HEAD = Struct(">iiIii").pack
_EMPTY = Struct(">iiI").pack
_LENGTH = Struct(">i").pack
_INT = Struct(">iq").pack
_NULL = _LENGTH(-1)
_TRUE, _FALSE = _LENGTH(1) + b"\x01", _LENGTH(1) + b"\x00"


def array(values: Sequence[Any], type_: Type) -> bytes:
    """One array. A column of nothing but nulls is empty: `unnest` fills the shorter ones up with nulls."""
    count = len(values)
    if values.count(None) == count:
        return _EMPTY(0, 0, type_.oid)
    return _HEAD(1, 1, type_.oid, count, 1) + b"".join(_ELEMENTS[type_](values))


def _ints(values: Sequence[int | None]) -> list[bytes]:
    return [_NULL if value is None else _INT(8, value) for value in values]


def _texts(values: Sequence[str | None]) -> list[bytes]:
    return [_NULL if v is None else _LENGTH(len(data := v.encode())) + data for v in values]


def _bytes(values: Sequence[bytes | None]) -> list[bytes]:
    return [_NULL if value is None else _LENGTH(len(value)) + value for value in values]


def _bools(values: Sequence[bool | None]) -> list[bytes]:
    return [_NULL if value is None else _TRUE if value else _FALSE for value in values]


_ELEMENTS = {Type.INT: _ints, Type.TEXT: _texts, Type.BYTES: _bytes, Type.BOOL: _bools}


def scalar(value: float | str | bytes | None) -> bytes | None:
    """One value in the binary format."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    assert isinstance(value, int), f"no column holds {value!r}"
    return value.to_bytes(8, "big", signed=True)
