"""What a segment in the wrong place means, in plain words."""

from __future__ import annotations

from crossdock.formats.edi.walk import Misplaced


def spoken(misplaced: Misplaced) -> tuple[str, str, str, str]:
    """The code of the finding, what it says, how to mend it, and its code of 0085."""
    id_, place = misplaced.id, misplaced.place
    name = f"{id_} ({place.slot.segment.name})" if place else id_
    where = f" in segment group {place.loops[-1].id.removeprefix('SG')}" if place and place.loops else ""
    behind = f" behind {misplaced.after.id}" if misplaced.after else ""
    if misplaced.kind == "unknown":
        return (
            "unknown_segment",
            f"{id_!r} is no segment of the directory",
            "take it out or mend its tag",
            "15",
        )
    if misplaced.kind == "foreign":
        return ("foreign_segment", f"{id_} does not belong to this message", "take it out", "15")
    if misplaced.kind == "missing":
        return (
            "missing_segment",
            f"{name} is mandatory{where} and missing{behind}",
            f"write {id_} there",
            "13",
        )
    if misplaced.kind == "over_max":
        most = place.slot.max if place else None
        return (
            "too_many_segments",
            f"{name} stands more than {most} times{where}",
            "take out the others",
            "35",
        )
    if misplaced.kind == "loop_over_max":
        most = place.loops[-1].max if place and place.loops else None
        says = f"the group that {name} leads stands more than {most} times"
        return ("too_many_groups", says, "take out the others", "36")
    if misplaced.kind == "not_used":
        return ("not_used", f"{name} is not used here{where}", "take it out", "15")
    if misplaced.lacks:
        fix = f"write {', '.join(misplaced.lacks)} before it, or take it out"
        return (
            "unexpected_segment",
            f"{name} stands{behind} without the segment that leads its group",
            fix,
            "15",
        )
    if misplaced.kind == "out_of_sequence":
        return (
            "out_of_sequence",
            f"{name} does not stand{behind}{where}",
            "put it where the message has it",
            "15",
        )
    return (
        "unexpected_segment",
        f"{name} does not stand{behind}",
        "take it out, or put it where it belongs",
        "15",
    )
