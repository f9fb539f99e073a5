"""Orders: any number leads to its story, and the lists of what is new and what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from starlette.responses import Response

from crossdock.access.roles import Right
from crossdock.console.clock import ms_of
from crossdock.console.gate import Visit, not_found
from crossdock.console.paper import part_of_path, query
from crossdock.console.shown import within
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.desk import story
from crossdock.journal.sql import desk_list, orders, views
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.trace import Several, trace
from crossdock.kit.excerpt import redacted
from crossdock.message.names import BYTES, HUB, INCIDENT, id_of
from crossdock.model import register

Tree = Mapping[str, Any]
PAGE = 50
#: Kinds that people call an order; the others are found by their kind.
ORDERS = ("sales_order", "warehouse_order", "purchase_order")
#: Filters of the list: name to the states of sendings that it shows; "" shows the newest.
FILTERS: Mapping[str, Sequence[int]] = {
    "": (), "waiting": (1, 3, 4, 5), "doubt": (5,), "desk": (8,), "held": (2,),
}  # fmt: skip
#: The word for a sending that is not at its end, by its state, as `to.…` says it.
STANDINGS: Mapping[int, str] = {1: "due", 2: "held", 3: "sending", 4: "retrying", 5: "in_doubt", 8: "desk"}
#: Lines of an order that are shown beside its story.
LINES_MAX = 50
#: Documents nobody could read that are counted one by one, and those of them that are named.
UNREAD_MAX, UNREAD_NAMED = 999, 5
_LANES_MAX = 7
_SHOWN_BYTES_MAX = 60_000


async def page(visit: Visit) -> Response:
    """Search and lists."""
    wanted, state = " ".join(visit.asked("q").split()), visit.asked("state")
    if wanted:
        return await _search(visit, wanted)
    state = state if state in FILTERS else ""
    kind = visit.asked("kind")
    kinds = (kind,) if kind in register.kinds() else ORDERS
    begin = visit.number("from")
    target = visit.asked("to") if visit.asked("to") in _reach(visit) else None

    def read(connection: Connection) -> tuple[list[orders.Row], int | None, list[tuple[str, str, str]]]:
        unread: list[tuple[str, str, str]] = []
        if not begin and state in {"", "desk"}:
            unread = orders.not_understood(connection, kinds, _reach(visit), UNREAD_MAX + 1)
        if state:
            hubs, following = orders.waiting(connection, FILTERS[state], target, begin, PAGE)
        else:
            hubs, following = orders.newest(connection, kinds, begin, PAGE)
        return _seen(visit, orders.rows_of(connection, hubs)), following, unread

    rows, following, unread = await visit.shown.hub.journal.view(read)
    if visit.asked("as") == "csv":
        return _csv(visit, rows)
    more = query(state=state, kind=kind, to=target, **{"from": following}) if following else ""
    return visit.page(
        "orders.html", rows=rows, more=more, q="", state=state, kind=kind, to=target, filters=list(FILTERS),
        kinds=sorted(register.kinds()), near=[], systems=_reach(visit), unread=unread,
        csv=query(state=state, kind=kind, to=target, **{"from": begin, "as": "csv"}), unread_named=UNREAD_NAMED,
    )  # fmt: skip


async def _search(visit: Visit, wanted: str) -> Response:
    """Straight to the one that is meant, or what it may mean."""
    systems, kinds = list(visit.shown.hub.charter.systems), list(register.kinds())

    def read(
        connection: Connection,
    ) -> tuple[orders.Found | str | None, list[orders.Row], list[tuple[str, str]]]:
        named = orders.found_by_name(connection, wanted)
        incident = id_of(INCIDENT, named) if isinstance(named, str) else None
        if incident is not None and not desk_list.is_seen(connection, incident, within(visit.scope)):
            named = None
        if isinstance(named, orders.Found) and not _seen(visit, orders.rows_of(connection, [named.hub])):
            named = None
        found = orders.found_by_number(connection, wanted, kinds, systems)
        rows = _seen(visit, orders.rows_of(connection, [one.hub for one in found]))
        stuck = [] if rows else orders.untranslated(connection, wanted, kinds, systems)
        return named, rows, [one for one in stuck if visit.scope.has(one[0])]

    named, rows, stuck = await visit.shown.hub.journal.view(read)
    if visit.asked("as") == "csv":
        return _csv(visit, rows)
    if isinstance(named, str):
        return visit.to(f"/incidents/{named}")
    if named is not None and not rows:
        return visit.to(path_of(named.document, named.number, named.owner))
    if not rows and len(stuck) == 1:
        return visit.to(path_of(stuck[0][1], wanted, stuck[0][0]))
    if len(rows) == 1:
        return visit.to(path_of(rows[0].document, rows[0].number, rows[0].owner))
    return visit.page(
        "orders.html", rows=rows, more="", q=wanted, state="", kind="", to=None, filters=list(FILTERS),
        kinds=sorted(kinds), near=stuck, systems=_reach(visit), unread=[], csv=query(q=wanted, **{"as": "csv"}),
    )  # fmt: skip


def _reach(visit: Visit) -> list[str]:
    return [name for name in visit.shown.hub.charter.systems if visit.scope.has(name)]


def path_of(document: str, number: str, system: str = "") -> str:
    """Where the story of an object is."""
    return f"/orders/{document}/{part_of_path(number)}{query(system=system)}"


def _seen(visit: Visit, rows: Sequence[orders.Row]) -> list[orders.Row]:
    return [row for row in rows if visit.scope.touches((row.owner, *row.known_to))]


def _csv(visit: Visit, rows: Sequence[orders.Row]) -> Response:
    clock = visit.clock
    head = ("kind", "number", "owner", "known to", "waiting", "on the desk", "last heard (UTC)")
    return as_csv("orders", head, (
        (row.document, row.number, row.owner, " ".join(row.known_to), row.open, row.desk, clock.machine(row.heard_ms))
        for row in rows
    ))  # fmt: skip


# -- one of them -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline."""

    at_ms: int
    lane: int  #: which system's lane the dot is in; 0: the hub
    who: str
    says: str
    tone: str
    kind: str
    position: int
    day: str  #: set where a new day begins
    incident: str | None


