"""What nobody takes in time goes to the next role, as the charter says, and the ledger tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from crossdock.charter.desk import DeskRules
from crossdock.desk.attending import Attending
from crossdock.desk.entries import HUB, entry_of
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.journal.sql import desk_reads, incidents
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.desk_reads import Unanswered
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.incident import Incident

_log = structlog.get_logger("crossdock.desk")
#: How often clocks are looked at, and how many incidents go up at one look.
EVERY_S = 5.0
PAGE = 200
#: Clocks of two hosts may differ by so much; what ran out within it is looked at again.
_SLACK_MS = 60_000


class Escalator:
    """Looks at the clocks of what belongs to a role. One that a person has taken is theirs."""

    def __init__(
        self,
        journal: SiteJournal,
        attending: Attending,
        now_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._attending = attending
        self._rules: DeskRules = attending.rules
        self._now_ms = now_ms
        self._sleep = sleep
        #: (clock, incident) up to which every first clock, and every later one, was looked at.
        self._after, self._later = (0, 0), (0, 0)

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            try:
                while await self.look():
                    await self._sleep(0)
            except StoreDown as down:
                _log.error("store down", says=str(down))
            except Exception:  # ends in the next look: what nobody takes must not wait for a restart
                _log.exception("the clocks of the desk stumbled")
            await self._sleep(EVERY_S)

    async def look(self) -> int:
        """Escalates what is due, one page; gives how many clocks had run out."""
        now_ms = self._now_ms()
        found = await self._journal.view(lambda c: self._due(c, now_ms))
        for one, incident in found:
            await self._up(one, incident)
        return len(found)

    def _due(self, connection: Connection, now_ms: int) -> Sequence[tuple[Unanswered, Incident]]:
        first = desk_reads.unanswered(connection, now_ms, self._after, PAGE)
        self._after = _seen(first, now_ms)
        later = desk_reads.unanswered_again(connection, now_ms, self._later, PAGE)
        self._later = _seen(later, now_ms)
        pairs = [(one, incidents.record(connection, one.incident)) for one in (*first, *later)]
        return [
            (one, incident) for one, incident in pairs if incident is not None and self._goes(one, incident)
        ]

    def _goes(self, one: Unanswered, incident: Incident) -> bool:
        """Whether anything is to be written: a first clock of which the charter says nothing is left alone."""
        return one.level > 0 or bool(self._next(incident, one.level)) or one.due_ms != incident.due_ms

    def _next(self, incident: Incident, level: int) -> str | None:
        chain = self._rules.chain(incident.type, incident.severity)[level:]
        return next((role for role in chain if role != incident.owner), None)

    async def _up(self, one: Unanswered, incident: Incident) -> None:
        chain = self._rules.chain(incident.type, incident.severity)
        heir = self._next(incident, one.level)
        level = chain.index(heir) + 1 if heir is not None else one.level
        former, changes = incident.owner, self._journal.changes()
        waited = f"nobody of {former.removeprefix('role:')} took it in time"
        says = (
            f"{waited}: it goes to {heir.removeprefix('role:')}"
            if heir
            else f"{waited}, and nobody comes next"
        )
        owner = {"owner": heir or former, "level": level}
        entry = entry_of(incident, HUB, "escalate", says, {"owner": former, "level": one.level}, owner)
        entry.incident = incident.id
        if heir is not None:
            changes.escalate_incident(incident, heir, entry)
        else:
            changes.entry(entry)
        self._attending.escalated(changes, incident, level, ends=heir is None)
        try:
            await self._journal.submit(changes)
            _log.warning("escalated", incident=incident.id, type=incident.type, to=heir or "nobody")
        except Overtaken:
            return  # somebody took it, or ended it, at this moment


def _seen(page: Sequence[Unanswered], now_ms: int) -> tuple[int, int]:
    """Up to where a page looked; whose clock runs out from here on stands beyond it."""
    return (page[-1].due_ms, page[-1].incident) if len(page) == PAGE else (now_ms - _SLACK_MS, 0)
