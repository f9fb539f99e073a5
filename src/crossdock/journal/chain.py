"""The hash chain of the ledger: one chain per partition, each link over its entry and the link before."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

PARTITIONS = 256  #: fixed when a store is made
GENESIS = bytes(32)  #: the link before the first

_encode = msgspec.msgpack.Encoder().encode


def partition_of(key: str) -> int:
    """The partition of an ordering key."""
    return zlib.crc32(key.encode()) % PARTITIONS


def link(before: bytes, columns: Sequence[Any], seal: Sequence[Any]) -> bytes:
    """The link of one entry: SHA-256 over the link before, the entry's columns and the row it made."""
    return hashlib.sha256(before + _encode((columns, seal))).digest()


def digest(salt: bytes, body: bytes) -> bytes:
    """The salted digest by which the ledger knows a payload; without the salt it proves nothing."""
    return hashlib.sha256(salt + body).digest()
