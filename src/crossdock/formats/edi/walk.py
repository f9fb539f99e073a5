"""The walk through a document: each segment is given its place, and what stands wrong is named once."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from crossdock.formats.edi.chart import Chart, Level, Place, Way, mandatory

AHEAD_MAX = 8  #: segments that are looked at to tell which of two explanations breaks less

#: unknown: no segment of the standard. foreign: a segment of the standard, not of this document. unexpected: not
#: here, and no earlier place fits. out_of_sequence: too late or too early. missing: a mandatory segment is not
#: there. over_max: more often than the place takes. loop_over_max: the loop begins once too often. not_used: the
#: grammar keeps the place empty.
Kind = Literal[
    "unknown", "foreign", "unexpected", "out_of_sequence", "missing", "over_max", "loop_over_max", "not_used"
]


@dataclass(frozen=True, slots=True)
class Misplaced:
    """One structural fault: what stands wrong (or is missing) at segment `number`, counted from 1.

    `id` is the id of the segment that stands wrong; of the missing one where `kind` is "missing", and then
    `number` is where it should stand. `place` is the place meant, where there is one. `lacks` are the ids of
    loop-leading segments without which the segment has no place. `after` is the place reached before.
    """

    kind: Kind
    number: int
    id: str
    place: Place | None = None
    lacks: tuple[str, ...] = ()
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where a walk is: the place, how often the item of each level stood, and whence it strayed (out of sequence)."""

    at: int
    counts: tuple[int, ...]
    back: _Stand | None = None
    floor: int = -1  #: the level of the loop into which it strayed


@dataclass(frozen=True, slots=True)
class _Guess:
    """An explanation of a segment that does not simply fit, the walk after it, and what it costs."""

    stand: _Stand
    place: Place | None
    faults: tuple[Misplaced, ...]
    cost: int


