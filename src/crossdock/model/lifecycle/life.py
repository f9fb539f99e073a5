"""An order's whole life: all that was told of it, walked through the tables as it happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crossdock.model.lifecycle.facts import Fact
from crossdock.model.lifecycle.lines import Convert, LineProgress, carried, same_unit
from crossdock.model.lifecycle.tables import TABLES, Move, Need, Tables, Trigger
from crossdock.model.lifecycle.walk import Step, Verdict, step
from crossdock.model.lifecycle.words import (
    Amendment,
    Billing,
    Cancellation,
    Fulfilment,
    Hold,
    HoldKind,
    Return,
    State,
    Told,
)  # fmt: skip

_EARLY, _LATE = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
#: Words in the order in which they count where no time is said; what is asked comes before what is answered.
_RANK = {told: rank for rank, told in enumerate(Told)} | {
    Told.RELEASED: -2,
    Told.CANCEL_REQUESTED: -1,
    Told.AMEND_REQUESTED: -1,
}
_BEGIN = frozenset({Told.VALIDATED})
_OPENS = frozenset({Told.VALIDATED, Told.RELEASED})
_UNTIMED_EARLY = frozenset(
    {Told.RELEASED, Told.CANCEL_REQUESTED, Told.AMEND_REQUESTED, Told.AMEND_ACCEPTED, Told.AMEND_REFUSED}
)
_FLOOR = frozenset(
    {Told.ACKNOWLEDGED, Told.REFUSED, Told.BACKORDERED, Told.ALLOCATED, Told.PICKING, Told.PICKED, Told.PACKED,
     Told.PART_SHIPPED, Told.SHIPPED}
)  # fmt: skip
_LEFT = frozenset({Told.SHIPPED, Told.PART_SHIPPED})
_ENDED = frozenset({Fulfilment.SHIPPED, Fulfilment.DELIVERED, Fulfilment.REFUSED})
_PROGRESS = tuple(Fulfilment)
_CLEAR = dict.fromkeys(HoldKind, Hold.CLEAR)


@dataclass(slots=True)
class Release:
    """What one warehouse was asked to ship; the one without a number is the order itself."""

    number: str
    fulfilment: Fulfilment = Fulfilment.RECEIVED
    cancellation: Cancellation = Cancellation.NONE
    left: dict[str, Told] = field(default_factory=dict[str, Told])  #: its shipments
    arrived: set[str] = field(default_factory=set[str])  #: those that the receiver has

    @property
    def ended(self) -> bool:
        """Whether nothing more will leave of it."""
        return self.fulfilment in _ENDED or self.cancellation is Cancellation.ACCEPTED


@dataclass(frozen=True, slots=True)
class Judged:
    """What one fact meant, in the worst of the tables that it speaks to."""

    verdict: Verdict
    missing: Told | Need | None = None
    triggers: tuple[Trigger, ...] = ()
    owner: str = ""  #: who must make the move that is missing


class Life:
    """The states of one order. Made anew from all facts, so that the order of arrival does not count."""

    def __init__(
        self,
        facts: Iterable[Fact],
        *,
        reported: frozenset[Told] = frozenset(),
        asked: Fact | Sequence[Fact] = (),
        tells: frozenset[Told] = frozenset(),
        tables: Tables = TABLES,
        convert: Convert = same_unit,
    ) -> None:
        """`asked` are the facts to be judged, whose sender tells `reported` one by one.

        `tells` are the words that any system of the site ever tells: what nobody tells is not awaited.
        """
        self._tables = tables
        self._tells = tells
        self._asked = (asked,) if isinstance(asked, Fact) else tuple(asked)
        self._convert = convert
        self.releases: dict[str, Release] = {"": Release("")}
        self.billing = Billing.NOT_READY
        self.holds = _CLEAR.copy()
        self.amendment = Amendment.NONE
        self.returned = Return.NONE
        self._lines: dict[str, LineProgress] | None = None
        self.judged: dict[Fact, Judged] = {}
        self._final: set[str] = set()
        self._charged: set[str] = set()
        self._invoices: set[str] = set()
        self._facts = _in_order([*facts, *self._asked])
        self._named = any(fact.told in _OPENS and fact.release for fact in self._facts)
        self._missing = reported.difference(fact.told for fact in self._facts)
        for fact in self._facts:
            self._tell(fact)
        self._settle()

    # -- the whole ------------------------------------------------------------

    @property
    def live(self) -> list[Release]:
        """The releases that count: named ones where there are any."""
        named = [one for name, one in self.releases.items() if name]
        return named or [self.releases[""]]

    @property
    def lines(self) -> dict[str, LineProgress]:
        """The order's lines with their quantities; worked out once somebody asks."""
        if self._lines is None:
            stopped = self.cancellation is Cancellation.ACCEPTED
            self._lines = carried(self._facts, stopped=stopped, convert=self._convert)
        return self._lines

    @property
    def told(self) -> Sequence[Fact]:
        """All that was told of it, as it happened, each source once."""
        return self._facts

    @property
    def fulfilment(self) -> Fulfilment:
        """How far the goods are, over all releases but those that were refused or stopped."""
        if not (open_ := [one for one in self.live if one.fulfilment is not Fulfilment.REFUSED]):
            return Fulfilment.REFUSED
        going = [one for one in open_ if not _never(one)] or open_
        if any(one.left or one.fulfilment in _ENDED for one in going):
            if all(one.fulfilment is Fulfilment.DELIVERED for one in going):
                return Fulfilment.DELIVERED
            return Fulfilment.SHIPPED if all(one.ended for one in going) else Fulfilment.PART_SHIPPED
        return max((one.fulfilment for one in going), key=_PROGRESS.index)

    @property
    def cancellation(self) -> Cancellation:
        """What became of its cancellation, over all releases."""
        states = [one.cancellation for one in self.live]
        for state in (Cancellation.REQUESTED, Cancellation.REFUSED):
            if state in states:
                return state
        if all(state is Cancellation.ACCEPTED for state in states):
            return Cancellation.ACCEPTED
        return Cancellation.NONE

    @property
    def held(self) -> list[HoldKind]:
        """The holds that are set."""
        return [kind for kind, state in self.holds.items() if state is Hold.SET]

    @property
    def closed(self) -> bool:
        """Whether all tables have ended: nothing more is to come of the order by itself."""
        arrives = Told.DELIVERED in self._tells and any(one.left for one in self.live)
        goods = all(
            one.ended and not (arrives and one.left and one.fulfilment is Fulfilment.SHIPPED)
            for one in self.live
        )
        charged = self.billing in (Billing.INVOICED, Billing.CREDITED)
        money = charged or not self._final or Told.INVOICED not in self._tells
        back = self.returned in (Return.NONE, Return.CREDITED) or (
            self.returned is Return.RECEIVED and Told.CREDITED not in self._tells
        )
        asked = self.cancellation is Cancellation.REQUESTED or self.amendment is Amendment.REQUESTED
        return goods and money and back and not asked and not self.held

    @property
    def stands(self) -> tuple[object, ...]:
        """Every state of every table, to be compared."""
        named = sorted(self.releases)
        every = (self.releases[name] for name in named)
        releases = tuple((one.number, one.fulfilment, one.cancellation) for one in every)
        return (*releases, self.billing, tuple(self.holds.values()), self.amendment, self.returned)

    # -- one fact -------------------------------------------------------------

    def _tell(self, fact: Fact) -> None:
        steps = list(self._steps(fact))
        if fact in self._asked:
            self.judged[fact] = _worst(steps)

    def _steps(self, fact: Fact) -> Iterable[Step]:
        told = fact.told
        if fact.release and told is not Told.RELEASED and self._is_unknown(fact):
            yield Step(Verdict.WAITS, Fulfilment.RELEASED, missing=Told.RELEASED)
        elif told in _OPENS:
            # A VALIDATED that names a release tells of a part that is still to be released.
            yield self._fulfil(self._opened(fact.release), fact)
        elif told in _FLOOR:
            for release in self._meant(fact):
                yield from self._floor(release, fact)
        elif told is Told.DELIVERED:
            yield from self._delivered(fact)
        elif told in (Told.FINAL, Told.INVOICED, Told.CREDITED):
            yield from self._money(fact)
        elif told in (Told.HOLD_SET, Told.HOLD_LIFTED):
            found = self._step(self._tables.hold, self.holds[fact.hold], fact)
            self.holds[fact.hold] = Hold(found.after.value)
            yield found
        elif told in (Told.CANCEL_REQUESTED, Told.CANCEL_ACCEPTED, Told.CANCEL_REFUSED):
            for release in self._meant(fact):
                yield self._cancel(release, fact)
        elif told in (Told.AMEND_REQUESTED, Told.AMEND_ACCEPTED, Told.AMEND_REFUSED):
            found = self._step(self._tables.amendment, self.amendment, fact)
            self.amendment = Amendment(found.after.value)
            yield found
        else:
            yield self._back(fact)

    def _is_unknown(self, fact: Fact) -> bool:
        """Whether it speaks of a release that is still to come, where any system tells of releases."""
        return fact.release not in self.releases and Told.RELEASED in self._tells and not fact.forced

    def _opened(self, name: str) -> Release:
        if name and name not in self.releases:
            checked = self.releases[""].fulfilment is not Fulfilment.RECEIVED
            self.releases[name] = Release(name, Fulfilment.VALIDATED if checked else Fulfilment.RECEIVED)
        return self.releases[name]

    def _meant(self, fact: Fact) -> list[Release]:
        """The releases that a fact speaks of: its own, the only one, or all of them."""
        if not self._named:
            return [self.releases[""]]  # the order itself went to the warehouse
        if fact.release in self.releases and fact.release:
            return [self.releases[fact.release]]
        if fact.release:
            return [self._opened(fact.release)]
        return self.live

    def _step(self, table: Sequence[Move], state: State, fact: Fact, release: Release | None = None) -> Step:
        # What was accepted before stands: only what is asked now must come one by one.
        insists = fact in self._asked and not fact.forced
        reported = self._missing if insists else frozenset[Told]()
        return step(
            table, state, fact.told, reported=reported, holds=lambda need: self._met(need, fact, release)
        )

    def _met(self, need: Need, fact: Fact, release: Release | None) -> bool:
        match need:
            case Need.NO_HOLD:
                return not self.held or fact.told is not Told.RELEASED or fact.forced
            case Need.NOT_CANCELLED:
                if fact.told not in (Told.RELEASED, Told.AMEND_REQUESTED):
                    return True  # the floor proves that it was released all the same
                one = release or self.releases[""]
                return one.cancellation not in (Cancellation.REQUESTED, Cancellation.ACCEPTED)
            case Need.STILL_OPEN:
                return release is None or release.fulfilment not in (Fulfilment.SHIPPED, Fulfilment.DELIVERED)
            case Need.ARRIVED:
                return release is None or release.arrived >= set(release.left) or "" in release.arrived
            case Need.CHARGED:
                return "" in self._charged or self._final <= self._charged
            case Need.INVOICE_KNOWN:
                return not fact.about or f"invoice/{fact.about}" in self._invoices
            case Need.SOMETHING_LEFT:
                left = any(one.left or one.fulfilment in _ENDED for one in self.live)
                return left or not _LEFT & self._tells

    # -- table by table -------------------------------------------------------

    def _fulfil(self, release: Release, fact: Fact) -> Step:
        found = self._step(self._tables.fulfilment, release.fulfilment, fact, release)
        release.fulfilment = Fulfilment(found.after.value)
        return found

    def _floor(self, release: Release, fact: Fact) -> Iterable[Step]:
        if release.cancellation is Cancellation.ACCEPTED and fact.told not in _LEFT:
            yield Step(Verdict.BEHIND, release.fulfilment)  # what was done before the warehouse stopped
            return
        found = self._fulfil(release, fact)
        yield found
        if fact.told in _LEFT and found.verdict in (Verdict.MOVED, Verdict.BEHIND):
            release.left[fact.about] = fact.told

    def _delivered(self, fact: Fact) -> Iterable[Step]:
        owners = [one for one in self.live if not fact.about or fact.about in one.left]
        if not owners:
            known = _LEFT & self._tells
            verdict = Verdict.WAITS if known else Verdict.MOVED
            yield Step(verdict, Fulfilment.SHIPPED, missing=Told.SHIPPED if known else None)
            owners = [] if known else self.live
        for release in owners:
            release.arrived.add(fact.about)
            found = self._fulfil(release, fact)
            # One of several arrived: noted, and the state follows with the last.
            yield Step(Verdict.MOVED, found.after, found.rows) if found.verdict is Verdict.WAITS else found

    def _money(self, fact: Fact) -> Iterable[Step]:
        if fact.told is Told.FINAL:
            self._final.add(fact.about)
        elif fact.told is Told.INVOICED:
            self._charged.add(fact.about)
            self._invoices.add(fact.source)
        found = self._step(self._tables.billing, self.billing, fact)
        self.billing = Billing(found.after.value)
        # An invoice of one of several shipments is noted, and the state follows with the last.
        partly = found.missing is Need.CHARGED
        yield Step(Verdict.MOVED, found.after, found.rows) if partly else found
        if fact.told is Told.CREDITED and self.returned is Return.RECEIVED:
            yield self._back(fact)

    def _back(self, fact: Fact) -> Step:
        found = self._step(self._tables.returned, self.returned, fact)
        self.returned = Return(found.after.value)
        return found

    def _cancel(self, release: Release, fact: Fact) -> Step:
        found = self._step(self._tables.cancellation, release.cancellation, fact, release)
        release.cancellation = Cancellation(found.after.value)
        return found

    # -- what follows by itself -----------------------------------------------

    def _settle(self) -> None:
        """Quantities that are complete, parcels that have all arrived, goods that overtook a cancellation."""
        for release in self.live:
            if release.fulfilment is Fulfilment.PART_SHIPPED and self._complete():
                self._fulfil(release, Fact(Told.SHIPPED, ""))
            if release.fulfilment is Fulfilment.SHIPPED and release.arrived:
                self._fulfil(release, Fact(Told.DELIVERED, ""))
            gone = release.fulfilment in (Fulfilment.SHIPPED, Fulfilment.DELIVERED)
            if gone and release.cancellation in (Cancellation.REQUESTED, Cancellation.ACCEPTED):
                table, heard = self._tables.cancellation, Fact(Told.SHIPPED, "")
                crossed = self._step(table, release.cancellation, heard, release)
                release.cancellation = Cancellation(crossed.after.value)

    def _complete(self) -> bool:
        """Whether all that was ordered has left."""
        lines = carried(self._facts, stopped=False, convert=self._convert)
        return bool(lines) and not any(line.open for line in lines.values())


