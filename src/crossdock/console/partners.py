"""Partners: what each was sent and has said of it, whose turn it is, and which certificate ends next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from crossdock.charter.charter import System
from crossdock.console.gate import Visit, not_found
from crossdock.console.paper import query
from crossdock.console.papers import Paper, papers
from crossdock.console.ruler import Year
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.faults import Misconfigured
from crossdock.formats.edi.profile import Direction, Profile
from crossdock.journal.numbers import STANDINGS
from crossdock.journal.sql import desk_list, interchanges, partners
from crossdock.journal.sql.connection import Connection
from crossdock.message.states import TransmissionState

#: Figures count what was sent in this time; what waits is always counted.
SINCE_DAYS = 30
_DAY_MS = 86_400_000
_CLOCKS_SHOWN = 12
#: Standings that a partner's documents are narrowed to, and those that everything is.
VIEWS = ("", "in", "waiting", "accepted", "accepted_with_errors", "rejected", "overdue")
COUNTED = tuple(word for word in STANDINGS.values() if word != "superseded")
_STATES = {word: state for state, word in STANDINGS.items()}
#: `856 4 h before requested_at of sales_order PO-1`
_STARTED = re.compile(
    r"\S+ (?P<hours>[\d.e+]+) h (?P<side>before|after) (?P<moment>received_at|requested_at|shipped_at) of"
    r" (?P<document>\S+) "
)
_WITH_A_PERSON = (TransmissionState.DESK, TransmissionState.HELD)


@dataclass(frozen=True, slots=True)
class Clock:
    """One thing that is due, and whose turn it is."""

    one: partners.Sent
    turn: str
    says: str  #: what they do next
    about: str = ""  #: the kind of document that a clock of ours is counted from
    since: str = ""  #: and from when


@dataclass(frozen=True, slots=True)
class Row:
    """One partner as the list shows it."""

    system: str
    profile: Profile
    counts: Mapping[str, int]
    incidents: int
    first: Clock | None  #: the clock that ends first


@dataclass(frozen=True, slots=True)
class Sequenced:
    """One way of a partner's control numbers."""

    system: str
    kind: str  #: interchange or group
    last: int | None  #: given by us
    most: int
    seen: tuple[str, int] | None  #: the partner's own, and when


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the page shows, of one moment."""

    rows: Sequence[Row]
    late: Sequence[Clock]
    ahead: Sequence[Clock]
    numbers: Sequence[Sequenced]
    open: int
    past: int  #: of the open ones, kinds whose clock has run out


def connected(visit: Visit) -> dict[str, tuple[System, Profile]]:
    """The partners that somebody sees, by the name of their system."""
    return {
        name: (system, system.partner)
        for name, system in visit.shown.hub.charter.systems.items()
        if system.partner is not None and visit.scope.has(name)
    }


async def page(visit: Visit) -> Response:
    """All partners in scope."""
    board = await _board(visit, tuple(connected(visit)))
    days, trouble = await certificates(visit)
    if visit.asked("as") == "csv":
        return _csv(visit, board, days)
    return visit.page(
        "partners.html", board=board, certificates=days, trouble=trouble, says=_says(visit, board), counted=COUNTED,
        since_days=SINCE_DAYS, more_than=partners.COUNTED_MAX,
        year=Year(visit.clock.at(visit.shown.now_ms)),
    )  # fmt: skip


async def one(visit: Visit) -> Response:
    """One partner: what went between us, newest first, and what is due."""
    name = visit.request.path_params["system"]
    known = connected(visit).get(name)
    if known is None:
        return not_found(visit, say("partner.none", name=name[:60]), say("partner.none_fix"))
    _, profile = known
    view = visit.asked("show") if visit.asked("show") in VIEWS else ""
    board = await _board(visit, (name,))
    listed, following = await papers(visit, name, profile, view, visit.asked("before"), _STATES)
    if visit.asked("as") == "csv":
        return _papers_csv(visit, name, listed)
    days, trouble = await certificates(visit, name)
    return visit.page(
        "partner.html", system=name, profile=profile, board=board, row=board.rows[0], papers=listed, view=view,
        views=VIEWS, certificates=days, trouble=trouble, says=_partner_says(visit, name, board, days),
        more=query(show=view, before=following) if following else "", more_than=partners.COUNTED_MAX,
        csv=query(show=view, before=visit.asked("before"), **{"as": "csv"}), since_days=SINCE_DAYS, ways=Direction,
    )  # fmt: skip


# -- what is read ----------------------------------------------------------------


async def _board(visit: Visit, names: tuple[str, ...]) -> Board:
    profiles = {name: profile for name, (_, profile) in connected(visit).items() if name in names}

    async def read() -> Board:
        return await visit.shown.hub.journal.view(lambda c: _read(visit, c, profiles))

    return await visit.shown.looks.look(f"partners {names}", read, every_s=1.5)


def _read(visit: Visit, connection: Connection, profiles: Mapping[str, Profile]) -> Board:
    hub = visit.shown.hub
    scope, now_ms = hub.journal.scope, visit.shown.now_ms
    late, ahead = partners.awaited(connection, scope, list(profiles), _CLOCKS_SHOWN)
    clocks = [_clock(visit, connection, each) for each in (*late, *ahead)]
    rows: list[Row] = []
    for name, profile in profiles.items():
        counts = partners.counts(connection, scope, name, now_ms - SINCE_DAYS * _DAY_MS)
        incidents = sum(many for *_, many, _, _ in desk_list.counts(connection, [name], now_ms))
        first = next((each for each in clocks if each.one.system == name), None)
        if first is None:
            _, alone = partners.awaited(connection, scope, [name], 1)
            first = _clock(visit, connection, alone[0]) if alone else None
        rows.append(Row(name, profile, counts, incidents, first))
    open_ = desk_list.counts(connection, list(profiles), now_ms) if profiles else []
    return Board(
        rows, clocks[: len(late)], clocks[len(late) :], _numbers(connection, scope, profiles),
        sum(many for *_, many, _, _ in open_), sum(due_ms < now_ms for *_, due_ms, _ in open_),
    )  # fmt: skip


def _clock(visit: Visit, connection: Connection, each: partners.Sent) -> Clock:
    """Whose turn it is: the partner's where it owes us an answer, else whoever keeps what it shall get."""
    if each.incident is not None:
        return Clock(each, each.owner.removeprefix("role:").removeprefix("partner:"), say("clock.incident"))
    if not each.is_clock:
        return Clock(each, each.system, say("clock.answer"))
    turn, says = _keeper(visit, connection, each)
    about, since = _counted_from(each.says)
    return Clock(each, turn, says, about, since)


