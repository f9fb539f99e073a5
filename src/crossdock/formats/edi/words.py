"""Structural faults in plain words: what stands wrong, and what to do about it."""

from __future__ import annotations

from crossdock.formats.edi.chart import Place
from crossdock.formats.edi.walk import Misplaced


def says(fault: Misplaced, document: str) -> str:
    """What is wrong, in one sentence; `document` is how people call the document: "850"."""
    where = f" in {fault.place.loop}" if fault.place and fault.place.loops else ""
    after = f" after {fault.after.id}" if fault.after else " at the beginning"
    match fault.kind:
        case "unknown":
            return f"{fault.id!r} is no segment of the standard"
        case "foreign":
            return f"{fault.id} is no segment of {document}"
        case "missing":
            if fault.place is not None and fault.place.leads:
                return f"the loop {fault.place.loop} is missing{after}"
            return f"{fault.id}{where} is missing{after}"
        case "over_max":
            return f"{fault.id}{where} stands more than {_times(_bound(fault.place))}"
        case "loop_over_max":
            loop = fault.place.loop if fault.place else fault.id
            return f"the loop {loop} stands more than {_times(_loop_bound(fault))}"
        case "out_of_sequence":
            return f"{fault.id}{where} stands too late or too early{after}"
        case "not_used":
            return f"{fault.id}{where} is not used here"
        case "unexpected":
            lacks = " and ".join(fault.lacks)
            return f"{fault.id} has no place{after}" + (
                f": {lacks}, which leads it, is missing" if lacks else ""
            )


def fix(fault: Misplaced) -> str:
    """What to do about it, as an instruction."""
    match fault.kind:
        case "unknown" | "foreign" | "not_used":
            return "leave the segment out"
        case "missing":
            named = fault.place.slot.segment.name if fault.place else ""
            what = f"{fault.id} ({named})" if named else fault.id
            begins = ", which begins the loop," if fault.place is not None and fault.place.leads else ""
            return f"send {what}{begins}" + (f" after {fault.after.id}" if fault.after else " first")
        case "over_max":
            return f"send {fault.id} at most {_times(_bound(fault.place))}"
        case "loop_over_max":
            return f"begin the loop at most {_times(_loop_bound(fault))}"
        case "out_of_sequence":
            return "put the segments into the order of the standard" + _before(fault)
        case "unexpected":
            if fault.lacks:
                return f"send {' and '.join(fault.lacks)} before it, or leave it out"
            return "leave the segment out, or send what it belongs to before it"


def _before(fault: Misplaced) -> str:
    place, after = fault.place, fault.after
    if place is None or after is None or place.index >= after.index or place.loops != after.loops:
        return ""
    return f": {place.id} stands before {after.id}"


def _bound(place: Place | None) -> int:
    return (place.slot.max if place else 0) or 1


def _loop_bound(fault: Misplaced) -> int:
    return (fault.place.loops[-1].max if fault.place and fault.place.loops else 0) or 1


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
