"""The clocks of a partner's routing guide: what must be with it by when, counted from an order or a shipment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from crossdock.journal.numbers import OWES, SUPERSEDED, WAITING, Receipt
from crossdock.message.records import Entry, Message
from crossdock.message.states import EntryKind
from crossdock.pipeline.bound import Context

if TYPE_CHECKING:
    from crossdock.pipeline.batch import Batch

_HOUR_MS = 3_600_000
_ORDER, _SHIPMENT, _CANCELLATION = "sales_order", "shipment", "cancellation"
#: The moment of a shipment; all others are of an order.
_SHIPPED = "shipped_at"


@dataclass(frozen=True, slots=True)
class _Clock:
    """One deadline of one partner."""

    system: str
    place: int  #: among the deadlines of the profile, from 1
    set: str
    after: str  #: the moment that it is counted from
    hours: float
    document: str  #: what must be done by then


class Deadlines:
    """Starts a clock when a document comes that one is counted from; a receipt is kept for each."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._journal = context.journal
        self._clocks: list[_Clock] = []
        for name, system in context.charter.systems.items():
            profile = system.partner
            for place, rule in enumerate(profile.deadlines if profile else (), start=1):
                assert profile is not None
                agreed = profile.sent(rule.set)
                if agreed is not None:
                    self._clocks.append(
                        _Clock(name, place, rule.set, rule.after, rule.hours, agreed.document)
                    )

    def begin(self, message: Message, batch: Batch, *, at_ms: int) -> None:
        """Starts the clocks of a document that came at `at_ms`; those of an earlier revision end."""
        if not self._clocks:
            return
        if message.document == _CANCELLATION:
            for clock in self._clocks:
                self._end_earlier(clock, message, batch)
            return
        for clock in self._clocks:
            if not self._concerns(clock, message):
                continue
            if message.document == _ORDER:
                self._end_earlier(clock, message, batch)
            due_ms = self._due_ms(clock, message, at_ms)
            if due_ms is not None:
                self._start(clock, message, due_ms, batch)

    def met(self, receipt: Receipt) -> bool:
        """Whether what a clock waits for has been done."""
        return self._journal.has_been_sent(
            receipt.system, receipt.document, root=-receipt.control, hub=-receipt.group
        )

    def _concerns(self, clock: _Clock, message: Message) -> bool:
        if clock.after == _SHIPPED:
            rule = self._context.charter.objects.get(_SHIPMENT)
            return message.document == _SHIPMENT and (
                clock.system == message.system
                or (rule is not None and any(reader.system == clock.system for reader in rule.readers))
            )
        return message.document == _ORDER and message.system == clock.system

    def _due_ms(self, clock: _Clock, message: Message, at_ms: int) -> int | None:
        from_ms: int | None = at_ms
        if clock.after != "received_at":
            from_ms = self._moment_ms(message.tree.get(clock.after), clock.system)
        return None if from_ms is None else from_ms + int(clock.hours * _HOUR_MS)

    def _moment_ms(self, value: object, system: str) -> int | None:
        """A moment, or the beginning of a day on the partner's own clock: a truck may come at any hour of it."""
        if not isinstance(value, str) or not value:
            return None
        known = self._context.charter.systems[system]
        zone = known.timezone or self._context.charter.site.timezone
        if len(value) == 10:
            moment = datetime.combine(date.fromisoformat(value), time(), zone)
        else:
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return int(moment.astimezone(UTC).timestamp() * 1000)

    def _start(self, clock: _Clock, message: Message, due_ms: int, batch: Batch) -> None:
        number = message.number
        when = f"{abs(clock.hours):g} h {'before' if clock.hours < 0 else 'after'} {clock.after}"
        says = f"{clock.set} {when} of {message.document} {number}"
        now_ms = self._context.clock.now_ms()
        receipt = (
            message.id, clock.place, self._journal.scope, clock.system, -message.root, -message.hub, clock.document,
            number, message.root, message.partition, says, now_ms, due_ms,
        )  # fmt: skip
        entry = self._entry(clock, message, f"the clock runs: {says}")
        entry.detail = json.dumps({OWES: [[message.id, clock.place]]})
        batch.changes.entry(entry, ("insert_receipt", receipt, None))

    def _end_earlier(self, clock: _Clock, message: Message, batch: Batch) -> None:
        for receipt in self._journal.receipts_owed(clock.system, control=-message.root):
            if receipt.state == WAITING and receipt.round == clock.place:
                answered = (SUPERSEDED, None, receipt.transmission, receipt.round)
                entry = self._entry(clock, message, f"the clock ends: {receipt.says}")
                batch.changes.entry(entry, ("answer_receipt", answered, None))

    @staticmethod
    def _entry(clock: _Clock, message: Message, says: str) -> Entry:
        return Entry(
            EntryKind.decided, system=clock.system, origin=message.system, message=message.id, root=message.root,
            says=says, partition=message.partition,
        )  # fmt: skip
