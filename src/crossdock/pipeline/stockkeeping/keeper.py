"""What documents do to stock: balances, orders, what warehouses report of them, cancellations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from crossdock.faults import Invalid
from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Journal
from crossdock.journal.stock import BeliefRow, ToldRow
from crossdock.message.names import id_of
from crossdock.message.records import Message
from crossdock.model.document import Document
from crossdock.model.documents.inventory import InventoryBalance, StockLevel
from crossdock.model.documents.sales import Cancellation, SalesOrder
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import PickStatus, WarehouseOrder
from crossdock.model.lifecycle.life import Life
from crossdock.pipeline.lives import Story
from crossdock.pipeline.progress import Ruling
from crossdock.pipeline.renumbering import ITEM
from crossdock.pipeline.sourcing.sourcer import Sends, Sourcer, Told
from crossdock.pipeline.stockkeeping import lots, offer
from crossdock.pipeline.stockkeeping.asked import OUR_OWN, as_order, is_same
from crossdock.pipeline.stockkeeping.cancelling import given_back
from crossdock.pipeline.stockkeeping.coming import PURCHASING, Announced
from crossdock.pipeline.stockkeeping.early import Early, early
from crossdock.pipeline.stockkeeping.kept import Kept, NotCovered
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.promises import PROMISE
from crossdock.pipeline.stockkeeping.rows import NOWHERE, OURS, THEIRS, added, believed, coming_row, told_row
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.amount import number
from crossdock.stock.belief import Belief, counted, good_until
from crossdock.stock.kit import exploded
from crossdock.stock.place import Lack, Pick, Want
from crossdock.stock.policy import Figure, Short
from crossdock.stock.reservation import Reservation, ReservationState
from crossdock.stock.sourcing.policy import Sourcing

_S = ReservationState
#: Orders whose goods never pass through our sites.
_ELSEWHERE = frozenset({"drop_ship"})


class Keeper:
    """Keeps stock while a batch is decided."""

    def __init__(
        self,
        room: Stockroom,
        journal: Journal,
        zone: ZoneInfo,
        now_ms: Callable[[], int],
        sourcing: Sourcing | None = None,
        story: Told | None = None,
        sends: Sends | None = None,
    ) -> None:
        """With `sourcing` orders are shared out to sites.

        `story` gives what is known of one, `sends` says whether a change of one still goes to its warehouse.
        """
        self._room = room
        self._policy = room.policy
        self._journal = journal
        self._zone = zone
        self._now_ms = now_ms
        self._ledger = StockLedger(journal, room.policy, room.guard)
        self._story = story
        self._announced = Announced(journal, room.policy, room.measures, zone)
        self.sourcer: Sourcer | None = None
        if sourcing is not None and story is not None and sends is not None:
            self.sourcer = Sourcer(sourcing, room, self._ledger, journal, story, zone, now_ms, sends)

    def begin(self) -> None:
        """A batch begins."""
        self._ledger.begin()
        self._announced.begin()

    def write(self, changes: Changes) -> None:
        """What the batch did, for its commit."""
        self._ledger.write(changes, self._now_ms())

    def decided(
        self,
        message: Message,
        document: Document,
        readers: Collection[str],
        ruling: Ruling | None = None,
        *,
        again: bool = False,
    ) -> Kept:
        """What a checked document does to stock. Raises Invalid (`backorder`, lots) and NotCovered.

        `ruling` is what it means for its order; `again`: it was looked at before.
        """
        lots.check(document, self._room.measures, self._journal, self._day())
        if isinstance(document, PURCHASING) or (isinstance(document, Cancellation) and ruling is None):
            return self._coming(message)
        if self.sourcer is not None and ruling is not None:
            if isinstance(document, PickStatus) and document.state == "backordered" and ruling.facts:
                return self.sourcer.out(message, ruling.life, ruling.facts[0].release)
            return self._shared_out(self.sourcer, message, document, readers, ruling.life, again=again)
        return self._decided(message, document, readers, ruling.story if ruling else ())

    def _shared_out(
        self,
        sourcer: Sourcer,
        message: Message,
        document: Document,
        readers: Collection[str],
        life: Life,
        *,
        again: bool,
    ) -> Kept:
        """The same where orders are shared out to sites."""
        match document:
            case SalesOrder():
                promised = self._promised(message.system, document.promise)
                return sourcer.order(message, document, life, promised)
            case WarehouseOrder():
                return sourcer.release(message, life, again=again)
            case PickStatus() | Shipment():
                told = self._told_of_part(message, document)
                rows = [*told, *sourcer.trim(message.root, life)]
                rest = sourcer.rest(message, life)
                rest.rows = rows + rest.rows
                return rest
            case Cancellation():
                # Of a whole order each part gives its own back once it has stopped.
                return sourcer.less(message, life)
            case _:
                return self._decided(message, document, readers)

    def _told_of_part(self, message: Message, document: PickStatus | Shipment) -> list[Row]:
        if isinstance(document, Shipment):
            return self._passed_on(message, document)
        return [] if document.state in ("cancelled", "refused") else self._reported(message, document)

    def _decided(
        self, message: Message, document: Document, readers: Collection[str], story: Story = ()
    ) -> Kept:
        match document:
            case InventoryBalance():
                return self._balance(message, document)
            case SalesOrder():
                return self._order(message, document, story)
            case _ if isinstance(document, OUR_OWN):
                return self._order(message, as_order(document), story)
            case Shipment():
                return Kept(self._shipped(message, document))
            case PickStatus():
                return Kept(self._reported(message, document))
            case Cancellation() if not self._asked(readers):
                # Nobody at a warehouse has to agree.
                return Kept(given_back(self._room, self._ledger, message.root, document))
            case StockLevel():
                return self._level(message, document)
            case _:
                return Kept()

    def _coming(self, message: Message) -> Kept:
        """What is still announced of a purchase; where that may be promised there is a level to promise it of."""
        changed = self._announced.changed(message, self._story(message.root) if self._story else ())
        for row in changed:
            site = self._policy.sites[row.site]
            if site.inbound_days is not None and (row.sku, row.site) not in self._ledger.levels([row.sku]):
                self._ledger.supply(row.sku, row.site, row.unit, 0, 0)
        return Kept([coming_row(row) for row in changed])

    def nudge(self, sku: str, changes: Changes) -> None:
        """Has the stock of an item looked at once more: what an order lacked may have come while that was decided."""
        now_ms = self._now_ms()
        known = [(row.site, row.unit, row.as_of_ms) for row in self._journal.levels([sku])]
        for site, unit, as_of_ms in known or [(NOWHERE, "EA", 0)]:
            changes.row(*added(sku, site, unit, 0, as_of_ms, now_ms))

    def echoes(self, message: Message, document: Document) -> bool:
        """Whether a channel only repeats the figure that it was sent."""
        if not isinstance(document, StockLevel):
            return False
        known = self._told(message.system, document.sku)
        return (
            known is not None
            and known.how == OURS
            and (known.amount, known.unit) == (document.quantity, document.unit)
        )

    def _told(self, channel: str, sku: str) -> ToldRow | None:
        return next((row for row in self._journal.told([sku]) if row.channel == channel), None)

    def _level(self, message: Message, told: StockLevel) -> Kept:
        """A channel has changed its own copy, as by a sale at its checkout: noted, and corrected when it must be.

        A lower figure does no harm, and the order behind it may be on its way; a higher one is corrected at once.
        """
        if not self._policy.channel(message.system).publish:
            return Kept()
        known, now = self._told(message.system, told.sku), self._now_ms()
        higher = known is None or told.quantity > known.amount or told.unit != known.unit
        due = now if higher else now + int(self._policy.settle_s * 1000)
        row = ToldRow(message.system, told.sku, message.hub, int(told.quantity), told.unit, THEIRS, now)
        return Kept(
            [told_row(row, due_ms=due)], says=f"{message.system} says that it has {told.quantity} {told.unit}"
        )

    def _day(self) -> datetime:
        return datetime.fromtimestamp(self._now_ms() / 1000, self._zone)

    def _asked(self, readers: Collection[str]) -> bool:
        return any(site.system in readers for site in self._policy.sites.values())

    def _sites_of(self, system: str, site: str | None) -> frozenset[str]:
        """The sites that a report is about."""
        own = {name for name, policy in self._policy.sites.items() if policy.system == system}
        return frozenset({site} if site in own else own)

    # -- balances ------------------------------------------------------------

    def _balance(self, message: Message, told: InventoryBalance) -> Kept:
        site = self._policy.site_of(message.system, told.site)
        if site is None:
            return Kept()
        ledger, measures = self._ledger, self._room.measures
        gross, unit = measures.supply(told.sku, told.quantity, told.unit)
        net = None if told.net is None else measures.supply(told.sku, told.net, told.unit)[0]
        belief = Belief(
            message.system, told.site, told.sku, told.status, gross, net, told.lot, told.expires_on, told.owner,
            told.location,
        )  # fmt: skip
        as_of_ms = int(told.as_of.timestamp() * 1000)
        before = ledger.belief(message.hub, message.system)
        if before is not None and before.as_of_ms > as_of_ms:
            return Kept(says="an older figure than is known")
        site = replace(site, left_days=measures.left_days(told.sku, site.left_days))
        usable = counted(belief, site, self._day(), self._zone)
        until = good_until(told.expires_on, site.left_days, self._zone)
        row = BeliefRow(
            message.hub, message.system, told.sku, told.site, told.status, told.lot,
            told.expires_on.isoformat() if told.expires_on else None, told.owner, told.location, unit, gross, net,
            as_of_ms, message.id, usable,
        )  # fmt: skip
        was = before.counted if before is not None else 0
        kept = Kept([believed(row, was, int(until.timestamp() * 1000) if until else None)])
        ledger.believe(row)
        if before is not None and (before.sku, before.site) != (told.sku, told.site):
            # The same balance is of another item, or elsewhere, from now on.
            ledger.supply(before.sku, before.site, before.unit, -was, before.as_of_ms)
            was = 0
        ledger.supply(told.sku, told.site, unit, usable - was, as_of_ms)
        kept.rows += ledger.show(told.sku, told.site, as_of_ms, told.lot)
        figure = belief.figure(site)
        if figure < 0:
            kept.fault = Invalid(
                f"{told.site} has {number(figure)} {unit} of {told.sku}: less than nothing",
                path="net" if site.figure is Figure.NET and told.net is not None else "quantity",
                value=str(number(figure)),
                fix="count what is there and send the figure again, or correct the value and retry",
                type="negative_stock",
            )
        return kept

    # -- orders --------------------------------------------------------------

    def _order(self, message: Message, order: SalesOrder, story: Story) -> Kept:
        if order.order_type in _ELSEWHERE:
            return Kept()
        holder, channel = message.hub, self._policy.channel(message.system)
        own, before = self._ledger.of(holder), Early()
        if story and not own:
            self._room.kits.refresh()
            before = early(self._room, self._ledger, message, story, self._journal.next_id, self._now_ms())
        wants = [] if before.ended else self._wants(order, own + before.gone)
        held = [one for one in own if one.state is _S.HELD]
        if is_same(wants, held):
            return Kept([self._ledger.note(one) for one in before.gone])
        held += self._promised(message.system, order.promise)
        skus = {want.sku for want in wants} | {one.sku for one in held}
        levels = self._ledger.levels(skus)
        aside = self._ledger.aside(channel, skus)
        for one in held:  # what the order already has, it may have again
            row = levels[one.sku, one.site]
            levels[one.sku, one.site] = replace(row, reserved=row.reserved - one.amount)
            aside[one.sku] = aside.get(one.sku, 0) - one.amount
        found = offer.taken(wants, levels, aside, channel, self._policy, self._room.guard)
        lacks = [one for one in found if isinstance(one, Lack)]
        if lacks:
            raise self._short(channel.short, order, wants, lacks)
        picks = cast("list[Pick]", found)
        rows = [self._ledger.note(one) for one in before.gone]
        rows += [self._ledger.move(one, one.moved(_S.RELEASED)) for one in held]
        now = self._now_ms()
        for pick in picks:
            one = Reservation(
                self._journal.next_id(), pick.sku, pick.site, message.system, holder, pick.line, pick.amount,
                made_ms=now,
            )  # fmt: skip
            rows.append(self._ledger.add(one))
        sites = ", ".join(sorted({pick.site for pick in picks})) or "no site"
        return Kept(rows, says=f"stock set aside at {sites}")

    def _wants(self, order: SalesOrder, own: Sequence[Reservation]) -> list[Want]:
        """What is still to be set aside: what a warehouse has taken already is not wanted again."""
        self._room.kits.refresh()
        site = order.site if order.site in self._policy.sites else None
        gone: dict[tuple[str, str], int] = {}
        for one in own:
            if one.state in {_S.PASSING, _S.GONE}:
                key = one.line, self._room.numbers.now(ITEM, one.sku)
                gone[key] = gone.get(key, 0) + one.amount
        wants: list[Want] = []
        for index, line in enumerate(order.lines):
            amount = self._room.measures.demand(line.sku, line.quantity, line.unit, at=f"lines[{index}]")
            for sku, some in exploded(line.sku, amount, self._room.kits.kits).items():
                name = str(line.line)
                left = some - gone.get((name, sku), 0)
                if left > 0:
                    wants.append(Want(name, sku, left, site))
        return wants

    def _promised(self, channel: str, promise: str | None) -> list[Reservation]:
        """What the channel's own promise still holds for this order."""
        id_ = id_of(PROMISE, promise) if promise is not None else None
        if id_ is None:
            return []
        return [one for one in self._ledger.of(id_) if one.state is _S.HELD and one.channel == channel]

    def _short(
        self, short: Short, order: SalesOrder, wants: Sequence[Want], lacks: Sequence[Lack]
    ) -> Exception:
        first = lacks[0]
        says = f"{number(first.wanted)} of {first.sku} are wanted and {number(first.there)} can be promised"
        says += f", and {len(lacks) - 1} more items are not there" if len(lacks) > 1 else ""
        if short is Short.REFUSE:
            return NotCovered(says)
        line = next((want.line for want in wants if want.sku == first.sku), "")
        index = next((n for n, one in enumerate(order.lines) if str(one.line) == line), 0)
        return Invalid(
            says,
            path=f"lines[{index}].quantity",
            value=first.sku,
            fix="it goes on by itself when stock comes; or send the order with less, then retry",
            type="backorder",
        )

    # -- what warehouses report ----------------------------------------------

    def _shipped(self, message: Message, told: Shipment) -> list[Row]:
        rows, sites = self._passed_on(message, told), self._sites_of(message.system, told.site)
        if told.is_whole():
            left = [
                one for one in self._ledger.of(message.root) if one.state is _S.HELD and one.site in sites
            ]
            rows += [self._ledger.move(one, one.moved(_S.RELEASED)) for one in left]
        return rows

    def _passed_on(self, message: Message, told: Shipment) -> list[Row]:
        sites = self._sites_of(message.system, told.site)
        at_ms = (
            int(told.shipped_at.timestamp() * 1000)
            if isinstance(told.shipped_at, datetime)
            else self._now_ms()
        )
        rows: list[Row] = []
        for index, line in enumerate(told.lines):
            if line.quantity == 0:
                continue
            amount = self._room.measures.demand(line.sku, line.quantity, line.unit, at=f"lines[{index}]")
            name = str(line.order_line if line.order_line is not None else line.line)
            same = {line.sku: amount} if self._holds(message.root, line.sku) else None
            for sku, some in (same or exploded(line.sku, amount, self._room.kits.kits)).items():
                rows += self._ledger.pass_on(
                    message.root, sku, some, line=name, lot=line.lot, at_ms=at_ms, sites=sites
                )
        return rows

    def _holds(self, holder: int, sku: str) -> bool:
        return any(one.sku == sku for one in self._ledger.of(holder))

    def _reported(self, message: Message, told: PickStatus) -> list[Row]:
        sites = self._sites_of(message.system, told.site)
        if told.state in ("cancelled", "refused"):
            return self._ledger.release(message.root, sites=sites)
        net = frozenset(site for site in sites if self._policy.sites[site].figure is Figure.NET)
        if not net or told.state == "released":
            return []
        # Its figures have what it set aside taken off already.
        at_ms, rows = int(told.at.timestamp() * 1000), list[Row]()
        for one in self._ledger.of(message.root):
            if one.state is _S.HELD and one.site in net:
                rows += self._ledger.pass_on(
                    message.root, one.sku, one.amount, line=one.line, lot=None, at_ms=at_ms, sites=net
                )
        return rows
