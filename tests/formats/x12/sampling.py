"""Sound documents made from a grammar: every place filled, or chosen by chance; and their mutations."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from crossdock.formats.edi.grammar import (
    Composite,
    DocumentGrammar,
    Element,
    Loop,
    Relation,
    Segment,
    Slot,
    Use,
)
from crossdock.formats.x12.sums import TOTALS
from crossdock.formats.x12.tree import Value

Rows = list[list[Value]]
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@dataclass(frozen=True)
class Stood:
    """One segment of a sample, and where in the grammar it stands."""

    row: list[Value]
    slot: Slot
    loops: tuple[Loop, ...]
    leads: bool


class Sample:
    """A sound document. `chance` None fills every place and element once; otherwise dice decide."""

    def __init__(
        self, grammar: DocumentGrammar, chance: random.Random | None = None, *, odds: float = 0.3
    ) -> None:
        self.grammar = grammar
        self.chance = chance
        self.odds = odds
        self.stood: list[Stood] = []
        items = grammar.items
        if len(items) == 1 and isinstance(items[0], Loop):
            items = items[0].items
        self._items(items, ())
        self.stood = [one for one in self.stood if one.row[0] not in ("ST", "SE")]
        reconcile(grammar.id, self.rows)

    @property
    def rows(self) -> Rows:
        """The segments between ST and SE."""
        return [one.row for one in self.stood]

    def _items(self, items: tuple[Slot | Loop, ...], loops: tuple[Loop, ...]) -> None:
        for index, item in enumerate(items):
            leads = bool(loops) and index == 0
            for _ in range(self._times(item, leads=leads)):
                if isinstance(item, Loop):
                    self._items(item.items, (*loops, item))
                else:
                    row = fill(item.segment, self.chance, self.odds)
                    self.stood.append(Stood(row, item, loops, leads))

    def _times(self, item: Slot | Loop, *, leads: bool) -> int:
        if leads:
            return 1
        if item.usage == "N" or item.max == 0:
            return 0
        if self.chance is None:
            return 1
        if item.usage != "M" and self.chance.random() > self.odds:
            return 0
        return self.chance.randint(1, min(item.max or 3, 3))


def fill(segment: Segment, chance: random.Random | None, odds: float) -> list[Value]:
    """A row for a segment that keeps its rules."""
    here = [
        use.usage == "M" or (use.usage != "N" and (chance is None or chance.random() < odds))
        for use in segment.uses
    ]
    _settle(segment, here)
    row: list[Value] = [segment.id]
    for use, stands in zip(segment.uses, here, strict=True):
        row.append(value(use, chance) if stands else "")
    while len(row) > 1 and row[-1] == "":
        row.pop()
    if len(row) == 1:
        for position, use in enumerate(segment.uses):
            free = [one for one in segment.relations if position + 1 in one.positions]
            if use.usage != "N" and not free:
                row.extend(["" for _ in range(position)])
                row.append(value(use, chance))
                break
        else:
            return fill(segment, None, 1.0)
    return row


def _settle(segment: Segment, here: list[bool]) -> None:
    """Add elements until every relation holds; where some exclude others, the fullest set that holds."""
    for _ in range(len(here) + 1):
        broken = [one for one in segment.relations if not holds(one, here)]
        if not broken:
            return
        for relation in broken:
            first, *rest = [position - 1 for position in relation.positions]
            wanted = {"P": [first, *rest], "C": rest, "R": [first], "L": rest[:1], "E": []}[relation.kind]
            for position in wanted:
                here[position] = segment.uses[position].usage != "N"
    exclusive = [one.positions for one in segment.relations if one.kind == "E"]
    best: list[bool] = []
    for kept in itertools.product(*exclusive):
        tried = [use.usage != "N" for use in segment.uses]
        for keep, positions in zip(kept, exclusive, strict=True):
            for position in positions:
                tried[position - 1] &= position == keep
        for _ in range(len(tried)):
            for relation in segment.relations:
                if not holds(relation, tried) and relation.kind in ("P", "C", "L"):
                    gone = relation.positions if relation.kind == "P" else relation.positions[:1]
                    for position in gone:
                        tried[position - 1] = False
        sound = all(holds(one, tried) for one in segment.relations)
        if sound and all(stands or use.usage != "M" for stands, use in zip(tried, segment.uses, strict=True)):
            best = max(best, tried, key=sum)
    assert best, f"no way to fill {segment.id}"
    here[:] = best


def holds(relation: Relation, here: list[bool]) -> bool:
    """Whether a relation holds; written apart from the engine, to judge it."""
    stand = [position <= len(here) and here[position - 1] for position in relation.positions]
    match relation.kind:
        case "P":
            return all(stand) or not any(stand)
        case "R":
            return any(stand)
        case "E":
            return sum(stand) <= 1
        case "C":
            return not stand[0] or all(stand)
        case "L":
            return not stand[0] or any(stand[1:])


def value(use: Use, chance: random.Random | None) -> Value:
    """A value that a position allows."""
    if isinstance(use.what, Composite):
        parts = []
        for part in use.what.parts:
            stands = part.usage == "M" or (part.usage != "N" and (chance is None or chance.random() < 0.5))
            parts.append(value(part, chance) if stands else "")
        while len(parts) > 1 and parts[-1] == "":
            parts.pop()
        if not any(parts):
            parts = [value(use.what.parts[0], chance)]
        return tuple(parts) if len(parts) > 1 else parts[0]
    codes = use.codes if use.codes is not None else use.what.codes
    return text(use.what, codes, chance)


def text(element: Element, codes: frozenset[str] | None, chance: random.Random | None) -> str:
    """A value of a simple element."""
    dice = chance or random.Random(f"{element.id}{element.type}")
    if codes:
        return dice.choice(sorted(codes))
    least = max(element.min, 1)
    size = dice.randint(least, min(element.max, max(least, 12)))
    match element.type[0]:
        case "D":
            date = f"20{dice.randint(10, 39)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}"
            return date if element.max >= 8 else date[2:]
        case "T":
            return f"{dice.randint(0, 23):02}{dice.randint(0, 59):02}"
        case "N":
            return "".join(dice.choice("123456789") for _ in range(min(size, 6) if least <= 6 else size))
        case "R":
            digits = "".join(dice.choice("123456789") for _ in range(max(least, min(size, 4))))
            return (
                digits
                if chance is None or len(digits) < 3 or dice.random() < 0.5
                else f"{digits[:2]}.{digits[2:]}"
            )
        case _:
            return "".join(dice.choice(LETTERS) for _ in range(size))


def reconcile(set_id: str, rows: Rows) -> None:
    """Make totals, levels and loop ids agree."""
    levels = 0
    opened: list[Value] = []
    for row in rows:
        if row[0] == "HL":
            levels += 1
            _put(row, 1, str(levels))
            _put(row, 2, str(levels - 1) if levels > 1 else "")
            _put(row, 4, "")
        elif row[0] == "LS":
            opened.append(row[1])
        elif row[0] == "LE" and opened:
            _put(row, 1, opened.pop())
        while row[-1] == "" and len(row) > 1:
            row.pop()
    for total in TOTALS.get(set_id, ()):
        of = [row for row in rows if row[0] == total.of]
        if total.unit:
            for row in of:
                _put(row, total.unit, "EA")
        amount = (
            sum(
                (Decimal(str(row[total.adds])) for row in of if len(row) > total.adds and row[total.adds]),
                Decimal(0),
            )
            if total.adds
            else Decimal(len(of))
        )
        for row in rows:
            if row[0] == total.segment and len(row) > total.element and row[total.element]:
                _put(row, total.element, f"{amount.normalize():f}")


def _put(row: list[Value], position: int, text_: Value) -> None:
    row.extend([""] * (position + 1 - len(row)))
    row[position] = text_


@dataclass(frozen=True)
class Mutation:
    """A damaged copy, and where the damage must be told: segment number (ST is 1), and element if it is one."""

    what: str
    rows: Rows
    number: int
    element: str | None
    id: str


def mutations(sample: Sample) -> Iterator[Mutation]:
    """Each constrained segment dropped or repeated, each constrained element emptied, made longer, shorter, wrong."""
    rows = sample.rows
    for index, stood in enumerate(sample.stood):
        number, row = index + 2, stood.row
        before, after = _run(sample.stood, index)
        mandatory = stood.slot.usage == "M" and not stood.leads and before + after == 0
        only = stood.leads and stood.loops[-1].usage == "M"
        if mandatory or (only and sum(one.loops == stood.loops and one.leads for one in sample.stood) == 1):
            yield Mutation("drop", rows[:index] + rows[index + 1 :], number, None, str(row[0]))
        if not stood.leads and stood.slot.max is not None and stood.slot.max <= 12 and not before:
            copies = stood.slot.max - after
            more = rows[: index + 1] + [list(row)] * copies + rows[index + 1 :]
            yield Mutation("repeat", more, number + stood.slot.max, None, str(row[0]))
        for position, use in enumerate(stood.slot.segment.uses, 1):
            if position >= len(row) or row[position] == "":
                continue
            yield from _values(rows, index, position, use)
        extra = [*row, *[""] * (len(stood.slot.segment.uses) + 1 - len(row)), "X"]
        yield Mutation(
            "too many",
            _with(rows, index, extra),
            number,
            f"{len(stood.slot.segment.uses) + 1:02}",
            str(row[0]),
        )
    first = rows[0]
    yield Mutation("unknown", [["QQQ", "1"], *rows], 2, None, "QQQ")
    assert first


def _run(stood: list[Stood], index: int) -> tuple[int, int]:
    """How many segments before and after stand at the same place of the same repetition."""
    own = stood[index]
    before = itertools.takewhile(
        lambda one: one.slot is own.slot and one.loops == own.loops, reversed(stood[:index])
    )
    after = itertools.takewhile(
        lambda one: one.slot is own.slot and one.loops == own.loops, stood[index + 1 :]
    )
    return sum(1 for _ in before), sum(1 for _ in after)


def _values(rows: Rows, index: int, position: int, use: Use) -> Iterator[Mutation]:
    row, number, id_ = rows[index], index + 2, str(rows[index][0])

    def mutated(what: str, changed: Value, element: str) -> Mutation:
        return Mutation(
            what, _with(rows, index, [*row[:position], changed, *row[position + 1 :]]), number, element, id_
        )

    element = f"{position:02}"
    if use.usage == "M":
        yield mutated("empty", "", element)
    if isinstance(use.what, Composite):
        for part, inner in enumerate(use.what.parts, 1):
            whole = row[position] if isinstance(row[position], tuple) else (row[position],)
            if part <= len(whole) and whole[part - 1] and isinstance(inner.what, Element):
                for what, changed in _wrong(
                    inner.what, inner.codes or inner.what.codes, str(whole[part - 1])
                ):
                    parts = (*whole[: part - 1], changed, *whole[part:])
                    # one component alone is written as a simple value
                    yield mutated(what, parts if len(parts) > 1 else changed, f"{element}-{part}")
        return
    for what, changed in _wrong(use.what, use.codes or use.what.codes, str(row[position])):
        yield mutated(what, changed, element)


def _wrong(element: Element, codes: frozenset[str] | None, text_: str) -> Iterator[tuple[str, str]]:
    kind = element.type[0]
    if element.max < 200:
        letter = "7" if kind in "NRDT" else "X"
        yield "lengthen", letter * (element.max + 1)
    if element.min > 1 and kind in "AIN":
        yield "shorten", ("7" if kind == "N" else "X") * (element.min - 1)
    if codes:
        size = element.min
        yield (
            "miscode",
            next((one for one in (letter * size for letter in "QZJ09WXY") if one not in codes), "q" * size),
        )
    elif kind == "D":
        yield "miscode", "20261332" if element.max >= 8 else "261332"
    elif kind == "T":
        yield "miscode", "2561"
    elif kind in "NR":
        yield "miscode", "A" * max(element.min, 1)


def _with(rows: Rows, index: int, row: list[Value]) -> Rows:
    changed = list(row)
    while len(changed) > 1 and changed[-1] == "":
        changed.pop()
    return [*rows[:index], changed, *rows[index + 1 :]]
