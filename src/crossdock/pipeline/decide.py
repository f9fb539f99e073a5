"""What becomes of a message: routed, waiting for a predecessor, or on the desk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from crossdock.charter.charter import Reader
from crossdock.faults import Fault, Invalid, Waits
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes, Row
from crossdock.journal.tenure import Hold
from crossdock.kit.connector import Read
from crossdock.message.gate import Direction
from crossdock.message.incident import MemberKind
from crossdock.message.records import Entry, Message, Transmission
from crossdock.message.states import EntryKind, MessageState
from crossdock.model.document import Document
from crossdock.model.documents.progress import OrderStatus
from crossdock.pipeline import check
from crossdock.pipeline.aftermath import Aftermath
from crossdock.pipeline.bound import Context
from crossdock.pipeline.brake import TYPE, MassChange, cause_of_feed
from crossdock.pipeline.knowledge import OBSERVED, TOLD, Knowledge, shares_numbers
from crossdock.pipeline.progress import Progress, Ruling
from crossdock.pipeline.report import Subject, incident_of, reads_json
from crossdock.pipeline.route import Router


@dataclass(slots=True)
class Batch:
    """One set of changes under construction, and what has to happen once it is durable."""

    changes: Changes
    arrived: list[str] = field(default_factory=list[str])  #: "document/number" that waiters may be woken by
    routed: list[Transmission] = field(default_factory=list[Transmission])
    waiting: int = 0  #: messages that began to wait
    waits: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    #: (message, system, "document/number") of those
    elsewhere: set[int] = field(default_factory=set[int])  #: partitions that got something to decide
    freed: set[int] = field(default_factory=set[int])  #: incidents that lost members
    displaced: set[int] = field(default_factory=set[int])  #: messages on the desk that a newer one ended


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
        self.aftermath = Aftermath(context, self._progress)

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
            self._answer(message, batch)
            return
        try:
            if made_by is None and self._outdated(message):
                self._superseded(message, batch, "a newer version went its way in the meantime")
                return
            self._predecessor(message, parent)
            own = self._charter.made_by_hub(message.document)
            news = own or check.ownership(message, self._charter, self._known)
            reads, warnings = check.items(document, self._charter, self._known)
            ruling = self._progress.judge(message, document, new=made_by is not None) if news else None
        except Waits as wait:
            self._wait(message, wait, batch, made_by)
        except Fault as fault:
            if made_by is not None:
                self.broken(message, made_by, fault, batch)
            else:
                self.to_desk(message, fault, batch)
        else:
            # What a person sent back has been looked at.
            runaway = self.brake.judge(message) if made_by is not None and news else None
            if made_by is not None and self.brake.engaged((message.system, message.document)):
                self._take_place(message, batch)
            if runaway is not None and made_by is not None:
                self.broken(message, made_by, runaway, batch)
                return
            self._move(message, MessageState.ROUTED, batch, made_by)
            self._routed(message, reads, warnings, batch, ruling, news=news)

    def _take_place(self, newer: Message, batch: Batch) -> None:
        """A newer state ends older ones of the same object that the brake holds."""
        journal = self._context.journal
        held_by = journal.incident_of_cause(cause_of_feed((newer.system, newer.document)))
        for older in journal.messages_on_desk(newer.hub) if held_by is not None else ():
            if (
                older.id not in batch.displaced
                and journal.incident_of(MemberKind.MESSAGE, older.id) == held_by
            ):
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
        journal = self._context.journal
        incident = journal.incident_of(MemberKind.MESSAGE, message.id)
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
        ruling: Ruling | None,
        *,
        news: bool,
    ) -> None:
        changes = batch.changes
        targets = self._router.targets(message) if news else ()
        asleep = self.aftermath.asleep(message, ruling) if ruling else []
        if ruling is not None:
            targets = self._told(message, ruling, targets)
            warnings = [*warnings, *ruling.notes]
        for one in asleep:
            self._withdraw(one, message, batch)
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
        )
        self._known.learn_told(message)
        batch.arrived.append(f"{message.document}/{message.number}")
        sent = self._router.route(message, targets, changes, batch.routed) if targets else ()
        if ruling is not None:
            self._known.learn_story(message)
            batch.arrived += ruling.heard
            publish = partial(self._publish, batch)
            self.aftermath.follow(message, ruling, sent, publish, withdrawn=bool(asleep))

    def _told(self, message: Message, ruling: Ruling, targets: Sequence[Reader]) -> Sequence[Reader]:
        """Who is sent a document of an order: nobody, where it comes too late or is about nothing they have."""
        if ruling.refused:
            ruling.notes.append(f"refused: {ruling.refused}")
            return ()
        spared = [one for one in targets if self.aftermath.never_asked(message, ruling, one.system)]
        ruling.notes += [f"{one.system} never got what is cancelled" for one in spared]
        return [one for one in targets if one not in spared]

    def _withdraw(self, order: Message, cancel: Message, batch: Batch) -> None:
        """What was to be released and is not yet, goes nowhere any more."""
        says = f"withdrawn: {cancel.document} {cancel.number} came before it was released"
        self._move(order, MessageState.CLOSED, batch, None, why=says)
        batch.changes.entry(self._entry(EntryKind.decided, order, says, ()))
        self._known.learn_story(order)

    def _publish(
        self,
        batch: Batch,
        message: Message,
        says: str,
        *,
        waits_for: str | None = None,
        until_ms: int | None = None,
    ) -> None:
        """Writes a message of the hub's own making and sends it to its readers."""
        changes = batch.changes
        message.state = MessageState.WAITING if waits_for else MessageState.ROUTED
        message.waits_for, message.until_ms = waits_for, until_ms
        batch.waiting += waits_for is not None
        made = self._entry(EntryKind.translated, message, f"{message.document} {message.number}", ())
        changes.add_message(message, made)
        targets = () if waits_for else self._router.targets(message)
        if not waits_for:
            readers = ", ".join(reader.system for reader in targets) or "nobody"
            says = f"{says}; goes to {readers}"
        changes.entry(
            self._entry(EntryKind.decided, message, says, ()), *self._introduction(message, changes)
        )
        if targets:
            self._router.route(message, targets, changes, batch.routed)

    def _answer(self, message: Message, batch: Batch) -> None:
        """A warehouse may have answered a cancellation: who asked is told, or waits on."""
        publish = partial(self._publish, batch)
        if self.aftermath.answered(message, publish, partial(self.replaced, message, batch)):
            return
        order = str(message.tree["order"])
        wait_ms = int(self._charter.orders.cancel_wait_s * 1000)
        until_ms = self._context.clock.now_ms() + wait_ms
        wait = Waits("no answer yet", kind="cancel_answer", number=order, until_ms=until_ms)
        self._wait(message, wait, batch, None)

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
        )
        self._known.learn(message)
        return [
            changes.hub(message, shared=shared),
            # Where another process knows it by now, this one was decided without that, and is decided again.
            changes.identity(message.system, message.document, message.their_id, message.hub, first=first),
        ]

    # -- not now -------------------------------------------------------------

    def _predecessor(self, message: Message, parent: tuple[str, str] | None) -> None:
        """A document that belongs to another waits until that one is known. Raises Waits."""
        if parent is None or message.root != message.hub or parent[0] not in self._charter.objects:
            return
        if self._known.parent(message.system, parent) is None:
            raise Waits(
                f"{message.document} {message.number} came before its {parent[0]} {parent[1]}",
                kind=parent[0],
                number=parent[1],
                fix=f"send {parent[0]} {parent[1]}, or resolve with a reason",
            )

    def _wait(self, message: Message, wait: Waits, batch: Batch, made_by: Entry | None) -> None:
        until = wait.until_ms or (None if wait.patient else self._until(wait.kind))
        predecessor = f"{wait.kind}/{wait.number}"
        changes = batch.changes
        if made_by is not None:
            message.waits_for, message.until_ms = predecessor, until
            changes.add_message(message, made_by)
        elif message.state is MessageState.DESK or message.waits_for != predecessor:
            changes.move_message(message, MessageState.WAITING, waits_for=predecessor, until_ms=until)
        else:
            return
        batch.waiting += 1
        batch.waits.append((message.id, message.system, predecessor))
        entry = self._entry(EntryKind.decided, message, f"waits for {wait.kind} {wait.number}", ())
        changes.entry(entry, *self._introduction(message, changes))

    def _until(self, kind: str) -> int:
        """When a kind of document must have come: its owner's closed times do not count."""
        rule, wait_ms = self._charter.objects.get(kind), int(self._charter.checks.wait_s * 1000)
        owner = rule.owner if rule else ""
        return self._context.gates.advanced(owner, Direction.IN, wait_ms)

    def overdue(self, message: Message, batch: Batch) -> int | None:
        """The predecessor did not come in time: somebody must look, unless its owner could not send it.

        Gives the message where its time has come instead, and it is to be looked at again.
        """
        if (message.waits_for or "").startswith("release/"):
            return message.id
        if message.document == OrderStatus.kind:
            publish, ended = partial(self._publish, batch), partial(self.replaced, message, batch)
            if not self.aftermath.answered(message, publish, ended):
                self.to_desk(message, self.aftermath.unanswered(message), batch)
            return None
        kind, _, number = (message.waits_for or "/").partition("/")
        rule = self._charter.objects.get(kind)
        shut = self._context.gates.shut(rule.owner, Direction.IN) if rule else None
        if shut is not None:
            batch.changes.move_message(
                message, MessageState.WAITING, waits_for=message.waits_for, until_ms=self._until(kind)
            )
            says = f"waits on for {kind} {number}: {shut.says}"
            batch.changes.entry(self._entry(EntryKind.decided, message, says, ()))
            return None
        fault = Invalid(
            f"{message.document} {message.number} still waits for {kind} {number}",
            value=number,
            fix=f"send {kind} {number} and retry, or resolve with a reason",
            type="unknown_sku" if kind == "item" else Waits.type,
        )
        self.to_desk(message, fault, batch)
        return None

    def late(self, message: Message, made: Entry, batch: Batch) -> None:
        """A new message that an accepted newer version has overtaken."""
        message.state = MessageState.SUPERSEDED
        batch.changes.add_message(message, made)
        entry = self._entry(EntryKind.superseded, message, "a newer version was accepted before", ())
        batch.changes.entry(entry, *self._introduction(message, batch.changes))

    def replaced(self, message: Message, batch: Batch) -> None:
        """A message that is made anew, with a mended value or in its right place."""
        self._superseded(message, batch, "looked at again as a new message")

    def _superseded(self, message: Message, batch: Batch, says: str) -> None:
        self._move(message, MessageState.SUPERSEDED, batch, None)
        batch.changes.entry(self._entry(EntryKind.superseded, message, says, ()))

    def _outdated(self, message: Message) -> bool:
        last = self._known.last_told(message.hub, message.system)
        return last is not None and last[0] == TOLD and last[1].version > message.version

    # -- the desk ------------------------------------------------------------

    def broken(self, message: Message, made: Entry, fault: Fault, batch: Batch) -> None:
        """A new message that failed a check."""
        message.state = MessageState.DESK
        batch.changes.add_message(message, made)
        self._incident(message, fault, batch)

    def to_desk(self, message: Message, fault: Fault, batch: Batch) -> None:
        """A known message that fails a check now."""
        if message.state is not MessageState.DESK:
            batch.changes.move_message(message, MessageState.DESK)
        self._incident(message, fault, batch)

    def _incident(self, message: Message, fault: Fault, batch: Batch) -> None:
        incident = incident_of(
            fault,
            Subject(message.system, message.document, "" if fault.type == TYPE else message.number),
            (MemberKind.MESSAGE, message.id),
            id_=self._context.journal.next_id(),
            now_ms=self._context.clock.now_ms(),
            charter=self._charter,
        )
        entry = self._entry(EntryKind.incident, message, fault.says, ())
        batch.changes.open_incident(incident, entry, *self._introduction(message, batch.changes))

    def _entry(self, kind: EntryKind, message: Message, says: str, reads: Iterable[Read]) -> Entry:
        return Entry(
            kind,
            system=message.system,
            origin=message.system,
            capture=message.capture,
            message=message.id,
            root=message.root,
            state=message.state.value,
            says=says,
            reads=reads_json(reads),
            partition=partition_of(message.key),
        )
