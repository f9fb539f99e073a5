"""What the outcome of a sending makes of its transmission and of its lane."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

import structlog

from crossdock.charter.charter import System
from crossdock.faults import Fault, InDoubt, Invalid, Rejected, TryLater
from crossdock.journal.changes import Changes, Row
from crossdock.kit.bounds import too_much
from crossdock.kit.connector import Ask, Done, Job, Unclear, Writer
from crossdock.message.gate import Direction
from crossdock.message.incident import MemberKind
from crossdock.message.records import Entry, Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.model.documents.sales import SalesOrder
from crossdock.pipeline.bound import Context
from crossdock.pipeline.knowledge import ACKNOWLEDGED
from crossdock.pipeline.lanes import Flight, Lane
from crossdock.pipeline.report import Subject, cause_of, incident_of
from crossdock.pipeline.stockkeeping.cancelling import taken_back
from crossdock.pipeline.transmit import (
    DoubtGuard,
    Outcome,
    answered,
    by_key,
    entry_of,
    new_round,
    next_due_ms,
)

_log = structlog.get_logger("crossdock.target")
_S = TransmissionState
#: Failures in a row after which the log tells of a target.
FAILURES_TOLD = 5
#: How often a target must say that it does not have a document before it is sent again.
ABSENT_TIMES = 2
#: Older states that one newer state takes the place of at once; a lane that holds more waits for its person.
_SUPERSEDED_MAX = 100
#: The status by which a target asks for a slower pace.
TOO_MANY = 429
_STOPPED = "the hub stopped while it was being sent"


class Verdict(Enum):
    """What a lane does next."""

    DONE = "done"  #: on to the next
    AGAIN = "again"  #: the same one, at its time
    BLOCKED = "blocked"  #: a person must act


class Concluder:
    """Writes outcomes into changes; keeps nothing but the cause of the last incident."""

    def __init__(self, context: Context, system: System, doubt: DoubtGuard) -> None:
        self._context = context
        self._system = system
        self._doubt = doubt
        self._failures = 0  #: sends in a row that the target did not take
        self._failing_ms = 0
        self.cause = ""

    # -- outcomes ------------------------------------------------------------

    def conclude(self, flight: Flight, writer: Writer, outcome: Outcome, changes: Changes) -> Verdict:
        """What one sending came to."""
        if outcome.done is not None:
            if self._failures:
                self._takes_again()
            self._done(flight, outcome.done, answered(flight.t, outcome, changes, outcome.done.says), changes)
            return Verdict.DONE
        fault = outcome.fault
        assert fault is not None, "an outcome is done or a fault"
        if isinstance(fault, TryLater | InDoubt):
            self._fails(fault)
        if isinstance(fault, TryLater):
            return self._later(flight, fault, outcome, changes)
        if isinstance(fault, InDoubt):
            return self._doubted(flight, writer, fault, outcome, changes)
        entry = answered(flight.t, outcome, changes, fault.says)
        if flight.t.state is _S.SENDING:
            changes.entry(entry)
        return self._to_desk(flight, self._of_change(flight.t, fault), changes)

    def _of_change(self, t: Transmission, fault: Fault) -> Fault:
        """The refusal of a change by the warehouse that has the order: what each side has, and what mends it."""
        charter = self._context.charter
        if (
            not isinstance(fault, Rejected)
            or t.document != SalesOrder.kind
            or not charter.is_warehouse(t.target)
        ):
            return fault
        message = self._context.journal.message(t.message)
        if message is None or message.version < 2:
            return fault
        says = f"{fault.says}; {t.target} goes on by the version before of {t.number}"
        readers = charter.objects[t.document].readers if t.document in charter.objects else ()
        others = " and ".join(one.system for one in readers if one.system not in (t.target, t.origin))
        if others and charter.orders.changes == "warehouse_first":
            says += f", and {others} is not told of version {message.version} until this is settled"
        fix = (
            f"have {t.target} change it by hand and resolve this as applied; or have {t.origin} take its change back"
            " and resolve this as abandoned"
        )
        return Rejected(
            says, path=fault.path, value=fault.value, fix=f"{fix} ({fault.fix})" if fault.fix else fix
        )

    def _fails(self, fault: Fault) -> None:
        """Tells the log once when a target stops taking documents."""
        if self._failures == 0:
            self._failing_ms = self._context.clock.now_ms()
        self._failures += 1
        if self._failures == FAILURES_TOLD:
            _log.warning("a target takes nothing", system=self._system.name, says=fault.says)

    def _takes_again(self) -> None:
        if self._failures >= FAILURES_TOLD:
            after_s = (self._context.clock.now_ms() - self._failing_ms) / 1000
            _log.info("a target takes documents again", system=self._system.name, after_s=round(after_s, 1))
        self._failures = 0

    def _done(self, flight: Flight, done: Done, entry: Entry, changes: Changes) -> None:
        t = flight.t
        now = self._context.clock.now_ms()
        rows: list[Row] = []
        if done.their_id is not None and too_much(done.their_id):
            done = replace(done, their_id=None, missing_id=True)  # no store could keep and find it
        flight.their_id = done.their_id
        if done.their_id is not None:
            known = self._context.journal.identity(t.target, t.document, done.their_id)
            if known is not None and known[0] != t.hub:
                self._open(t, self._taken(t, done.their_id), changes)
            rows.append(changes.identity(t.target, t.document, done.their_id, t.hub))
        rows.append(
            changes.belief(
                t.hub, t.target, how=ACKNOWLEDGED, version=0, message=t.message, transmission=t.id, at_ms=now
            )
        )
        if self._context.stock is not None:
            is_answer = not self._context.charter.cancel_is_answered_later
            rows += taken_back(
                self._context.stock, self._context.journal, t, changes, now, is_answer=is_answer
            )
        changes.move_transmission(t, _S.DONE, entry, *rows)
        if done.missing_id:
            fault = Invalid(
                f"{t.target} took {t.document} {t.number} but its answer has no id",
                path="their_id",
                fix="look at the answer; correct their_id of the flow in charter.yaml",
            )
            self._open(t, fault, changes)

    @staticmethod
    def _taken(t: Transmission, their_id: str) -> Invalid:
        return Invalid(
            f"{t.target} gave {t.document} {t.number} the id {their_id}, which it had given to another",
            path="their_id",
            value=their_id,
            fix=f"ask {t.target} which of the two it has under this id",
        )

    def _later(self, flight: Flight, fault: TryLater, outcome: Outcome, changes: Changes) -> Verdict:
        t = flight.t
        now = self._context.clock.now_ms()
        due = next_due_ms(t, fault, self._system, self._context.random, now, self._closed_ms(t))
        if due is None:
            return self._to_desk(flight, self._too_late(t, fault, outcome), changes)
        t.due_ms = due
        changes.move_transmission(t, _S.RETRYING, answered(t, outcome, changes, f"not now: {fault.says}"))
        return Verdict.AGAIN

    def _too_late(self, t: Transmission, fault: TryLater, outcome: Outcome) -> Invalid:
        """The fault of what was not taken in time: the target was away, or it asked for a slower pace to the end."""
        hours = self._system.limits.retry_for_s / 3600
        slowed = outcome.answer is not None and outcome.answer.status == TOO_MANY
        fix = f"find out why {t.target} does not answer, then retry"
        if slowed:
            fix = f"lower the limits of {t.target} or ask its people for more, then retry"
        return Invalid(
            f"{t.target} did not take {t.document} {t.number} for {hours:g} h: {fault.says}",
            fix=fix,
            type=TryLater.type if slowed else "overdue",
        )

    def _doubted(
        self, flight: Flight, writer: Writer, fault: InDoubt, outcome: Outcome, changes: Changes
    ) -> Verdict:
        t = flight.t
        way, rise = self._doubt.way(writer.unclear)
        now = self._context.clock.now_ms()
        entry = entry_of(t, EntryKind.doubted, f"nobody knows whether {t.target} has it: {fault.says}")
        if outcome.answer is not None and outcome.answer.body:
            entry.payload, entry.digest = changes.payload(outcome.answer.body)
        if way is Unclear.FIND:
            # Stored with the move, so that a stop does not shorten the wait.
            flight.absent, t.due_ms = 0, now + int(writer.settle_s * 1000)
        changes.move_transmission(t, _S.IN_DOUBT, entry)
        if way is Unclear.PERSON:
            return self._to_desk(flight, self._in_doubt(t, fault), changes)
        if way is Unclear.FIND:
            return Verdict.AGAIN
        due = next_due_ms(
            t, TryLater(fault.says), self._system, self._context.random, now, self._closed_ms(t)
        )
        if due is None:
            return self._to_desk(flight, self._in_doubt(t, fault), changes)
        t.due_ms = due
        new_round(t, rise)
        flight.ask = None if rise else flight.ask
        says = "goes again under the same key" if not rise else "goes again under a new key"
        changes.move_transmission(t, _S.RETRYING, entry_of(t, EntryKind.settled, says))
        return Verdict.AGAIN

    def question(self, t: Transmission, job: Job, ask: Ask | None) -> Ask | None:
        """What a target is asked about a doubt; None: it would look for a key under which nothing was ever sent."""
        return None if ask and by_key(ask, job) and self._context.restored.begun_anew(t) else ask

    def settle(
        self, flight: Flight, writer: Writer, outcome: Outcome, changes: Changes, *, asked: bool
    ) -> Verdict:
        """What the target said when it was asked whether it has the document."""
        t = flight.t
        now = self._context.clock.now_ms()
        if outcome.done is not None:
            changes.entry(answered(t, outcome, changes, "asked: it is there"))
            self._done(flight, outcome.done, entry_of(t, EntryKind.settled, f"{t.target} has it"), changes)
            return Verdict.DONE
        if isinstance(outcome.fault, TryLater):
            due = next_due_ms(t, outcome.fault, self._system, self._context.random, now, self._closed_ms(t))
            if due is not None:
                t.due_ms = due
                changes.entry(answered(t, outcome, changes, f"asked, no answer yet: {outcome.fault.says}"))
                return Verdict.AGAIN
        if outcome.fault is not None:
            return self._to_desk(flight, self._in_doubt(t, outcome.fault), changes)
        if not asked and self._only_a_person_knows(t, writer):
            says, ends = self._context.restored.doubt(t)
            return self._to_desk(flight, self._in_doubt(t, InDoubt(says), ends), changes)
        if asked:
            flight.absent += 1
            changes.entry(
                answered(t, outcome, changes, f"asked: not there ({flight.absent} of {ABSENT_TIMES})")
            )
            if flight.absent < ABSENT_TIMES:
                t.due_ms = now + int(writer.settle_s * 1000)
                return Verdict.AGAIN
        t.due_ms = now
        says = (
            "not there: goes again under the same key"
            if asked
            else "goes again; it begins by asking what is there"
        )
        changes.move_transmission(t, _S.RETRYING, entry_of(t, EntryKind.settled, says))
        return Verdict.AGAIN

    def _only_a_person_knows(self, t: Transmission, writer: Writer) -> bool:
        """Whether neither the target can be asked nor its deduplication be relied on."""
        restored = self._context.restored
        return (
            writer.unclear is Unclear.PERSON
            or (writer.unclear is Unclear.RESEND and restored.keyless(t))
            or restored.begun_anew(t)
        )

    def _closed_ms(self, t: Transmission) -> int:
        """For how long the target was closed since the first try: the retry clock stood still."""
        return self._context.gates.closed_ms(t.target, Direction.OUT, t.first_ms) if t.first_ms else 0

    @staticmethod
    def _in_doubt(t: Transmission, fault: Fault, ends: str = "") -> Invalid:
        return Invalid(
            f"nobody knows whether {t.target} has {t.document} {t.number}: {fault.says}",
            fix=f"look at {t.target}, then say applied, not_applied or abandoned"
            + (f"; {ends}" if ends else ""),
            type="in_doubt",
        )

    # -- the desk ------------------------------------------------------------

    def _to_desk(self, flight: Flight, fault: Fault, changes: Changes) -> Verdict:
        entry = self._open(flight.t, fault, changes)
        changes.move_transmission(flight.t, _S.DESK, None)
        entry.state = _S.DESK.value
        return Verdict.BLOCKED

    def _open(self, t: Transmission, fault: Fault, changes: Changes) -> Entry:
        subject, member = Subject(t.target, t.document, t.number), (MemberKind.TRANSMISSION, t.id)
        self.cause = cause_of(fault, subject, member)
        incident = incident_of(
            fault, subject, member, id_=self._context.journal.next_id(),
            now_ms=self._context.clock.now_ms(), charter=self._context.charter,
        )  # fmt: skip
        entry = entry_of(t, EntryKind.incident, fault.says)
        changes.open_incident(incident, entry)
        return entry

    def hold(self, flights: Iterable[Flight], cause: str, changes: Changes) -> None:
        """Those behind one that waits for a person wait too, and are members of its incident.

        One that is in doubt itself stays so: its doubt is settled when its turn comes. But for one that a restore made
        doubtful and that was never sent since: when it is let go it is in doubt again.
        """
        for flight in flights:
            t = flight.t
            if t.state is _S.IN_DOUBT and not self._context.restored.keyless(t):
                continue
            if t.state is _S.SENDING:
                t.attempt -= 1  # stored ahead of its turn, never put on the wire
            changes.move_transmission(
                t, _S.HELD, entry_of(t, EntryKind.decided, "held behind one that waits for a person")
            )
            changes.add_follower(cause, t.id)

    def adopt(self, lane: Iterable[Transmission], changes: Changes) -> None:
        """Those of a lane that are held, and members of no incident, become members of that of its head."""
        cause = None
        for t in lane:
            if t.state is _S.DESK:
                cause = cause or self._context.journal.cause_of(t.id)
            elif cause and t.state is _S.HELD:
                self.keep(t, cause, changes)

    def keep(self, t: Transmission, cause: str, changes: Changes) -> None:
        """One that is held, and a member of no incident that is open, becomes a member of that of a cause."""
        if self._context.journal.incident_of(MemberKind.FOLLOWER, t.id) is None:
            changes.entry(entry_of(t, EntryKind.decided, "held behind one that waits for a person"))
            changes.add_follower(cause, t.id)

    def take_back(self, flights: Iterable[Flight], changes: Changes) -> list[Flight]:
        """Those stored as SENDING that never left are due again; gives them, not yet stored."""
        back = [flight for flight in flights if flight.t.state is _S.SENDING]
        for flight in back:
            flight.t.attempt -= 1  # stored ahead of its turn, never put on the wire
            flight.stored = False
            entry = entry_of(flight.t, EntryKind.decided, f"stays here: {flight.t.target} is closed")
            changes.move_transmission(flight.t, _S.DUE, entry)
        return back

    def held_up_by(self, t: Transmission) -> str | None:
        """The cause of the incident for which its predecessor at another target waits, if it does."""
        journal = self._context.journal
        before = None if t.after is None else journal.transmission(t.after)
        return journal.cause_of(before.id) if before and before.state in (_S.DESK, _S.HELD) else None

    def supersede_blocking(self, lane: Lane, newer: Transmission, changes: Changes) -> bool:
        """A newer state frees a lane that an older one holds; True when it did.

        Only when the store shows the whole lane at rest: what is still on its way to the desk, or to be
        held behind it, comes first.
        """
        journal = self._context.journal
        older = journal.lane(newer.target, lane.key, 0, _SUPERSEDED_MAX + 1)
        at_rest = all(t.hub == newer.hub and t.state in (_S.DESK, _S.HELD) for t in older)
        if not older or len(older) > _SUPERSEDED_MAX or not at_rest:
            return False
        for t in older:
            kind = MemberKind.TRANSMISSION if t.state is _S.DESK else MemberKind.FOLLOWER
            entry = entry_of(t, EntryKind.superseded, f"{newer.document} {newer.number} is newer")
            changes.move_transmission(t, _S.SUPERSEDED, entry)
            changes.row("delete_member", kind.value, t.id)
            incident = journal.incident_of(kind, t.id) if kind is MemberKind.TRANSMISSION else None
            if incident is not None:
                now = self._context.clock.now_ms()
                changes.row("resolve_empty_incident", "a newer state took its place", now, incident)
        return True

    # -- after a stop --------------------------------------------------------

    def interrupted(self, flight: Flight, writer: Writer, changes: Changes) -> Verdict:
        """The hub stopped while this was stored as being sent: it may have left."""
        return self._doubted(flight, writer, InDoubt(_STOPPED), Outcome(), changes)

    def interrupted_behind(self, flight: Flight, writer: Writer | None, changes: Changes) -> None:
        """So was this, behind one that waits for a person: that one's outcome may have been lost, and this one left.

        Or it was being sent when the charter last named a writer for it.

        It stays in doubt, and counts as sent; its doubt is settled when its turn comes.
        """
        t = flight.t
        if writer is not None and writer.unclear is Unclear.FIND:
            t.due_ms = self._context.clock.now_ms() + int(writer.settle_s * 1000)
        says = f"nobody knows whether {t.target} has it: {_STOPPED}"
        changes.move_transmission(t, _S.IN_DOUBT, entry_of(t, EntryKind.doubted, says))
