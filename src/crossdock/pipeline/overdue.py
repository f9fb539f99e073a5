"""What waited too long: its time has come, its predecessor could not come, or somebody must look."""

from __future__ import annotations

from collections.abc import Callable, Collection

from crossdock.faults import Fault, Invalid, Waits
from crossdock.kit.connector import Read
from crossdock.message.gate import Direction
from crossdock.message.kept_back import KEPT_BACK
from crossdock.message.records import Entry, Message
from crossdock.message.states import EntryKind, MessageState
from crossdock.model.documents.progress import OrderStatus
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.follow_up import FollowUp


class Overdue:
    """Looks after the clocks of messages that wait."""

    def __init__(
        self,
        context: Context,
        follow_up: FollowUp,
        to_desk: Callable[[Message, Fault, Batch], None],
        entry: Callable[[EntryKind, Message, str, Collection[Read]], Entry],
    ) -> None:
        self._context = context
        self._follow_up = follow_up
        self._to_desk = to_desk
        self._entry = entry

    def until(self, kind: str) -> int:
        """When a kind of document must have come: its owner's closed times do not count."""
        rule, wait_s = self._context.charter.objects.get(kind), self._context.charter.checks.wait_s
        return self._context.gates.advanced(rule.owner if rule else "", Direction.IN, int(wait_s * 1000))

    def look(self, message: Message, batch: Batch) -> int | None:
        """The predecessor did not come in time: somebody must look, unless its owner could not send it.

        Gives the message where its time has come instead, and it is to be looked at again.
        """
        if (message.waits_for or "").partition("/")[0] in KEPT_BACK:
            return message.id
        if message.document == OrderStatus.kind:
            if self._follow_up.answer(message, batch) is not None:
                self._to_desk(message, self._follow_up.aftermath.unanswered(message), batch)
            return None
        kind, _, number = (message.waits_for or "/").partition("/")
        journal, rule = self._context.journal, self._context.charter.objects.get(kind)
        came = journal.identity(message.system, kind, number) or journal.hub_of_number(kind, number)
        if came and message.waits_for != f"{message.document}/{message.number}":
            return message.id  # another has come, and the word of that was lost between two hosts
        shut = self._context.gates.shut(rule.owner, Direction.IN) if rule else None
        if shut is not None:
            batch.changes.move_message(
                message,
                MessageState.WAITING,
                waits_for=message.waits_for,
                until_ms=self.until(kind),
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
        self._to_desk(message, fault, batch)
        return None
