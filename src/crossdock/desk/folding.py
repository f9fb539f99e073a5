"""What of a story is told at first sight: the hub's own steps left out, and tries that ended alike folded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Tree = Mapping[str, Any]
#: How an answer begins after which the same goes again.
NOT_NOW = "not now: "
_NAMED_MAX = 3  #: documents of one capture that are named
_STEPS = ("translated", "due")
#: How the ledger says who had something sent again: an act of a person, and no step of the hub.
_ASKED_FOR = ", asked for by "
_READ_BY_NOBODY = re.compile(r"^(?:nobody reads it|goes to [^;]*|goes on, its lane is free|echo of [^;]*)$")
#: `pick_status R-1: packed`: an event of the floor and what it says, as the hub understood it.
_FLOOR = re.compile(r"^pick_status (?P<number>\S+): (?P<state>\w+)$")
_STEPS_OF_FLOOR = ("released", "allocated", "picking", "picked", "packing", "packed", "shipped")


def folded(entries: Sequence[Tree]) -> list[list[Tree]]:
    """The entries that people are shown, those that make one line together."""
    understood = _understood(entries)
    shown = [_spoken(entry, understood) for entry in _meant(entries)]
    groups: list[list[Tree]] = []
    open_: dict[str, list[Tree]] = {}  # a transmission and the group that its next entry may join
    for entry in shown:
        transmission = entry.get("transmission")
        before = open_.get(transmission) if transmission else None
        if before is not None and _joins(before, entry):
            before.append(entry)
            continue
        group = [entry]
        groups.append(group)
        if transmission:
            open_[transmission] = group
    return [part for group in groups for part in _parted(group)]


def _meant(entries: Sequence[Tree]) -> list[Tree]:
    return [
        entry
        for entry in entries
        if (entry["kind"] not in _STEPS or (entry["kind"] == "due" and _ASKED_FOR in (entry["says"] or "")))
        and not (entry["kind"] == "decided" and _READ_BY_NOBODY.match(entry["says"] or ""))
    ]


def _understood(entries: Sequence[Tree]) -> dict[str, list[str]]:
    """What was understood of each capture."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry["kind"] == "translated" and entry.get("capture") and entry["says"]:
            found.setdefault(entry["capture"], []).append(entry["says"])
    return found


def _spoken(entry: Tree, understood: Mapping[str, Sequence[str]]) -> Tree:
    """What came in, as it was understood: `pick_status R-1: packed` rather than the sender's own number."""
    says = understood.get(entry.get("capture") or "")
    if entry["kind"] != "accepted" or not says or len(says) > _NAMED_MAX:
        return entry
    return {**entry, "says": ", ".join(says)}


def _failed(entry: Tree) -> bool:
    return entry["kind"] == "answered" and (entry["says"] or "").startswith(NOT_NOW)


def _joins(group: Sequence[Tree], entry: Tree) -> bool:
    """Whether an entry goes on where a group of the same transmission stands."""
    last = group[-1]
    if last["kind"] == "sent":
        return _failed(entry) or entry["kind"] == "doubted"
    if last["kind"] == "doubted":
        return entry["kind"] == "settled"
    return _failed(last) and entry["kind"] == "sent"


def _parted(group: list[Tree]) -> list[list[Tree]]:
    """A group as lines: a send that was the last of its tries, or that had a doubt, stands alone before it."""
    tail: list[list[Tree]] = []
    while group and group[-1]["kind"] == "sent" and len(group) > 1:
        tail.insert(0, [group.pop()])
    doubt = next((at for at, entry in enumerate(group) if entry["kind"] == "doubted"), None)
    if doubt is not None:
        before, doubted = group[:doubt], group[doubt:]
        sent = [before.pop()] if before and before[-1]["kind"] == "sent" else []
        return [*_parted(before), *([sent] if sent else []), doubted, *tail]
    if sum(entry["kind"] == "sent" for entry in group) < 2:
        return [*([entry] for entry in group), *tail]
    return [group, *tail]


def late_ones(entries: Sequence[Tree]) -> set[int]:
    """Positions of the lines that hand in what the floor said before what is known already."""
    reached: dict[str, int] = {}
    handed: dict[str, int] = {}
    late: set[int] = set()
    for entry in entries:
        capture = entry.get("capture")
        if entry["kind"] == "accepted" and capture:
            handed[capture] = entry["position"]
        found = _FLOOR.match(entry["says"] or "") if entry["kind"] == "translated" else None
        if found is None or found["state"] not in _STEPS_OF_FLOOR:
            continue
        step = _STEPS_OF_FLOOR.index(found["state"])
        if step < reached.get(found["number"], -1):
            late.add(entry["position"])
            if capture in handed:
                late.add(handed[capture])
        reached[found["number"]] = max(step, reached.get(found["number"], -1))
    return late