async def one(visit: Visit) -> Response:
    """The story of one object, its evidence beside it."""
    document, number = visit.request.path_params["document"], visit.request.path_params["number"]
    system, origin = visit.asked("system") or None, visit.scope
    if document not in register.kinds():
        return not_found(visit, say("order.no_kind", kind=document[:60]), say("order.no_kind_fix"))
    closed = visit.shown.hub.context.gates.why
    found = await visit.shown.hub.journal.view(
        lambda c: trace(c, document, number, system=system, closed=closed)
    )
    if isinstance(found, Several):
        if choices := [one for one in found.choices if origin.has(one["system"])]:
            return visit.page("choices.html", number=number, choices=choices)
        found = None  # nothing of theirs: as if nobody knew the number
    if found is None or not origin.touches(_systems(found)):
        return not_found(visit, say("order.nobody", number=number[:60]), say("order.nobody_fix"))
    full = visit.asked("all") == "1"
    lanes = _lanes(found)
    events = _events(visit, found, lanes, full=full)
    if visit.asked("as") == "csv":
        rows = ((visit.clock.machine(e.at_ms), e.who, e.kind, e.says, e.position) for e in events)
        return as_csv(f"{document}-{number}", ("at (UTC)", "who", "kind", "says", "ledger position"), rows)
    zone = visit.shown.hub.charter.site.timezone
    sides, lines = await _around(visit, found)
    waits = [story.awaited_of(line, zone) for line in (found["waits_for"] or "").splitlines()]
    named = ((line.partition(":")[0], name) for line in waits if (name := story.incident_in(line)))
    turn, incident = next(named, ("", None))
    return visit.page(
        "order.html", story=found, events=events, lanes=lanes, full=full, waits=waits, system=system,
        incident=incident, turn=turn,
        headline=_headline(visit, found, waits, events), evidence=await _evidence(visit, found),
        at=visit.asked("entry"), base=path_of(document, number), sides=sides, lines_told=lines, standings=STANDINGS,
    )  # fmt: skip


