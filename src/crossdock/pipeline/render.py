"""Documents into requests for one target: what is rendered is stored before it leaves."""

from __future__ import annotations

from dataclasses import replace

import structlog

from crossdock.faults import Fault, Invalid
from crossdock.journal.changes import Changes
from crossdock.journal.contract import StoreDown
from crossdock.journal.numbers import SUPERSEDED, WAITING, begins_again
from crossdock.kit.connector import Ask, Job, Numbered
from crossdock.message.records import Entry, Transmission, repeated_key
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.pipeline.bound import Bound, Context
from crossdock.pipeline.kit_parts import KitParts
from crossdock.pipeline.lanes import Flight, Lanes
from crossdock.pipeline.mended import mended
from crossdock.pipeline.report import reads_json
from crossdock.pipeline.transmit import entry_of, in_words, request_from, request_json

_log = structlog.get_logger("crossdock.target")


class Renderer:
    """Renders for one target."""

    def __init__(self, context: Context, bound: Bound, lanes: Lanes) -> None:
        self._context = context
        self._lanes = lanes
        self._journal = context.journal
        self._clock = context.clock
        self._system = bound.system
        self._kits = KitParts(context.journal)
        self._name = bound.system.name
        self._writers = bound.writers
        self._reads = bound.reads

    def ready(self, flight: Flight) -> None:
        """Gives a flight its first request: the stored one of its round, or a fresh one. Raises the writer's faults.

        Over what the writer stumbles it would stumble again: that goes to the desk like what it refuses.
        """
        t = flight.t
        if t.payload is None or t.request is None:
            try:
                flight.ask = self.first_ask(flight)
            except (Fault, StoreDown):
                raise
            except Exception as error:  # ends on the desk: nobody else can mend it
                _log.exception("a document could not be written", system=self._name, transmission=t.id)
                raise Invalid(
                    f"the hub could not write {t.document} {t.number} for {t.target}: {type(error).__name__}: {error}",
                    fix="look at the document; if it is right, this is a defect of the connector or of its mapping",
                    type="poison",
                ) from error
        elif flight.ask is None:
            flight.ask = request_from(t.request, self._journal.body(t.payload) or b"")

    def rendered(self, flight: Flight) -> bool:
        """Renders the first request; False when that fails, and the sender will say why."""
        try:
            self.ready(flight)
        except Fault:
            return False
        return flight.ask is not None

    def first_ask(self, flight: Flight) -> Ask | None:
        """The first request of a flight, with what was looked up to make it. Raises the writer's faults."""
        job = flight.job = self._job(flight)
        self._reads()  # what an interrupted rendering left behind is not ours
        step = self._writers[flight.t.document].step(job, ())
        flight.reads = reads_json([*self._kits.reads, *self._reads()])
        return step if isinstance(step, Ask) else None

    def mark_sending(self, flight: Flight, changes: Changes) -> None:
        """Stores the exact request, and that it is about to leave."""
        entry = self.sent(flight, changes)
        changes.move_transmission(flight.t, TransmissionState.SENDING, entry)
        flight.stored = False

    def sent(self, flight: Flight, changes: Changes) -> Entry:
        """The entry that tells of a request about to leave, its body stored once per round."""
        t, ask = flight.t, flight.ask
        t.attempt += 1
        # One that goes again word for word is not rendered, and its retry clock begins here all the same:
        # without that its time would be over at the first doubt.
        t.first_ms = t.first_ms or self._clock.now_ms()
        changing = ask is not None and not ask.safe
        entry = entry_of(
            t, EntryKind.sent, in_words(ask) if ask is not None and changing else "asks what is there"
        )
        if ask is not None and changing:
            if t.payload is None:
                t.request = request_json(ask, repeated_key(t.request))
                if ask.numbers:
                    t.payload = self._numbered(flight, ask, entry, changes)
                else:
                    t.payload, entry.digest = changes.payload(ask.body)
            entry.payload = t.payload
        entry.reads, flight.reads = flight.reads, None
        return entry

    def _numbered(self, flight: Flight, ask: Ask, entry: Entry, changes: Changes) -> int:
        """Stores a request that gets its numbers in the commit, and sends what was stored."""

        def told(body: bytes) -> None:
            flight.ask = replace(ask, body=body, numbers=())

        if not all(begins_again(one.sequence) for one in ask.numbers):
            ask = self._relabelled(ask, flight.t)
        for receipt in self._journal.receipts_of(flight.t.id) if flight.t.round > 1 else ():
            if receipt.state == WAITING:  # nobody answers the number of a round that was given up
                changes.row("answer_receipt", SUPERSEDED, None, receipt.transmission, receipt.round)
        owed = (ask.owed, flight.t, self._clock.now_ms()) if ask.owed is not None else None
        return changes.numbered(ask.body, ask.numbers, entry, told, owed=owed)

    def _relabelled(self, ask: Ask, t: Transmission) -> Ask:
        """What is numbered once and for all keeps its numbers in later rounds and versions: the goods wear them."""
        given = {name: iter(numbers) for name, numbers in self._journal.numbers_of(t.root, t.hub).items()}
        body, left = ask.body, list[Numbered]()
        for one in ask.numbers:
            number = None if begins_again(one.sequence) else next(given.get(one.sequence, iter(())), None)
            if number is None:
                left.append(one)
                continue
            for mark, form in one.marks:
                body = body.replace(mark, form(number))
        return replace(ask, body=body, numbers=tuple(left))

    def job(self, flight: Flight) -> Job:
        """What a writer is told of a flight that goes now."""
        job, flight.job = flight.job, None
        return job or self._job(flight)

    def _job(self, flight: Flight) -> Job:
        """The clock of a rendering is that of the first try, so that it can be repeated."""
        t = flight.t
        if flight.tree is None:
            message = self._journal.message(t.message)
            assert message is not None, f"transmission {t.id} has no message"
            flight.tree = message.tree if t.round == 1 else mended(self._context, message)
        if t.first_ms == 0:
            t.first_ms = self._clock.now_ms()
        self._context.time.at_ms = t.first_ms
        given = self._lanes.of(t).given
        own = given.get(t.hub)
        root = given.get(t.root) or self._journal.root_of(t.root, self._name) if t.root != t.hub else None
        return Job(
            document=t.document,
            tree=self._kits.apart(self._system, t.document, flight.tree),
            number=t.number,
            key=t.idempotency_key,
            their_id=own[1] if own else self._journal.their_id(t.hub, self._name),
            parent_ids={root[0]: root[1]} if root else {},
        )
