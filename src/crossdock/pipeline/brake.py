"""The brake on mass changes: a feed of states that changes far more than usual is held until a person has looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.charter.flow_settings import Brake
from crossdock.faults import Invalid
from crossdock.journal.changes import Changes
from crossdock.message.records import Message
from crossdock.model import register
from crossdock.model.document import DocumentClass
from crossdock.pipeline import check
from crossdock.pipeline.bound import Context
from crossdock.pipeline.knowledge import Knowledge

TYPE = "mass_change"
#: What a person did about a feed that was held, as it stands in the store.
PASS = "pass"
#: The field that tells how much there is, where a document has one; of others any change counts.
AMOUNTS = {"inventory_balance": "quantity", "price": "price"}
#: Fields that tell of every document anew when it was made.
_MOMENTS = frozenset({"as_of", "valid_from"})
#: A span of time is counted in so many parts, so that it glides.
_PARTS = 4
#: So far back goes what is usual (a weekly load is in it), and so much of it must be known to call anything unusual.
_USUAL_MS, _KNOWN_MS, _KNOWN_PARTS = 8 * 86_400_000, 86_400_000, 10
#: The number of changes by itself is unusual from so many times `least` on.
_MANY = 10
#: Objects of a feed whose last change is remembered one by one.
OBJECTS_MAX = 500_000
#: How long the store's word of what others count, of how many objects there are, and of people's acts is believed.
_BELIEVED_MS, _COUNTED_MS, _ACTED_MS = 60_000, 600_000, 1_000

Feed = tuple[str, str]  #: system, document


def cause_of_feed(feed: Feed) -> str:
    """What groups everything that is held of one feed into one incident."""
    return f"{TYPE}/{feed[0]}/{feed[1]}"


@dataclass(slots=True)
class _Counts:
    """Changes, and how many of them went to nothing or jumped."""

    changed: int = 0
    zeroed: int = 0
    jumped: int = 0

    def add(self, changed: int, zeroed: int, jumped: int) -> None:
        self.changed += changed
        self.zeroed += zeroed
        self.jumped += jumped

    def plus(self, other: _Counts) -> _Counts:
        return _Counts(self.changed + other.changed, self.zeroed + other.zeroed, self.jumped + other.jumped)


@dataclass(slots=True)
class _Known:
    """What is known of one feed; times in milliseconds."""

    settings: Brake
    own: dict[int, _Counts] = field(default_factory=dict[int, _Counts])  #: by the part of time
    others: dict[int, _Counts] = field(
        default_factory=dict[int, _Counts]
    )  #: of other processes, and of former runs
    zeroed: dict[int, int] = field(
        default_factory=dict[int, int]
    )  #: object -> the part in which it went to nothing
    jumped: dict[int, int] = field(default_factory=dict[int, int])
    since: int = -1  #: only later parts count; `zeroed` and `jumped` hold nothing older
    before: _Counts = field(default_factory=_Counts)  #: what counts of durable batches
    objects: int = 0  #: that the feed ever told of
    usual: int | None = None  #: changes in the busiest span of the past; None: too little is known
    asked_ms: int = -_BELIEVED_MS
    counted_ms: int = -_COUNTED_MS

    @property
    def part_ms(self) -> int:
        """The length of a part."""
        return max(int(self.settings.within_s * 1000) // _PARTS, 1)

    def slide(self, since: int, oldest: int) -> None:
        """Only what came after `since` counts from now on, and what came before `oldest` is written no more."""
        for objects in (self.zeroed, self.jumped):
            for hub in [hub for hub, part in objects.items() if part <= since]:
                del objects[hub]
        self.own = {part: counts for part, counts in self.own.items() if part >= oldest}
        self.since = since
        self.sum()

    def sum(self) -> None:
        """Adds up what counts."""
        changed = sum(one.changed for part, one in self.own.items() if part > self.since)
        total = _Counts(changed, len(self.zeroed), len(self.jumped))
        for part, one in self.others.items():
            if part > self.since:
                total = total.plus(one)
        self.before = total


@dataclass(slots=True)
class _Change:
    """What one message changes; not yet counted for good."""

    hub: int
    part: int
    zeroed: bool = False
    jumped: bool = False


@dataclass(slots=True)
class _Coming:
    """What one batch adds to a feed, before it is durable."""

    counts: _Counts = field(default_factory=_Counts)  #: zeroed and jumped against what counts already
    objects: dict[int, _Change] = field(default_factory=dict[int, _Change])  #: the last change of each
    parts: dict[int, _Counts] = field(default_factory=dict[int, _Counts])

    def add(self, change: _Change, known: _Known) -> None:
        """One more change; an object that goes to nothing twice counts once, and not at all once it is back."""
        before = self.objects.get(change.hub)
        was_zero = before.zeroed if before else change.hub in known.zeroed
        had_jumped = before.jumped if before else change.hub in known.jumped
        change.jumped = change.jumped or had_jumped
        self.counts.add(1, change.zeroed - was_zero, change.jumped - had_jumped)
        self.parts.setdefault(change.part, _Counts()).add(1, int(change.zeroed), int(change.jumped))
        self.objects[change.hub] = change


class MassChange:
    """Judges messages one by one and counts those that pass; everything it counts is in the store as well.

    What one batch adds counts only once `keep` says that it is durable; `begin` forgets it. A document that
    says what is known already changes nothing, and an object that is new is no change of anything.
    """

    def __init__(self, context: Context, known: Knowledge) -> None:
        self._context = context
        self._journal = context.journal
        self._known = known
        self._settings = {
            (name, flow.document): flow.brake or Brake()
            for name, system in context.charter.systems.items()
            for flow in system.flows_in
            if flow.document in register.kinds() and register.class_of(flow.document) is DocumentClass.STATE
        }
        self._feeds: dict[Feed, _Known] = {}
        self._counter: int | None = None
        self._coming: dict[Feed, _Coming] = {}
        self._says: dict[Feed, str] = {}  #: feeds that tripped in this batch, with the numbers
        self._open: dict[Feed, int | None] = {}  #: the incident that holds a feed; asked once a batch
        self._acts: Mapping[Feed, tuple[str, int]] = {}
        self._acts_ms = -_ACTED_MS

    def begin(self) -> None:
        """A batch begins; nothing of the one before is counted that was not kept."""
        self._coming.clear()
        self._open.clear()
        self._says.clear()

    @property
    def tripped(self) -> Mapping[Feed, str]:
        """What ran away in the batch that is being decided: all of it is to be judged once more."""
        return dict(self._says)

    def hold(self, says: Mapping[Feed, str]) -> None:
        """The batch that begins holds these feeds from its first document on."""
        self._says.update(says)

    # -- judging -------------------------------------------------------------

    def judge(self, message: Message) -> Invalid | None:
        """Why a message must wait for a person; None: it passes, and is counted."""
        feed = (message.system, message.document)
        settings = self._settings.get(feed)
        if settings is None or not settings.active:
            return None
        change = self._change(feed, settings, message)
        if change is None:
            return None
        if self.engaged(feed):
            return self._held(feed, self._says.get(feed, ""))
        coming = self._coming.setdefault(feed, _Coming())
        coming.add(change, self._feed(feed))
        if self._passes_freely(feed):
            return None
        says = self._too_much(feed)
        if says is None or self._passes_freely(feed, anew=True):
            return None
        self._says[feed] = says
        return self._held(feed, says)

    def engaged(self, feed: Feed) -> bool:
        """Whether changes of a feed are held now."""
        if feed in self._says:
            return True
        if feed not in self._open:
            self._open[feed] = self._journal.incident_of_cause(cause_of_feed(feed))
        return self._open[feed] is not None

    def _held(self, feed: Feed, says: str) -> Invalid:
        says = says or f"{_named(feed)} is held because it changed far more than usual"
        fix = "ask the owner of the feed; retry lets all of it pass, resolve with a reason drops what is held"
        return Invalid(f"{says}; its changes are held", fix=fix, type=TYPE)

    def _change(self, feed: Feed, settings: Brake, message: Message) -> _Change | None:
        last = self._known.last_told(message.hub, message.system)
        if last is None:
            return None
        part = self._now_ms() // self._feed(feed).part_ms
        name = AMOUNTS.get(message.document)
        if name is None:
            differs = any(path not in _MOMENTS for path in check.changes(last[1].tree, message.tree))
            return _Change(message.hub, part) if differs else None
        before, after = _amount(last[1].tree, name), _amount(message.tree, name)
        if before is None or after is None or before == after:
            return None
        jumped = before != 0 and after != 0 and _ratio(before, after) >= settings.jump_factor
        return _Change(message.hub, part, zeroed=after == 0, jumped=jumped)

    def _too_much(self, feed: Feed) -> str | None:
        """The numbers of a feed that runs away, in words; None while it does not."""
        known = self._feed(feed)
        if self._worst(feed, known) is not None:
            self._count_objects(feed, known, _ACTED_MS)  # nothing is held because of an old number
        return self._worst(feed, known)

    def _worst(self, feed: Feed, known: _Known) -> str | None:
        settings, counts = known.settings, known.before.plus(self._coming[feed].counts)
        within = f"within {settings.within_s / 60:g} min"
        if counts.zeroed >= max(settings.least, settings.zero_share * known.objects):
            return f"{_named(feed)}: {counts.zeroed:,} of {known.objects:,} went to nothing {within}"
        if counts.jumped >= max(settings.least, settings.jump_share * known.objects):
            jump = f"jumped {settings.jump_factor:g} times or more up or down"
            return f"{_named(feed)}: {counts.jumped:,} of {known.objects:,} {jump} {within}"
        many = settings.least * _MANY
        if known.usual is not None and counts.changed >= max(many, settings.times_usual * known.usual):
            usual = f"the busiest such span of the last eight days had {known.usual:,}"
            return f"{_named(feed)}: {counts.changed:,} changes {within}; {usual}"
        return None

    # -- counting ------------------------------------------------------------

    def write(self, changes: Changes) -> None:
        """Adds what this batch counts to its changes."""
        for feed, coming in self._coming.items():
            known = self._feed(feed)
            for part, more in coming.parts.items():
                counts, from_ms = known.own.get(part, _Counts()).plus(more), part * known.part_ms
                changes.row(
                    "upsert_tally", self._journal.scope, *feed, from_ms, self._own_counter, counts.changed,
                    counts.zeroed, counts.jumped,
                )  # fmt: skip
                if part not in known.own:
                    changes.row("delete_tallies", self._journal.scope, *feed, from_ms - 2 * _USUAL_MS)

    def keep(self) -> None:
        """What this batch added is durable."""
        for feed, coming in self._coming.items():
            known = self._feed(feed)
            for part, more in coming.parts.items():
                known.own[part] = known.own.get(part, _Counts()).plus(more)
            for hub, change in coming.objects.items():
                _note(known.zeroed, hub, change.part, counts=change.zeroed)
                _note(known.jumped, hub, change.part, counts=change.jumped)
            known.sum()
        self._coming.clear()

    @property
    def _own_counter(self) -> int:
        if self._counter is None:
            self._counter = self._journal.next_id()
        return self._counter

    # -- what the store knows ------------------------------------------------

    def _feed(self, feed: Feed) -> _Known:
        known = self._feeds.get(feed)
        if known is None:
            known = self._feeds[feed] = _Known(self._settings[feed])
        now_ms = self._now_ms()
        since = oldest = now_ms // known.part_ms - _PARTS
        free_ms = self._free_until(feed)
        if free_ms is not None:  # what a person let pass counts no more
            since = max(since, min(now_ms, free_ms) // known.part_ms)
        if now_ms - known.asked_ms >= _BELIEVED_MS:
            known.asked_ms = now_ms
            rows = self._journal.tallies(*feed, now_ms - _USUAL_MS)
            known.others = {}
            for from_ms, counter, changed, zeroed, jumped in rows:
                if counter != self._counter:
                    known.others.setdefault(from_ms // known.part_ms, _Counts()).add(changed, zeroed, jumped)
            known.usual = _usual(((row[0], row[2]) for row in rows), known.part_ms, now_ms)
            self._count_objects(feed, known, _COUNTED_MS)
            known.slide(since, oldest)
        elif since != known.since:
            known.slide(since, oldest)
        return known

    def _count_objects(self, feed: Feed, known: _Known, believed_ms: int) -> None:
        now_ms = self._now_ms()
        if now_ms - known.counted_ms >= believed_ms:
            known.counted_ms, known.objects = now_ms, self._journal.count_objects(*feed)

    def _free_until(self, feed: Feed, *, anew: bool = False) -> int | None:
        """Until when a person let a feed pass; None when nobody did. `anew`: the store is asked in any case."""
        now_ms = self._now_ms()
        if anew or now_ms - self._acts_ms >= _ACTED_MS:
            self._acts_ms, self._acts = now_ms, self._journal.brake_acts()
        act, at_ms = self._acts.get(feed, ("", 0))
        return at_ms + int(self._settings[feed].within_s * 1000) if act == PASS else None

    def _passes_freely(self, feed: Feed, *, anew: bool = False) -> bool:
        until_ms = self._free_until(feed, anew=anew)
        return until_ms is not None and self._now_ms() < until_ms

    def _now_ms(self) -> int:
        return self._context.clock.now_ms()


def _named(feed: Feed) -> str:
    return f"{feed[1]} of {feed[0]}"


def _amount(tree: Mapping[str, Any], name: str) -> Decimal | None:
    try:
        return Decimal(str(tree[name]))
    except (KeyError, InvalidOperation):
        return None


def _ratio(before: Decimal, after: Decimal) -> float:
    high, low = max(abs(before), abs(after)), min(abs(before), abs(after))
    return float(high / low)


def _note(objects: dict[int, int], hub: int, part: int, *, counts: bool) -> None:
    """Remembers an object, or forgets it; the hundred-thousands beyond the bound are not counted one by one."""
    if not counts:
        objects.pop(hub, None)
    elif hub in objects or len(objects) < OBJECTS_MAX:
        objects[hub] = part


def _usual(rows: Iterable[tuple[int, int]], part_ms: int, now_ms: int) -> int | None:
    """Changes in the busiest span before the present one; None where too little is known."""
    parts: dict[int, int] = {}
    for from_ms, changed in rows:
        parts[from_ms // part_ms] = parts.get(from_ms // part_ms, 0) + changed
    present = now_ms // part_ms - _PARTS
    past = {part: count for part, count in parts.items() if part <= present}
    if len(past) < _KNOWN_PARTS or (present - min(past)) * part_ms < _KNOWN_MS:
        return None
    return max(sum(past.get(part - back, 0) for back in range(_PARTS)) for part in past)
