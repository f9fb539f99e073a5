"""One target: takes transmissions in, keeps their lanes, sends from as many lanes as the target allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from crossdock.faults import Fault
from crossdock.journal.changes import Changes
from crossdock.journal.contract import StoreDown
from crossdock.journal.tenure import Hold
from crossdock.kit.connector import Unclear, Writer
from crossdock.kit.share import Share, Whole
from crossdock.message.records import Entry, Message, Transmission
from crossdock.message.states import TransmissionState
from crossdock.model import register
from crossdock.model.document import DocumentClass
from crossdock.pipeline import ahead
from crossdock.pipeline.alarms import Alarms, wait_max_s
from crossdock.pipeline.bound import Bound, Context
from crossdock.pipeline.commit import Commits
from crossdock.pipeline.conclude import Concluder, Verdict
from crossdock.pipeline.holding import Holding
from crossdock.pipeline.lanes import AHEAD_MAX, Flight, Lane, Lanes, Ordering
from crossdock.pipeline.ready import Ready
from crossdock.pipeline.render import Renderer
from crossdock.pipeline.succession import Succession
from crossdock.pipeline.transmit import DoubtGuard, Outcome, Sender, settling
from crossdock.pipeline.windows import Windows
from crossdock.pipeline.withdrawal import Withdrawal

_log = structlog.get_logger("crossdock.target")
_S = TransmissionState

#: Flights of one target kept in memory; what is beyond stays in the store until there is room.
WINDOW_MAX = 4_000
#: Flights sent from one lane before another lane has its turn.
TURN_MAX = 32
#: How soon a lane is looked at again while nobody knows whether it is still ours.
_UNSURE_MS = 50
#: A place that could not read the store looks again after so long; it is the store's turn, not the lane's.
_STORE_S = 0.2


class Target:
    """The outbound side of one system."""

    def __init__(
        self,
        context: Context,
        bound: Bound,
        ordering: Ordering,
        doubt: DoubtGuard,
        hold: Hold,
        *,
        window: int,
        completed: Callable[[int], None],
        blocked: Callable[[int], None],
        freed: Callable[[Target, str], None],
    ) -> None:
        self._journal = context.journal
        self._clock = context.clock
        self._hold = hold
        self._may_send = context.tenure.may_send
        self._gates = context.gates
        self.name = bound.system.name
        self._system = bound.system
        self._client = bound.client
        self._share: Share = bound.share or Whole(bound.system.limits.concurrency)
        self._writers = bound.writers
        self.lanes = Lanes(ordering)
        self._renderer = Renderer(context, bound, self.lanes)
        self.concluder = Concluder(context, bound.system, doubt)
        self._succession = Succession(self.lanes, bound.writers, self.concluder)
        self._withdrawal = Withdrawal(context, self.lanes, completed)
        self.windows = Windows(context.journal, self.name, self.lanes, window)
        self.refill: Callable[[Target, str], None] = lambda _, __: None  #: work of an origin has left memory
        self.window = window
        self.commits = Commits(
            context, self.name, stored=self.stored, completed=completed, parted=lambda lane: freed(self, lane.key)
        )  # fmt: skip
        self._sender = Sender(bound.system, bound.client, self.commits.ask)
        self._holding = Holding(
            self.name, self._journal, self.lanes, self.commits, self.concluder, window, blocked
        )
        self._freed = freed
        self._ready = Ready(context.turns)
        self._share.heed(lambda: not self._ready.empty() and not self.paused)
        self._tasks: list[asyncio.Task[None]] = []
        self._alarms = Alarms(context.clock, self.schedule, wait_max_s=wait_max_s(bound))
        self._active = 0  #: senders at work
        self._promised: set[str] = set()  #: lanes that were idle when their flight was stored as SENDING
        self.unfinished: dict[int, str] = {}  #: a transmission that others come after -> their lane
        self.paused = False

    # -- life ----------------------------------------------------------------

    def start(self) -> None:
        """Begins to send."""
        loop = asyncio.get_running_loop()
        for n in range(self._system.limits.concurrency):
            self._tasks.append(loop.create_task(self._work(n + 1), name=f"send-{self.name}-{n}"))

    async def stop(self) -> None:
        """Ends the senders; what is on the wire is given up and found SENDING at the next start."""
        self._alarms.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.commits.stop()

    def writes(self, document: str) -> bool:
        """Whether this system takes a kind of document."""
        return document in self._writers

    def writer(self, document: str) -> Writer | None:
        """How a kind of document is written to this system."""
        return self._writers.get(document)

    @property
    def sending(self) -> bool:
        """Whether anything is on the wire."""
        return self._active > 0

    # -- taking in -----------------------------------------------------------

    def admit(self, t: Transmission, message: Message, changes: Changes, due: Entry) -> None:
        """Writes a new transmission as its lane allows; the caller commits that, then calls `committed`."""
        lane = self.lanes.of(t)
        if register.class_of(t.document) is DocumentClass.STATE:
            self._succession.take_place(lane, t, changes, whole=self.windows.whole(t, lane))
        if self._withdrawal.by(lane, t, message.tree, changes):
            t.state = _S.CLOSED
            due.says += f": {self.name} never got what it cancels"
            changes.add_transmission(t, due)
            return
        if lane.blocked_by is not None:
            t.state = _S.HELD
            lane.unsure = True  # a person may end that incident before this row is in the store
            changes.add_transmission(t, due)
            changes.add_follower(lane.blocked_by, t.id)
            return
        if lane.more or not self.windows.takes(t, lane):
            changes.add_transmission(t, due)  # behind what is in the store only
            return
        flight = Flight(t, message.tree)  # what is rendered at once is not in the store yet
        if t.after is not None:
            self.unfinished[t.after] = lane.key
        entry = self._renderer.sent(flight, changes) if self._ahead(lane, flight) else None
        if entry is not None:
            due.state, t.state, entry.state = _S.DUE.value, _S.SENDING, _S.SENDING.value
        changes.add_transmission(t, due)
        if entry is not None:
            changes.entry(entry)
        flight.tree = None if message.heavy else flight.tree  # whoever waits long holds no large tree
        self.lanes.push(lane, flight)

    def committed(self, t: Transmission) -> None:
        """The changes with this transmission are durable: its lane may go."""
        self.windows.settled(t)
        self._succession.durable(t)
        self._withdrawal.durable(t)
        lane = self.lanes.of(t)
        self.schedule(lane)  # it may have waited for that
        for flight in reversed(lane.flights):
            if flight.t is t:
                self.stored(lane, [flight])
                return
        beyond = (lane.more and (lane.flights or lane.busy)) or not self.windows.loaded(t)
        if t.state is _S.CLOSED or (lane.blocked_by is None if t.state is _S.HELD else not beyond):
            # The lane was freed, blocked, emptied or read to its end, by this or while this was being written.
            lane.unsure = lane.unsure or t.state is _S.HELD
            self._freed(self, lane.key)

    def stored(self, lane: Lane, flights: Sequence[Flight]) -> None:
        """These rows are durable: their lane may go, or they are held with it if it stopped meanwhile."""
        for flight in flights:
            flight.made = flight.stored = True
        if lane.blocked_by is None:
            self.schedule(lane)
            self.lanes.tidy(lane)
            return
        self._holding.follow(lane, lane.blocked_by)

    def forget(self, t: Transmission) -> None:
        """The changes with this transmission were never written: what it took the place of stands as before."""
        self.windows.settled(t)
        lane = self.lanes.of(t)
        self.lanes.remove(lane, [flight for flight in lane.flights if flight.t is t])
        self._promised.discard(lane.key)
        self.unfinished.pop(t.after or 0, None)
        older, anew = self._succession.undone(t)
        if older := older + self._withdrawal.undone(t):
            self.stored(lane, older)
        if anew:
            self._freed(self, lane.key)
        self.schedule(lane)

    def _ahead(self, lane: Lane, flight: Flight) -> bool:
        """Whether a new flight may be stored as SENDING at once, which saves a commit."""
        t = flight.t
        waits = lane.stale or t.after is not None or t.state is _S.IN_DOUBT
        if waits or self._closed() or not self._passes(t):
            return False
        writer = self._writers[t.document]
        if lane.flights or lane.busy:
            if writer.unclear is not Unclear.RESEND or lane.ahead() >= AHEAD_MAX or lane.tells(t):
                return False
            if len(lane.flights) != lane.ahead():
                return False
            return self._renderer.rendered(flight)
        full = self._active + len(self._promised) >= self._share.places or not self._ready.empty()
        if full or not self._renderer.rendered(flight):
            return False
        self._promised.add(lane.key)
        return True

    # -- ready lanes ---------------------------------------------------------

    def schedule(self, lane: Lane) -> None:
        """Puts a lane among the ready ones, unless it is there or somebody is at it."""
        self._ready.schedule(lane)

    def wake(self, key: str) -> None:
        """Something that a lane waited for has happened."""
        self.schedule(self.lanes.by_key(key))

    def vacated(self, lane: Lane) -> None:
        """Forgets a lane that was given away; whatever still points to it finds it empty."""
        self._promised.discard(lane.key)
        self.unfinished = {before: key for before, key in self.unfinished.items() if key != lane.key}
        self.lanes.drop(lane)

    def _closed(self) -> bool:
        """Whether nobody would be asked now."""
        return self.paused or not self._may_send() or self._client.wait_s() > 0

    async def _work(self, place: int) -> None:
        """Sends from one lane after another, as long as the share of the system's places reaches that far."""
        while True:
            await self._share.reached(place)
            lane = await self._ready.get()
            if self._closed() or self._share.places < place:
                # The gate is closed: the lane keeps its place and nobody is asked.
                lane.queued = True
                await self._clock.sleep(min(max(self._client.wait_s(), 0.005), 1.0))
                self._ready.put(lane)
                continue
            lane.busy = True
            self._promised.discard(lane.key)
            self._active += 1
            try:
                await self._serve(lane)
            except StoreDown as down:  # ends in a reload once the store can be read again
                _log.error("store down", says=str(down), system=self.name)
                await self._clock.sleep(_STORE_S)
                self._freed(self, lane.key)
            except Exception:  # ends in a reload, in a while: what stumbles for good leaves others their turn
                _log.exception("a lane is read anew", system=self.name, key=lane.key)
                await self._clock.sleep(_STORE_S)
                self._freed(self, lane.key)
            finally:
                self._active -= 1
                lane.busy = False
                if self._serviceable(lane):
                    self.schedule(lane)
                elif lane.more and not lane.flights:
                    self._freed(self, lane.key)
                self.lanes.tidy(lane)

    def _serviceable(self, lane: Lane) -> bool:
        if not lane.flights or lane.failing or not self._goes_on(lane):
            return False
        flight = lane.flights[0]
        return flight.stored and self._passes(flight.t) and not self._comes_after(flight)

    def _is_early(self, t: Transmission) -> bool:
        return self._alarms.ahead(t.due_ms)

    def _passes(self, t: Transmission) -> bool:
        return not self._is_early(t) and self._gates.passes(self.name, t.id)

    def _goes_on(self, lane: Lane) -> bool:
        """Whether its head may go; one of a kind that the charter sends here no more waits until it does again."""
        held = lane.blocked_by is not None or lane.leaving or lane.stale or not self._hold.has(lane.partition)
        return not held and lane.flights[0].t.document in self._writers

    def _comes_after(self, flight: Flight) -> bool:
        return flight.t.after is not None and flight.t.after in self.unfinished

    # -- sending -------------------------------------------------------------

    async def _serve(self, lane: Lane) -> None:
        """Sends from the head of one lane while there is something to send."""
        for _ in range(TURN_MAX):
            if not lane.flights or lane.failing or not self._goes_on(lane):
                return
            flight = lane.flights[0]
            if not flight.stored or self.paused:
                return
            if self._comes_after(flight):
                await self._holding.stand_behind(lane, flight)
                return
            if not self._gates.passes(self.name, flight.t.id):
                changes = self._journal.changes()
                await self.commits.stored_again(self.concluder.take_back(lane.flights, changes), changes)
                return
            if not self._may_send():
                # Ours no longer for sure. What is stored as SENDING goes once it is, or is in doubt elsewhere.
                self._alarms.set(lane, self._clock.now_ms() + _UNSURE_MS)
                return
            if flight.t.state is not _S.SENDING and self._is_early(flight.t):
                self._alarms.set(lane, flight.t.due_ms)
                return
            if flight.t.state is _S.IN_DOUBT:
                await self._settle(lane, flight)
                continue
            if flight.t.state is not _S.SENDING and not await self._begin(lane, flight):
                continue
            if lane.failing:
                return
            outcome = await self._sender.send(
                flight, self._writers[flight.t.document], self._renderer.job(flight)
            )
            if await self._conclude(lane, flight, outcome) or self._ready.gives_way(lane):
                return

    async def _begin(self, lane: Lane, flight: Flight) -> bool:
        """Renders and stores the request; False for a document that cannot be rendered: it goes to the desk."""
        await self._journal.foresee(lambda: ahead.of_renderings([flight]))
        try:
            self._renderer.ready(flight)
        except Fault as fault:
            await self._conclude(lane, flight, Outcome(fault=fault))
            return False
        changes = self._journal.changes()
        self._renderer.mark_sending(flight, changes)
        await self.commits.stored_again([flight], changes)
        return True

    async def _conclude(self, lane: Lane, flight: Flight, outcome: Outcome) -> bool:
        """Writes what came of a sending; True when the lane must wait."""
        writer = self._writers[flight.t.document]
        await self._journal.foresee(lambda: ahead.of_end(lane, flight, outcome))
        verdict, changes = await self.commits.concluded(
            lambda changes: self.concluder.conclude(flight, writer, outcome, changes)
        )
        return await self._apply(lane, flight, verdict, changes)

    async def _settle(self, lane: Lane, flight: Flight) -> None:
        """Asks the target whether it has what may have arrived."""
        writer = self._writers[flight.t.document]
        job = settling(self._renderer.job(flight))
        ask = self.concluder.question(flight.t, job, writer.find(job))
        outcome = Outcome() if ask is None else await self._sender.find(flight, writer, job, ask)
        verdict, changes = await self.commits.concluded(
            lambda changes: self.concluder.settle(flight, writer, outcome, changes, asked=ask is not None)
        )
        await self._apply(lane, flight, verdict, changes)

    async def _apply(self, lane: Lane, flight: Flight, verdict: Verdict, changes: Changes) -> bool:
        """Lets a lane go on, wait or stop, with the commit that says so; True when it must wait."""
        if verdict is Verdict.DONE:
            lane.ended(self.lanes.pop(lane))
            self.refill(self, flight.t.origin)
            self.commits.behind(lane, self._next(lane, changes), changes, flight.t)
            return False
        if verdict is Verdict.BLOCKED:
            self.lanes.pop(lane)
            await self._holding.block(lane, flight, changes)
            return True
        withdrawn = self._withdrawal.behind(lane, flight, changes)
        await self.commits.stored_again([flight], changes)
        if self._withdrawal.ended(withdrawn) or not self._is_early(flight.t):
            return False
        flight.lighten()
        self._alarms.set(lane, flight.t.due_ms)
        return True

    def _next(self, lane: Lane, changes: Changes) -> list[Flight]:
        """Stores the following flights as SENDING in the same commit that ends this one; gives them."""
        marked: list[Flight] = []
        for place, flight in enumerate(lane.flights):
            t = flight.t
            if t.state is _S.SENDING:
                continue
            writer = self._writers.get(t.document)
            if writer is None or t.state is not _S.DUE or not flight.stored:
                break
            far = place >= (AHEAD_MAX if writer.unclear is Unclear.RESEND else 1)
            waits = self._comes_after(flight) or not self._passes(t) or lane.leaving or lane.stale
            if far or waits or self._closed() or not self._hold.has(lane.partition):
                break
            if lane.tells(t, place) or not self._renderer.rendered(flight):
                break
            self._renderer.mark_sending(flight, changes)
            marked.append(flight)
        return marked
