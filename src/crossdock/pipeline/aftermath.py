"""What the hub does once a document was judged: withdraws, awaits an answer, tells the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from crossdock.faults import Invalid
from crossdock.message.records import Message, Transmission
from crossdock.message.states import MessageState, TransmissionState
from crossdock.model.documents.progress import OrderStatus
from crossdock.model.lifecycle.life import Life
from crossdock.model.lifecycle.tables import Trigger
from crossdock.model.lifecycle.words import Amendment, Cancellation, Told
from crossdock.pipeline.bound import Context
from crossdock.pipeline.lives import ASKING, CANCELS, ORDERS
from crossdock.pipeline.progress import Progress, Ruling
from crossdock.pipeline.sourcing.meant import is_meant
from crossdock.pipeline.truth import status

#: What sets off that a warehouse is asked not to ship.
_STOPS = {Trigger.SEND_CANCEL, Trigger.SEND_REVISION}
#: Cancellations on their way whose end is listened for; the rest is found by the clock.
_LISTENED_MAX = 10_000


class Publish(Protocol):
    """Writes a message of the hub's own making."""

    def __call__(
        self, message: Message, says: str, *, waits_for: str | None = None, until_ms: int | None = None
    ) -> object:
        """`waits_for`: it goes nowhere until that has come, or the clock has run out."""
        ...


class Aftermath:
    """Follows up rulings, for one batch at a time."""

    def __init__(self, context: Context, progress: Progress) -> None:
        self._context = context
        self._progress = progress
        #: Cancellations at a warehouse -> the order whose shop wants to know the answer.
        self.listening: dict[int, int] = {}

    def asleep(self, message: Message, ruling: Ruling) -> list[Message]:
        """What was to be released and is not yet, when it is cancelled."""
        if message.document not in CANCELS or Trigger.SEND_CANCEL not in ruling.triggers:
            return []
        waiting = (MessageState.WAITING, MessageState.DESK)
        return [
            one
            for one, _ in ruling.story
            if one.document in ORDERS and one.state in waiting and _is_meant(message, one)
        ]

    def never_asked(self, message: Message, ruling: Ruling, target: str) -> bool:
        """Whether a system that orders are sent to never got what is cancelled, and so need not hear of that."""
        if message.document not in CANCELS:
            return False
        charter = self._context.charter
        read = {kind: [one.system for one in charter.readers(kind)] for kind in ASKING}
        takes = any(target in systems for systems in read.values())
        if not (takes or self._progress.is_warehouse(target)):
            return False
        orders = [m for m, _ in ruling.story if m.document in ASKING and m.state is MessageState.ROUTED]
        asked = any(target in read[m.document] and is_meant(charter, target, m) for m in orders)
        return not asked and bool(ruling.story)

    def follow(
        self, message: Message, ruling: Ruling, sent: Sequence[Transmission], publish: Publish
    ) -> None:
        """Tells the truth about an order, at once or when the warehouse has answered."""
        if _STOPS & ruling.triggers and message.document in CANCELS and not ruling.refused:
            # Where no warehouse hears of it, none will answer: the clock brings it to a person.
            left = any(t.state is not TransmissionState.CLOSED for t in sent)
            if left or Trigger.SEND_CANCEL in ruling.triggers:
                self._await(message, ruling, sent, publish)
        elif ruling.refused or Trigger.TELL in ruling.triggers:
            self.tell(message, ruling.life, ruling.order, ruling.occasion, publish, reason=ruling.refused)

    def _await(
        self, message: Message, ruling: Ruling, going: Sequence[Transmission], publish: Publish
    ) -> None:
        awaited = f"cancel_answer/{ruling.order}"
        for t in going[: max(_LISTENED_MAX - len(self.listening), 0)]:
            self.listening[t.id] = message.root
        wait_ms = int(self._context.charter.orders.cancel_wait_s * 1000)
        asked = ", ".join(t.target for t in going)
        says = (
            f"waits for what {asked} says to the cancellation"
            if asked
            else "waits for a person's word: nobody is asked"
        )
        publish(
            self._status(message, ruling.life, ruling.order, ruling.facts[0].told.value),
            says,
            waits_for=awaited, until_ms=self._context.clock.now_ms() + wait_ms,
        )  # fmt: skip

    def tell(
        self, message: Message, life: Life, order: str, occasion: str, publish: Publish, *,
        reason: str = "", word: str = "", parts: Sequence[dict[str, Any]] = (),
    ) -> None:  # fmt: skip
        """Writes how far an order is, where anybody reads that; `word` in place of what its life says."""
        if OrderStatus.kind in self._context.charter.objects:
            made = self._status(message, life, order, occasion, reason, parts)
            made.tree["state"] = word or made.tree["state"]
            publish(made, f"{order} is {made.tree['state']}")

    def _status(
        self,
        like: Message,
        life: Life,
        order: str,
        occasion: str,
        reason: str = "",
        parts: Sequence[dict[str, Any]] = (),
    ) -> Message:
        journal = self._context.journal
        return status(
            like, life, order, occasion,
            id_=journal.next_id(), hub=journal.next_id(), now_ms=self._context.clock.now_ms(), reason=reason,
            parts=parts,
        )  # fmt: skip

    # -- answers ---------------------------------------------------------------

    def answered(self, message: Message, publish: Publish, ended: Callable[[], None]) -> bool:
        """Tells the answer to a cancellation, of all or of some lines, once it is there; False while it is not."""
        life, _ = self._progress.life(message.root)
        of_lines = message.tree["occasion"] == Told.AMEND_REQUESTED.value
        if (
            (Amendment.REQUESTED is life.amendment)
            if of_lines
            else (Cancellation.REQUESTED is life.cancellation)
        ):
            return False
        ended()
        order = str(message.tree["order"])
        if of_lines:
            told = Told.AMEND_REFUSED if life.amendment is Amendment.REFUSED else Told.AMEND_ACCEPTED
        else:
            accepted = life.cancellation is Cancellation.ACCEPTED
            told = Told.CANCEL_ACCEPTED if accepted else Told.CANCEL_REFUSED
        self.tell(message, life, order, told.value, publish)
        return True

    def unanswered(self, message: Message) -> Invalid:
        """The fault when nobody answered in time."""
        hours = self._context.charter.orders.cancel_wait_s / 3600
        return Invalid(
            f"no warehouse answered the cancellation of {message.tree['order']} for {hours:g} h",
            value=message.tree["order"],
            fix="ask the warehouse, have it tell what it did, or resolve with a reason",
            type="overdue",
        )


def _is_meant(cancel: Message, order: Message) -> bool:
    """Whether a cancellation speaks of an order or of one release of it."""
    return cancel.document == "cancellation" or cancel.number == order.number
