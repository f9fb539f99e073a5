"""Numeric checks of the sets as data: which total counts or adds up which segments; and the tree of HL segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from crossdock.formats.x12.tree import Segment

#: How an acknowledgement says that a value contradicts others: it has no code of its own for counts and levels.
_NOT_SO = "AK403:7"
LEVELS_MAX = 200_000  #: HL segments of one set that are remembered


@dataclass(frozen=True, slots=True)
class Total:
    """A total at an element of a segment.

    `adds` 0: it counts the segments `of`; otherwise it adds up that element of theirs. Where `unit` is given, only
    units that are all the same can be added up. A `hint` is worth knowing and no error: partners read it differently.
    """

    segment: str
    element: int
    of: str
    adds: int = 0
    unit: int = 0
    hint: bool = False


#: By set. The counts and hash totals of CTT, the units of W03, W14 and W76.
TOTALS: dict[str, tuple[Total, ...]] = {
    "850": (Total("CTT", 1, "PO1"), Total("CTT", 2, "PO1", 2, hint=True)),
    "855": (Total("CTT", 1, "PO1"), Total("CTT", 2, "PO1", 2, hint=True)),
    "860": (Total("CTT", 1, "POC"), Total("CTT", 2, "POC", 3, hint=True)),
    "865": (Total("CTT", 1, "POC"), Total("CTT", 2, "POC", 3, hint=True)),
    "810": (Total("CTT", 1, "IT1"), Total("CTT", 2, "IT1", 2, hint=True)),
    "846": (Total("CTT", 1, "LIN"),),
    "852": (Total("CTT", 1, "LIN"),),
    "856": (Total("CTT", 1, "HL"), Total("CTT", 2, "SN1", 2, hint=True)),
    "861": (Total("CTT", 1, "RCD"), Total("CTT", 2, "RCD", 2, hint=True)),
    "940": (Total("W76", 1, "W01", 1, 2),),
    "943": (Total("W03", 1, "W04", 1, 2),),
    "944": (Total("W14", 1, "W07", 1, 2),),
    "945": (Total("W03", 1, "W12", 3, 5),),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One element that contradicts others of the set: its segment's number, id and position, and what was found."""

    number: int
    id: str
    element: int
    value: str
    code: str
    says: str
    fix: str
    ack: str | None = None
    hint: bool = False


class Reckoning:
    """What the segments of one set add up to; asked at the end."""

    def __init__(self, set_id: str) -> None:
        self.totals = TOTALS.get(set_id, ())
        self._adding, self._stating, self.watched = _watch(set_id)
        self._sums: list[Decimal | None] = [Decimal(0)] * len(self.totals)
        self._units: list[str | None] = [None] * len(self.totals)
        self._stated: dict[int, tuple[int, str]] = {}
        self._levels: dict[str, _Level] = {}
        self._loops: list[str] = []
        self._wrong: list[Wrong] = []

    def see(self, number: int, segment: Segment) -> None:
        """Take one watched segment into account."""
        id_ = segment.id
        for index in self._adding.get(id_, ()):
            sum_ = self._sums[index]
            if sum_ is not None:
                more = self._worth(index, segment)
                self._sums[index] = None if more is None else sum_ + more
        for index in self._stating.get(id_, ()):
            if segment[self.totals[index].element]:
                self._stated[index] = number, segment[self.totals[index].element]
        if id_ == "HL":
            self._level(number, segment)
        elif id_ == "LS":
            self._loops.append(segment[1])
        elif id_ == "LE":
            self._loop_end(number, segment)

    def wrong(self) -> list[Wrong]:
        """Every contradiction, in the order of the segments."""
        for index, (number, stated) in self._stated.items():
            total, found, claimed = self.totals[index], self._sums[index], _number(stated)
            if found is None or claimed is None or claimed == found:
                continue
            where, sum_ = f"{total.segment}{total.element:02}", f"{found.normalize():f}"
            what = (
                f"the sum of {total.of}{total.adds:02}"
                if total.adds
                else f"the number of {total.of} segments"
            )
            says = f"{where} says {stated}, {what} is {sum_}"
            fix = f"send {sum_}, or the segments that are missing"
            ack = None if total.hint else _NOT_SO
            self._wrong.append(
                Wrong(number, total.segment, total.element, stated, "x12.total", says, fix, ack, total.hint)
            )
        for level in self._levels.values():
            if level.claims == "1" and not level.parent:
                says = f"HL04 says that level {level.id} has levels below it, and none names it"
                self._tell(level, 4, level.claims, says, "send 0, or the levels that are missing")
            elif level.claims == "0" and level.parent:
                says = f"HL04 says that level {level.id} has no levels below it, and there are some"
                self._tell(level, 4, level.claims, says, "send 1")
        return sorted(self._wrong, key=lambda wrong: wrong.number)

    def _worth(self, index: int, segment: Segment) -> Decimal | None:
        """What a segment adds to a total; None where nothing can be added up any more."""
        total = self.totals[index]
        if not total.adds:
            return _ONE
        if total.unit:
            unit = segment[total.unit]
            if self._units[index] not in (None, unit):
                return None
            self._units[index] = unit
        text = segment[total.adds]
        return _number(text) if text else Decimal(0)

    def _level(self, number: int, segment: Segment) -> None:
        id_, above = segment[1], segment[2]
        level = _Level(number, id_, segment[4])
        if len(self._levels) >= LEVELS_MAX:
            return
        if id_ in self._levels:
            says = f"HL01 {id_} stands twice in the set"
            self._tell(level, 1, id_, says, "number the levels 1, 2, 3 and so on")
            return
        if above:
            parent = self._levels.get(above)
            if parent is None:
                says = f"HL02 names {above}, and no level before has that number"
                self._tell(level, 2, above, says, "send HL01 of the level above")
            else:
                parent.parent = True
        if id_:
            self._levels[id_] = level

    def _loop_end(self, number: int, segment: Segment) -> None:
        opened = self._loops.pop() if self._loops else None
        if opened is not None and opened != segment[1]:
            level = _Level(number, "", "")
            says = f"LE01 says {segment[1]!r}, the loop was opened by LS01 {opened!r}"
            self._tell(level, 1, segment[1], says, "send the same in both", id_="LE")

    def _tell(self, level: _Level, element: int, value: str, says: str, fix: str, *, id_: str = "HL") -> None:
        code = "x12.loop_id" if id_ == "LE" else "x12.hierarchy"
        self._wrong.append(Wrong(level.number, id_, element, value, code, says, fix, _NOT_SO))


class _Level:
    """One HL segment; `parent` once another names it."""

    __slots__ = ("claims", "id", "number", "parent")

    def __init__(self, number: int, id_: str, claims: str) -> None:
        self.number = number
        self.id = id_
        self.claims = claims
        self.parent = False


@lru_cache(maxsize=64)
def _watch(set_id: str) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]], frozenset[str]]:
    """Which totals a segment adds to, which it states, and the ids of all segments that must be seen."""
    totals = TOTALS.get(set_id, ())
    adding = _by_id((one.of, index) for index, one in enumerate(totals))
    stating = _by_id((one.segment, index) for index, one in enumerate(totals))
    return adding, stating, frozenset({"HL", "LS", "LE", *adding, *stating})


def _by_id(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for id_, index in pairs:
        found[id_] = (*found.get(id_, ()), index)
    return found


_ONE = Decimal(1)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if len(text) < 40 and number.is_finite() and abs(number.adjusted()) < 40 else None