def judge(
    known: Sequence[Fact],
    asked: Fact,
    *,
    reported: frozenset[Told] = frozenset(),
    tells: frozenset[Told] = frozenset(),
    tables: Tables = TABLES,
    convert: Convert = same_unit,
) -> tuple[Life, Judged]:
    """The order with one more fact, and what that fact means: late when the order stands as it stood before."""
    life = Life(known, asked=asked, reported=reported, tells=tells, tables=tables, convert=convert)
    judged = life.judged.get(asked, Judged(Verdict.BEHIND))
    if judged.verdict is Verdict.MOVED and known:
        before = Life(known, tells=tells, tables=tables, convert=convert)
        if before.stands == life.stands and _is_old(known, asked):
            judged = Judged(Verdict.BEHIND)
    return life, judged


def _is_old(known: Sequence[Fact], asked: Fact) -> bool:
    """Whether something else was told of a later moment."""
    return any(_when(fact) > _when(asked) for fact in known)


def _never(release: Release) -> bool:
    """Whether it ended without anything leaving."""
    return release.ended and not release.left and release.fulfilment not in _ENDED


def _worst(steps: Sequence[Step]) -> Judged:
    order = (Verdict.MOVED, Verdict.BEHIND, Verdict.WAITS, Verdict.IMPOSSIBLE)
    if not steps:
        return Judged(Verdict.BEHIND)
    # Of several releases one that can take it is enough.
    best = min(steps, key=lambda one: order.index(one.verdict))
    rows = [row for one in steps for row in one.rows]
    triggers = tuple(dict.fromkeys(trigger for row in rows for trigger in row.triggers))
    return Judged(best.verdict, best.missing, triggers, rows[-1].owner if rows else "")


def _in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Facts as they happened, each source once with its newest version."""
    newest: dict[tuple[str, Told], Fact] = {}
    for fact in facts:
        known = newest.get((fact.source, fact.told))
        if known is None or fact.version >= known.version:
            newest[fact.source, fact.told] = fact
    return sorted(newest.values(), key=_when)


def _when(fact: Fact) -> tuple[int, datetime, int, str]:
    if fact.told in _BEGIN:
        phase = 0
    elif fact.at is None and fact.told in _UNTIMED_EARLY:
        phase = 1
    else:
        phase = 2 if fact.at is not None else 3
    at = fact.at or (_EARLY if phase < 2 else _LATE)
    return phase, at, _RANK[fact.told], fact.source
