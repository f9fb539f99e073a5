"""What an alert says: whose turn it is, what to do, where; never a value that a document held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.charter.watch import Level
from crossdock.control.watch.levels import Pace
from crossdock.journal.sql.watched import Opened
from crossdock.message.incident import TYPES
from crossdock.message.names import INCIDENT, moment, name_of

#: The first thing to do about each type, in one line.
ACTS: Mapping[str, str] = {
    "poison": "Ask the sender for a document that can be read, then resolve it",
    "invalid": "Correct the value that it names, or the mapping, then retry",
    "duplicate_conflict": "Compare the two, and settle with the sender which one holds",
    "unknown_sku": "Create the item where it is owned, or correct the line",
    "unknown_unit": "Add the pack to the item, or correct the unit of the line",
    "unmapped_code": "Add the row to the crosswalk",
    "bad_address": "Correct the address with the customer's word, then retry",
    "bad_transition": "Find the document that must come first, or ask its sender for it",
    "not_owned": "Say who owns it: correct the sender, or the charter",
    "rejected": "Read the target's answer, correct the value, then retry",
    "in_doubt": "Look in the target whether it has the document, then say applied or not applied",
    "throttled": "Lower the limits of the system, or talk to its vendor",
    "overdue": "See whether the system is up, then retry",
    "backorder": "Decide: wait, ship in parts, or tell the customer",
    "part_fulfilled": "Decide what becomes of the rest",
    "stock_variance": "Count, then adjust the system that is wrong",
    "lot_missing": "Read the lot off the goods and put it on the line",
    "lot_expired": "Hold the lot, pick another",
    "negative_stock": "Count, and look for an event that is missing or came twice",
    "price_missing": "Add the price where prices are owned",
    "mass_change": "Ask the owner of the feed whether it is meant, then let it pass or drop it",
    "silence": "Ask the system whether it still works: it is its turn",
}
AT_ONCE, LATE = 1, 2


@dataclass(frozen=True, slots=True)
class Alert:
    """One message to people on one way."""

    id: str  #: the same at every try
    kind: str  #: incident.opened | incident.late | level.burning
    title: str
    text: str
    data: Mapping[str, Any]
    at: str


def of_incidents(
    site: str, id_: int, step: int, found: Sequence[Opened], link: str | None, now_ms: int
) -> Alert:
    """An alert about incidents of one type, system and owner."""
    first = found[0]
    many = sum(max(one.members, 1) for one in found)
    late = step == LATE
    what = f"{first.type} at {first.system or 'the hub'}" + (f" ({many})" if many > 1 else "")
    title = f"[{site}] {'nobody looked yet: ' if late else ''}{first.severity}: {what}"
    act = ACTS.get(first.type, TYPES[first.type].says)
    says = TYPES[first.type].says
    lines = [
        f"{says}: {first.document or 'a document'} at {first.system or 'the hub'}.",
        f"Whose turn: {first.owner}.",
        f"What to do: {act}.",
        f"Look by: {moment(first.due_ms)}.",
    ]
    hrefs = [_href(link, one.id) for one in found]
    lines += [href for href in hrefs[:10] if href]
    data = {
        "site": site, "type": first.type, "severity": first.severity, "owner": first.owner, "system": first.system,
        "object": first.document, "says": says, "act": act, "due_at": moment(first.due_ms), "members": many,
        "incidents": [name_of(INCIDENT, one.id) for one in found], "links": [href for href in hrefs if href],
    }  # fmt: skip
    kind = "incident.late" if late else "incident.opened"
    return Alert(f"a{id_}", kind, title, "\n".join(lines), data, moment(now_ms))


def of_level(site: str, id_: int, content: Mapping[str, Any], link: str | None, now_ms: int) -> Alert:
    """An alert about a service level; `content` is what `level_content` made."""
    title = f"[{site}] {content['severity']}: {content['level']} is at risk"
    lines = [
        f"{content['says']}.",
        f"Whose turn: {content['owner']}.",
        f"What to do: {content['act']}.",
        *([link] if link else []),
    ]
    data = {"site": site, **content, "links": [link] if link else []}
    return Alert(f"a{id_}", "level.burning", title, "\n".join(lines), data, moment(now_ms))


def level_content(level: Level, pace: Pace, misses: int) -> dict[str, Any]:
    """What is kept of a service level that burns, until it is told."""
    share = f"{level.objective * 100:g} %"
    says = (
        f"{misses} of the last {pace.long_s // 3600} h took longer than {level.within_s:g} s, or still wait;"
        f" {share} must be faster"
    )
    return {
        "level": level.name, "pace": pace.name, "severity": "low" if pace.name == "slow" else "high", "misses": misses,
        "owner": "role:operations", "says": says, "act": "Look at the Systems page which system is slow or closed",
    }  # fmt: skip


def _href(link: str | None, incident: int) -> str | None:
    return None if link is None else f"{link.rstrip('/')}/incidents/{name_of(INCIDENT, incident)}"
