"""What a caller hears of a store that does not answer: never its address, which is for the log and the doctor."""

from __future__ import annotations

import time

import structlog

from crossdock.journal.contract import StoreDown

_log = structlog.get_logger("crossdock.api")
_WHY = "; the log of the hub says why, and so does `crossdock doctor`"
#: How the words of a database begin that is away. A driver's own words follow, with host and port.
_AWAY = (
    "the database is not reached", "the database does not answer", "the database did not answer",
    "the database cannot be read", "the connection to the database",
)  # fmt: skip
#: How the hub's own words begin, up to a colon.
_OURS = (
    "too many writes are waiting", "the hub is stopping", "the hub stopped", "another process took over",
    "others wrote the same", "this process began anew",
)  # fmt: skip
#: What SQLite says of a file, and tells nobody where it is.
_OF_A_FILE = frozenset({
    "attempt to write a readonly database", "database disk image is malformed", "database is locked",
    "database or disk is full", "disk I/O error", "unable to open database file",
})  # fmt: skip
#: Seconds between two lines of one wording: whoever is refused comes back, and so do a thousand others.
_AGAIN_S = 10.0


class _Told:
    """What went to the log last, so that one outage is no flood of lines."""

    def __init__(self) -> None:
        self._says, self._at_s = "", 0.0

    def log(self, says: str) -> None:
        """A line, unless it was told just now."""
        now_s = time.monotonic()
        if says != self._says or now_s - self._at_s >= _AGAIN_S:
            self._says, self._at_s = says, now_s
            _log.warning("the store did not answer a request", says=says)


_told = _Told()


def heard(down: StoreDown) -> str:
    """A sentence for whoever asked, known or not; what is kept from them goes to the log."""
    says = str(down)
    head, _, rest = says.partition(": ")
    if head.startswith(_OURS):
        return head
    if rest in _OF_A_FILE:
        return says
    _told.log(says)
    if head.startswith(_AWAY):
        return f"the store cannot be reached: its database does not answer{_WHY}"
    return f"the store takes no commits now{_WHY}"