class Walk:
    """A walk through one document, segment by segment.

    `known` holds the segment ids of the standard, so that an unknown segment is told from a foreign one.
    """

    __slots__ = ("_away", "at", "before", "chart", "counts", "known", "number")

    def __init__(self, chart: Chart, known: Container[str]) -> None:
        self.chart = chart
        self.known = known
        self.number = 0  #: segments seen
        self.at = self.before = chart.start  #: the place reached, and the one before it
        self.counts = [0] * chart.depth  #: how often the item of each level stood
        self._away: _Stand | None = None

    @property
    def strayed(self) -> bool:
        """Whether the walk is in a loop out of sequence; only `step` knows the way back then."""
        return self._away is not None

    def step(self, id_: str, ahead: Sequence[str]) -> tuple[Place | None, tuple[Misplaced, ...]]:
        """The place of the next segment, None where it has none, and what is wrong with it or missing before it.

        `ahead` are the ids of the segments that follow, at least AHEAD_MAX of them where there are so many.
        """
        self.number += 1
        stand = self._away or _Stand(self.at, tuple(self.counts))
        guess = self._best(stand, id_, ahead)
        self.before = self.at
        self.at, self.counts = guess.stand.at, list(guess.stand.counts)
        self._away = guess.stand if guess.stand.back else None
        return guess.place, guess.faults

    def end(self) -> tuple[Misplaced, ...]:
        """What is missing when no further segment follows."""
        home = self._away.back if self._away else None
        at = home.at if home else self.at
        after = None if at == self.chart.start else self.chart.places[at]
        return self._missing(self.chart.remaining(at), self.number + 1, after)

    def _best(self, stand: _Stand, id_: str, ahead: Sequence[str]) -> _Guess:
        if id_ not in self.chart.by_id:
            kind: Kind = "foreign" if id_ in self.known else "unknown"
            return _Guess(stand, None, (Misplaced(kind, self.number, id_, after=self._place(stand)),), 1)
        if (
            stand.back is None
            and ahead
            and id_ in self.chart.ways(stand.at)
            and self.chart.forks(stand.at, id_)
        ):
            for taken, way in self._open(stand, id_):
                if not way.lacking and self.chart.leads_to(way, ahead[0]):
                    return _Guess(taken, self.chart.places[way.to], (), 0)
        best: _Guess | None = None
        least = 0
        for guess in self._guesses(stand, id_):
            # once more right after itself is once too often, whatever else could be read into what follows
            again = (
                guess.faults and guess.faults[-1].kind == "over_max" and guess.place is guess.faults[-1].after
            )
            if not guess.faults or (again and best is None):
                return guess
            cost = guess.cost + self._cost(guess.stand, ahead[:AHEAD_MAX])
            if best is None or cost < least:
                best, least = guess, cost
        assert best is not None, "a segment can always be passed over"
        return best

    def _cost(self, stand: _Stand, ahead: Sequence[str]) -> int:
        """The faults among the next segments, counted roughly."""
        cost = 0
        for id_ in ahead:
            for after, way in self._open(stand, id_):
                stand = after
                cost += len(way.lacking)
                break
            else:
                cost += id_ in self.chart.by_id
        if len(ahead) < AHEAD_MAX:  # the document ends there
            cost += len(self.chart.remaining((stand.back or stand).at))
        return cost

    def _open(self, stand: _Stand, id_: str) -> Iterator[tuple[_Stand, Way]]:
        """The ways that a segment may take, bounds kept, with the walk after each; the nearest first."""
        if stand.back is not None:
            for way in self.chart.ways(stand.at).get(id_, ()):
                if way.level > stand.floor or (way.level == stand.floor and way.limit):
                    yield self._taken(stand, way), way
            stand = stand.back
        for way in self.chart.ways(stand.at).get(id_, ()):
            if way.limit <= 0 or stand.counts[way.level] < way.limit:
                yield self._taken(stand, way), way

    def _taken(self, stand: _Stand, way: Way) -> _Stand:
        counts = list(stand.counts)
        counts[way.level] = counts[way.level] + 1 if way.limit else 1
        return replace(stand, at=way.to, counts=tuple(counts))

    # -- explanations, the likelier first ---------------------------------------------------------

    def _guesses(self, stand: _Stand, id_: str) -> Iterator[_Guess]:
        number, home = self.number, stand.back or stand
        after = self._place(stand)
        hurried: list[tuple[_Stand, Way]] = []
        for taken, way in self._open(stand, id_):
            place = self.chart.places[way.to]
            faults = self._missing(way.lacking, number, after)
            if place.not_used:
                faults = (*faults, Misplaced("not_used", number, id_, place, after=after))
            yield _Guess(taken, place, faults, len(faults))
            if way.lacking:
                hurried.append((taken, way))
        yield from self._too_often(home, id_)
        behind = self._behind(home, id_)
        for place in behind:
            if not place.leads:
                once = place.slot.max == 1 and place.slot.usage == "M"
                kind: Kind = "over_max" if once else "out_of_sequence"
                yield _Guess(home, place, (Misplaced(kind, number, id_, place, after=after),), 1)
        yield from self._hurried(stand, id_)
        inferred = sorted(self._leads_left_out(home, id_), key=lambda guess: guess.cost)
        yield from inferred[:4]
        for place in behind:
            if place.leads:
                yield self._strayed_into(home, place)
        for _, way in hurried:
            place = self.chart.places[way.to]
            fault = Misplaced("out_of_sequence", number, id_, place, after=after)
            yield _Guess(home, place, (fault,), 1)
            if place.leads:
                yield self._strayed_into(home, place)
        yield _Guess(stand, None, (Misplaced("unexpected", number, id_, after=after),), 1)

    def _hurried(self, stand: _Stand, id_: str) -> Iterator[_Guess]:
        """That the segment before stood too early: had it waited, this one would have its place."""
        early, levels = self._place(stand), self.chart.levels(self.before)
        if stand.back is not None or early is None or early.leads or early.levels[:-1] != levels[:-1]:
            return
        deep = len(levels) - 1
        for way in self.chart.ways(self.before).get(id_, ()):
            place = self.chart.places[way.to]
            earlier = way.level == deep and place.levels[deep][1] < early.levels[deep][1]
            if earlier and not way.lacking:
                counts = (*stand.counts[:deep], 1, *stand.counts[deep + 1 :])
                after = None if self.before == self.chart.start else self.chart.places[self.before]
                fault = Misplaced("out_of_sequence", self.number - 1, early.id, early, after=after)
                yield _Guess(self._taken(_Stand(stand.at, counts), way), place, (fault,), 1)

    def _too_often(self, stand: _Stand, id_: str) -> Iterator[_Guess]:
        for way in self.chart.ways(stand.at).get(id_, ()):
            if way.limit > 0 and stand.counts[way.level] >= way.limit:
                place = self.chart.places[way.to]
                kind: Kind = (
                    "loop_over_max" if place.leads and way.level < len(place.levels) - 1 else "over_max"
                )
                fault = Misplaced(kind, self.number, id_, place, after=self._place(stand))
                yield _Guess(self._taken(stand, way), place, (fault,), 1 + len(way.lacking))

    def _behind(self, stand: _Stand, id_: str) -> list[Place]:
        """Places of the segment that the walk has passed: in its loops or leading one beside; nearest first."""
        found: list[tuple[int, Place]] = []
        levels = self.chart.levels(stand.at)
        for index in self.chart.by_id[id_]:
            place = self.chart.places[index]
            level = _parting(levels, place.levels)
            if level is None or place.levels[level][1] > levels[level][1]:
                continue
            if len(place.levels) - 1 - place.leads == level:
                found.append((-level, place))
        return [place for _, place in sorted(found, key=lambda one: one[0])]

    def _strayed_into(self, stand: _Stand, place: Place) -> _Guess:
        counts = list(stand.counts)
        floor = len(place.levels) - 2
        counts[floor:] = [1] * (len(counts) - floor)
        fault = Misplaced("out_of_sequence", self.number, place.id, place, after=self._place(stand))
        return _Guess(_Stand(place.index, tuple(counts), stand, floor), place, (fault,), 1)

    def _leads_left_out(self, stand: _Stand, id_: str) -> Iterator[_Guess]:
        """Places inside loops that would be open, had the segments that lead them not been left out."""
        levels = self.chart.levels(stand.at)
        for index in self.chart.by_id[id_]:
            place = self.chart.places[index]
            level = _parting(levels, place.levels)
            level = len(levels) - 1 if level is None else level
            again = place.levels[level][1] <= levels[level][1]
            if again:
                level -= 1  # the loop around both begins anew
            inner = range(max(level, 0), len(place.levels) - 1 - place.leads)
            leads = [
                self.chart.places[items[index].lead]
                for items, index in (place.levels[deep] for deep in inner)
            ]
            if level >= 0 and leads:
                yield self._inferred(stand, place, leads, level, again=again)

    def _inferred(
        self, stand: _Stand, place: Place, leads: list[Place], level: int, *, again: bool
    ) -> _Guess:
        levels, number, after = self.chart.levels(stand.at), self.number, self._place(stand)
        lacking = [
            lead
            for deep in range(len(levels) - 1, level, -1)
            for lead in mandatory(levels[deep][0], levels[deep][1] + 1)
        ]
        if not again:
            items, index = levels[level]
            lacking += mandatory(items, index + 1, place.levels[level][1])
        for deep in range(level + 1, len(place.levels)):
            items, index = place.levels[deep]
            lacking += mandatory(items, 1, index)
        faults = self._missing(tuple(lacking), number, after)
        if not again and leads[0].loops[-1].usage == "M":
            fault = Misplaced("missing", number, leads[0].id, leads[0], after=after)
        else:
            fault = Misplaced("unexpected", number, place.id, place, tuple(lead.id for lead in leads), after)
        counts = list(stand.counts)
        counts[level] = counts[level] + 1 if again else 1
        counts[level + 1 :] = [1] * (len(counts) - level - 1)
        return _Guess(_Stand(place.index, tuple(counts)), place, (*faults, fault), len(faults) + len(leads))

    def _place(self, stand: _Stand) -> Place | None:
        return None if stand.at == self.chart.start else self.chart.places[stand.at]

    def _missing(self, lacking: tuple[int, ...], number: int, after: Place | None) -> tuple[Misplaced, ...]:
        places = (self.chart.places[index] for index in lacking)
        return tuple(Misplaced("missing", number, place.id, place, after=after) for place in places)


def _parting(levels: tuple[Level, ...], others: tuple[Level, ...]) -> int | None:
    """The level at which two paths through the grammar part; None where they are the same."""
    for level, (one, other) in enumerate(zip(levels, others, strict=False)):
        if one[1] != other[1]:
            return level
    return None


def walk(
    chart: Chart, ids: Sequence[str], known: Container[str]
) -> tuple[list[Place | None], list[Misplaced]]:
    """The places of all segments of one document, header and trailer included, and what stands wrong, in order."""
    going = Walk(chart, known)
    places: list[Place | None] = []
    faults: list[Misplaced] = []
    counts = going.counts
    for number, id_ in enumerate(ids, 1):
        way = None if going.strayed else chart.plain(going.at).get(id_)
        if way is not None:
            to, level, limit = way
            if limit <= 0 or counts[level] < limit:
                counts[level] = counts[level] + 1 if limit else 1
                going.before, going.at, going.number = going.at, to, number
                places.append(chart.places[to])
                continue
        going.number = number - 1
        place, wrong = going.step(id_, ids[number : number + AHEAD_MAX])
        counts = going.counts
        places.append(place)
        faults.extend(wrong)
    faults.extend(going.end())
    return places, faults
