"""Who gets a message: transmissions follow from the charter, nobody wires flows by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crossdock.charter.charter import Reader
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes
from crossdock.message.records import Entry, Message, Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.model.documents.sales import SalesOrder
from crossdock.pipeline.bound import Context
from crossdock.pipeline.sourcing.meant import is_meant
from crossdock.pipeline.target import Target

ACKNOWLEDGEMENT = "acknowledgement"


class Router:
    """Makes the transmissions of a message."""

    def __init__(self, context: Context, targets: Mapping[str, Target]) -> None:
        self._context = context
        self._targets = targets

    def targets(self, message: Message) -> Sequence[Reader]:
        """The systems that read this kind of object, the sender left out unless the hub made it."""
        if message.document == ACKNOWLEDGEMENT:
            # What we say of an interchange goes back to who sent it; what a partner says goes nowhere.
            back = message.tree.get("direction") == "given" and self._targets[message.system].writes(
                message.document
            )
            return [Reader(message.system)] if back else ()
        rule = self._context.charter.objects.get(message.document)
        if rule is None:
            return ()
        everybody = self._context.charter.made_by_hub(message.document)
        others = self._others(message) if everybody else {message.system}
        return [
            r
            for r in rule.readers
            if r.system not in others
            and self._targets[r.system].writes(message.document)
            and is_meant(self._context.charter, r.system, message)
        ]

    def _others(self, message: Message) -> Collection[str]:
        """The shops that an order is none of the business of: each owns its own orders only."""
        orders = self._context.charter.objects.get(SalesOrder.kind)
        if orders is None or not orders.also:
            return ()
        owner = self._context.journal.owner_of(message.root) or message.system
        return {name for name in orders.owners if name != owner}

    def _change_first(self, message: Message, readers: Sequence[Reader]) -> Sequence[Reader]:
        """Where the charter says so, a change of an order goes to its warehouse before all others.

        Whatever order it gives the first version, nobody books a change that the floor does not work by.
        """
        first = self._context.charter.orders.changes == "warehouse_first"
        if not first or message.document != SalesOrder.kind or message.version < 2:
            return readers
        floors = [one.system for one in readers if self._context.charter.is_warehouse(one.system)]
        if len(floors) != 1:
            return readers
        return [Reader(one.system, None if one.system in floors else floors[0]) for one in readers]

    def route(
        self, message: Message, readers: Sequence[Reader], changes: Changes, routed: list[Transmission]
    ) -> list[Transmission]:
        """Writes one transmission per reader into the changes, and notes it in `routed`; gives them."""
        journal = self._context.journal
        now = self._context.clock.now_ms()
        made: dict[str, Transmission] = {}
        readers = self._change_first(message, readers)
        for reader in sorted(readers, key=lambda r: r.after is not None):
            before = made.get(reader.after) if reader.after else None
            t = Transmission(
                id=journal.next_id(),
                message=message.id,
                target=reader.system,
                origin=message.system,
                document=message.document,
                number=message.number,
                hub=message.hub,
                root=message.root,
                key=message.key,
                due_ms=now,
                after=before.id if before else None,
                partition=message.partition,
            )
            if self._context.restored.doubts(message.system, message.capture):
                t.state = TransmissionState.IN_DOUBT
            made[reader.system] = t
            routed.append(t)
            entry = Entry(
                EntryKind.due,
                system=reader.system,
                origin=message.system,
                message=message.id,
                transmission=t.id,
                root=message.root,
                says=f"{message.document} {message.number}"
                + (f", after {reader.after}" if before else "")
                + (", perhaps sent before the restore" if t.state is TransmissionState.IN_DOUBT else ""),
                partition=partition_of(message.key),
            )
            self._targets[reader.system].admit(t, message, changes, entry)
        return list(made.values())
