"""What a warehouse did with an order before its stock could be set aside: that needs no stock any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.model import register
from crossdock.model.document import Document
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import PickStatus
from crossdock.pipeline.lives import Story
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.kit import exploded
from crossdock.stock.reservation import Reservation, ReservationState, passed

Number = Callable[[], int]


@dataclass(slots=True)
class Early:
    """What left already, as reservations that nobody had to make, and whether nothing more will leave."""

    gone: list[Reservation] = field(default_factory=list[Reservation])
    ended: bool = False


def early(
    room: Stockroom, ledger: StockLedger, order: Message, story: Story, number: Number, now_ms: int
) -> Early:
    """What the story of an order tells of goods that left, or will not leave, while nothing was set aside for it.

    What left counts until a figure shows it, as if it had been set aside before; no rule of promising is asked.
    """
    found = Early()
    for message, told in _news(story):
        if isinstance(told, PickStatus):
            found.ended = found.ended or told.state == "cancelled"
            continue
        found.ended = found.ended or told.is_whole()
        site = _site(room, message.system, told.site)
        if site is None:
            continue
        at = told.shipped_at
        at_ms = int(at.timestamp() * 1000) if isinstance(at, datetime) else now_ms
        for line in told.lines:
            name = str(line.order_line if line.order_line is not None else line.line)
            amount = room.measures.demand(line.sku, line.quantity, line.unit)
            for sku, some in exploded(line.sku, amount, room.kits.kits).items() if amount else ():
                one = Reservation(number(), sku, site, order.system, order.hub, name, some, made_ms=now_ms)
                level = ledger.levels([sku]).get((sku, site))
                # Where nobody ever told a figure, none can hold what has left.
                found.gone.append(
                    one.moved(ReservationState.GONE, passed_ms=at_ms)
                    if level is None
                    else passed(one, at_ms, line.lot, level.as_of_ms)
                )
    return found


def _news(story: Story) -> Iterator[tuple[Message, Shipment | PickStatus]]:
    """The newest version of each shipment and report of the floor that was taken."""
    newest: dict[int, Message] = {}
    for message, _ in story:
        last = newest.get(message.hub)
        if message.state is MessageState.ROUTED and (last is None or message.version >= last.version):
            newest[message.hub] = message
    for message in newest.values():
        if message.document in (Shipment.kind, PickStatus.kind):
            told = _read(message)
            assert isinstance(told, Shipment | PickStatus)
            yield message, told


def _read(message: Message) -> Document:
    return register.read(message.document, message.tree, declares=_whatever)


def _site(room: Stockroom, system: str, named: str | None) -> str | None:
    own: Sequence[str] = [name for name, site in room.policy.sites.items() if site.system == system]
    return named if named in own else next(iter(own), None)


def _whatever(_sku: str, _unit: str) -> bool:
    return True
