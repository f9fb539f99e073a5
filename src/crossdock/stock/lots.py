"""Lots by their last day: which are taken first, and which are too old."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Lot:
    """So much of one lot, in parts of the base unit."""

    name: str
    amount: int
    expires_on: date | None = None


def is_good(expires_on: date | None, on: date, left_days: int = 0) -> bool:
    """Whether a lot still has so many days on a day; the date is the last day on which it is good."""
    return expires_on is None or expires_on >= on + timedelta(days=left_days)


def first_expired_first_out(
    lots: Iterable[Lot], amount: int, on: date, *, left_days: int = 0
) -> list[tuple[Lot, int]] | None:
    """Which lots an amount is taken from, the one that expires first before the others; None: there is not enough.

    Lots without a date are taken last, lots too old never.
    """
    good = [lot for lot in lots if lot.amount > 0 and is_good(lot.expires_on, on, left_days)]
    taken: list[tuple[Lot, int]] = []
    for lot in sorted(good, key=lambda lot: (lot.expires_on or date.max, lot.name)):
        if amount <= 0:
            break
        some = min(lot.amount, amount)
        taken.append((lot, some))
        amount -= some
    return taken if amount <= 0 else None