def _keeper(visit: Visit, connection: Connection, each: partners.Sent) -> tuple[str, str]:
    """Who has the document that a clock waits for, and what they do next."""
    state = partners.under_way(connection, each.system, each.document, each.root)
    if state in _WITH_A_PERSON:
        return say("clock.desk"), say("clock.mend")
    if state is not None:
        return say("clock.hub"), say("clock.going")
    rule = visit.shown.hub.charter.objects.get(each.document)
    return (rule.owner if rule is not None and rule.owner else say("clock.nobody")), say("clock.tell")


def _counted_from(says: str) -> tuple[str, str]:
    """What a clock is about and since when, from the words under which it was started."""
    told = _STARTED.match(says)
    if told is None:
        return "", ""
    moment = say(f"clocks.{told['moment']}")
    return told["document"], say(f"clocks.{told['side']}", hours=told["hours"], moment=moment)


def _numbers(connection: Connection, scope: int, profiles: Mapping[str, Profile]) -> list[Sequenced]:
    given = interchanges.numbers(connection, scope)
    found: list[Sequenced] = []
    for name, profile in profiles.items():
        seen = interchanges.last_seen(connection, name)
        for kind in ("interchange", "group"):
            numbers = given.get(profile.sequence(kind))
            if numbers is None and (kind == "group" or seen is None):
                continue
            last, most = (numbers.last, numbers.most) if numbers else (None, 0)
            found.append(Sequenced(name, kind, last, most, seen if kind == "interchange" else None))
    return found


