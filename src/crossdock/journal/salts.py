"""Salts of what the ledger vouches for: a payload that was erased cannot be guessed from its digest."""

from __future__ import annotations

from collections.abc import Callable

_BYTES, _DRAWN = 8, 512


class Salts:
    """Eight random bytes a call; drawn many at a time, since each draw is a system call."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._left: list[bytes] = []

    def __call__(self) -> bytes:
        if not self._left:
            drawn = self._random_bytes(_BYTES * _DRAWN)
            self._left = [drawn[at : at + _BYTES] for at in range(0, len(drawn), _BYTES)]
        return self._left.pop()
