"""The life of an order as the store has it: what was told of it, and what its sendings tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from crossdock.charter.charter import Charter
from crossdock.faults import Fault, Invalid
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.reads import Reads
from crossdock.journal.stories import Sent
from crossdock.message.records import Message
from crossdock.message.states import MessageState, TransmissionState
from crossdock.model import register
from crossdock.model.document import Document
from crossdock.model.lifecycle.facts import Fact, facts_of
from crossdock.model.lifecycle.life import Life
from crossdock.model.lifecycle.words import Told
from crossdock.model.quantity import Quantity, convert
from crossdock.pipeline.knowledge import Knowledge
from crossdock.pipeline.truth import states_of

_T = TransmissionState
_UTC = ZoneInfo("UTC")
_PENDING = (MessageState.WAITING, MessageState.DESK)
#: Documents that ask a warehouse to ship, and those that ask it not to.
ORDERS = frozenset({"sales_order", "warehouse_order"})
#: The same, and what asks a supplier.
ASKING = ORDERS | {"purchase_order"}
#: What is said to a supplier, and what it says.
BOUGHT = frozenset({"purchase_order", "despatch_advice"})
CANCELS = frozenset({"cancellation", "warehouse_order_cancel"})
#: Documents that tell how far an order is.
TELLING = ORDERS | CANCELS | {
    "pick_status", "shipment", "transport_status", "invoice", "order_hold", "return_authorisation", "return_receipt",
    "stock_transfer", "return_to_vendor",
}  # fmt: skip
_TELLS: dict[str, tuple[Told, ...]] = {
    "warehouse_order": (Told.RELEASED,),
    "shipment": (Told.SHIPPED, Told.PART_SHIPPED),
    "invoice": (Told.INVOICED, Told.CREDITED),
    "transport_status": (Told.DELIVERED,),
}
Story = Sequence[tuple[Message, Sequence[Sent]]]


class Causes(Protocol):
    """What a life asks of the store beside what is known."""

    def cause_of(self, transmission: int) -> str:
        """The cause of the open incident that holds a transmission."""
        ...


class Lives:
    """Reads orders by the charter of their site."""

    def __init__(self, charter: Charter, known: Knowledge, causes: Causes) -> None:
        self._charter = charter
        self._known = known
        self._causes = causes
        kinds = (rule.document for rule in charter.objects.values())
        self.tells = frozenset(told for kind in kinds for told in _TELLS.get(kind, ()))
        self._warehouses = frozenset(filter(charter.is_warehouse, charter.systems))
        self._answer_is_told = charter.cancel_is_answered_later

    def is_telling(self, message: Message) -> bool:
        """Whether a document tells how far an order is; of a supplier's only where it ships in our place."""
        if message.document not in BOUGHT:
            return message.document in TELLING and not self._calls_off_a_purchase(message)
        if message.root == message.hub or self._charter.sourcing is None:
            return False
        if message.document == "purchase_order":
            return True
        known = self._known.by_number("purchase_order", str(message.tree.get("purchase_order")))
        return known is not None and known.hub != known.root == message.root

    def _calls_off_a_purchase(self, message: Message) -> bool:
        """Whether a cancellation is of what its sender bought: no customer's order changes by it."""
        if message.document != "cancellation" or message.root == message.hub:
            return False
        bought = self._known.by_id(message.system, "purchase_order", str(message.tree.get("order")))
        return bought is not None and bought.hub == message.root

    def is_warehouse(self, system: str) -> bool:
        """Whether a system is asked to ship; where none tells of its floor, each may be."""
        return system in self._warehouses or not self._warehouses

    def life(self, root: int) -> tuple[Life, Story]:
        """The order as it stands."""
        story = self._known.story(root)
        return Life(self.known_facts(story, None), tells=self.tells, convert=self.convert), story

    def convert(self, sku: str, quantity: Decimal, given: str, wanted: str) -> Decimal | None:
        """A quantity in the unit of the order's line, by the item master; None where that does not say."""
        if given == wanted:
            return quantity
        item = self._known.item(sku)
        if item is None or not item.base:
            return None
        try:
            told = convert(Quantity.of(quantity, given), wanted, base=item.base, packs=item.packs).number()
        except Invalid:
            return None
        return Decimal(told)

    def facts(self, message: Message, document: Document, *, forced: bool = False) -> tuple[Fact, ...]:
        """What a message tells; `forced`: a person answers for it."""
        facts = tuple(map(self._named, facts_of(document, message.system, message.id)))
        return tuple(replace(fact, forced=True) for fact in facts) if forced else facts

    def _named(self, fact: Fact) -> Fact:
        """A release under our number, where its warehouse calls it by another."""
        if not fact.release or Told.RELEASED not in self.tells:
            return fact
        known = self._known.by_id(fact.system, "warehouse_order", fact.release)
        return replace(fact, release=f"h{known.hub}") if known else self._by_number(fact)

    def _by_number(self, fact: Fact) -> Fact:
        numbers = (
            self._known.by_number(kind, fact.release) for kind in ("warehouse_order", "purchase_order")
        )
        known = next(filter(None, numbers), None)
        return replace(fact, release=f"h{known.hub}") if known else fact

    def known_facts(self, story: Story, asked: Message | None) -> list[Fact]:
        """What a story tells, but for the message that is asked about."""
        known: list[Fact] = []
        for message, sent in story:
            if not self.is_telling(message) or (asked is not None and message.id == asked.id):
                continue
            document = self._read(message)
            if document is None:
                continue
            facts = self.facts(message, document)
            if message.state is MessageState.ROUTED:
                known += facts
                known += [
                    self.answer(fact, Told.AMEND_ACCEPTED)
                    for fact in facts
                    if fact.told is Told.AMEND_REQUESTED and self._charter.sourcing is not None
                ]
            elif message.state in _PENDING and self._is_part(message):
                known += self._pending(message, facts)
            elif message.state is MessageState.CLOSED and message.document in ORDERS:
                known += [*facts, *(self.answer(fact, Told.CANCEL_ACCEPTED) for fact in facts[:1])]
            known += self._sent(message, facts, sent)
        return known

    def _read(self, message: Message) -> Document | None:
        tree = self._known.numbers.applied(message.document, message.tree)
        return read(message if tree is message.tree else replace(message, tree=tree))

    def _is_part(self, message: Message) -> bool:
        """Whether the hub itself made it of an order, to be released later."""
        return (
            self._charter.sourcing is not None
            and message.root != message.hub
            and self._charter.made_by_hub(message.document)
        )

    def _pending(self, message: Message, facts: Sequence[Fact]) -> Iterator[Fact]:
        """A part that is not released yet is open all the same; one without a site lacks its stock."""
        for fact in facts:
            yield replace(fact, told=Told.VALIDATED)
            if message.state is MessageState.DESK and message.tree.get("site") is None:
                lines = tuple(
                    one._replace(quantity=None, short=one.quantity or Decimal()) for one in fact.lines
                )
                told = self.answer(fact, Told.BACKORDERED)
                yield replace(told, lines=lines, forced=True)

    def _sent(self, message: Message, facts: Sequence[Fact], sent: Sequence[Sent]) -> Iterator[Fact]:
        """What the sendings of a message tell."""
        here = [one for one in sent if self.is_warehouse(one.target)]
        if not here or not facts:
            return
        states = {one.state for one in here}
        rejected = any(one.state is _T.DESK and self._was_rejected(one.id) for one in here)
        if message.document in ASKING:
            if _T.DONE in states:
                yield self.answer(facts[0], Told.RELEASED)
            if states == {_T.CLOSED}:
                yield self.answer(facts[0], Told.CANCEL_ACCEPTED)
            elif rejected and message.document != "sales_order":
                yield self.answer(facts[0], Told.REFUSED)
        elif message.document in CANCELS and facts[0].told is Told.CANCEL_REQUESTED:
            if rejected:
                yield self.answer(facts[0], Told.CANCEL_REFUSED)
            elif states <= {_T.DONE, _T.CLOSED} and not self._answer_is_told:
                yield self.answer(facts[0], Told.CANCEL_ACCEPTED)
        elif message.document in CANCELS and facts[0].told is Told.AMEND_REQUESTED:
            # No floor has a word for it: that the warehouse took it is the answer.
            if rejected:
                yield self.answer(facts[0], Told.AMEND_REFUSED)
            elif states <= {_T.DONE, _T.CLOSED}:
                yield self.answer(facts[0], Told.AMEND_ACCEPTED)

    def _was_rejected(self, transmission: int) -> bool:
        return self._causes.cause_of(transmission).startswith("rejected/")

    @staticmethod
    def answer(fact: Fact, told: Told) -> Fact:
        """What came of what a fact asked for."""
        return Fact(told, f"{fact.source}/{told.value}", release=fact.release, at=fact.at)


def read(message: Message) -> Document | None:
    """The document of a message; None for one of an older model. Its units were checked in their day."""
    try:
        return register.read(message.document, message.tree, zone=_UTC, declares=_passed)
    except Fault:
        return None


def _passed(_sku: str, _unit: str) -> bool:
    return True


def lifecycle(charter: Charter, scope: int = 1) -> Callable[[Connection, int], dict[str, Any]]:
    """What the trace shows of an order's states, from a snapshot of the store and the root of the story."""

    def states(connection: Connection, root: int) -> dict[str, Any]:
        reads = Reads(connection)
        reads.scope = scope
        life, _ = Lives(charter, Knowledge(reads), reads).life(root)
        return states_of(life)

    return states
