"""An order as order routing finds it: its newest words, its parts, and what of it nobody answers for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.lifecycle.life import Life, Release
from crossdock.model.lifecycle.lines import Convert
from crossdock.model.lifecycle.spoken import Spoken, spoken_for
from crossdock.model.lifecycle.words import Cancellation, Fulfilment, Told
from crossdock.pipeline.lives import Story, read
from crossdock.pipeline.sourcing.asking import Wanted, units_of
from crossdock.pipeline.sourcing.plan import PURCHASE, RELEASE

_OVER = (Fulfilment.SHIPPED, Fulfilment.DELIVERED)
_LEFT = (Told.SHIPPED, Told.PART_SHIPPED)
_PENDING = (MessageState.WAITING, MessageState.DESK)


#: A kind of document and its tree, to the tree under the newest numbers: itself where none has changed.
Applied = Callable[[str, dict[str, Any]], dict[str, Any]]


def _as_told(_document: str, tree: dict[str, Any]) -> dict[str, Any]:
    return tree


def _named(message: Message, numbers: Applied) -> Message:
    tree = numbers(message.document, message.tree)
    return message if tree == message.tree else replace(message, tree=tree)


@dataclass(frozen=True, slots=True)
class OpenPart:
    """One part of an order in its newest version."""

    message: Message
    release: Release

    @property
    def site(self) -> str | None:
        """The site that ships it; None: it waits for stock, or a supplier ships it."""
        return self.message.tree.get("site")

    @property
    def refused(self) -> bool:
        """Whether the site would not ship it."""
        stopped = self.release.cancellation is Cancellation.ACCEPTED
        return self.release.fulfilment is Fulfilment.REFUSED or (stopped and not self.release.left)

    @property
    def pending(self) -> bool:
        """Whether it has not been released."""
        return self.message.state in _PENDING


class Standing:
    """Reads one story."""

    def __init__(self, story: Story, life: Life, convert: Convert, numbers: Applied = _as_told) -> None:
        """`numbers` gives a document under the numbers that items have now."""
        self._story = [(_named(message, numbers), sent) for message, sent in story]
        self.life = life
        self.convert = convert

    def order(self) -> tuple[Message, SalesOrder] | None:
        """The newest version of the order that went its way."""
        for message, _ in reversed(self._story):
            if message.document == SalesOrder.kind and message.state is MessageState.ROUTED:
                document = read(message)
                return (message, cast(SalesOrder, document)) if document is not None else None
        return None

    def parts(self) -> list[OpenPart]:
        """Its parts, the oldest first."""
        return list(self._parts())

    def _parts(self) -> Iterator[OpenPart]:
        newest: dict[int, Message] = {}
        for message, _ in self._story:
            if message.document in (RELEASE, PURCHASE) and message.state is not MessageState.SUPERSEDED:
                newest[message.hub] = message
        for message in newest.values():
            name = f"h{message.hub}"
            yield OpenPart(message, self.life.releases.get(name) or Release(name))

    @property
    def made(self) -> int:
        """How many parts were ever made of it."""
        return len({m.hub for m, _ in self._story if m.document in (RELEASE, PURCHASE)})

    @property
    def stopped(self) -> bool:
        """Whether the whole order is not wanted any more."""
        return any(
            message.document == "cancellation"
            and message.state is MessageState.ROUTED
            and not message.tree.get("lines")
            for message, _ in self._story
        )

    def spoken(self, *orders: SalesOrder) -> dict[str, Spoken]:
        """What somebody answers for, line by line, over all lines that any of these versions has."""
        units = {line: unit for order in orders for line, unit in units_of(order).items()}
        return spoken_for(self.life, units, convert=self.convert)

    def wanted(self, order: SalesOrder) -> list[Wanted]:
        """What nobody answers for."""
        spoken = self.spoken(order)
        rest = ((line, Decimal(line.quantity) - spoken[str(line.line)].whole) for line in order.lines)
        return [Wanted(line, quantity) for line, quantity in rest if quantity > 0]

    def shunned(self) -> frozenset[str]:
        """The sites that would not ship a part of it, or did not have all of it."""
        parts = (part for part in self._parts() if part.refused or self._came_short(part))
        return frozenset(filter(None, (part.site for part in parts)))

    def _came_short(self, part: OpenPart) -> bool:
        """Whether it ended, and less left than was asked for."""
        if part.release.fulfilment not in _OVER:
            return False
        name, asked, left = f"h{part.message.hub}", Decimal(), Decimal()
        for fact in self.life.told:
            amount = sum((one.quantity or Decimal() for one in fact.lines), Decimal())
            if fact.release == name and fact.told is Told.RELEASED:
                asked += amount
            elif fact.release == name and fact.told in _LEFT and fact.about:
                left += amount
        return left < asked

    def in_use(self) -> list[str]:
        """The sites that ship parts of it."""
        sites = (part.site for part in self._parts() if not part.refused and part.site is not None)
        return list(dict.fromkeys(sites))
