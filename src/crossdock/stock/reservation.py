"""A reservation: stock set aside for an order or a cart, until the figures of the warehouse show that it has gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum


class ReservationState(Enum):
    """Where a reservation stands. The number is what the store keeps; never re-used."""

    HELD = 1  #: set aside: it counts against the stock
    PASSING = 2  #: the warehouse has taken the goods; it counts until the warehouse's figures show that
    GONE = 3  #: the figures show it: to count it again would subtract it twice
    RELEASED = 4  #: given back: cancelled, or turned into an order
    EXPIRED = 5  #: a promise that nobody turned into an order in time


_S = ReservationState

RESERVATION_MOVES: Mapping[ReservationState, frozenset[ReservationState]] = {
    _S.HELD: frozenset({_S.HELD, _S.PASSING, _S.GONE, _S.RELEASED, _S.EXPIRED}),
    # PASSING to RELEASED: allocated there, then cancelled, before any figure showed it.
    _S.PASSING: frozenset({_S.GONE, _S.RELEASED}),
    # Allocated and shown, then cancelled: the figures show that, too, and nothing is given back here.
    _S.GONE: frozenset(),
    _S.RELEASED: frozenset(),
    _S.EXPIRED: frozenset(),
}

#: States in which a reservation counts against the stock.
COUNTS = frozenset({_S.HELD, _S.PASSING})


@dataclass(frozen=True, slots=True)
class Reservation:
    """So much of one item at one site for one line; amounts in parts, times in milliseconds since 1970."""

    id: int
    sku: str
    site: str
    channel: str
    holder: int  #: hub id of the order, or the number of the promise
    line: str
    amount: int
    state: ReservationState = ReservationState.HELD
    lot: str | None = None
    made_ms: int = 0
    until_ms: int | None = None  #: of a promise: when it expires
    passed_ms: int | None = None  #: when the warehouse took the goods for it

    @property
    def counts(self) -> bool:
        """Whether it counts against the stock."""
        return self.state in COUNTS

    def moved(self, to: ReservationState, **changed: int | str | None) -> Reservation:
        """The same in another state. A move that the table does not have is a defect."""
        assert to in RESERVATION_MOVES[self.state], (self.id, self.state, to)
        return replace(self, state=to, **changed)  # type: ignore[arg-type]


def passed(one: Reservation, at_ms: int, lot: str | None, seen_ms: int) -> Reservation:
    """The warehouse has taken the goods; `seen_ms` is the moment of its newest figure, which may show that already."""
    to = _S.GONE if seen_ms >= at_ms else _S.PASSING
    return one.moved(to, passed_ms=at_ms, lot=lot or one.lot)


def shown(one: Reservation, as_of_ms: int, lot: str | None) -> bool:
    """Whether a figure told as of a moment shows that the goods of a reservation have gone.

    A figure of another lot does not.
    """
    if one.state is not _S.PASSING or one.passed_ms is None or as_of_ms < one.passed_ms:
        return False
    return one.lot is None or lot is None or one.lot == lot


def split(one: Reservation, amount: int, id_: int) -> tuple[Reservation, Reservation]:
    """A reservation in two: what was taken of it, under a new number, and what is left."""
    assert 0 < amount < one.amount, (one.id, amount, one.amount)
    return replace(one, id=id_, amount=amount), replace(one, amount=one.amount - amount)
