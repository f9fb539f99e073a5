"""How far an order is, when a document of it is decided: what may follow, what must wait, what cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from crossdock.faults import Invalid, Waits
from crossdock.message.kept_back import EDIT_WINDOW, SHIP_DATE, kept_until_ship_date, kept_while_open
from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.model.document import Document
from crossdock.model.documents.progress import OrderHold, OrderStatus
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import WarehouseOrder
from crossdock.model.lifecycle.facts import Fact
from crossdock.model.lifecycle.life import Judged, Life
from crossdock.model.lifecycle.tables import Need, Trigger
from crossdock.model.lifecycle.walk import Verdict
from crossdock.model.lifecycle.words import Cancellation, HoldKind, Told
from crossdock.pipeline import amending
from crossdock.pipeline.agreement import Agreement
from crossdock.pipeline.bound import Context
from crossdock.pipeline.knowledge import Knowledge
from crossdock.pipeline.lives import CANCELS, ORDERS, Lives, Story

_OUR_OWN = frozenset({"stock_transfer", "return_to_vendor"})


@dataclass(slots=True)
class Ruling:
    """What follows from a document for its order."""

    life: Life
    order: str  #: the order's number
    story: Story
    document: str = ""  #: the kind of what it was made of
    facts: tuple[Fact, ...] = ()
    triggers: frozenset[Trigger] = frozenset()
    refused: str = ""  #: why nobody is sent what was asked
    notes: list[str] = field(default_factory=list[str])

    @property
    def is_our_own(self) -> bool:
        """Whether it is about goods that we move or send back ourselves: no seller waits for them."""
        return self.document in _OUR_OWN or any(m.document in _OUR_OWN for m, _ in self.story)

    @property
    def occasion(self) -> str:
        """What is told of it where anybody reads how far orders are."""
        return (Told.CANCEL_REFUSED if self.refused else self.facts[0].told).value

    @property
    def heard(self) -> list[str]:
        """What those that wait for this order may be woken by."""
        words = [f"{fact.told.value}/{self.order}" for fact in self.facts]
        return [*words, f"cancel_answer/{self.order}"]


class Progress:
    """Judges documents by the life of their order."""

    def __init__(self, context: Context, known: Knowledge) -> None:
        self._context = context
        self._charter = context.charter
        self._known = known
        self._lives = Lives(context.charter, known, context.journal)
        self.life = self._lives.life
        self.is_warehouse = self._lives.is_warehouse
        self._reported = {
            name: frozenset(map(Told, system.reports)) for name, system in self._charter.systems.items()
        }
        self._to_warehouses = frozenset(
            document
            for document in self._charter.objects
            if any(self.is_warehouse(reader.system) for reader in self._charter.readers(document))
        )
        self._agreement = Agreement(context.charter, known, self._lives.convert)

    def judge(self, message: Message, document: Document, *, new: bool) -> Ruling | None:
        """What follows from a document; None for one that tells nothing of an order.

        Raises Waits for what lacks its predecessor or must not go out yet, and Invalid
        (`bad_transition`) for what cannot be.
        """
        if not self._lives.is_telling(message):
            return None
        if self._is_first(message, new=new):
            story: Story = self._before_it(message)
        else:
            story = self._known.story(message.root)
        # A person who sends it back answers for what is missing.
        forced = (
            not new and message.waits_for is None and self._context.journal.was_judged_impossible(message.id)
        )
        facts = self._lives.facts(message, document, forced=forced)
        known = self._lives.known_facts(story, message)
        reported = self._reported[message.system]
        life = Life(
            known, asked=facts, reported=reported, tells=self._lives.tells, convert=self._lives.convert
        )
        order = _number(story, message)
        verdicts = [life.judged[fact] for fact in facts if fact in life.judged]
        ruling = Ruling(life, order, story, message.document, facts)
        if not forced:
            self._refuse(message, order, verdicts)
            self._hold_back(message, document, ruling)
            self._agreement.check(document, message, known, (one for one, _ in story))
            self._late_hold(document, ruling)
        ruling.triggers = self._set_off(known, life, verdicts)
        if not (forced and isinstance(document, SalesOrder)):
            self._late_wishes(message, document, ruling)
        return ruling

    def _is_first(self, message: Message, *, new: bool) -> bool:
        """Whether nothing can be known of its order yet, so that the store need not be asked."""
        if not new or message.root != message.hub:
            return False
        known = self._known.by_id(message.system, message.document, message.their_id)
        return known is None and self._known.by_number(message.document, message.number) is None

    # -- facts ----------------------------------------------------------------

    def _before_it(self, message: Message) -> Story:
        """Holds that came before their order and wait for it."""
        if "order_hold" not in self._charter.objects:
            return ()
        journal = self._context.journal
        waiting = journal.messages_waiting_for([f"{message.document}/{message.number}"], 20)
        found = (journal.message(id_) for id_, _ in waiting)
        return [
            (replace(m, state=MessageState.ROUTED), ()) for m in found if m and m.document == "order_hold"
        ]

    # -- rulings --------------------------------------------------------------

    def _refuse(self, message: Message, order: str, verdicts: Sequence[Judged]) -> None:
        """Raises Waits or Invalid for the first word that does not follow."""
        what = f"{message.document} {message.number}"
        for judged in verdicts:
            if judged.verdict is Verdict.WAITS and judged.missing is not None:
                self._lacks(message, order, judged.missing)
            elif judged.verdict is Verdict.IMPOSSIBLE:
                raise Invalid(
                    f"{what} does not follow from what is known of {order}", path="state",
                    value=message.tree.get("state") or message.number,
                    fix="ask the warehouse what left; retry to take it as it is, or resolve with a reason",
                    type="bad_transition",
                )  # fmt: skip

    @staticmethod
    def _lacks(message: Message, order: str, missing: Told | Need) -> None:
        what = f"{message.document} {message.number}"
        words = {
            Need.NO_HOLD: Told.HOLD_LIFTED, Need.INVOICE_KNOWN: Told.INVOICED,
            Need.SOMETHING_LEFT: Told.SHIPPED, Need.CHARGED: Told.INVOICED,
        }  # fmt: skip
        word = words.get(missing, Told.SHIPPED) if isinstance(missing, Need) else missing
        raise Waits(
            f"{what} came before {order} was told to be {word.value}", kind=word.value, number=order,
            fix=f"have {word.value} told and retry, retry to take it as it is, or resolve with a reason",
        )  # fmt: skip

    def _hold_back(self, message: Message, document: Document, ruling: Ruling) -> None:
        """Raises Waits for an order that must not be released yet, and for contents that may change."""
        if message.document in ORDERS and message.document in self._to_warehouses:
            if ruling.life.held:
                kinds = ", ".join(kind.value for kind in ruling.life.held)
                raise Waits(f"held: {kinds}", kind=Told.HOLD_LIFTED.value, number=ruling.order, patient=True)
            self._keep_back(message, document, ruling.order)
        if (
            isinstance(document, Shipment)
            and self._charter.orders.packages == "listed"
            and not document.is_final()
        ):
            raise Waits(
                f"the packages of shipment {document.number} do not list all of it yet",
                kind=Shipment.kind, number=document.number,
                fix="send the shipment again with what is in its packages, or retry to take it as it is",
            )  # fmt: skip

    def _late_hold(self, document: Document, ruling: Ruling) -> None:
        """Raises Invalid for a hold that stops nothing any more: somebody must stop the goods."""
        if not isinstance(document, OrderHold) or HoldKind(document.hold) not in ruling.life.held:
            return
        orders = [m for m, _ in ruling.story if m.document in ORDERS and m.document in self._to_warehouses]
        is_gone = any(one.state is MessageState.ROUTED for one in orders)
        is_open = any(one.state in (MessageState.WAITING, MessageState.DESK) for one in orders)
        if is_gone and not is_open and ruling.life.cancellation is not Cancellation.ACCEPTED:
            raise Invalid(
                f"{ruling.order} went to its warehouse before this hold came: it does not stop there", path="state",
                value=document.state, type="bad_transition",
                fix="cancel the order, or have the warehouse stop it; retry notes the hold, resolve drops it",
            )  # fmt: skip

    def _keep_back(self, message: Message, document: Document, order: str) -> None:
        """Raises Waits for an order that may still be changed, or whose ship window has not begun."""
        now_ms, closes_ms, starts_ms = self._context.clock.now_ms(), self._closes_ms(message), 0
        start = document.ship_from_at if isinstance(document, SalesOrder) else None
        if isinstance(document, WarehouseOrder):
            start = document.release_at
        if start is not None:
            begins = start
            if not isinstance(begins, datetime):
                begins = datetime.combine(begins, datetime.min.time(), self._charter.site.timezone)
            starts_ms = int(begins.astimezone(UTC).timestamp() * 1000)
        if starts_ms > now_ms and starts_ms >= closes_ms:
            raise Waits(
                kept_until_ship_date(start, starts_ms), kind=SHIP_DATE, number=order, until_ms=starts_ms
            )
        if closes_ms > now_ms:
            raise Waits(kept_while_open(closes_ms), kind=EDIT_WINDOW, number=order, until_ms=closes_ms)

    def _closes_ms(self, message: Message) -> int:
        """When the edit window of an order ends; 0 where the charter gives none."""
        window_s = self._charter.orders.edit_window_s
        capture = self._context.journal.capture(message.capture) if window_s else None
        begun_ms = capture.at_ms if capture else self._context.time.at_ms
        return begun_ms + int(window_s * 1000) if window_s else 0

    def _set_off(self, known: Iterable[Fact], life: Life, verdicts: Sequence[Judged]) -> frozenset[Trigger]:
        """What a document sets off: nothing where the order stands as it stood before."""
        triggers = frozenset(one for judged in verdicts for one in judged.triggers)
        if triggers and Life(known, tells=self._lives.tells).stands == life.stands:
            return frozenset()
        return triggers

    def _late_wishes(self, message: Message, document: Document, ruling: Ruling) -> None:
        """A cancellation or a change that comes too late is refused, and everybody is told the truth."""
        if message.document in CANCELS and ruling.life.cancellation is Cancellation.REFUSED:
            # However often it is asked for: what has left is asked of no warehouse.
            if any(fact.told is Told.CANCEL_REQUESTED for fact in ruling.facts):
                ruling.refused = f"too late: {ruling.order} is {ruling.life.fulfilment.value}"
        elif isinstance(document, SalesOrder) and message.document in self._to_warehouses:
            self._not_cancelled(message, ruling)
            before = next((m for m, _ in reversed(ruling.story) if amending.is_former(m, message)), None)
            if before is not None:
                self._amend(message, before, ruling)
        if ruling.refused and not self._charter.readers(OrderStatus.kind):
            raise Invalid(
                ruling.refused, fix="tell whoever asked for it, then resolve", type="bad_transition"
            )

    @staticmethod
    def _not_cancelled(message: Message, ruling: Ruling) -> None:
        """Raises Invalid for a version that comes behind the cancellation of its order: it would be shipped."""
        stands = ruling.life.cancellation in (Cancellation.REQUESTED, Cancellation.ACCEPTED)
        asked = any(m.document in CANCELS and m.state is MessageState.ROUTED for m, _ in ruling.story)
        if stands and asked:
            raise Invalid(
                f"a version of {ruling.order} came after its cancellation", value=message.number,
                fix="retry to have it shipped all the same, or resolve with a reason", type="bad_transition",
            )  # fmt: skip

    def _amend(self, message: Message, before: Message, ruling: Ruling) -> None:
        state = ruling.life.fulfilment
        was = self._known.numbers.applied(before.document, before.tree)
        late = [one for one in amending.changes_of(was, message.tree)
                if not self._charter.orders.sends(one, state)]  # fmt: skip
        if late:
            raise Invalid(
                f"{ruling.order} is {state.value}: a change of {', '.join(late)} comes too late for the warehouse",
                path=amending.path_of(late[0]),
                fix="agree with the warehouse and retry to send it all the same, or resolve with a reason",
                type="bad_transition",
            )


def _number(story: Story, message: Message) -> str:
    """What the order of a story is called."""
    every = [*(m for m, _ in story), message]
    return next((m.number for m in every if m.document == SalesOrder.kind), f"h{message.root}")
