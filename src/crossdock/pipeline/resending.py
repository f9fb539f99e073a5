"""Deliveries made again because a person asked for it: each at the end of its lane, never the old after the new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from crossdock.journal.chain import partition_of
from crossdock.journal.stories import Resend, Stories
from crossdock.journal.tenure import Hold
from crossdock.message.records import Entry, Message, Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.model.personal import is_erased
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.lives import CANCELS
from crossdock.pipeline.target import Target
from crossdock.pipeline.transmit import request_again

#: Deliveries made again in one commit.
PAGE = 100
WAITING, MADE, LEFT_OUT = 1, 2, 3
SAME, ASK, NEW = "same", "ask", "new"
TREATMENTS = (SAME, ASK, NEW)
_S = TransmissionState
_ENDED = frozenset({_S.DONE, _S.CLOSED, _S.SUPERSEDED})


def why_not(journal: Stories, t: Transmission, *, run: int = 0) -> str:
    """Why a delivery may not be made again; "" when it may. What `run` itself made does not count."""
    if t.state is not _S.DONE:
        return "it was not delivered"
    for later in journal.sent_after(t.root, t.target, t.id, run=run):
        if later.state not in _ENDED:
            return f"{later.document} {later.number} of the same story is on its way to {t.target}"
        if later.state is not _S.DONE:
            continue
        if later.hub == t.hub and later.message != t.message:
            return f"{t.target} has got a newer state of it since"
        if later.document in CANCELS and t.document not in CANCELS:
            return f"it was cancelled at {t.target} since"
    return ""


class Resending:
    """Makes what waits to be made again, on the partitions held now."""

    def __init__(self, context: Context, targets: Mapping[str, Target], hold: Hold) -> None:
        self._context = context
        self._journal = context.journal
        self._targets = targets
        self._hold = hold
        self.judge = why_not  #: the guard: tests of it take it away

    async def make(
        self,
        decides: asyncio.Lock,
        batch: Callable[[], Batch],
        commit: Callable[[Batch], Coroutine[Any, Any, None]],
    ) -> None:
        """Makes everything that waits, page by page; others decide between two pages."""
        while waiting := self._journal.resends_waiting(self._hold.partitions, PAGE):
            async with decides:
                made = batch()
                try:
                    with self._journal.snapshot():
                        for one in waiting:
                            self._one(one, made)
                    await commit(made)
                except BaseException:
                    for t in made.routed:
                        self._targets[t.target].forget(t)
                    raise
            if len(waiting) < PAGE:
                return
            await self._context.clock.sleep(0)

    def _one(self, wanted: Resend, batch: Batch) -> None:
        former = self._journal.transmission(wanted.transmission)
        assert former is not None, "a delivery does not go away"
        message = self._journal.message(former.message)
        assert message is not None, "a delivery has its message"
        target = self._targets.get(former.target)
        says = self.judge(self._journal, former, run=wanted.run)
        if target is None or not target.writes(former.document):
            says = f"the charter sends no {former.document} to {former.target} any more"
        elif not says and wanted.treatment != NEW and self._is_gone(former):
            says = "its bytes were erased"
        elif not says and is_erased(message.document, message.tree):
            says = "its personal data was erased, and the target would write that over its own"
        elif not says and self._is_moving(target, former, batch):
            says = f"something of the same story is on its way to {former.target}"
        if says:
            entry = self._entry(EntryKind.decided, former, message, f"not sent again: {says}")
            batch.changes.entry(entry, self._row(wanted, former, LEFT_OUT, None, says))
            return
        assert target is not None, "there is somebody to send to"
        self._again(wanted, former, message, target, batch)

    def _is_gone(self, former: Transmission) -> bool:
        return former.payload is not None and self._journal.body(former.payload) is None

    def _is_moving(self, target: Target, former: Transmission, batch: Batch) -> bool:
        """Whether its lane has anything of its story that the store does not know yet."""
        lane = target.lanes.of(former)
        found = any(
            flight.t.root == former.root and not flight.made and flight.t not in batch.routed
            for flight in lane.flights
        )
        target.lanes.tidy(lane)
        return found

    def _again(
        self, wanted: Resend, former: Transmission, message: Message, target: Target, batch: Batch
    ) -> None:
        t = Transmission(
            id=self._journal.next_id(),
            message=former.message,
            target=former.target,
            origin=former.origin,
            document=former.document,
            number=former.number,
            hub=former.hub,
            root=former.root,
            key=former.key,
            due_ms=self._context.clock.now_ms(),
            partition=former.partition,
        )
        if wanted.treatment != NEW:
            t.payload = former.payload
            t.request = request_again(former.request, former.idempotency_key)
        if wanted.treatment == ASK:
            t.state = _S.IN_DOUBT
        reason = f": {wanted.why}" if wanted.why else ""
        says = (
            f"{t.document} {t.number}, again ({_KEYS[wanted.treatment]}), asked for by {wanted.who}{reason}"
        )
        due = self._entry(EntryKind.due, t, message, says)
        # The row cites the entry that tells of the new sending.
        batch.routed.append(t)
        target.admit(t, message, batch.changes, due)
        batch.changes.row(*_flat(self._row(wanted, former, MADE, t.id, "")))

    def _row(
        self, wanted: Resend, former: Transmission, state: int, made: int | None, says: str
    ) -> tuple[str, tuple[Any, ...], None]:
        values = (
            wanted.run, former.id, self._journal.scope, former.partition, wanted.treatment, state, made, says
        )  # fmt: skip
        return "upsert_resend", values, None

    @staticmethod
    def _entry(kind: EntryKind, t: Transmission, message: Message, says: str) -> Entry:
        return Entry(
            kind,
            system=t.target,
            origin=message.system,
            message=t.message,
            transmission=t.id,
            root=t.root,
            says=says,
            partition=partition_of(t.key),
        )


_KEYS = {
    SAME: "word for word under its key",
    ASK: "if it is not there",
    NEW: "rendered anew under a new key",
}


def _flat(row: tuple[str, tuple[Any, ...], None]) -> tuple[Any, ...]:
    return row[0], *row[1]
