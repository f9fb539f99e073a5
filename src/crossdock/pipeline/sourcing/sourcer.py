"""Shares orders out to sites and suppliers, and sets the stock aside in the same commit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.faults import Invalid
from crossdock.journal.changes import Row
from crossdock.journal.contract import Journal
from crossdock.kit.connector import Read
from crossdock.message.names import moment
from crossdock.message.records import Message
from crossdock.model.documents.sales import SalesOrder
from crossdock.model.lifecycle.life import Life
from crossdock.model.lifecycle.spoken import Spoken
from crossdock.model.lifecycle.words import Fulfilment
from crossdock.pipeline.amending import changes_of, path_of
from crossdock.pipeline.lives import Story
from crossdock.pipeline.sourcing.amending import HEADER, cut, excess_of
from crossdock.pipeline.sourcing.asking import Asking, Wanted, units_of
from crossdock.pipeline.sourcing.lots import Lots
from crossdock.pipeline.sourcing.plan import Part, PartLine, Plan, Revised, lines_of, says_of
from crossdock.pipeline.sourcing.shelf import Shelf
from crossdock.pipeline.sourcing.standing import Standing
from crossdock.pipeline.sourcing.trimming import trimmed
from crossdock.pipeline.stockkeeping.cancelling import less
from crossdock.pipeline.stockkeeping.kept import Kept, NotCovered
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.amount import number
from crossdock.stock.kit import exploded
from crossdock.stock.policy import Short
from crossdock.stock.reservation import Reservation, ReservationState
from crossdock.stock.sourcing.ask import Choice, Demand, Share
from crossdock.stock.sourcing.calendar import Departure, departure
from crossdock.stock.sourcing.choose import choose
from crossdock.stock.sourcing.policy import Rule, Sourcing, Split

_S = ReservationState
#: Whether a kind of change still goes to a warehouse that is so far.
Sends = Callable[[str, Fulfilment], bool]
#: How long after its time a wave is still that wave.
_WAVE_MS = 10 * 60_000
Told = Callable[[int], Story]


class Sourcer:
    """Routes orders while a batch is decided."""

    def __init__(
        self,
        policy: Sourcing,
        room: Stockroom,
        ledger: StockLedger,
        journal: Journal,
        story: Told,
        zone: ZoneInfo,
        now_ms: Callable[[], int],
        sends: Sends,
    ) -> None:
        self.policy = policy
        self._sends = sends
        self._room = room
        self._ledger = ledger
        self._journal = journal
        self._story = story
        self._now_ms = now_ms
        self._asking = Asking(policy, room.measures, zone)
        self._shelf = Shelf(room, ledger, journal)
        self._lots = Lots(policy, room, ledger, journal)

    def standing(self, root: int, life: Life) -> Standing:
        """An order as it stands."""
        return Standing(self._story(root), life, self.convert, self._room.numbers.applied)

    def convert(self, sku: str, quantity: Decimal, given: str, wanted: str) -> Decimal | None:
        """How many of one unit a quantity in another is; None where nobody knows."""
        if given == wanted:
            return quantity
        try:
            one = self._room.measures.in_base(sku, 1, wanted)[0]
            value = self._room.measures.in_base(sku, quantity, given)[0] / one
        except Invalid:
            return None
        return Decimal(value.numerator) / Decimal(value.denominator)

    # -- a whole order -------------------------------------------------------

    def order(self, message: Message, order: SalesOrder, life: Life, promised: Sequence[Reservation]) -> Kept:
        """Shares out what nobody answers for yet. Raises NotCovered where the charter says so."""
        standing = self.standing(message.root, life)
        plan = Plan(message)
        kept = Kept(plan=plan)
        before = standing.order()
        if before is not None:
            self._amend(before, (message, order), standing, kept)
        wanted = self._ours(order, standing.wanted(order), plan)
        apart = "; ".join(map(says_of, plan.parts))
        if wanted:
            self._share_out(message, order, wanted, standing, kept, promised=promised, may_refuse=True)
        kept.says = "; ".join(filter(None, (kept.says, apart)))
        return kept

    def less(self, message: Message, life: Life) -> Kept:
        """Some lines are not wanted any more: parts that can still be changed get less. Raises Invalid."""
        standing = self.standing(message.root, life)
        found = standing.order()
        if found is None:
            return Kept()
        kept = Kept(plan=Plan(found[0]))
        self._amend(found, found, standing, kept)
        return kept

    def _amend(
        self,
        before: tuple[Message, SalesOrder],
        after: tuple[Message, SalesOrder],
        standing: Standing,
        kept: Kept,
    ) -> None:
        """What a new version of an order does to its parts, for the plan. Raises Invalid where all is too late."""
        plan, (message, order) = kept.plan, after
        assert plan is not None, "whoever amends has a plan"
        header = [one for one in changes_of(before[0].tree, message.tree) if one in HEADER]
        ordered = {str(line.line): Decimal(line.quantity) for line in order.lines}
        spoken = standing.spoken(before[1], order)
        _same_items(before[1], order, spoken)
        excess = excess_of(ordered, ((line, one.whole) for line, one in spoken.items()))
        units = {**units_of(before[1]), **units_of(order)}
        done = cut(standing.parts(), excess, header, self._sends, units, self.convert)
        plan.refused = "; ".join(done.refused)
        if done.refused and not done.revised:
            raise Invalid(
                plan.refused, path="lines" if excess else path_of(header[0]), type="bad_transition",
                fix="agree with the warehouse, or resolve with a reason",
            )  # fmt: skip
        # A part may still have lines that the order has no more; of the others the new words count.
        plan.tree = {**message.tree, "lines": [*before[0].tree["lines"], *message.tree["lines"]]}
        plan.revised = done.revised
        for part, line, rest in done.freed:
            kept.rows += self._less(message.root, part.tree, line, rest)

    def rest(self, message: Message, life: Life) -> Kept:
        """What a site would not ship, or could not, goes elsewhere: as the rule says by itself, or by a person."""
        standing = self.standing(message.root, life)
        found = standing.order()
        wanted = standing.wanted(found[1]) if found is not None and not standing.stopped else []
        if found is None or not wanted:
            return Kept()
        told, order = found
        kept = Kept(plan=Plan(told))
        if self._rule(told, order).reroute:
            self._share_out(told, order, wanted, standing, kept)
        else:
            assert kept.plan is not None, "it was made with one"
            kept.plan.parts.append(Part(self._lines(wanted)))
        return kept

    def out(self, message: Message, life: Life, release: str) -> Kept:
        """A site has nothing of a part: it is asked to stop where others can ship all of it, and waits otherwise."""
        standing = self.standing(message.root, life)
        found = standing.order()
        part = next((one for one in standing.parts() if one.release.number == release), None)
        if found is None or part is None or part.site is None or part.release.left or standing.stopped:
            return Kept()
        told, order = found
        rule, wanted = self._rule(told, order), self._wanted_of(part.message, order)
        if not wanted:
            plan = Plan(told, revised=[Revised(part.message, None)])
            return Kept(plan=plan, says=f"{part.site} has it not, and nobody wants it any more")
        if not rule.reroute or order.site in self.policy.sites:
            return Kept()
        channel = self._room.policy.channel(told.system)
        sites = list(rule.sites or channel.sites)
        shunned = standing.shunned() | {part.site}
        ask = self._asking.ask(order, wanted, self._now_ms(), site=None, shunned=shunned)
        supply, _ = self._shelf.supply(ask, sites, replace(channel, sites=tuple(sites)), ())
        choice = choose(ask, rule, sites, self.policy, supply)
        if choice.waits or choice.cancelled or not choice.shares:
            return Kept(says=f"{part.site} has it not, and no other site has all of it")
        plan = Plan(told, revised=[Revised(part.message, None)])
        return Kept(plan=plan, says=f"{part.site} has it not: it is asked to stop, and another ships")

    def _ours(self, order: SalesOrder, wanted: Sequence[Wanted], plan: Plan) -> list[Wanted]:
        """What sites ship; suppliers' lines and lines that may not leave yet become parts of their own."""
        now, ours = self._now_ms(), list[Wanted]()
        bought: dict[str, list[Wanted]] = {}
        later: dict[str, list[Wanted]] = {}
        for one in wanted:
            supplier = self.policy.supplier_of(one.line.sku, order.order_type or "")
            from_ms = self._asking.available_ms(one.line.sku)
            if supplier is not None:
                bought.setdefault(supplier.name, []).append(one)
            elif from_ms is not None and from_ms > now:
                later.setdefault(moment(from_ms), []).append(one)
            else:
                ours.append(one)
        plan.parts += [Part(self._lines(lines), supplier=name) for name, lines in bought.items()]
        plan.parts += [Part(self._lines(lines), release_at=at) for at, lines in later.items()]
        return ours

    # -- one part ------------------------------------------------------------

    def release(self, message: Message, life: Life, *, again: bool) -> Kept:
        """A part that is about to be released: what waits for stock is routed, a late one gets its new day.

        Raises Invalid (`backorder`) while there is nothing to route.
        """
        standing = self.standing(message.root, life)
        found = standing.order()
        if found is None:
            return Kept()
        told, order = found
        if message.tree.get("site") is not None:
            return self._still_leaves(message, told, order) if again else Kept()
        wanted = self._wanted_of(message, order)
        kept = Kept(plan=Plan(told, replaces=message))
        shunned = sorted(standing.shunned())
        if not again and shunned and not self._rule(told, order).reroute:
            raise _for_a_person(message.number, shunned)
        if again:
            self._share_out(told, order, wanted, standing, kept)
        assert kept.plan is not None, "it was made with one"
        if any(part.site is not None for part in kept.plan.parts) or kept.plan.cancelled:
            return kept
        raise self._lacks(told, order, wanted)

    def _wanted_of(self, part: Message, order: SalesOrder) -> list[Wanted]:
        """What a part asks for, in the units of the order's lines; lines that the order has no more ask for nothing."""
        lines = {str(line.line): line for line in order.lines}
        known = ((lines[one.line], one) for one in lines_of(part.tree) if one.line in lines)
        told = ((line, self.convert(one.sku, one.quantity, one.unit, line.unit)) for line, one in known)
        return [Wanted(line, quantity or Decimal()) for line, quantity in told]

    def _still_leaves(self, message: Message, told: Message, order: SalesOrder) -> Kept:
        """A part that was held up waits for the next wave, and leaves on a later day than was promised."""
        site, promised = message.tree["site"], str(message.tree.get("promised_ship_on"))
        now = self._now_ms()
        planned = message.tree.get("release_at")
        planned_ms = self._asking.instant_ms(datetime.fromisoformat(planned)) if planned else None
        if planned_ms is not None and planned_ms <= now < planned_ms + _WAVE_MS:
            return Kept()
        from_ms = self._asking.instant_ms(order.ship_from_at)
        leaves = departure(self.policy.dock(site, order.ship_method), now, from_ms)
        if leaves is None or (leaves.day.isoformat() <= promised and leaves.release_ms <= now):
            return Kept()
        part = Part(tuple(lines_of(message.tree)), site, None, leaves.day.isoformat(), _later(leaves, now))
        says = "; ".join([f"{says_of(part)}, promised for {promised}", *leaves.why])
        return Kept(plan=Plan(told, [part], replaces=message, says=says), says=says)

    # -- the choice ----------------------------------------------------------

    def _rule(self, message: Message, order: SalesOrder) -> Rule:
        rule = self.policy.rule_for(self._asking.who(message.system, order))
        return replace(rule, ship_complete=True) if order.ship_complete else rule

    def _share_out(
        self,
        message: Message,
        order: SalesOrder,
        wanted: Sequence[Wanted],
        standing: Standing,
        kept: Kept,
        *,
        promised: Sequence[Reservation] = (),
        may_refuse: bool = False,
    ) -> None:
        """Chooses sites for some lines, sets the stock aside, and writes the parts into the plan."""
        assert kept.plan is not None, "whoever shares out has a plan"
        rule, channel = self._rule(message, order), self._room.policy.channel(message.system)
        sites = list(rule.sites or channel.sites)
        ask = self._asking.ask(
            order, wanted, self._now_ms(), site=self._only(order, rule, standing), shunned=standing.shunned()
        )
        supply, levels = self._shelf.supply(ask, sites, replace(channel, sites=tuple(sites)), promised)
        choice = choose(ask, rule, sites, self.policy, supply)
        if may_refuse and (choice.waits or choice.cancelled) and channel.short is Short.REFUSE:
            raise NotCovered(choice.says())
        units = {one.name: one for one in wanted}
        parts = [self._lots.chosen(part, units, self._now_ms()) for part in self._parts(choice, units)]
        if choice.shares:
            kept.rows += [self._ledger.move(one, one.moved(_S.RELEASED)) for one in promised]
            kept.rows += self._set_aside(message, parts, units)
        kept.plan.parts += parts
        kept.plan.cancelled += tuple(self._part_line(one, units) for one in choice.cancelled)
        kept.plan.says = kept.says = choice.says()
        kept.reads += [Read(f"stock {row.sku} {row.site}", str(row.changed)) for row in levels]

    def _only(self, order: SalesOrder, rule: Rule, standing: Standing) -> str | None:
        """The one site that may ship it, where there is one."""
        if order.site in self.policy.sites:
            return order.site
        used = standing.in_use()
        alone = rule.split is Split.NEVER or rule.ship_complete
        return used[0] if alone and used else None

    def _set_aside(self, message: Message, parts: Sequence[Part], units: Mapping[str, Wanted]) -> list[Row]:
        rows: list[Row] = []
        now, kits = self._now_ms(), self._room.kits.kits
        for part in parts:
            for line in part.lines if part.site is not None else ():
                whole = self._room.measures.demand(line.sku, line.quantity, units[line.line].line.unit)
                for sku, amount in exploded(line.sku, whole, kits).items():
                    one = Reservation(
                        self._journal.next_id(), sku, str(part.site), message.system, message.root, line.line,
                        amount, lot=line.lot, made_ms=now,
                    )  # fmt: skip
                    rows.append(self._ledger.add(one))
        return rows

    def trim(self, root: int, life: Life) -> list[Row]:
        """Gives back what no open part of an order needs any more."""
        return trimmed(self.standing(root, life), root, self._ledger, self._room)

    def free(self, root: int, tree: Mapping[str, Any]) -> list[Row]:
        """Gives back what is set aside for one part."""
        none = Decimal()
        rows = (self._less(root, tree, one, replace(one, quantity=none)) for one in lines_of(tree))
        return list(chain.from_iterable(rows))

    def _less(self, root: int, part: Mapping[str, Any], line: PartLine, rest: PartLine) -> list[Row]:
        """Gives back what is set aside for a line of a part and not for what is left of that."""
        measures, rows = self._room.measures, list[Row]()
        amount = measures.demand(line.sku, line.quantity, line.unit)
        amount -= measures.demand(rest.sku, rest.quantity, rest.unit)
        for sku, some in exploded(line.sku, amount, self._room.kits.kits).items():
            rows += less(self._ledger, root, line.line, sku, some, {str(part.get("site"))})
        return rows

    # -- words and parts -----------------------------------------------------

    def _parts(self, choice: Choice, units: Mapping[str, Wanted]) -> list[Part]:
        now, parts = self._now_ms(), list[Part]()
        for site in choice.sites:
            leaves = choice.departures[site]
            lines = tuple(self._part_line(one, units) for one in choice.shares if one.site == site)
            parts.append(Part(lines, site, None, leaves.day.isoformat(), _later(leaves, now)))
        if choice.waits:
            parts.append(Part(tuple(self._part_line(one, units) for one in choice.waits)))
        return parts

    def _part_line(self, one: Share | Demand, units: Mapping[str, Wanted]) -> PartLine:
        quantity = one.count * units[one.line].unit_quantity
        hazardous = self._asking.is_hazardous(one.sku)
        return PartLine(one.line, one.sku, quantity, one.substitute_for, hazardous=hazardous)

    def _lines(self, wanted: Collection[Wanted]) -> tuple[PartLine, ...]:
        return tuple(
            PartLine(one.name, one.line.sku, one.quantity, hazardous=self._asking.is_hazardous(one.line.sku))
            for one in wanted
        )

    def _lacks(self, message: Message, order: SalesOrder, wanted: Sequence[Wanted]) -> Invalid:
        """The incident of a part that waits for stock, or for a person who sends it elsewhere."""
        channel = self._room.policy.channel(message.system)
        ask = self._asking.ask(order, wanted, self._now_ms(), site=None)
        supply, _ = self._shelf.supply(ask, list(channel.sites), channel, ())
        no_site = f"no site may ship {', '.join(one.line.sku for one in wanted)} now"
        lacking = (
            (part, f"{number(amount)} of {part} are wanted and {number(there)} can be promised")
            for demand in ask.demands
            for part, amount in exploded(demand.sku, demand.step * demand.count, supply.kits).items()
            if (there := supply.most.get(part, 0)) < amount
        )
        sku, says = next(lacking, (wanted[0].line.sku, no_site))
        return Invalid(
            says, path="lines[0].quantity", value=sku, type="backorder",
            fix="it goes on by itself when stock comes; or retry once a site may ship it",
        )  # fmt: skip


def _for_a_person(number: str, shunned: Sequence[str]) -> Invalid:
    """The incident of a part that no other site may ship by itself; stock that comes does not wake it."""
    return Invalid(
        f"{', '.join(shunned)} would not ship all of it, and the rule says that a person looks", type="rejected",
        path="site", value=number, fix="retry to have another site ship it, or have the order cancelled",
    )  # fmt: skip


def _later(leaves: Departure, now_ms: int) -> str | None:
    """When a part is released, where that is not now."""
    return moment(leaves.release_ms) if leaves.release_ms > now_ms else None


def _same_items(before: SalesOrder, after: SalesOrder, spoken: Mapping[str, Spoken]) -> None:
    """Raises Invalid where a line that somebody answers for is of another item now: both would be shipped, or none."""
    items = {str(line.line): line.sku for line in before.lines}
    for index, line in enumerate(after.lines):
        was = items.get(str(line.line), line.sku)
        if was != line.sku and spoken[str(line.line)].whole:
            raise Invalid(
                f"line {line.line} was {was} and goes its way as that", path=f"lines[{index}].sku", value=line.sku,
                type="bad_transition", fix=f"take the line out, and give {line.sku} a line number of its own",
            )  # fmt: skip
