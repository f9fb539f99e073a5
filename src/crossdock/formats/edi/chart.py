"""The chart of a document grammar: from each place, where every segment id leads."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.formats.edi.grammar import DocumentGrammar, Loop, Slot

CHARTS_MAX = 256  #: charts kept; the oldest goes first


@dataclass(frozen=True, slots=True)
class Item:
    """One slot or loop at one position (a grammar may use the same at several); it begins with place `lead`."""

    of: Slot | Loop
    lead: int


#: Items of one loop (or of the document) and the index reached in them.
Level = tuple[tuple[Item, ...], int]


@dataclass(frozen=True, slots=True)
class Place:
    """One slot of the document; `index` is its number in the chart, `leads` whether its loop begins with it."""

    index: int
    slot: Slot
    loops: tuple[Loop, ...]
    levels: tuple[Level, ...]
    leads: bool

    @property
    def id(self) -> str:
        """The segment id that stands here."""
        return self.slot.segment.id

    @property
    def loop(self) -> str:
        """The ids of the loops around it, outermost first: `PO1/N1`; empty at the top."""
        return "/".join(loop.id for loop in self.loops)

    @property
    def not_used(self) -> bool:
        """Whether the grammar names the place only to say that it stays empty."""
        return self.slot.usage == "N" or self.slot.max == 0 or any(loop.usage == "N" for loop in self.loops)


@dataclass(frozen=True, slots=True)
class Way:
    """A way from one place to the next.

    `level` is the depth of the item that is begun or repeated. `limit` 0: the item is begun; above 0: it is
    repeated, at most so often in all; -1: repeated without bound. `lacking` are the mandatory places that the
    way leaves out.
    """

    to: int
    level: int
    limit: int
    lacking: tuple[int, ...] = ()


class Chart:
    """A compiled grammar. Tables are made when a place is first reached, and kept as long as the chart is."""

    def __init__(self, grammar: DocumentGrammar) -> None:
        self.grammar = grammar
        places: list[Place] = []
        self.items = _settle(grammar.items, (), (), places)
        self.places = tuple(places)
        self.start = len(places)  #: the place before the first segment
        self.depth = max((len(place.levels) for place in places), default=1)
        by_id: dict[str, list[int]] = {}
        for place in places:
            by_id.setdefault(place.id, []).append(place.index)
        self.by_id = {id_: tuple(indices) for id_, indices in by_id.items()}
        self._ways: list[dict[str, tuple[Way, ...]] | None] = [None] * (self.start + 1)
        self._remaining: list[tuple[int, ...] | None] = [None] * (self.start + 1)
        self._plain: list[dict[str, tuple[int, int, int]] | None] = [None] * (self.start + 1)
        self._plain_octets: list[dict[bytes, tuple[int, int, int]] | None] = [None] * (self.start + 1)

    def levels(self, at: int) -> tuple[Level, ...]:
        """The items around a place, outermost first, each with the index reached."""
        return ((self.items, -1),) if at == self.start else self.places[at].levels

    def ways(self, at: int) -> dict[str, tuple[Way, ...]]:
        """Every way on from a place, by segment id, the nearest first."""
        known = self._ways[at]
        if known is None:
            known = self._ways[at] = self._ways_from(at)
        return known

    def plain(self, at: int) -> dict[str, tuple[int, int, int]]:
        """The nearest ways (to, level, limit) that leave out nothing and may be taken; the table for speed."""
        known = self._plain[at]
        if known is None:
            known = self._plain[at] = {
                id_: (ways[0].to, ways[0].level, ways[0].limit)
                for id_, ways in self.ways(at).items()
                if not ways[0].lacking and not self.places[ways[0].to].not_used and not self.forks(at, id_)
            }
        return known

    def forks(self, at: int, id_: str) -> bool:
        """Whether a segment may begin several loops from here that only what must follow it tells apart."""
        ways = [way for way in self.ways(at)[id_] if not way.lacking]
        return len(ways) > 1 and len({_must_follow(self.places[way.to]) for way in ways} - {None}) > 1

    def leads_to(self, way: Way, id_: str) -> bool:
        """Whether a way begins a loop in which this segment must come next."""
        return _must_follow(self.places[way.to]) == id_

    def plain_octets(self, at: int) -> dict[bytes, tuple[int, int, int]]:
        """The same table by the bytes of the segment id."""
        known = self._plain_octets[at]
        if known is None:
            known = self._plain_octets[at] = {id_.encode(): way for id_, way in self.plain(at).items()}
        return known

    def remaining(self, at: int) -> tuple[int, ...]:
        """The mandatory places left open when the document ends here, in the order in which they would stand."""
        known = self._remaining[at]
        if known is None:
            levels = reversed(self.levels(at))
            known = tuple(lead for items, index in levels for lead in mandatory(items, index + 1))
            self._remaining[at] = known
        return known

    def _ways_from(self, at: int) -> dict[str, tuple[Way, ...]]:
        found: dict[str, list[Way]] = {}
        lacking: tuple[int, ...] = ()
        levels = self.levels(at)
        for level in range(len(levels) - 1, -1, -1):
            items, index = levels[level]
            # the first segment of a loop stands once: when it comes again, the loop is repeated
            if index > 0 or (index == 0 and level < max(len(levels) - 1, 1)):
                here, to = items[index].of, items[index].lead
                limit = -1 if here.max is None else max(here.max, 1)
                found.setdefault(self.places[to].id, []).append(Way(to, level, limit, lacking))
            for ahead in range(index + 1, len(items)):
                to = items[ahead].lead
                left_out = lacking + mandatory(items, index + 1, ahead)
                found.setdefault(self.places[to].id, []).append(Way(to, level, 0, left_out))
            lacking += mandatory(items, index + 1)
        return {id_: tuple(ways) for id_, ways in found.items()}


def _must_follow(place: Place) -> str | None:
    """The id of the segment that must follow the one that begins a loop; None for any other."""
    items = place.loops[-1].items if place.leads else ()
    if len(items) < 2 or items[1].usage != "M":
        return None
    item = items[1]
    while isinstance(item, Loop):
        item = item.items[0]
    return item.segment.id


def mandatory(items: tuple[Item, ...], start: int, stop: int | None = None) -> tuple[int, ...]:
    """The places with which the mandatory items of a stretch begin."""
    return tuple(item.lead for item in items[start:stop] if item.of.usage == "M")


def _settle(
    items: tuple[Slot | Loop, ...], loops: tuple[Loop, ...], outer: tuple[Level, ...], places: list[Place]
) -> tuple[Item, ...]:
    """Number every slot in the order in which it is written."""
    settled: list[Item] = []
    lead = len(places)
    for item in items:
        settled.append(Item(item, lead))
        lead += _size(item)
    here = tuple(settled)
    for index, item in enumerate(items):
        levels = (*outer, (here, index))
        if isinstance(item, Slot):
            places.append(Place(len(places), item, loops, levels, leads=bool(loops) and index == 0))
        else:
            assert item.items and isinstance(item.items[0], Slot), f"loop {item.id} has no first segment"
            _settle(item.items, (*loops, item), levels, places)
    return here


def _size(item: Slot | Loop) -> int:
    return 1 if isinstance(item, Slot) else sum(map(_size, item.items))


_charts: dict[int, Chart] = {}


def chart(grammar: DocumentGrammar) -> Chart:
    """The chart of a grammar; made once, for the same object, while it is among the last CHARTS_MAX made."""
    # by identity, since hashing a grammar reads all of it; the chart keeps its grammar alive, so the identity holds
    made = _charts.get(id(grammar))
    if made is None:
        made = _charts[id(grammar)] = Chart(grammar)
        while len(_charts) > CHARTS_MAX:
            del _charts[next(iter(_charts))]
    return made
