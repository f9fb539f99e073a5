"""Feeds that do not go on: an incident after some tries, which ends by itself once the feed works again."""

from __future__ import annotations

from dataclasses import dataclass, field

from crossdock.faults import Fault, Invalid, TryLater
from crossdock.journal.contract import StoreDown
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.bound import Context
from crossdock.pipeline.report import Subject, notice_of
from crossdock.pipeline.set_aside import after, printable

#: Tries in a row that fail, or bring nothing, before somebody is told.
TRIES = 5
#: A system that is not there is told of after so long: it is seldom more than a restart.
AWAY_MS = 10 * 60_000
#: Cursors that are remembered of one round; a longer round is longer than any loop.
_BEEN_MAX = 100_000


@dataclass(slots=True)
class Standing:
    """Where one feed stands."""

    failures: int = 0  #: tries in a row
    bad: int = 0  #: those of them that the feed is to blame for, and not the store
    since_ms: int = 0  #: of the first of these
    still: int = 0  #: pages in a row that said more and did not go on
    been: set[int] = field(default_factory=set[int])  #: cursors of this round
    told: set[str] | None = None  #: which incidents are open; None: nobody has looked

    def goes_on(self, before: str | None, now: str, *, new: bool) -> bool:
        """Whether a page brought something, or came to where the round has not been."""
        self.been.add(hash(before))
        if len(self.been) > _BEEN_MAX:
            self.been = {hash(before)}
        there = hash(now)
        moved = there not in self.been
        self.been.add(there)
        return new or moved


class Standstill:
    """Tells of feeds that cannot be read, and of those that say there is more and do not go on."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._standing: dict[tuple[str, str], Standing] = {}

    def of(self, system: str, document: str) -> Standing:
        """Where a feed stands."""
        return self._standing.setdefault((system, document), Standing())

    def forget(self, system: str, document: str) -> None:
        """Another process asks now: what it told is in the store."""
        self._standing.pop((system, document), None)

    async def page(
        self, system: str, document: str, before: str | None, now: str, *, more: bool, new: bool
    ) -> bool:
        """Notes a page that was stored; whether the next one is asked for at once. Raises StoreDown."""
        feed = self.of(system, document)
        feed.failures = feed.bad = 0
        await self._close(feed, system, document, "failing", "the feed is read again")
        goes_on = feed.goes_on(before, now, new=new)
        if goes_on or not more:
            feed.still = 0
            await self._close(feed, system, document, "still", "the feed goes on")
        if not more:
            feed.been.clear()
            return False
        if not goes_on:
            feed.still += 1
            if feed.still >= TRIES:
                fault = Invalid(
                    f"the feed of {system} ({document}) does not move on {after(now)}: it says that there is more, and"
                    " brings nothing new", path="cursor", type="poison",
                    fix=f"ask {system} why `more` is set and the cursor stays; the hub asks on at its usual pace, and"
                    " this ends by itself once the feed goes on",
                )  # fmt: skip
                await self._open(feed, system, document, "still", fault)
        return goes_on

    async def failed(self, system: str, document: str, error: Exception) -> None:
        """Notes a try that failed. Raises StoreDown."""
        feed, now_ms = self.of(system, document), self._context.clock.now_ms()
        feed.failures += 1
        if isinstance(error, StoreDown):
            return
        feed.bad += 1
        if feed.bad == 1:
            feed.since_ms = now_ms
        away = isinstance(error, TryLater) and not error.path
        patient = now_ms - feed.since_ms < AWAY_MS if away else feed.bad < TRIES
        if not patient:
            await self._open(feed, system, document, "failing", self._failing(system, document, error))

    def _failing(self, system: str, document: str, error: Exception) -> Invalid:
        cursor = self._context.journal.cursor(system, document)
        says = error.says if isinstance(error, Fault) else f"{type(error).__name__}: {error}"
        fix = (
            f"{error.fix}; " if isinstance(error, Fault) and error.fix else f"look at what {system} answers; "
        )
        return Invalid(
            printable(f"the feed of {system} ({document}) cannot be read {after(cursor)}: {says}"),
            path=printable(error.path if isinstance(error, Fault) else ""), type="poison",
            fix=printable(f"{fix}the hub asks on, and this ends by itself once the feed can be read"),
        )  # fmt: skip

    async def _open(self, feed: Standing, system: str, document: str, kind: str, fault: Invalid) -> None:
        told, cause = self._told(feed, system, document), _cause(system, document, kind)
        if cause in told:
            return
        context, id_ = self._context, self._context.journal.next_id()
        incident = notice_of(
            fault, Subject(system, document, "feed"), cause, id_=id_,
            now_ms=context.clock.now_ms(), charter=context.charter,
        )  # fmt: skip
        changes = context.journal.changes()
        changes.open_incident(
            incident, Entry(EntryKind.incident, system=system, says=f"incident: {fault.says}")
        )
        await context.journal.submit(changes)
        told.add(cause)

    async def _close(self, feed: Standing, system: str, document: str, kind: str, why: str) -> None:
        told, cause = self._told(feed, system, document), _cause(system, document, kind)
        if cause not in told:
            return
        journal = self._context.journal
        incident = journal.incident_of_cause(cause)
        if incident is not None:
            changes = journal.changes()
            changes.row("resolve_empty_incident", why, self._context.clock.now_ms(), incident)
            changes.entry(Entry(EntryKind.decided, system=system, says=f"{system} ({document}): {why}"))
            await journal.submit(changes)
        told.discard(cause)

    def _told(self, feed: Standing, system: str, document: str) -> set[str]:
        if feed.told is None:
            feed.told = set(self._context.journal.incidents_of_causes(_cause(system, document, "")))
        return feed.told


def _cause(system: str, document: str, kind: str) -> str:
    return f"poison/{system}/{document}/feed/{kind}"
