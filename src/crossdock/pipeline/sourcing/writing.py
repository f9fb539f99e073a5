"""Writes the parts of an order: documents of the hub's own making, under the order's key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from crossdock.journal.changes import Changes
from crossdock.message.incident import MemberKind
from crossdock.message.names import moment
from crossdock.message.records import Entry, Message, Transmission
from crossdock.message.states import EntryKind, MessageState, TransmissionState
from crossdock.model import register
from crossdock.model.document import Document
from crossdock.model.documents.sales import Cancellation
from crossdock.model.documents.warehouse import WarehouseOrderCancel
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.follow_up import FollowUp
from crossdock.pipeline.knowledge import Knowledge
from crossdock.pipeline.progress import Ruling
from crossdock.pipeline.sourcing.meant import supplier_of
from crossdock.pipeline.sourcing.plan import (
    RELEASE,
    Part,
    PartLine,
    Plan,
    Revised,
    number_of,
    says_of,
    tree_of,
)
from crossdock.pipeline.sourcing.sourcer import Sourcer
from crossdock.pipeline.sourcing.standing import OpenPart
from crossdock.pipeline.transmit import entry_of
from crossdock.pipeline.truth import made

#: What the hub tells when it has shared out an order.
OCCASION = "sourced"
#: The same when it had parts already: all that was asked is done, or some of it comes too late.
AMENDED, AMEND_REFUSED = "amended", "amend_refused"
#: Transmissions of one lane that are let go of at most; those beyond wait for the next look at it.
_FREED_MAX = 1_000


class Decide(Protocol):
    """Checks and routes one message."""

    def __call__(
        self,
        message: Message,
        document: Document,
        parent: tuple[str, str] | None,
        batch: Batch,
        *,
        made_by: Entry | None,
    ) -> None:
        """See Decider.decide."""
        ...


class Parts:
    """Makes the parts of orders, and stops them."""

    def __init__(
        self,
        context: Context,
        known: Knowledge,
        decide: Decide,
        follow_up: FollowUp,
        sourcer: Sourcer,
        entry: Callable[[EntryKind, Message, str, Sequence[Any]], Entry],
    ) -> None:
        self._context = context
        self._known = known
        self._decide = decide
        self._follow_up = follow_up
        self._sourcer = sourcer
        self._standing = sourcer.standing
        self._entry = entry
        self._free = sourcer.free
        follow_up.stop, follow_up.free = self.stop, sourcer.free

    def write(self, plan: Plan, batch: Batch) -> None:
        """Makes every part of a plan; whoever reads how orders are is told."""
        for one in plan.revised:
            self._revise(one, plan, batch)
        life = self._follow_up.life(plan.order.root)
        count = self._standing(plan.order.root, life).made
        heir = plan.replaces
        for part in plan.parts:
            if heir is not None and part.document == heir.document:
                self._write(part, plan.order, batch, heir=heir)
                heir = None
            else:
                count += 1
                self._write(part, plan.order, batch, number=f"{plan.order.number}-{count}")
        if plan.cancelled:
            self._give_up(plan.order, plan.cancelled, batch)
        if plan.parts or plan.cancelled or plan.revised or plan.refused:
            self._tell(plan, batch)

    def _revise(self, one: Revised, plan: Plan, batch: Batch) -> None:
        """A part gets its new version; one that nobody wants any more is stopped."""
        before = one.before
        pending = before.state in (MessageState.WAITING, MessageState.DESK)
        if one.part is not None:
            if pending:
                self._follow_up.replaced(before, batch)
            self._write(one.part, plan.order, batch, heir=before, tree=plan.tree)
        elif pending:
            self._follow_up.drop(before, plan.order, batch)
        else:
            self._stop_one(before, plan.order, batch)

    def _write(
        self,
        part: Part,
        order: Message,
        batch: Batch,
        *,
        number: str = "",
        heir: Message | None = None,
        tree: Mapping[str, Any] | None = None,
    ) -> None:
        journal = self._context.journal
        number = heir.number if heir is not None else number
        hub = heir.hub if heir is not None else journal.next_id()
        told = tree_of(part, tree or order.tree, number)
        message = made(order, part.document, number, told, id_=journal.next_id(), hub=hub)
        message.version = heir.version + 1 if heir is not None else 1
        self._go(message, says_of(part), batch)

    def _go(self, message: Message, says: str, batch: Batch) -> None:
        document = register.read(message.document, message.tree, declares=_passed)
        entry = self._entry(EntryKind.translated, message, f"{message.document} {message.number}: {says}", ())
        self._decide(message, document, None, batch, made_by=entry)
        self._known.learn_story(message)

    def _give_up(self, order: Message, lines: Sequence[PartLine], batch: Batch) -> None:
        """What is not there is cancelled, as if the seller had asked for it."""
        units = {str(line["line"]): line for line in order.tree["lines"]}
        journal, id_ = self._context.journal, self._context.journal.next_id()
        number = f"{order.number}:{id_}"
        tree: dict[str, Any] = {
            "number": number, "order": order.number, "reason": "out of stock",
            "requested_at": moment(self._context.clock.now_ms()),
            "lines": [
                {"line": units[one.line]["line"], "sku": one.sku, "quantity": number_of(one.quantity),
                 "unit": units[one.line]["unit"]}
                for one in lines
            ],
        }  # fmt: skip
        message = made(order, Cancellation.kind, number, tree, id_=id_, hub=journal.next_id())
        what = ", ".join(f"{number_of(one.quantity)} {one.sku}" for one in lines)
        self._follow_up.publish(batch, message, f"{what} is cancelled: it is not there")
        self._known.learn_story(message)

    def _tell(self, plan: Plan, batch: Batch) -> None:
        order = plan.order
        life = self._follow_up.life(order.root)
        parts = parts_told(self._standing(order.root, life).parts())
        told = [*plan.parts, *(one.part for one in plan.revised if one.part is not None)]
        reason = "; ".join([*filter(None, [plan.refused]), *(says_of(part) for part in told)])
        changed = any(one.part is not None for one in plan.revised) or plan.tree is not None
        occasion = AMEND_REFUSED if plan.refused else AMENDED if changed else OCCASION
        self._follow_up.tell(order, life, occasion, batch, reason=reason, parts=parts)

    # -- a warehouse that would not take it ------------------------------------

    def elsewhere(self, transmission: int, batch: Batch) -> tuple[str, str] | None:
        """A part that its warehouse turned away goes to another, where the rule says so and another has the stock.

        Gives the lane that is free by that; None where it stays with a person, and nothing of the batch may be
        written then.
        """
        journal = self._context.journal
        t = journal.transmission(transmission)
        if t is None or t.state is not TransmissionState.DESK or t.document != RELEASE:
            return None
        part = journal.message(t.message)
        if part is None or not journal.cause_of(t.id).startswith("rejected/"):
            return None
        life = self._follow_up.life(t.root)
        rows = self._sourcer.trim(t.root, life)
        kept = self._sourcer.rest(part, life)
        if kept.plan is None or not any(one.site is not None for one in kept.plan.parts):
            return None
        says = f"{t.target} would not take {t.number}: {kept.says}"
        batch.changes.entry(self._entry(EntryKind.decided, part, says, kept.reads), *rows, *kept.rows)
        self._let_go(t, batch.changes)
        self.write(kept.plan, batch)
        return t.target, part.key

    def _let_go(self, refused: Transmission, changes: Changes) -> None:
        """What was turned away needs nobody any more, and what it held up may go."""
        journal, now_ms = self._context.journal, self._context.clock.now_ms()
        incident = journal.incident_of(MemberKind.TRANSMISSION, refused.id)
        for t in journal.lane(refused.target, refused.key, 0, _FREED_MAX):
            if t.id == refused.id:
                kind, to, says = MemberKind.TRANSMISSION, TransmissionState.CLOSED, "another site ships it"
            elif t.state is TransmissionState.HELD:
                kind, says = MemberKind.FOLLOWER, "what it was held behind goes elsewhere"
                doubtful = self._context.restored.may_have_left(t)
                to = TransmissionState.IN_DOUBT if doubtful else TransmissionState.DUE
                t.due_ms = now_ms
            else:
                continue
            changes.move_transmission(t, to, entry_of(t, EntryKind.decided, says))
            changes.row("delete_member", kind.value, t.id)
        if incident is not None:
            changes.row("resolve_empty_incident", "another site ships it", now_ms, incident)

    # -- the end -------------------------------------------------------------

    def stop(self, cancel: Message, ruling: Ruling, batch: Batch) -> list[Transmission]:
        """Asks every site to stop the part that it was sent; gives what was made of that."""
        sent: list[Transmission] = []
        if not self._context.charter.made_by_hub(WarehouseOrderCancel.kind) or cancel.tree.get("lines"):
            return sent
        for part in self._standing(cancel.root, ruling.life).parts():
            if part.message.state is not MessageState.ROUTED or part.message.document != RELEASE:
                continue
            if part.refused or part.release.ended:
                continue
            before = len(batch.changes.entries)
            asked = self._stop_one(part.message, cancel, batch)
            never_left = bool(asked) and all(t.state is TransmissionState.CLOSED for t in asked)
            if never_left and not _gave_back(batch, before):
                says = f"{part.message.number} never left: its stock is given back"
                entry = self._entry(EntryKind.decided, part.message, says, ())
                batch.changes.entry(entry, *self._free(part.message.root, part.message.tree))
            sent += asked
        return sent

    def _stop_one(self, part: Message, like: Message, batch: Batch) -> list[Transmission]:
        """Asks the site of a part to stop it."""
        journal, site = self._context.journal, part.tree.get("site")
        tree = {
            "number": part.number, "order": part.tree["order"], "site": site,
            "requested_at": moment(self._context.clock.now_ms()),
        }  # fmt: skip
        if like.tree.get("reason"):
            tree["reason"] = like.tree["reason"]
        id_, hub = journal.next_id(), journal.next_id()
        message = made(like, WarehouseOrderCancel.kind, part.number, tree, id_=id_, hub=hub)
        message.their_id = f"{message.number}:{id_}"
        asked = self._follow_up.publish(batch, message, f"{site} is asked to stop {message.number}")
        self._known.learn_story(message)
        return asked


def _gave_back(batch: Batch, since: int) -> bool:
    """Whether the withdrawal of a part gave its stock back already."""
    return any(row[0] == "move_reservation" for _, rows in batch.changes.entries[since:] for row in rows)


def parts_told(parts: Sequence[OpenPart]) -> list[dict[str, Any]]:
    """The parts of an order as it is told to others."""
    told: list[dict[str, Any]] = []
    for part in parts:
        tree = part.message.tree
        whose = part.site or supplier_of(tree)
        lines = [
            {key: line[key] for key in ("order_line", "sku", "quantity", "unit", "substitute_for") if key in line}
            for line in tree["lines"]
        ]  # fmt: skip
        one: dict[str, Any] = {"number": part.message.number, "state": _state(part), "lines": lines}
        if whose is not None:
            one["site"] = whose
        if tree.get("promised_ship_on"):
            one["ship_on"] = tree["promised_ship_on"]
        told.append(one)
    return told


def _state(part: OpenPart) -> str:
    if part.message.state is MessageState.CLOSED or part.refused:
        return "cancelled" if part.message.state is MessageState.CLOSED else "refused"
    if part.message.state is MessageState.DESK and part.site is None:
        return "backordered"
    if part.pending:
        return "waiting"
    return part.release.fulfilment.value


def _passed(_sku: str, _unit: str) -> bool:
    """Units were checked with the order."""
    return True
