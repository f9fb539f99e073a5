"""The hash chain of the ledger: one chain per partition, each link over its entry and the link before."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

PARTITIONS = 256  #: fixed when a store is made
GENESIS = bytes(32)  #: the link before the first
MARK_BYTES = 8
#: The rows of the door are numbered within a chain: the chain's number, then so many bits of a count.
DOOR_BITS = 40

_encode = msgspec.msgpack.Encoder().encode


@lru_cache(maxsize=65_536)
def partition_of(key: str) -> int:
    """The partition of an ordering key."""
    return zlib.crc32(key.encode()) % PARTITIONS


def sealed(row: Sequence[Any]) -> bytes:
    """The digest by which a row goes into the link of the entry that made it."""
    return hashlib.sha256(_encode(row)).digest()


def link(before: bytes, columns: Sequence[Any], seal: Sequence[Any], stone: bytes = b"") -> bytes:
    """The link of one entry: SHA-256 over the link before, the entry's columns and the row it made.

    The row goes in by its digest, so that the digest (`stone`) can stand in for a row that was erased.
    """
    row = stone or (sealed(seal) if seal else b"")
    return hashlib.sha256(before + _encode(columns) + row).digest()


def mark(what: str, values: Sequence[Any]) -> bytes:
    """Eight bytes by which one row can vouch for another: what kind of row it is, and its values."""
    return hashlib.blake2b(_encode((what, values)), digest_size=MARK_BYTES).digest()


def crc(data: bytes) -> int:
    """A checksum of bytes as they are stored; the digest in the ledger speaks of the bytes as they came."""
    return zlib.crc32(data)


def digest(salt: bytes, body: bytes) -> bytes:
    """The salted digest by which the ledger knows a payload; without the salt it proves nothing."""
    return hashlib.sha256(salt + body).digest()
