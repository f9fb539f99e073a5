"""The watch: reads the ledger behind the work, on one host only, and keeps clocks, measures and alerts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from crossdock.charter.charter import Charter
from crossdock.control.watch.alerts import Alerts
from crossdock.control.watch.couriers import Courier
from crossdock.control.watch.disagreement import Disagreement
from crossdock.control.watch.figures import Figures, Shipped, first_shipments
from crossdock.control.watch.levels import KEPT_MS, PACES, Levels, Standing
from crossdock.control.watch.silence import Known, Silence
from crossdock.control.watch.traces import Tracer
from crossdock.control.watch.unfilled import Short, Unfilled
from crossdock.control.watch.unserved import LeftBehind
from crossdock.control.watch.wording import level_content
from crossdock.journal.chain import partition_of
from crossdock.journal.contract import Fenced, Overtaken, StoreDown
from crossdock.journal.sql import watched
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.watched import Happened, Opened, Running, Variance
from crossdock.message.incident import Incident
from crossdock.pipeline.bound import Clock
from crossdock.pipeline.gates import Gates

_log = structlog.get_logger("crossdock.watch")
#: Who works on this partition watches: one process of all that share a store.
PARTITION = partition_of("watch")
_TICK_S = 0.5
_ELSEWHERE_S = 1.0
_RETRY_S = 1.0
_LEVELS_EVERY_S = 15.0
#: A look at stock comes after so many times as long as the last one took.
_STOCK_SHARE = 20
_STUCK_S = 60.0
_CLEAN_EVERY_S = 3_600.0
_LEFT_EVERY_S = 60.0
#: Looks at the end of the ledger that are kept until all that was open at their time has ended.
_LOOKS_MAX = 120


@dataclass(slots=True)
class _Seen:
    """What one look at the store found."""

    upto: int
    events: list[Happened]
    known: Known
    opened: list[Opened]
    shipped: list[Shipped]
    due: list[Running]
    told: list[tuple[Running, int, str | None]]
    orders: dict[int, str]
    rests: list[Running]
    short: list[Short | Running]


class Watch:
    """Everything that is watched over in one store, by the one process whose turn it is."""

    def __init__(
        self,
        charter: Charter,
        journal: SiteJournal,
        gates: Gates,
        clock: Clock,
        *,
        couriers: Mapping[str, Courier],
        tracer: Tracer | None = None,
        may_work: Callable[[], bool] = lambda: True,
        serves: Callable[[str, str], bool] = lambda _target, _document: True,
    ) -> None:
        self.journal = journal
        self._clock = clock
        self.now_ms = clock.now_ms
        self._may_work = may_work
        self._sites = (
            {site.name: site.system for site in charter.stock.sites.values()} if charter.stock else {}
        )
        self.silence = Silence(charter, journal, gates, clock.now_ms)
        self.unfilled = Unfilled(charter, journal, clock.now_ms)
        self.disagreement = Disagreement(charter, journal, clock.now_ms)
        self.left_behind = LeftBehind(charter, journal, clock.now_ms, serves)
        self._stock_every_s = charter.watch.stock_every_s
        self.levels = Levels(charter, journal.scope)
        self.alerts = Alerts(charter, journal, couriers, clock.now_ms)
        self.tracer = tracer
        self.figures: Figures | None = None
        self.standings: Sequence[Standing] = ()
        self.variances: Mapping[str, Variance] = {}  #: by system
        self.looked_s = float("-inf")  #: monotonic time of the last look that went well
        self._tasks: list[asyncio.Task[None]] = []
        self._begun = False
        self._is_stale = False  #: whether the position in the store may be another than ours
        self.position = 0
        self._pending: int | None = None  #: the last position given, as the look before this one saw it
        self._looks: deque[tuple[int, int]] = deque(
            maxlen=_LOOKS_MAX
        )  #: (position, first transaction to come)
        self._levels_s = self._clean_s = self._stock_s = self._left_s = float("-inf")

    # -- life ----------------------------------------------------------------

    def start(self) -> None:
        """Begins to watch."""
        self.looked_s = self._clock.monotonic_s()
        for work, name in ((self._look, "watch"), (self._tell, "alerts")):
            self._tasks.append(asyncio.get_running_loop().create_task(self._for_ever(work), name=name))

    async def stop(self) -> None:
        """Ends it; what is stored goes on with the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self.tracer is not None:
            await self.tracer.stop()
        await self.alerts.close()

    @property
    def is_ours(self) -> bool:
        """Whether this process is the one that watches."""
        return self.journal.owns(PARTITION) and self._may_work()

    @property
    def is_stuck(self) -> bool:
        """Whether no look has come to its end for long, nor since the start."""
        return self._clock.monotonic_s() - self.looked_s > _STUCK_S

    async def _for_ever(self, work: Callable[[], Coroutine[Any, Any, float]]) -> None:
        while True:
            pause_s = _RETRY_S
            try:
                pause_s = await work() if self.is_ours else self._idle()
            except Overtaken:
                self._is_stale = True  # a person was faster, or another host: looked at again
            except Fenced:
                self._begun = False
            except StoreDown as down:
                _log.error("store down", says=str(down))
            except Exception:  # ends in the next look
                _log.exception("the watch stumbled")
            await self._clock.sleep(pause_s)

    def _idle(self) -> float:
        self._begun = False
        self.looked_s = self._clock.monotonic_s()
        return _ELSEWHERE_S

    # -- looking -------------------------------------------------------------

    async def _look(self) -> float:
        """One look; gives the pause after it in seconds."""
        if not self._begun:
            await self._begin()
        if self._is_stale:
            scope = self.journal.scope
            self.position = await self.journal.view(lambda c: watched.position(c, scope)) or self.position
            self._is_stale = False
        seen = await self.journal.view(self._seen)
        changes = self.journal.changes()
        closing, touched = self.silence.judge(seen.events, seen.known, changes)
        touched |= {one.id for one in seen.rests}
        self.silence.ended([one for one in seen.told if one[0].id not in touched], changes)
        spoken = self.unfilled.judge(seen.events, seen.rests, changes)
        self.levels.judge(seen.events, changes)
        self.alerts.note(self._fresh(seen), changes)
        await self._close(closing, "what was awaited came, or was cancelled", changes)
        await self._close(spoken, "the order was spoken of again", changes)
        if changes.rows or changes.entries or seen.events:
            changes.row("move_watch", self.journal.scope, seen.upto, self.position, touches=1)
            await self.journal.submit(changes)
            self.position = seen.upto
        self._count(seen)
        await self._cry(self.silence.due(one for one in seen.due if one.id not in touched))
        again = {one.root for one in seen.rests}
        await self._rest([one for one in seen.short if _clock_of(one).root not in again])
        now_s = self._clock.monotonic_s()
        if now_s - self._levels_s >= _LEVELS_EVERY_S:
            self._levels_s = now_s
            await self._burn()
        if now_s >= self._stock_s:
            await self._compare(now_s)
        if now_s >= self._left_s:
            # The charter is read at the start: what it has not left behind by then it does not leave behind later.
            self._left_s = now_s + _LEFT_EVERY_S if await self.left_behind.look() else float("inf")
        if now_s - self._clean_s >= _CLEAN_EVERY_S:
            self._clean_s = now_s
            await self._clean()
        self.looked_s = now_s
        return 0.0 if len(seen.events) >= watched.STEP_MAX // 2 else _TICK_S

    async def _begin(self) -> None:
        """Goes on where the last one stopped; the first one begins at the end of the ledger."""
        scope = self.journal.scope
        self._looks.clear()
        self._pending = None
        position = await self.journal.view(lambda c: watched.position(c, scope))
        if position is None:
            position = await self.journal.view(lambda c: watched.horizon(c)[0])
            changes = self.journal.changes()
            changes.row("begin_watch", scope, position)
            await self.journal.submit(changes)
            position = await self.journal.view(lambda c: watched.position(c, scope)) or 0
        self.position = position
        unasked = await self.journal.view(self.silence.begin)
        if unasked:
            changes = self.journal.changes()
            told = self.silence.forget((clock for clock, _ in unasked), changes)
            await self._close(told, unasked[0][1], changes)
            await self.journal.submit(changes)
        await self.alerts.begin()
        self._levels_s = self._left_s = float("-inf")
        self._begun = True

    def _seen(self, connection: Connection) -> _Seen:
        scope, now_ms = self.journal.scope, self.now_ms()
        upto, events = watched.happened(connection, self.position, self._settled(connection))
        ids = sorted({e.incident for e in events if e.incident is not None})
        opened = watched.opened(connection, ids) if ids else []
        known = self.silence.look(connection, events)
        shipped = first_shipments(connection, events) if self.figures else []
        due = watched.clocks_due(connection, scope, now_ms)
        told = watched.clocks_told(connection, scope, 0)
        orders = (
            watched.orders_of(connection, sorted({e.root for e in events if e.root})) if self.tracer else {}
        )
        rests, short = self.unfilled.look(connection, events), self.unfilled.short(connection, due)
        return _Seen(upto, events, known, opened, shipped, due, told, orders, rests, short)

    def _settled(self, connection: Connection) -> int:
        """The last position below which nothing can be added any more."""
        position, still_open, to_come = watched.horizon(connection)
        if not to_come:
            return position
        # A position may be given between the moment of this view and the reading of the last one given: who had it
        # has certainly begun by the next look.
        if self._pending is not None:
            self._looks.append((self._pending, to_come))
        self._pending = position
        found = self.position
        while self._looks and self._looks[0][1] <= still_open:
            found = max(found, self._looks.popleft()[0])
        return found

    async def _close(self, ids: Sequence[int] | set[int], reason: str, changes: Any) -> None:
        if ids:
            wanted = list(ids)
            closing: list[Incident] = await self.journal.view(lambda c: self.silence.close(c, wanted))
            self.silence.resolve(closing, reason, changes)

    @staticmethod
    def _fresh(seen: _Seen) -> list[Opened]:
        """Incidents that were opened, not only joined."""
        positions = {e.position for e in seen.events if e.incident is not None}
        return [one for one in seen.opened if one.position in positions]

    def _count(self, seen: _Seen) -> None:
        if self.figures is not None:
            took_ms = {e.position: self.levels.took_ms(e) for e in seen.events if e.done}
            self.figures.judge(seen.events, took_ms)
            self.figures.opened(one.type for one in self._fresh(seen))
            self.figures.shipped(seen.shipped)
        if self.tracer is not None:
            self.tracer.note(seen.events, seen.orders)

    async def _cry(self, due: Sequence[Running]) -> None:
        """Opens what is due; then the clocks know their incident."""
        if not due:
            return
        changes = self.journal.changes()
        opened = self.silence.cry(due, changes)
        await self.journal.submit(changes)
        marking = self.journal.changes()
        for entry, clocks in opened:
            for clock in clocks:
                marking.row("move_expectation", clock.id, clock.since_ms, clock.due_ms, entry.incident)
        await self.journal.submit(marking)

    async def _rest(self, found: Sequence[Short | Running]) -> None:
        """Tells of orders that were shipped in part; then their clocks know their incident."""
        if not found:
            return
        changes = self.journal.changes()
        opened = self.unfilled.cry(found, changes)
        await self.journal.submit(changes)
        marking = self.journal.changes()
        for entry, clock in opened:
            marking.row("move_expectation", clock.id, clock.since_ms, clock.due_ms, entry.incident)
        if opened:
            await self.journal.submit(marking)

    async def _compare(self, began_s: float) -> None:
        """Compares stock, and takes at most a twentieth of the time for it."""
        await self.disagreement.look()
        if self._sites:
            sites = self._sites
            self.variances = await self.journal.view(lambda c: watched.variances(c, sites))
        now_s = self._clock.monotonic_s()
        self._stock_s = now_s + max(self._stock_every_s, _STOCK_SHARE * (now_s - began_s))

    # -- service levels ------------------------------------------------------

    async def _burn(self) -> None:
        """Looks how the service levels stand; one that begins to burn is told."""
        if not self.levels.levels:
            return
        now_ms = self.now_ms()
        self.standings = await self.journal.view(lambda c: self.levels.standings(c, now_ms))
        noted, changes = await self.alerts.burning(), self.journal.changes()
        for one in self.standings:
            for pace in PACES:
                row = noted.get(f"{one.level.name}/{pace.name}")
                if one.burning == pace.name and row is None:
                    content = level_content(one.level, pace, one.misses(pace.long_s))
                    self.alerts.note_level(one.level.name, pace.name, content, changes)
                elif row is not None and one.burn(pace.short_s) < pace.times:
                    self.alerts.over(row, changes)
        if changes.rows:
            await self.journal.submit(changes)

    async def _clean(self) -> None:
        changes = self.journal.changes()
        changes.row("delete_measures_before", self.now_ms() - KEPT_MS)
        await self.journal.submit(changes)
        await self.alerts.clean()

    async def _tell(self) -> float:
        """Tells what is due."""
        if not self.alerts or not self._begun:
            return _TICK_S
        await self.alerts.tell()
        return _TICK_S


def _clock_of(one: Short | Running) -> Running:
    return one.clock if isinstance(one, Short) else one