async def _around(visit: Visit, found: Tree) -> tuple[list[orders.Side], list[Tree]]:
    """What each system has of it, and the lines of it as they were last told."""
    hub = id_of(HUB, found["hub_id"] or "")
    if hub is None:
        return [], []
    sides, content = await visit.shown.hub.journal.view(
        lambda c: (orders.sides(c, hub), orders.content(c, hub))
    )
    lines = (content or {}).get("lines")
    told = cast("list[Tree]", lines) if isinstance(lines, list) else []
    return sides, [one for one in told if one.get("sku") and one.get("quantity") is not None][:LINES_MAX]


def _systems(found: Tree) -> set[str]:
    told = {entry["system"] for entry in found["entries"] if entry["system"]}
    return told | {one["system"] for one in found["ids"]}


def _headline(visit: Visit, found: Tree, waits: Sequence[str], events: Sequence[Event]) -> str:
    named = {"kind": story.plain(found["object"]).capitalize(), "number": found["number"]}
    if not waits:
        return say("order.at_rest", state=found["state"].replace("_", " "), **named)
    since = visit.clock.ago(events[-1].at_ms) if events else ""
    word = "order.kept_back" if story.is_kept_back(waits[0]) else "order.waits"
    return say(word, what=waits[0], since=since, **named)


def _lanes(found: Tree) -> list[str]:
    """The systems of a story in the order in which they entered it."""
    told = [entry["system"] for entry in found["entries"] if entry["system"]]
    return list(dict.fromkeys(told))[:_LANES_MAX]


def _events(visit: Visit, found: Tree, lanes: Sequence[str], *, full: bool) -> list[Event]:
    zone, events, day = visit.shown.hub.charter.site.timezone, list[Event](), None
    for line in story.lines(found, zone, full=full):
        last, says = line.entries[-1], story.clocked(line.says.removeprefix(f"{line.who} "), zone)
        system = last["system"] or ""
        begins = line.at.date() != day
        day = line.at.date()
        events.append(
            Event(
                at_ms=ms_of(last["at"]) or 0, lane=lanes.index(system) + 1 if system in lanes else 0,
                who=line.who, says=says, tone=line.tone, kind=line.entries[0]["kind"],
                position=line.entries[0]["position"],
                day=f"{line.at:%A} {line.at.day} {line.at:%B %Y}" if begins else "",
                incident=last.get("incident"),
            )
        )  # fmt: skip
    return events


async def _evidence(visit: Visit, found: Tree) -> Tree | None:
    """What one entry of the ledger rests on, and its bytes for those who may read them."""
    wanted = visit.asked("entry")
    entry = next((one for one in found["entries"] if str(one["position"]) == wanted), None)
    if entry is None:
        return None
    shown: dict[str, Any] = {
        "entry": entry,
        "at_ms": ms_of(entry["at"]),
        "text": None,
        "may": _may_read(visit, entry),
    }
    if entry["bytes"] and shown["may"]:
        found_bytes = await visit.shown.hub.journal.view(lambda c: views.bytes_of(c, entry["position"]))
        if found_bytes is not None:
            shown["text"] = redacted_bytes(found_bytes.body)
    return shown


def redacted_bytes(body: bytes) -> str:
    """Bytes for eyes, without what looks like a secret."""
    text = story.pretty(body)[:_SHOWN_BYTES_MAX]
    return "\n".join(redacted(line, 2_000) for line in text.splitlines())


def _may_read(visit: Visit, entry: Tree) -> bool:
    return visit.may(Right.BYTES) and visit.scope.touches([entry["system"] or ""])


async def bytes_(visit: Visit) -> Response:
    """The bytes that one entry tells of, for saving: never shown as a page."""
    id_ = visit.request.path_params["id"]
    position = id_of(BYTES, id_)
    found = (
        None
        if position is None
        else await visit.shown.hub.journal.view(lambda c: views.bytes_of(c, position))
    )
    if found is None or not visit.scope.has(found.origin):
        return not_found(visit, say("bytes.none", id=id_[:40]))
    headers = {
        "content-disposition": f'attachment; filename="{id_}"',
        "content-security-policy": "sandbox; default-src 'none'",
    }  # fmt: skip
    return Response(found.body, headers=headers, media_type="application/octet-stream")
