"""Orders that are kept back until their time has come: what they wait for, and the words for it."""

from __future__ import annotations

from crossdock.message.names import moment

#: What such an order waits for, in place of a kind of document: its day, or the end of the time for changes.
SHIP_DATE, EDIT_WINDOW = "release", "edit_window"
KEPT_BACK = frozenset({SHIP_DATE, EDIT_WINDOW})
_DAY_CHARS = 10


def kept_until_ship_date(start: object, starts_ms: int) -> str:
    """For an order whose ship window begins later, at a day or a moment (an ISO text, or a date)."""
    day = str(start)
    return f"kept back until {day if len(day) == _DAY_CHARS else moment(starts_ms)}, the requested ship date"


def kept_while_open(closes_ms: int) -> str:
    """For an order that may still be changed."""
    return f"kept back until {moment(closes_ms)}, since it may still be changed"
