"""The story of one object in sentences that a supervisor understands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from crossdock.desk.folding import NOT_NOW, Tree, folded, late_ones

_DONE = re.compile(r"\b2\d\d\b")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_SAID_BYTES_MAX = 200_000  #: of one body that is shown
#: `sales_order SO-1` and `warehouse_order/SO-1`: kinds of documents as the ledger writes them.
_KIND = re.compile(r"(?<!/)\b[a-z]+(?:_[a-z]+)+\b")


@dataclass(frozen=True, slots=True)
class Line:
    """One event: when, whose act it was, what happened, and where its bytes are."""

    at: datetime
    who: str
    says: str
    tone: str = ""  #: good | bad | quiet
    href: str | None = None
    entries: Sequence[Tree] = ()  #: the entries of the ledger that it tells of


def head(story: Tree, *, full: bool = False) -> list[str]:
    """What the object is, where it stands, and who calls it what; `full` also says its ordering key."""
    called = " and ".join(f"{one['system']} calls it {one['id']}" for one in story["ids"])
    kept = f"; kept in order with {story['key']}" if full and story.get("key") else ""
    return [
        f"{plain(story['object'])} {story['number']}: {story['state'].replace('_', ' ')}",
        f"{called}{kept}",
    ]


def awaited(story: Tree, zone: ZoneInfo | None = None) -> list[str]:
    """What the object waits for and from whom, one line for each thing, or that it waits for nobody."""
    waits: str | None = story["waits_for"]
    if not waits:
        return ["It waits for nobody."]
    said = [awaited_of(sentence, zone) for sentence in waits.splitlines()]
    if len(said) > 1:
        return ["It waits for:", *(f"  {one}" for one in said)]
    return [f"It is {said[0]}" if is_kept_back(said[0]) else f"It waits for {said[0]}"]


def is_kept_back(sentence: str) -> bool:
    """Whether a sentence of what is awaited speaks of a time, and of nobody."""
    return sentence.startswith("kept back ")


def awaited_of(sentence: str, zone: ZoneInfo | None) -> str:
    """One thing that an object waits for, begun by whose turn it is: `operations: …`."""
    return clocked(plain(sentence), zone).removeprefix("role:")


def clocked(sentence: str, zone: ZoneInfo | None) -> str:
    """A sentence with its instants as times of day, with their day unless that is today."""
    return _INSTANT.sub(lambda m: _clock(m.group(), zone), sentence)


def _clock(moment: str, zone: ZoneInfo | None) -> str:
    """A time of day, with its day unless that is today."""
    at = datetime.fromisoformat(moment).astimezone(zone)
    day = "" if at.date() == datetime.now(UTC).astimezone(zone).date() else f"{at.day} {at:%B} "
    return f"{day}{at:%H:%M:%S}"


def incident_in(sentence: str) -> str | None:
    """The incident that a sentence ends with: i10 in `… (i10)`."""
    found = re.search(r"\((i\d+)\)$", sentence)
    return found.group(1) if found else None


def lines(story: Tree, zone: ZoneInfo | None, *, full: bool = False) -> Iterator[Line]:
    """One line for each event, oldest first; times in `zone` (None: the zone of this machine).

    Without `full` the hub's own steps, what it looked up and byte counts are left out, and tries that
    ended alike are one line.
    """
    entries: Sequence[Tree] = story["entries"]
    shown = [[entry] for entry in entries] if full else folded(entries)
    late = late_ones(entries)
    for group in shown:
        entry = group[0]
        at = datetime.fromisoformat(entry["at"]).astimezone(zone)
        who, says, tone = _told(entry, full=full) if len(group) == 1 else _together(group, zone)
        if entry["position"] in late:
            says += " (late: more was known before)"
        yield Line(at, who, says, tone, _bytes(entry).get("href"), group)


def _bytes(entry: Tree) -> Tree:
    found: Tree | None = entry.get("bytes")
    return found if found is not None else {}


def _told(entry: Tree, *, full: bool) -> tuple[str, str, str]:
    says, system = plain(entry["says"] or ""), entry["system"] or ""
    size = _size(_bytes(entry)) if full else ""
    again = "" if (entry["attempt"] or 1) == 1 else f", attempt {entry['attempt']}"
    match entry["kind"]:
        case "accepted":
            return system, f"handed in {says}{size}", ""
        case "repeated":
            return system, f"{says}; nothing was done twice", "quiet"
        case "translated":
            return "hub", f"understood {says}{_by(entry) if full else ''}", "quiet"
        case "decided":
            return "hub", f"checked it: {says}{_by(entry) if full else ''}", "quiet"
        case "due":
            return "hub", f"{system} is to get {says}", "quiet"
        case "sent":
            return "hub", f"sent it to {system}: {says}{again}{size}", ""
        case "answered" if says.startswith(NOT_NOW):
            return "hub", f"{says}{size}", "bad"
        case "answered":
            return system, f"{says}{size}", "good" if _DONE.search(says) else ""
        case "doubted":
            return "hub", says, "bad"
        case "incident":
            named = f" (incident {entry['incident']})" if entry.get("incident") else ""
            return "desk", says + named, "bad"
        case "act":
            return "desk", says, "good"
        case _:
            return "hub", says, ""


def _size(link: Tree) -> str:
    if link.get("erased"):
        return " (erased)"
    return f" ({link['length']} bytes)" if link else ""


def _together(group: Sequence[Tree], zone: ZoneInfo | None) -> tuple[str, str, str]:
    """One line for tries that ended alike, or for a doubt and what was done about it."""
    last = group[-1]
    system = last["system"] or ""
    if any(entry["kind"] == "doubted" for entry in group):
        says = plain(next(entry["says"] for entry in group if entry["kind"] == "doubted"))
        return (
            "hub",
            f"{system}: no answer that can be trusted; {_settled(last['says'] or '')} ({says})",
            "bad",
        )
    tries = sum(entry["kind"] == "sent" for entry in group)
    since = f"{datetime.fromisoformat(group[0]['at']).astimezone(zone):%H:%M:%S}"
    ended = plain(last["says"] or "").removeprefix(NOT_NOW)
    return "hub", f"{tries} tries to send it to {system} since {since}: {ended}", "bad"


def _settled(says: str) -> str:
    return says.replace("goes again", "sent again")


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
