"""Today: is it flowing, and what needs somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from crossdock.console import first_run
from crossdock.console.clock import Clock
from crossdock.console.gate import Visit, tag_of
from crossdock.console.meter import Rates
from crossdock.console.picture import drawn
from crossdock.console.shown import Shown, within
from crossdock.console.waiting import Text
from crossdock.console.words import say
from crossdock.control import status
from crossdock.desk.story import clocked
from crossdock.journal.sql import desk_list
from crossdock.journal.sql.connection import Connection
from crossdock.message.incident import TYPES

Tree = dict[str, Any]
_FIRST = 6
#: How old a figure may be, and the text made of figures: with the second between two looks of a browser, what happens
#: is seen within two, however long it takes to read.
_AGE_S, _TEXT_S = 0.2, 0.4


@dataclass(frozen=True, slots=True)
class Needs:
    """What is on the desk of a scope; times in milliseconds since 1970."""

    total: int
    late: int
    oldest_ms: int | None
    kinds: Sequence[tuple[str, str, int]]  #: type, severity, how many
    first: Sequence[desk_list.Listed]


async def standing(shown: Shown) -> Tree:
    """How every system stands, read for all pages at once."""

    async def read() -> Tree:
        hub = shown.hub
        gates, systems = hub.context.gates, hub.charter.systems
        found = await hub.journal.view(lambda c: status.counted(c, gates, systems))
        return status.standing(hub.charter, gates, found, hub.context.systems, shown.now_ms)

    return await shown.looks.look("standing", read, every_s=_AGE_S, most_s=_AGE_S)


async def rates(shown: Shown) -> Rates:
    """What comes and goes a minute."""
    return await shown.looks.look("rates", shown.meter.rates, every_s=_AGE_S, most_s=_AGE_S)


async def needs(shown: Shown, systems: tuple[str, ...] | None) -> Needs:
    """What needs somebody, for who sees some systems."""

    def count(connection: Connection) -> Needs:
        now_ms = shown.now_ms
        kinds = desk_list.counts(connection, systems, now_ms)
        awake = desk_list.Wanted(systems=systems, asleep=False, now_ms=now_ms)
        first, _ = desk_list.page(connection, awake, _FIRST)
        late = sum(many for _, _, _, many, due_ms, _ in kinds if due_ms < now_ms)
        by_type: dict[tuple[str, str], int] = {}
        for type_, severity, _, many, _, _ in kinds:
            by_type[type_, severity] = by_type.get((type_, severity), 0) + many
        return Needs(
            sum(by_type.values()), late, min((one[5] for one in kinds), default=None),
            sorted(((t, s, n) for (t, s), n in by_type.items()), key=lambda one: -one[2]), first,
        )  # fmt: skip

    return await shown.looks.look(
        f"needs {systems}", lambda: shown.hub.journal.view(count), every_s=_AGE_S, most_s=_AGE_S
    )


async def levels(visit: Visit) -> list[Tree]:
    """How the service levels stand that anything was counted for; they are of the whole site."""
    if not visit.scope.everything or visit.scope.sites:
        return []
    shown = visit.shown
    book = shown.running.watch.levels

    async def read() -> list[Tree]:
        found = await shown.hub.journal.view(lambda c: book.standings(c, shown.now_ms))
        return [one.shown for one in found if one.shown["share"] is not None]

    return await shown.looks.look("levels", read, every_s=5)


async def page(visit: Visit) -> Response:
    """The page."""
    shown, systems = visit.shown, within(visit.scope)
    if await is_empty(shown):
        return await first_run.page(visit)
    if visit.is_live:
        # The same for all who see as far: nothing in it is of one person.
        sees = f"live {systems} {visit.scope.everything and not visit.scope.sites}"
        read = lambda: shown.looks.look(sees, lambda: _text(visit), every_s=_TEXT_S, most_s=_TEXT_S)  # noqa: E731
        if visit.waits:
            text = await shown.waiting.news(sees, visit.request.headers.get("if-none-match", ""), read)
            if not await visit.is_still_in():
                return Response(status_code=401)
        else:
            text = await read()
        return Response(text.body, headers={"etag": text.tag}, media_type="text/html")
    return await _page(visit)


async def _text(visit: Visit) -> Text:
    body = bytes((await _page(visit)).body)
    return Text(tag_of(body), body)


async def _page(visit: Visit) -> Response:
    shown, systems = visit.shown, within(visit.scope)
    tree, rate, need = await standing(shown), await rates(shown), await needs(shown, systems)
    items = [one for one in tree["items"] if visit.scope.has(one["system"])]
    trouble = _trouble(items, shown.hub.charter.site.timezone)
    says = sentence(visit.clock, trouble, need, ready=shown.running.ready)
    return visit.page(
        "today.html", says=says, trouble=trouble, needs=need, items=items, rates=rate, types=TYPES,
        per_min=sum(rate.went.values()), levels=await levels(visit),
        wide=drawn(items, rate, says), narrow=drawn(items, rate, says, narrow=True),
    )  # fmt: skip


async def is_empty(shown: Shown) -> bool:
    """Whether nothing ever came in."""

    async def read() -> bool:
        row = await shown.hub.journal.view(lambda c: c.execute("SELECT 1 FROM captures LIMIT 1").fetchone())
        return row is None

    return await shown.looks.look("empty", read)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A system through which not everything passes."""

    system: str
    word: str  #: down | paused | draining | drained | blackout
    says: str
    since: str | None


def _trouble(items: Sequence[Tree], zone: ZoneInfo) -> list[Trouble]:
    found: list[Trouble] = []
    for item in items:
        calls = item["calls"]
        if calls is not None and calls["breaker"]["state"] != "closed":
            says = calls["breaker"]["says"] or ""
            found.append(Trouble(item["system"], "down", says, calls["breaker"]["since"]))
        for way in ("in", "out"):
            gate = item[way]
            if gate is not None and gate["state"] != "open":
                says = clocked(gate["says"] or "", zone).removeprefix(f"{item['system']} ")
                found.append(Trouble(item["system"], gate["state"], says, gate["since"]))
                break
    return found


def sentence(clock: Clock, trouble: Sequence[Trouble], need: Needs, *, ready: bool) -> str:
    """The answer of the page."""
    if not ready:
        return say("today.store_down")
    down = [one for one in trouble if one.word == "down"]
    closed = [one for one in trouble if one.word != "down"]
    if down:
        first = say("today.down", systems=_and([one.system for one in down]))
    elif closed:
        first = say("today.closed", systems=_and(list(dict.fromkeys(one.system for one in closed))))
    else:
        first = say("today.flowing")
    if not need.total:
        return f"{first} {say('today.nothing')}"
    since = clock.when(need.oldest_ms)
    return f"{first} {say('today.needs', count=need.total, since=since)}"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {say('and')} {names[-1]}"
