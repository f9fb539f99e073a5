"""Orders that are cancelled before they were sent: both leave the lane, and the target hears of neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossdock.journal.changes import Changes, Row
from crossdock.message.incident import MemberKind
from crossdock.message.records import Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.pipeline.bound import Context
from crossdock.pipeline.lanes import Flight, Lane, Lanes
from crossdock.pipeline.lives import CANCELS, ORDERS
from crossdock.pipeline.stockkeeping.cancelling import never_sent
from crossdock.pipeline.transmit import entry_of

_S = TransmissionState
_UNSENT = (_S.DUE, _S.RETRYING)
_AT_REST = (_S.DESK, _S.HELD)
#: Transmissions of a lane that waits for a person, which one cancellation takes out at most.
_WITHDRAWN_MAX = 100


class Withdrawal:
    """Takes what was never sent out of its lane. What may have arrived is never withdrawn."""

    def __init__(self, context: Context, lanes: Lanes, completed: Callable[[int], None]) -> None:
        """`completed` is told every transmission that was withdrawn for good."""
        self._context = context
        self._journal = context.journal
        self._lanes = lanes
        self._completed = completed
        #: A cancellation -> its lane, and the flights that it took out, each with its state before, until that
        #: is durable.
        self._taken: dict[int, tuple[Lane, list[tuple[Flight, TransmissionState]]]] = {}

    def by(self, lane: Lane, cancel: Transmission, tree: dict[str, object], changes: Changes) -> bool:
        """Withdraws what a new cancellation is about; False where some of it may have arrived."""
        if cancel.document not in CANCELS or tree.get("lines"):
            return False
        if lane.blocked_by is not None:
            return self._by_the_desk(lane, cancel, changes)
        meant = [flight for flight in lane.flights if _falls_with(cancel, flight.t)]
        if not meant or meant[0].t.document not in ORDERS or not self._never_left(lane, cancel, meant):
            return False
        self._taken[cancel.id] = lane, [(flight, flight.t.state) for flight in meant]
        lane.leaving += 1
        freed = self._freed_now(meant[0].t, cancel, changes)
        for flight in meant:
            self._close(flight.t, cancel, changes, *freed)
            freed = []
        self._lanes.part(lane, meant)
        return True

    def behind(self, lane: Lane, order: Flight, changes: Changes) -> list[Transmission]:
        """Withdraws an order that the target did not take, with the cancellation behind it; gives them."""
        if any(entry.kind is EntryKind.doubted for entry, _ in changes.entries):
            return []  # it may have arrived just now, which the store does not say yet
        waiting = list(lane.flights)[1:]
        cancel = next((f for f in waiting if f.t.document in CANCELS and _is_meant(f.t, order.t)), None)
        if cancel is None or not cancel.stored or cancel.t.state not in (_S.DUE, _S.SENDING):
            return []
        if self._is_partial(cancel):
            return []
        meant = [flight for flight in lane.flights if _is_meant(cancel.t, flight.t)]
        if not self._never_left(lane, cancel.t, meant, tried=order):
            return []
        if cancel.t.state is _S.SENDING:
            cancel.t.attempt -= 1  # stored ahead of its turn, never put on the wire
            changes.move_transmission(cancel.t, _S.DUE, entry_of(cancel.t, EntryKind.decided, "stays here"))
        freed = self._freed(order.t, changes)
        for flight in (*meant, cancel):
            self._close(flight.t, cancel.t, changes, *freed)
            freed = []
        self._lanes.part(lane, [*meant, cancel])
        return [flight.t for flight in (*meant, cancel)]

    def durable(self, cancel: Transmission) -> None:
        """It is so."""
        self.ended([flight.t for flight, _ in self._pop(cancel)])

    def ended(self, withdrawn: Sequence[Transmission]) -> bool:
        """These are withdrawn for good: who came after them may go. False where there are none."""
        self._lanes.parted(t.id for t in withdrawn)
        for t in withdrawn:
            self._completed(t.id)
        return bool(withdrawn)

    def undone(self, cancel: Transmission) -> list[Flight]:
        """It was never written: what was withdrawn stands as before."""
        taken = self._pop(cancel)
        for flight, state in taken:
            flight.t.state = state
        flights = [flight for flight, _ in taken]
        self._lanes.put_back(self._lanes.of(cancel), flights)
        return flights

    def _pop(self, cancel: Transmission) -> list[tuple[Flight, TransmissionState]]:
        if cancel.id not in self._taken:
            return []
        lane, taken = self._taken.pop(cancel.id)
        lane.leaving -= 1
        self._lanes.parted(flight.t.id for flight, _ in taken)
        return taken

    def _never_left(
        self, lane: Lane, cancel: Transmission, meant: Sequence[Flight], *, tried: Flight | None = None
    ) -> bool:
        """Whether nothing of an order can have arrived: all of it is here, and no outcome was ever unclear."""
        if not meant:
            return False
        for flight in meant:
            on_the_wire = lane.busy and flight is lane.flights[0] and flight is not tried
            if on_the_wire or flight.t.state not in _UNSENT or not (flight.stored or flight is tried):
                return False
        return self._is_all(cancel, [flight.t for flight in meant])

    def _is_all(self, cancel: Transmission, meant: Sequence[Transmission]) -> bool:
        ids = {t.id for t in meant}
        if any(t.attempt and self._journal.doubted(t.root, t.id) for t in meant):
            return False
        return all(
            sent.id in ids or sent.state in (_S.CLOSED, _S.SUPERSEDED)
            for message, every in self._journal.story(cancel.root)
            if message.document in ORDERS
            and (cancel.document == "cancellation" or message.number == cancel.number)
            for sent in every
            if sent.target == cancel.target
        )

    def _by_the_desk(self, lane: Lane, cancel: Transmission, changes: Changes) -> bool:
        """An order that the target refused, and what is held behind it, need nobody any more."""
        rows = self._journal.lane(cancel.target, lane.key, 0, _WITHDRAWN_MAX + 1)
        at_rest = all(_falls_with(cancel, t) and t.state in _AT_REST for t in rows)
        if not rows or len(rows) > _WITHDRAWN_MAX or not at_rest or not self._is_all(cancel, rows):
            return False
        freed = self._freed_now(rows[0], cancel, changes)
        for t in rows:
            incident = self._journal.incident_of(MemberKind.TRANSMISSION, t.id)
            self._close(t, cancel, changes, *freed)
            freed = []
            for kind in (MemberKind.TRANSMISSION, MemberKind.FOLLOWER):
                changes.row("delete_member", kind.value, t.id)
            if incident is not None:
                changes.row("resolve_empty_incident", "it was cancelled", cancel.due_ms, incident)
        # Until that is durable the lane waits as before: a person may be faster, and then none of it is written.
        self._taken[cancel.id] = lane, []
        lane.leaving += 1
        return True

    def _freed_now(self, order: Transmission, cancel: Transmission, changes: Changes) -> list[Row]:
        """The same while a batch is decided: whoever stops a part of the hub's own making has freed it there."""
        made_by_hub = self._context.charter.made_by_hub
        own = cancel.document == "warehouse_order_cancel" and made_by_hub(cancel.document)
        return [] if own else self._freed(order, changes)

    def _freed(self, order: Transmission, changes: Changes) -> list[Row]:
        """What was set aside for an order that never left, given back: for the first entry that tells of it."""
        room, now_ms = self._context.stock, self._context.clock.now_ms()
        return [] if room is None else never_sent(room, self._journal, order, changes, now_ms)

    def _is_partial(self, cancel: Flight) -> bool:
        tree = cancel.tree
        if tree is None:
            message = self._journal.message(cancel.t.message)
            tree = message.tree if message else {"lines": True}
        return bool(tree.get("lines"))

    @staticmethod
    def _close(t: Transmission, cancel: Transmission, changes: Changes, *freed: Row) -> None:
        says = f"withdrawn: {cancel.document} {cancel.number} came before it was sent"
        if t is cancel:
            says = f"{t.target} need not hear of it: what it cancels was never sent"
        changes.move_transmission(t, _S.CLOSED, entry_of(t, EntryKind.decided, says), *freed)


def _falls_with(cancel: Transmission, other: Transmission) -> bool:
    """Whether nobody need hear of it once an order is cancelled: the order, and that less of it was wanted."""
    if other.document not in ORDERS | CANCELS or other.root != cancel.root:
        return False
    return cancel.document == "cancellation" or other.number == cancel.number


def _is_meant(cancel: Transmission, order: Transmission) -> bool:
    """Whether a transmission carries what a cancellation is about."""
    if order.document not in ORDERS or order.root != cancel.root:
        return False
    return cancel.document == "cancellation" or order.number == cancel.number