async def certificates(visit: Visit, system: str | None = None) -> tuple[list[tuple[str, Any]], str]:
    """(whose systems, day) of each certificate in scope, the first to end first; and why there are none to read."""
    names = set(connected(visit)) if system is None else {system}

    async def read() -> tuple[Mapping[str, Sequence[Any]], str]:
        try:
            station = visit.shown.hub.as2_station()
        except Misconfigured as fault:
            return {}, f"{fault.says}. {fault.fix}"
        return (station.certificates() if station is not None else {}), ""

    by_system, trouble = await visit.shown.looks.look("certificates", read, every_s=60)
    found: dict[str, tuple[list[str], Any]] = {}
    for name, days in by_system.items():
        for day in days if name in names else ():
            found.setdefault(day.fingerprint, ([], day))[0].append(name)
    listed = [(", ".join(whose), day) for whose, day in found.values()]
    return sorted(listed, key=lambda each: each[1].not_after), trouble if names else ""


# -- what is said ----------------------------------------------------------------


def _says(visit: Visit, board: Board) -> str:
    if not board.rows:
        return say("partners.none")
    if board.open:
        first = say("partners.trouble", count=board.open)
        return f"{first} {say('partners.past')}" if board.past else f"{first}{_after(visit, board)}"
    return f"{say('partners.calm', count=len(board.rows))}{_after(visit, board)}"


def _after(visit: Visit, board: Board) -> str:
    if not board.ahead:
        return ""
    clock = board.ahead[0]
    return " " + say("partners.next", who=clock.turn, left=visit.clock.left(clock.one.due_ms))


def _partner_says(visit: Visit, name: str, board: Board, days: Sequence[tuple[str, Any]]) -> str:
    counts = board.rows[0].counts
    ending = [day for _, day in days if day.standing.value in {"soon", "expired"} and not day.followed]
    if board.open:
        first = say("partner.trouble", name=name, count=board.open)
    elif counts["waiting"]:
        return say("partner.owes", name=name, count=counts["waiting"]) + _after(visit, board)
    elif ending:
        first = say("partner.ending", name=name, count=len(ending))
    else:
        first = say("partner.calm", name=name)
    return first + ("" if board.open else _after(visit, board))


def _csv(visit: Visit, board: Board, days: Sequence[tuple[str, Any]]) -> Response:
    clock = visit.clock
    match visit.asked("of"):
        case "clocks":
            head = ("partner", "due (UTC)", "what", "turn", "sent (UTC)", "state", "interchange", "incident")
            return as_csv("partner-clocks", head, (
                (c.one.system, clock.machine(c.one.due_ms), c.one.says, c.turn, clock.machine(c.one.sent_ms),
                 STANDINGS[c.one.state], "" if c.one.is_clock else c.one.control,
                 f"i{c.one.incident}" if c.one.incident else "")
                for c in (*board.late, *board.ahead)
            ))  # fmt: skip
        case "certificates":
            head = (
                "systems",
                "whose",
                "ours",
                "subject",
                "until (UTC)",
                "days left",
                "state",
                "followed",
                "fingerprint",
            )
            return as_csv("partner-certificates", head, (
                (whose, day.whose, day.ours, day.subject, day.not_after.isoformat(), day.days_left, day.standing.value,
                 day.followed, day.fingerprint)
                for whose, day in days
            ))  # fmt: skip
        case _:
            head = (
                "partner",
                "standard",
                "version",
                "usage",
                *COUNTED,
                "open incidents",
                "next clock (UTC)",
                "turn",
            )
            return as_csv("partners", head, (
                (r.system, r.profile.standard.value, r.profile.version, r.profile.usage,
                 *(r.counts[word] for word in COUNTED), r.incidents,
                 clock.machine(r.first.one.due_ms) if r.first else "", r.first.turn if r.first else "")
                for r in board.rows
            ))  # fmt: skip


def _papers_csv(visit: Visit, name: str, listed: Sequence[Paper]) -> Response:
    head = ("at (UTC)", "direction", "what", "number", "interchange", "state", "says", "due (UTC)")
    clock = visit.clock
    return as_csv(f"{name}-documents", head, (
        (clock.machine(p.at_ms), p.way, p.what, p.number, p.control, p.word, p.says, clock.machine(p.due_ms))
        for p in listed
    ))  # fmt: skip
