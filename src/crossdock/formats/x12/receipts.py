"""Acknowledgements that came in, as plain values: what was acknowledged, the verdict on each set, and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from crossdock.faults import Invalid
from crossdock.formats.x12.tree import Interchange, Segment, Set


@dataclass(frozen=True, slots=True)
class InterchangeReceipt:
    """A TA1: the ISA13 it answers, its date and time, the verdict A, E or R, and the note."""

    control: str
    date: str
    time: str
    verdict: str
    note: str


@dataclass(slots=True)
class ElementError:
    """An AK4 or IK4: element, component and repetition from 1, the number in the dictionary, the code, a copy."""

    element: int
    component: int | None
    repetition: int | None
    reference: str
    code: str
    value: str


@dataclass(slots=True)
class SegmentError:
    """An AK3 or IK3: the segment's id, its number in the set (ST is 1), the loop, the code."""

    id: str
    number: int
    loop: str
    code: str
    elements: list[ElementError] = field(default_factory=list[ElementError])
    contexts: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class SetReceipt:
    """The verdict on one set: A accepted, E accepted with errors, others rejected; the codes that say why."""

    id: str
    control: str
    implementation: str
    verdict: str = ""
    codes: tuple[str, ...] = ()
    errors: list[SegmentError] = field(default_factory=list[SegmentError])

    @property
    def accepted(self) -> bool:
        """Whether the partner took the set, with errors or without."""
        return self.verdict in ("A", "E")


@dataclass(slots=True)
class GroupReceipt:
    """A 997 or 999: the group it answers, the verdict A, E, P or R, the counts, and the sets that it names."""

    form: str
    family: str
    control: str
    version: str
    verdict: str = ""
    included: int = 0
    received: int = 0
    accepted: int = 0
    codes: tuple[str, ...] = ()
    sets: list[SetReceipt] = field(default_factory=list[SetReceipt])

    def verdict_on(self, set_id: str, control: str) -> str | None:
        """The verdict on a set of the group; where it is not named, what the group's verdict says of all sets."""
        for one in self.sets:
            if one.id == set_id and one.control == control:
                return one.verdict
        return self.verdict if self.verdict in ("A", "E", "R", "M", "W", "X") else None

    def contradiction(self, sets: int) -> str:
        """What does not agree in it, given how many sets the group held; "" where all of it does."""
        named = [one for one in self.sets if one.verdict]
        taken = [one for one in named if one.accepted]
        whole = f"AK901 is {self.verdict}"
        if self.verdict not in ("A", "E", "P"):
            if taken:
                return f"{whole}, although {taken[0].id} {taken[0].control} is said to be accepted"
            return f"{whole}, although {self.accepted} sets are counted as accepted" if self.accepted else ""
        for element, count, says in ((2, self.included, "included"), (3, self.received, "received")):
            if count != sets:
                return f"AK90{element} counts {count} sets {says}, the group held {sets}"
        if self.verdict == "P" and len(taken) == sets:
            return f"{whole}, although every set is said to be accepted"
        fits = self.accepted == sets if self.verdict in ("A", "E") and len(taken) == len(named) else True
        if len(named) == sets:
            fits = self.accepted == len(taken)
        return "" if fits else f"AK904 counts {self.accepted} sets accepted, {whole}"


def receipts(interchange: Interchange) -> Iterator[InterchangeReceipt | GroupReceipt]:
    """Every acknowledgement of an interchange. Raises Invalid for one that does not say what it acknowledges."""
    for segment in interchange.acknowledged:
        yield interchange_receipt(segment)
    for group in interchange.groups:
        for one in group.sets:
            if one.id in ("997", "999"):
                yield group_receipt(one)


def interchange_receipt(segment: Segment) -> InterchangeReceipt:
    """A TA1 as plain values. Raises Invalid when it names no control number or no verdict."""
    control, verdict = segment[1].strip(), segment[4].strip()
    if not control or not verdict:
        says = "the TA1 names no control number" if not control else "the TA1 holds no verdict"
        raise Invalid(says, path="TA1", value=segment.raw.decode("latin-1"), fix="send TA101 to TA105")
    return InterchangeReceipt(control, segment[2], segment[3], verdict, segment[5].strip())


def group_receipt(one: Set) -> GroupReceipt:
    """A 997 or 999 as plain values. Raises Invalid when it names no group or holds no verdict on it."""
    found: GroupReceipt | None = None
    current: SetReceipt | None = None
    for number, segment in enumerate(one, 1):
        match segment.id:
            case "AK1":
                found = GroupReceipt(one.id, segment[1], segment[2], segment[3])
            case "AK2" if found:
                current = SetReceipt(segment[1], segment[2], segment[3])
                found.sets.append(current)
            case "AK3" | "IK3" if current:
                current.errors.append(SegmentError(segment[1], _count(segment[2]), segment[3], segment[4]))
            case "AK4" | "IK4" if current and current.errors:
                current.errors[-1].elements.append(_element_error(segment))
            case "CTX" if current and current.errors:
                current.errors[-1].contexts.append(segment.raw.decode("latin-1"))
            case "AK5" | "IK5" if current:
                current.verdict, current.codes = segment[1], tuple(filter(None, segment.elements[2:]))
                current = None
            case "AK9" if found:
                found.verdict = segment[1]
                found.included, found.received, found.accepted = map(
                    _count, (segment[2], segment[3], segment[4])
                )
                found.codes = tuple(filter(None, segment.elements[5:]))
            case "ST" | "SE":
                pass
            case "AK2" | "AK9" if found is None:
                break
            case other:
                says = f"segment {number} ({other}) has no place in a {one.id}"
                raise Invalid(says, path=f"set {one.control} / segment {number}", value=other, fix=_FIX)
    if found is None or not found.control or not found.verdict:
        missing = "AK1" if found is None or not found.control else "AK9"
        says = (
            f"the {one.id} does not say which group it acknowledges"
            if missing == "AK1"
            else "it holds no verdict"
        )
        raise Invalid(says, path=f"set {one.control} / {missing}", fix=_FIX)
    return found


_FIX = "send AK1, then AK2 to AK5 for each set, then AK9"


def _element_error(segment: Segment) -> ElementError:
    parts = segment.components(1)
    numbers = [_count(part) if part else None for part in [*parts, "", ""][:3]]
    return ElementError(numbers[0] or 0, numbers[1], numbers[2], segment[2], segment[3], segment[4])


def _count(text: str) -> int:
    text = text.strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 10 else 0
