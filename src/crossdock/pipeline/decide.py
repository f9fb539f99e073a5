"""What becomes of a message: routed, waiting for a predecessor, or on the desk."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crossdock.charter.charter import Reader
from crossdock.faults import Fault, Waits
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes, Row
from crossdock.journal.tenure import Hold
from crossdock.kit.connector import Read
from crossdock.message.incident import MemberKind
from crossdock.message.kept_back import KEPT_BACK
from crossdock.message.records import Entry, Message
from crossdock.message.states import EntryKind, MessageState
from crossdock.model.document import Document
from crossdock.model.documents.progress import OrderStatus
from crossdock.model.documents.sales import SalesOrder
from crossdock.pipeline import check
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.brake import MassChange, cause_of_feed
from crossdock.pipeline.follow_up import FollowUp, Pen
from crossdock.pipeline.goods import goods
from crossdock.pipeline.knowledge import OBSERVED, TOLD, Knowledge, shares_numbers
from crossdock.pipeline.lives import ORDERS
from crossdock.pipeline.overdue import Overdue
from crossdock.pipeline.particulars import particulars
from crossdock.pipeline.progress import Progress, Ruling
from crossdock.pipeline.report import cause_of, incident_of, reads_json, subject_of
from crossdock.pipeline.route import Router
from crossdock.pipeline.sourcing.writing import Parts
from crossdock.pipeline.stockkeeping.keeper import Keeper
from crossdock.pipeline.stockkeeping.kept import Kept, NotCovered


class Decider:
    """Checks messages and routes them."""

    def __init__(self, context: Context, known: Knowledge, router: Router, hold: Hold) -> None:
        self._context = context
        self._charter = context.charter
        self._known = known
        self._router = router
        self._hold = hold
        self.brake = MassChange(context, known)
        self._progress = Progress(context, known)
        pen = Pen(self._entry, self._introduction, self._move, self._superseded)
        self.follow_up = FollowUp(context, known, router, self._progress, pen)
        zone, now_ms = context.charter.site.timezone, context.clock.now_ms
        sourcing, room = context.charter.sourcing, context.stock
        sends = context.charter.orders.sends
        self.stock = (
            Keeper(room, context.journal, zone, now_ms, sourcing, known.story, sends) if room else None
        )
        self._overdue = Overdue(context, self.follow_up, self.to_desk, self._entry)
        self._parts: Parts | None = None
        if self.stock is not None and self.stock.sourcer is not None:
            self._parts = Parts(context, known, self.decide, self.follow_up, self.stock.sourcer, self._entry)

    def begin(self) -> None:
        """A batch begins."""
        self.brake.begin()
        if self.stock is not None:
            self.stock.begin()

    def write(self, changes: Changes) -> None:
        """What the batch counted, and what it did to stock, for its commit."""
        self.brake.write(changes)
        if self.stock is not None:
            self.stock.write(changes)

    def decide(
        self,
        message: Message,
        document: Document,
        parent: tuple[str, str] | None,
        batch: Batch,
        *,
        made_by: Entry | None,
    ) -> None:
        """Checks and routes a message that is new (`made_by` tells of it) or is looked at again."""
        if not self._hold.has(message.partition):
            self._hand_over(message, batch, made_by)
            return
        if made_by is None and message.document == OrderStatus.kind:
            wait = self.follow_up.answer(message, batch)
            if wait is not None and message.state is not MessageState.DESK:  # a person knows that it is late
                self._wait(message, wait, batch, None)
            return
        try:
            if made_by is None and self.outdated(message):
                self._superseded(message, batch, "a newer version went its way in the meantime")
                return
            check.predecessor(message, parent, self._charter, self._known)
            own = self._charter.made_by_hub(message.document)
            news = own or check.ownership(message, self._charter, self._known)
            if self.stock is not None and self.stock.echoes(message, document):
                news = False
            reads, warnings = check.items(document, self._charter, self._known)
            warnings += particulars(document, self._charter.checks)
            warnings += goods(message, document, self._charter, self._known) if news else []
            ruling = self._progress.judge(message, document, new=made_by is not None) if news else None
        except Waits as wait:
            self._wait(message, wait, batch, made_by)
        except Fault as fault:
            self._fails(message, fault, batch, made_by)
        else:
            self._checked(message, document, reads, warnings, batch, made_by, ruling, news=news)

    def _checked(
        self,
        message: Message,
        document: Document,
        reads: list[Read],
        warnings: list[str],
        batch: Batch,
        made_by: Entry | None,
        ruling: Ruling | None,
        *,
        news: bool,
    ) -> None:
        """Routes a message that passed all checks, unless its feed runs away or the stock does not cover it."""
        runaway = self.brake.judge(message) if made_by is not None and news else None
        if made_by is not None and self.brake.engaged((message.system, message.document)):
            self._take_place(message, batch)
        if runaway is not None and made_by is not None:
            self.broken(message, made_by, runaway, batch)
            return
        targets = self._router.targets(message) if news else ()
        kept = Kept()
        if self.stock is not None and news:
            try:
                readers, again = [r.system for r in targets], made_by is None
                kept = self.stock.decided(message, document, readers, ruling, again=again)
            except NotCovered as no:
                self._move(message, MessageState.REFUSED, batch, made_by)
                entry = self._entry(EntryKind.decided, message, f"refused: {no.says}", reads)
                batch.changes.entry(entry, *self._introduction(message, batch.changes))
                self.follow_up.short(message, ruling, "refused", no.says, batch)
                return
            except Fault as fault:
                self._fails(message, fault, batch, made_by)
                if fault.type == "backorder" and made_by is not None:
                    self.stock.nudge(str(fault.value), batch.changes)
                    self.follow_up.short(message, ruling, "backordered", fault.says, batch)
                return
        if kept.fault is not None:
            self._fails(message, kept.fault, batch, made_by)
            for name, values, touches in kept.rows:
                batch.changes.row(name, *values, touches=touches)
            return
        if kept.plan is not None and kept.plan.replaces is message:
            self._superseded(message, batch, kept.says or "looked at again as new parts", kept.rows)
        else:
            self._move(message, MessageState.ROUTED, batch, made_by)
            warnings = [*warnings, kept.says] if kept.says else warnings
            reads = [*reads, *kept.reads]
            self._routed(message, reads, warnings, batch, targets, kept.rows, ruling, news=news)
            if isinstance(document, SalesOrder) and kept.plan is None:
                self.follow_up.covered(message, ruling, batch)
        if kept.plan is not None and self._parts is not None:
            self._parts.write(kept.plan, batch)

    def turned_away(self, transmission: int, batch: Batch) -> tuple[str, str] | None:
        """The lane that is free because what its target refused goes elsewhere. See Parts.elsewhere."""
        return self._parts.elsewhere(transmission, batch) if self._parts is not None else None

    def _fails(self, message: Message, fault: Fault, batch: Batch, made_by: Entry | None) -> None:
        """A check found something wrong with a message, new or known; who waits for goods waits on."""
        if made_by is not None:
            self.broken(message, made_by, fault, batch)
        else:
            self.to_desk(message, fault, batch)

    def unchanged(self, message: Message, made: Entry, batch: Batch) -> None:
        """A new message that says what its sender said last: counted, and passed on to nobody."""
        if not self._hold.has(message.partition):
            self._hand_over(message, batch, made)
            return
        message.state = MessageState.ROUTED
        batch.changes.add_message(message, made)
        entry = self._entry(EntryKind.decided, message, "nothing changed since it was said last", ())
        batch.changes.entry(entry, *self._introduction(message, batch.changes))

    def _take_place(self, newer: Message, batch: Batch) -> None:
        """A newer state ends older ones of the same object that the brake holds."""
        journal = self._context.journal
        held_by = journal.incident_of_cause(cause_of_feed((newer.system, newer.document)))
        for older in journal.messages_on_desk(newer.hub) if held_by is not None else ():
            if older.id in batch.displaced or journal.incident_of(MemberKind.MESSAGE, older.id) != held_by:
                continue
            batch.displaced.add(older.id)
            self._move(older, MessageState.SUPERSEDED, batch, None, why="newer ones took its place")
            says = "a newer one took its place while it was held"
            batch.changes.entry(self._entry(EntryKind.superseded, older, says, ()))

    def _hand_over(self, message: Message, batch: Batch, made_by: Entry | None) -> None:
        """The object's story is decided by whoever holds its home, so that its lanes keep their order."""
        changes = batch.changes
        if made_by is not None:
            changes.add_message(message, made_by)
        else:
            if message.state is MessageState.DESK:
                self._leave_desk(message, batch)
            changes.hand_over(message)
        entry = self._entry(EntryKind.decided, message, "is decided where its story is", ())
        changes.entry(entry, *self._introduction(message, changes))
        batch.elsewhere.add(message.partition)

    def _move(
        self,
        message: Message,
        to: MessageState,
        batch: Batch,
        made_by: Entry | None,
        why: str = "what was missing has come",
    ) -> None:
        """A new message is written in its state, a known one is moved to it."""
        changes = batch.changes
        if made_by is not None:
            message.state = to
            changes.add_message(message, made_by)
            return
        if message.state is MessageState.DESK:
            self._leave_desk(message, batch, why)
        changes.move_message(message, to)

    def _leave_desk(self, message: Message, batch: Batch, why: str = "what was missing has come") -> None:
        """It is no member of its incident any more, and the last one ends it."""
        incident = self._context.journal.incident_of(MemberKind.MESSAGE, message.id)
        if incident is not None:
            batch.changes.row("delete_member", MemberKind.MESSAGE.value, message.id)
            if incident not in batch.freed:
                batch.freed.add(incident)
                now = self._context.clock.now_ms()
                batch.changes.row("resolve_empty_incident", why, now, incident)

    def _routed(
        self,
        message: Message,
        reads: list[Read],
        warnings: list[str],
        batch: Batch,
        targets: Sequence[Reader],
        rows: Sequence[Row],
        ruling: Ruling | None,
        *,
        news: bool,
    ) -> None:
        changes = batch.changes
        if ruling is not None:
            targets = self.follow_up.readers(message, ruling, targets, batch)
            warnings = [*warnings, *ruling.notes]
        says = f"goes to {', '.join(r.system for r in targets)}" if targets else "nobody reads it"
        if not news:
            says = f"echo of what {message.system} was sent"
        says = "; ".join((says, *warnings))
        belief = changes.belief(
            message.hub, message.system, how=TOLD if news else OBSERVED, version=message.version, message=message.id,
            transmission=None, at_ms=self._context.clock.now_ms(),
        )  # fmt: skip
        changes.entry(
            self._entry(EntryKind.decided, message, says, reads),
            *self._introduction(message, changes),
            belief,
            *rows,
        )
        self._known.learn_told(message)
        batch.arrived.append(f"{message.document}/{message.number}")
        sent = self._router.route(message, targets, changes, batch.routed) if targets else ()
        if ruling is not None:
            self.follow_up.routed(message, ruling, sent, batch)

    def _introduction(self, message: Message, changes: Changes) -> list[Row]:
        """The rows that make an object known, when this message is the first to speak of it or gives it its place."""
        known = self._known.by_id(message.system, message.document, message.their_id)
        if known is not None and known.root == message.root:
            return []
        first = known is None
        shared = (
            first
            and message.root == message.hub
            and shares_numbers(self._charter, message.system, message.document)
            and self._known.by_number(message.document, message.number) is None
            and not self._known.has_other_number(message.hub)
        )
        self._known.learn(message)
        return [
            changes.hub(message, shared=shared),
            # Where another process knows it by now, this one was decided without that, and is decided again.
            changes.identity(message.system, message.document, message.their_id, message.hub, first=first),
        ]

    # -- not now -------------------------------------------------------------

    def _wait(self, message: Message, wait: Waits, batch: Batch, made_by: Entry | None) -> None:
        until = wait.until_ms or (None if wait.patient else self._overdue.until(wait.kind))
        predecessor = f"{wait.kind}/{wait.number}"
        changes = batch.changes
        if made_by is not None:
            message.waits_for, message.until_ms = predecessor, until
            changes.add_message(message, made_by)
            batch.arrived.append(f"{message.document}/{message.number}")  # known, if not on its way
            self._instead(message, batch)
        elif message.state is MessageState.DESK or message.waits_for != predecessor:
            if message.state is MessageState.DESK:
                self._leave_desk(message, batch)
            changes.move_message(message, MessageState.WAITING, waits_for=predecessor, until_ms=until)
        else:
            return
        batch.waiting += 1
        batch.waits.append((message.id, message.system, predecessor))
        says = wait.says if wait.kind in KEPT_BACK else f"waits for {wait.kind} {wait.number}"
        entry = self._entry(EntryKind.decided, message, says, ())
        changes.entry(entry, *self._introduction(message, changes))

    def _instead(self, newer: Message, batch: Batch) -> None:
        """Of an order that is not to be released yet only the newest version goes its way."""
        if newer.document not in ORDERS or newer.version < 2:
            return
        for older, _ in self._known.story(newer.root):
            at_rest = older.state in (MessageState.WAITING, MessageState.DESK)
            if older.hub == newer.hub and older.version < newer.version and at_rest:
                self._superseded(older, batch, "a newer version came while it waited")

    def overdue(self, message: Message, batch: Batch) -> int | None:
        """The predecessor did not come in time; the message where its time has come instead. See Overdue."""
        return self._overdue.look(message, batch)

    def late(self, message: Message, made: Entry, batch: Batch, says: str = "") -> None:
        """A new message that an accepted newer version has overtaken."""
        message.state = MessageState.SUPERSEDED
        batch.changes.add_message(message, made)
        entry = self._entry(EntryKind.superseded, message, says or "a newer version was accepted before", ())
        batch.changes.entry(entry, *self._introduction(message, batch.changes))

    def replaced(self, message: Message, batch: Batch) -> None:
        """A message that is made anew, with a mended value or in its right place."""
        self._superseded(message, batch, "looked at again as a new message")

    def _superseded(self, message: Message, batch: Batch, says: str, rows: Sequence[Row] = ()) -> None:
        self._move(message, MessageState.SUPERSEDED, batch, None)
        batch.changes.entry(self._entry(EntryKind.superseded, message, says, ()), *rows)
        if message.root != message.hub:
            self._known.learn_story(message)

    def outdated(self, message: Message) -> bool:
        """Whether its system has told a newer version meanwhile."""
        last = self._known.last_told(message.hub, message.system)
        return last is not None and last[0] == TOLD and last[1].version > message.version

    # -- the desk ------------------------------------------------------------

    def broken(self, message: Message, made: Entry, fault: Fault, batch: Batch) -> None:
        """A new message that failed a check."""
        message.state = MessageState.DESK
        batch.changes.add_message(message, made)
        self._incident(message, fault, batch)

    def to_desk(self, message: Message, fault: Fault, batch: Batch) -> None:
        """A known message that fails a check now; if it lay there for another reason, that incident lets go of it."""
        if message.state is MessageState.DESK:
            if not self._is_another(message, fault):
                return  # it lies there for that already, and wakes with it
            self._leave_desk(message, batch, why=f"now another thing is wrong: {fault.says}")
        else:
            batch.changes.move_message(message, MessageState.DESK)
        self._incident(message, fault, batch)

    def _incident(self, message: Message, fault: Fault, batch: Batch) -> None:
        id_, now_ms = self._context.journal.next_id(), self._context.clock.now_ms()
        incident = incident_of(
            fault, subject_of(message, fault), (MemberKind.MESSAGE, message.id), id_=id_, now_ms=now_ms,
            charter=self._charter,
        )  # fmt: skip
        entry = self._entry(EntryKind.incident, message, fault.says, ())
        batch.changes.open_incident(incident, entry, *self._introduction(message, batch.changes))

    def _is_another(self, message: Message, fault: Fault) -> bool:
        """Whether it would be on the desk for another cause than it is."""
        journal, member = self._context.journal, (MemberKind.MESSAGE, message.id)
        held_by = journal.incident_of(*member)
        cause = cause_of(fault, subject_of(message, fault), member)
        return held_by is None or held_by != journal.incident_of_cause(cause)

    def _entry(self, kind: EntryKind, message: Message, says: str, reads: Collection[Read]) -> Entry:
        return Entry(
            kind, system=message.system, origin=message.system, capture=message.capture, message=message.id,
            root=message.root, state=message.state.value, says=says, reads=reads_json(reads),
            partition=partition_of(message.key),
        )  # fmt: skip
