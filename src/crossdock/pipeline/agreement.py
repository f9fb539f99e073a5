"""Goods that leave for an order or come back from it, held against what was ordered and what left."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from crossdock.charter.charter import Charter, ItemCheck
from crossdock.faults import Invalid, Unmapped
from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.model.codes.units import UNITS, Dimension
from crossdock.model.document import Document, Line
from crossdock.model.documents.returns import ReturnAuthorisation, ReturnReceipt
from crossdock.model.documents.shipment import Shipment
from crossdock.model.lifecycle.facts import Fact
from crossdock.model.lifecycle.lines import Convert
from crossdock.model.lifecycle.words import Told
from crossdock.pipeline.kit_parts import BEYOND
from crossdock.pipeline.knowledge import Knowledge

_ASKED = frozenset({Told.VALIDATED, Told.RELEASED})
_LEFT = frozenset({Told.SHIPPED, Told.PART_SHIPPED})
#: Kits within kits that are looked into.
_DEPTH_MAX = 5
#: What can be told exactly; of what is weighed, a little more leaves than was ordered.
_COUNTED = frozenset({Dimension.COUNT, Dimension.PACK})


class Agreement:
    """Holds shipments and returns against the order of their story."""

    def __init__(self, charter: Charter, known: Knowledge, convert: Convert) -> None:
        self._charter = charter
        self._known = known
        self._convert = convert

    def check(
        self, document: Document, message: Message, told: Sequence[Fact], story: Iterable[Message]
    ) -> None:
        """Raises Invalid (`bad_transition`) for goods that nobody ordered, and for more than there can be.

        So does a shipment that says other figures than those that were charged; one from a site that its warehouse
        does not have raises Unmapped. `told` is what is known of the order but for this document. A site without an
        item master has no common codes, and no more is said there.
        """
        story = list(story)
        if isinstance(document, Shipment):
            self._from_our_site(document, message.system)
            self._as_charged(document, message, told, story)
            _whole_kits(document)
        if self._charter.checks.item_known is ItemCheck.SKIP:
            return
        match document:
            case Shipment():
                others = {fact.source: fact for fact in told if fact.told in _LEFT and fact.about}
                others.pop(f"{document.kind}/{document.number}", None)
                self._leaves(document, told, others.values())
            case ReturnAuthorisation():
                self._returns(document, told, _trees(story, message))
            case ReturnReceipt() if document.return_authorisation is None:
                self._returns(document, told, _trees(story, message))
            case _:
                pass

    def _from_our_site(self, shipment: Shipment, system: str) -> None:
        """Raises Unmapped for goods that left a site which the charter does not give to this warehouse."""
        stock = self._charter.stock
        own = [name for name, site in stock.sites.items() if site.system == system] if stock else []
        if shipment.site is None or not own or shipment.site in own:
            return
        raise Unmapped(
            f"{system} shipped {shipment.number} from {shipment.site}, and the charter gives it no such site: nobody"
            " knows whose stock went down",
            crosswalk="site", path="site", value=shipment.site,
            fix=f"correct the site (known: {', '.join(own)}), add the row {system},{shipment.site},OURS to the"
            f" crosswalk site where {system} uses it, or add {shipment.site} under stock.sites; then retry",
        )  # fmt: skip

    def _as_charged(
        self, shipment: Shipment, message: Message, told: Iterable[Fact], story: Iterable[Message]
    ) -> None:
        """Raises Invalid for a shipment that is told again with other figures once an invoice charged it."""
        charged = [
            one.source for one in told if one.told is Told.INVOICED and one.about in ("", shipment.number)
        ]
        versions = [
            one
            for one in story
            if one.hub == message.hub and one.id != message.id and one.state is MessageState.ROUTED
        ]
        if not charged or not versions:
            return
        units = dict[str, str]()
        was, now = _Figures(self._convert, units), _Figures(self._convert, units)
        was.add(_rows(versions[-1].tree))
        now.add((line.sku, Decimal(str(line.quantity)), line.unit) for line in shipment.lines)
        for sku in units:
            before, after = was.sums.get(sku, Decimal()), now.sums.get(sku, Decimal())
            if before == after:
                continue
            index = next((n for n, line in enumerate(shipment.lines) if line.sku == sku), None)
            raise Invalid(
                f"shipment {shipment.number} now says that {now.says(sku)} left; {was.says(sku)} were told before, "
                f"and {charged[0].replace('/', ' ', 1)} charges that",
                path="lines" if index is None else f"lines[{index}].quantity", value=f"{after.normalize():f}",
                fix="ask the warehouse what left; retry to take it as it is and have the difference credited or"
                " charged, or resolve with a reason to let the first word stand",
                type="bad_transition",
            )  # fmt: skip

    def _leaves(self, shipment: Shipment, told: Sequence[Fact], others: Iterable[Fact]) -> None:
        ordered = self._ordered(told)
        if not ordered.sums:
            return
        left = _Figures(self._convert, ordered.units)
        for fact in others:
            left.add((one.sku, one.quantity or Decimal(), one.unit) for one in fact.lines)
        for index, line in enumerate(shipment.lines):
            if not line.quantity:
                continue
            self._is_of(
                line, ordered, index, f"shipment {shipment.number} brings {line.sku}, which nobody ordered"
            )
            left.add([(line.sku, Decimal(str(line.quantity)), line.unit)])
            if left.exceeds(ordered, line.sku):
                raise _unlike(
                    index, "quantity", line.quantity,
                    f"with this shipment {left.says(line.sku)} left, more than the {ordered.says(line.sku)} ordered",
                    "ask the warehouse what left",
                )  # fmt: skip

    def _returns(
        self, back: ReturnAuthorisation | ReturnReceipt, told: Sequence[Fact], trees: Iterable[dict[str, Any]]
    ) -> None:
        left = _Figures(self._convert, {})
        for fact in {fact.source: fact for fact in told if fact.told in _LEFT and fact.about}.values():
            left.add((one.sku, one.quantity or Decimal(), one.unit) for one in fact.lines)
        if not left.sums:
            return
        returned = _Figures(self._convert, left.units)
        for tree in trees:
            if tree.get("return_authorisation") is None:
                returned.add(_rows(tree))
        ordered = self._ordered(told)
        for index, line in enumerate(back.lines):
            if line.sku not in left.sums:
                self._is_of(line, ordered, index, f"{line.sku} comes back, and none of it left")
            returned.add([(line.sku, Decimal(str(line.quantity)), line.unit)])
            if returned.exceeds(left, line.sku):
                raise _unlike(
                    index, "quantity", line.quantity,
                    f"with this {returned.says(line.sku)} come back, more than the {left.says(line.sku)} that left",
                    "ask the customer what comes back",
                )  # fmt: skip

    def _ordered(self, told: Iterable[Fact]) -> _Figures:
        """The most that was ever asked for: a change may cross the goods."""
        order, releases = _Figures(self._convert, {}), dict[str, _Figures]()
        for fact in told:
            if fact.told in _ASKED and fact.lines:
                one = _Figures(self._convert, order.units)
                one.add((line.sku, line.quantity or Decimal(), line.unit) for line in fact.lines)
                into = releases.setdefault(fact.release, _Figures(self._convert, order.units))
                into.at_least(one)
        whole = _Figures(self._convert, order.units)
        for release, figures in releases.items():
            if release:
                whole.plus(figures)
        whole.at_least(releases.get("", order))
        return whole

    def _is_of(self, line: Line, ordered: _Figures, index: int, says: str) -> None:
        """Raises Invalid for an item that the order does not name, nor a kit or an item of it stands for."""
        if line.sku in ordered.sums or line.sku in self._stand_ins(ordered.sums):
            return
        names = ", ".join(sorted(ordered.sums))
        raise _unlike(
            index, "sku", line.sku, f"{says}: the order is for {names}", "ask the warehouse what it was"
        )

    def _stand_ins(self, skus: Collection[str]) -> set[str]:
        """What may leave instead of some items: components of kits, and what their owner names as substitutes."""
        found, look = set[str](), set(skus)
        for _ in range(_DEPTH_MAX):
            look = {one for sku in look for one in self._within(sku)} - found
            found |= look
        return found

    def _within(self, sku: str) -> Iterator[str]:
        yield from (str(one["sku"]) for one in self._told("kit_composition", sku).get("components") or ())
        yield from self._told("item", sku).get("substitutes") or ()

    def _told(self, kind: str, sku: str) -> dict[str, Any]:
        """What the owner last told of an item or a kit."""
        rule, there = self._charter.objects.get(kind), self._known.by_number(kind, sku)
        if rule is None or there is None:
            return {}
        last = next(filter(None, (self._known.last_told(there.hub, owner) for owner in rule.owners)), None)
        return last[1].tree if last else {}


class _Figures:
    """Sums by item, each in the unit in which the item was first named."""

    def __init__(self, convert: Convert, units: dict[str, str]) -> None:
        self.units = units
        self.sums: dict[str, Decimal] = {}
        self._convert = convert
        self._vague: set[str] = set()

    def add(self, rows: Iterable[tuple[str, Decimal, str]]) -> None:
        for sku, quantity, unit in rows:
            own = self.units.setdefault(sku, unit)
            same = self._convert(sku, quantity, unit, own)
            measured = UNITS.get(own)
            if same is None or (measured is not None and measured.dimension not in _COUNTED):
                self._vague.add(sku)
            self.sums[sku] = self.sums.get(sku, Decimal()) + (same or Decimal())

    def at_least(self, other: _Figures) -> None:
        self._merge(other, max)

    def plus(self, other: _Figures) -> None:
        self._merge(other, Decimal.__add__)

    def _merge(self, other: _Figures, how: Callable[[Decimal, Decimal], Decimal]) -> None:
        self._vague |= other._vague
        for sku, value in other.sums.items():
            self.sums[sku] = how(self.sums.get(sku, Decimal()), value)

    def exceeds(self, other: _Figures, sku: str) -> bool:
        if sku not in other.sums or sku in self._vague | other._vague:
            return False
        return self.sums[sku] > other.sums[sku]

    def says(self, sku: str) -> str:
        return f"{self.sums.get(sku, Decimal()).normalize():f} {self.units[sku]} of {sku}"


def _whole_kits(shipment: Shipment) -> None:
    """Raises Invalid for components that left and make no whole kit of the order."""
    beyond = (shipment.extra or {}).get(BEYOND)
    if beyond:
        what = ", ".join(map(str, beyond))
        raise Invalid(
            f"{what} left with {shipment.number} and make no whole kit", path="lines", value=what,
            fix="ask the warehouse for the rest of the kit; retry to have the whole kits charged, or resolve with a"
            " reason",
            type="bad_transition",
        )  # fmt: skip


def _rows(tree: dict[str, Any]) -> Iterator[tuple[str, Decimal, str]]:
    return ((one["sku"], Decimal(str(one["quantity"])), one["unit"]) for one in tree["lines"])


def _trees(story: Iterable[Message], message: Message) -> list[dict[str, Any]]:
    """The others of its kind in the same story, each in its newest version."""
    newest = {
        one.hub: one.tree
        for one in story
        if one.document == message.document and one.hub != message.hub and one.state is MessageState.ROUTED
    }
    return list(newest.values())


def _unlike(index: int, field: str, value: object, says: str, ask: str) -> Invalid:
    return Invalid(
        says, path=f"lines[{index}].{field}", value=str(value),
        fix=f"{ask}, then correct the line, retry to take it as it is, or resolve with a reason",
        type="bad_transition",
    )  # fmt: skip
