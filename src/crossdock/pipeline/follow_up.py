"""What follows in the same commit from a document about an order: withdrawals, and what the hub itself says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from crossdock.charter.charter import Reader
from crossdock.faults import Waits
from crossdock.journal.changes import Changes, Row
from crossdock.kit.connector import Read
from crossdock.message.records import Entry, Message, Transmission
from crossdock.message.states import EntryKind, MessageState
from crossdock.model.documents.progress import OrderStatus
from crossdock.model.lifecycle.life import Life
from crossdock.model.lifecycle.tables import Trigger
from crossdock.model.lifecycle.words import Told
from crossdock.pipeline.aftermath import Aftermath
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.knowledge import TOLD, Knowledge
from crossdock.pipeline.lives import CANCELS
from crossdock.pipeline.progress import Progress, Ruling
from crossdock.pipeline.route import Router


@dataclass(frozen=True, slots=True)
class Pen:
    """How whoever decides writes: an entry, what makes an object known, a move, an end."""

    entry: Callable[[EntryKind, Message, str, Collection[Read]], Entry]
    introduction: Callable[[Message, Changes], list[Row]]
    move: Callable[[Message, MessageState, Batch, Entry | None, str], None]
    superseded: Callable[[Message, Batch, str], None]


#: Stops the parts of a cancelled order; gives what was sent for that.
Stop = Callable[[Message, Ruling, Batch], list[Transmission]]


class FollowUp:
    """Writes what follows from rulings."""

    def __init__(
        self, context: Context, known: Knowledge, router: Router, progress: Progress, pen: Pen
    ) -> None:
        self._context = context
        self._known = known
        self._router = router
        self._pen = pen
        self.aftermath = Aftermath(context, progress)
        self._progress = progress
        #: How the parts of a cancelled order are stopped, and their stock given back, where orders are shared out.
        self.stop: Stop = _nothing
        self.free: Callable[[int, dict[str, Any]], list[Row]] = _keeps

    def life(self, root: int) -> Life:
        """An order as it stands, with what this batch added."""
        return self._progress.life(root)[0]

    def readers(
        self, message: Message, ruling: Ruling, targets: Sequence[Reader], batch: Batch
    ) -> Sequence[Reader]:
        """Who is sent a document of an order: nobody, where it comes too late or is about nothing they have."""
        for one in self.aftermath.asleep(message, ruling):
            self._withdraw(one, message, batch)
        if ruling.refused:
            ruling.notes.append(f"refused: {ruling.refused}")
            return ()
        spared = [one for one in targets if self.aftermath.never_asked(message, ruling, one.system)]
        ruling.notes += [f"{one.system} never got what is cancelled" for one in spared]
        return [one for one in targets if one not in spared]

    def routed(self, message: Message, ruling: Ruling, sent: Sequence[Transmission], batch: Batch) -> None:
        """A document of an order is on its way: the rest of its story may go on."""
        self._known.learn_story(message)
        batch.arrived += ruling.heard
        batch.late += [
            one.id
            for one, _ in ruling.story
            if one.document == OrderStatus.kind and one.state is MessageState.DESK
        ]
        publish = partial(self.publish, batch)
        if message.document in CANCELS and Trigger.SEND_CANCEL in ruling.triggers and not ruling.refused:
            sent = [*sent, *self.stop(message, ruling, batch)]
        if not ruling.is_our_own:
            self.aftermath.follow(message, ruling, sent, publish)

    def short(self, message: Message, ruling: Ruling | None, word: str, says: str, batch: Batch) -> None:
        """Whoever reads how far orders are is told whether the stock covers one, and of what it lacks."""
        if ruling is not None and not ruling.is_our_own:
            publish = partial(self.publish, batch)
            self.aftermath.tell(message, ruling.life, ruling.order, word, publish, reason=says, word=word)

    def covered(self, message: Message, ruling: Ruling | None, batch: Batch) -> None:
        """Who was told last that the stock does not cover an order hears that it does now."""
        told = [m for m, _ in ruling.story if m.document == OrderStatus.kind] if ruling else []
        if told and told[-1].tree["state"] == Told.BACKORDERED.value:
            self.short(message, ruling, Told.ALLOCATED.value, "the stock for it has come", batch)

    def tell(
        self,
        order: Message,
        life: Life,
        occasion: str,
        batch: Batch,
        *,
        reason: str = "",
        parts: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Writes how far an order is, where anybody reads that."""
        publish = partial(self.publish, batch)
        self.aftermath.tell(order, life, order.number, occasion, publish, reason=reason, parts=parts)

    def answer(self, message: Message, batch: Batch) -> Waits | None:
        """A warehouse may have answered a cancellation: who asked is told; None then, else how it waits on."""
        publish = partial(self.publish, batch)
        ended = partial(self._pen.superseded, message, batch, "looked at again as a new message")
        if self.aftermath.answered(message, publish, ended):
            return None
        order, wait_s = str(message.tree["order"]), self._context.charter.orders.cancel_wait_s
        until_ms = self._context.clock.now_ms() + int(wait_s * 1000)
        return Waits("no answer yet", kind="cancel_answer", number=order, until_ms=until_ms)

    def awaiting(self, transmission: int) -> list[int]:
        """Who wants to know the answer to a cancellation that has ended now, late or not."""
        root = self.aftermath.listening.pop(transmission, None)
        if root is None:
            return []
        waiting = (MessageState.WAITING, MessageState.DESK)
        story = self._context.journal.story(root)
        return [one.id for one, _ in story if one.document == OrderStatus.kind and one.state in waiting]

    def replaced(self, part: Message, batch: Batch) -> None:
        """A part that was not released is made anew."""
        self._pen.superseded(part, batch, "looked at again: its order has changed")

    def drop(self, part: Message, order: Message, batch: Batch) -> None:
        """A part that was not released is not wanted any more; its stock was given back with the change."""
        says = f"dropped: {order.document} {order.number} does not want it any more"
        self._pen.move(part, MessageState.CLOSED, batch, None, says)
        batch.changes.entry(self._pen.entry(EntryKind.decided, part, says, ()))
        self._known.learn_story(part)

    def _withdraw(self, order: Message, cancel: Message, batch: Batch) -> None:
        """What was to be released and is not yet, goes nowhere any more."""
        says = f"withdrawn: {cancel.document} {cancel.number} came before it was released"
        self._pen.move(order, MessageState.CLOSED, batch, None, says)
        rows = self.free(order.root, order.tree) if order.root != order.hub else []
        batch.changes.entry(self._pen.entry(EntryKind.decided, order, says, ()), *rows)
        self._known.learn_story(order)

    def publish(
        self,
        batch: Batch,
        message: Message,
        says: str,
        *,
        waits_for: str | None = None,
        until_ms: int | None = None,
    ) -> list[Transmission]:
        """Writes a message of the hub's own making and sends it to its readers."""
        changes = batch.changes
        message.state = MessageState.WAITING if waits_for else MessageState.ROUTED
        message.waits_for, message.until_ms = waits_for, until_ms
        batch.waiting += waits_for is not None
        made = self._pen.entry(EntryKind.translated, message, f"{message.document} {message.number}", ())
        changes.add_message(message, made)
        targets = () if waits_for else self._router.targets(message)
        if not waits_for:
            readers = ", ".join(reader.system for reader in targets) or "nobody"
            says = f"{says}; goes to {readers}"
        rows = self._pen.introduction(message, changes)
        rows.append(
            changes.belief(
                message.hub, message.system, how=TOLD, version=message.version, message=message.id,
                transmission=None, at_ms=self._context.clock.now_ms(),
            )
        )  # fmt: skip
        changes.entry(self._pen.entry(EntryKind.decided, message, says, ()), *rows)
        return self._router.route(message, targets, changes, batch.routed) if targets else []


def _keeps(_root: int, _tree: dict[str, Any]) -> list[Row]:
    """Nothing is set aside for parts."""
    return []


def _nothing(_cancel: Message, _ruling: Ruling, _batch: Batch) -> list[Transmission]:
    """Nothing was shared out."""
    return []
