"""The story of one object in sentences that a supervisor understands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

_DONE = re.compile(r"\b2\d\d\b")
Tree = Mapping[str, Any]
_SAID_BYTES_MAX = 200_000  #: of one body that is shown
#: `sales_order SO-1` and `warehouse_order/SO-1`: kinds of documents as the ledger writes them.
_KIND = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


@dataclass(frozen=True, slots=True)
class Line:
    """One event: when, whose act it was, what happened, and where its bytes are."""

    at: datetime
    who: str
    says: str
    tone: str = ""  #: good | bad | quiet
    href: str | None = None


def head(story: Tree) -> list[str]:
    """What the object is, who calls it what, and where it stands."""
    called = " and ".join(f"{one['system']} calls it {one['id']}" for one in story["ids"])
    kept = f"; kept in order with {story['key']}" if story.get("key") else ""
    return [
        f"{plain(story['object'])} {story['number']}: {story['state'].replace('_', ' ')}",
        f"{called}{kept}",
    ]


def awaited(story: Tree) -> str:
    """What the object waits for and from whom, or that it waits for nobody."""
    waits: str | None = story["waits_for"]
    if not waits:
        return "It waits for nobody."
    role, colon, rest = waits.partition(": ")
    if colon and role.startswith("role:"):
        return f"It waits for {plain(role.removeprefix('role:'))}: {plain(rest)}"
    return f"It waits for {plain(waits)}"


def incident_in(sentence: str) -> str | None:
    """The incident that a sentence ends with: i10 in `… (i10)`."""
    found = re.search(r"\((i\d+)\)$", sentence)
    return found.group(1) if found else None


def lines(story: Tree, zone: ZoneInfo | None) -> Iterator[Line]:
    """One line for each event, oldest first; times in `zone` (None: the zone of this machine)."""
    for entry in story["entries"]:
        at = datetime.fromisoformat(entry["at"]).astimezone(zone)
        who, says, tone = _told(entry)
        href = _bytes(entry).get("href")
        yield Line(at, who, says, tone, href)


def _bytes(entry: Tree) -> Tree:
    found: Tree | None = entry.get("bytes")
    return found if found is not None else {}


def _told(entry: Tree) -> tuple[str, str, str]:
    says, system = plain(entry["says"] or ""), entry["system"] or ""
    length = _bytes(entry).get("length")
    size = f" ({length} bytes)" if length is not None else ""
    again = "" if (entry["attempt"] or 1) == 1 else f", attempt {entry['attempt']}"
    match entry["kind"]:
        case "accepted":
            return system, f"handed in {says}{size}", ""
        case "repeated":
            return system, f"{says}; nothing was done twice", "quiet"
        case "translated":
            return "hub", f"understood {says}{_by(entry)}", "quiet"
        case "decided":
            return "hub", f"checked it: {says}{_by(entry)}", "quiet"
        case "due":
            return "hub", f"{system} is to get {says}", "quiet"
        case "sent":
            return "hub", f"sent it to {system}: {says}{again}{size}", ""
        case "answered":
            return system, f"{says}{size}", "good" if _DONE.search(says) else ""
        case "doubted":
            return system, says, "bad"
        case "incident":
            return "desk", f"{says} (incident {entry.get('incident', '')})".replace(" (incident )", ""), "bad"
        case "act":
            return "desk", says, "good"
        case _:
            return system or "hub", says, ""


def _by(entry: Tree) -> str:
    """What was looked up; more than two of a kind are counted, for the ledger names them all."""
    kinds: dict[str, list[str]] = {}
    for what in dict.fromkeys(one["what"] for one in entry["reads"]):
        kinds.setdefault(what.partition(" ")[0], []).append(what)
    said = [f"{len(read)} {kind}s" if len(read) > 2 else ", ".join(read) for kind, read in kinds.items()]
    return f" (by {', '.join(said)})" if said else ""


def plain(text: str) -> str:
    """A sentence of the ledger with its kinds of documents and roles as words."""
    from crossdock.model import register

    kinds = {*register.kinds(), "master_data"}
    return _KIND.sub(lambda m: m.group().replace("_", " ") if m.group() in kinds else m.group(), text)


def choices(found: Sequence[Tree]) -> Iterator[str]:
    """What a number may mean, one a line."""
    for one in found:
        yield f"{plain(one['object'])} {one['number']} of {one['system']}"


def pretty(body: bytes) -> str:
    """Bytes for eyes: JSON indented, other text as it is, anything else as what it is."""
    shown = body[:_SAID_BYTES_MAX]
    rest = f"\n… and {len(body) - len(shown)} bytes more" if len(body) > len(shown) else ""
    try:
        text = shown.decode("utf-8")
    except UnicodeDecodeError:
        return f"{len(body)} bytes that are no UTF-8 text: {shown[:32].hex(' ')} …"
    if rest:
        return text + rest
    try:
        return _indented(text)
    except ValueError:
        return text or "(empty)"


def _indented(text: str) -> str:
    """JSON with the digits of its numbers as they were written. Raises ValueError."""
    written: list[str] = []

    def digits(number: str) -> str:
        written.append(number)
        return f"\x00{len(written) - 1}\x00"

    tree = json.loads(text, parse_float=digits, parse_int=digits, parse_constant=digits)
    made = json.dumps(tree, ensure_ascii=False, indent=2)
    return re.sub(r'"\\u0000(\d+)\\u0000"', lambda m: written[int(m.group(1))], made)
