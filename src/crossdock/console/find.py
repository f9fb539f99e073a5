"""Find: what somebody may mean by what they type, offered while they type and listed where no script runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from crossdock.access.roles import Right, Scope
from crossdock.console import incidents, orders, stock
from crossdock.console.gate import Visit
from crossdock.console.paper import part_of_path, query
from crossdock.console.partners import connected
from crossdock.console.shown import within
from crossdock.console.words import say
from crossdock.desk.story import plain
from crossdock.journal.sql import beliefs, desk_list
from crossdock.journal.sql import orders as numbers
from crossdock.journal.sql.connection import Connection
from crossdock.message.incident import TYPES
from crossdock.model import register

#: What each group offers at most, and how much of what is typed is looked at.
OFFERED_MAX, _TYPED_MAX, _SITES_MAX = 5, 100, 20
#: Pages by the word for them; those from `admin/` on are of the whole site.
_PAGES = (
    ("today", "", Right.SEE), ("orders", "/orders", Right.SEE), ("incidents", "/incidents", Right.SEE),
    ("stock", "/stock", Right.SEE), ("systems", "/systems", Right.SEE), ("partners", "/partners", Right.SEE),
    ("charter", "/charter", Right.SEE), ("reports", "/reports", Right.SEE), ("approvals", "/approvals", Right.SEE),
    ("me", "/me", Right.SEE), ("people", "/admin/people", Right.PEOPLE), ("keys", "/admin/keys", Right.CONNECT),
    ("data", "/admin/data", Right.PEOPLE), ("audit", "/admin/audit", Right.AUDIT),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may be meant: its name, what it is, and its path below the console."""

    name: str
    what: str
    path: str


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind."""

    word: str
    offers: Sequence[Offer]


async def page(visit: Visit) -> Response:
    """What is offered; whoever pressed Enter on the one thing that it can be is led there."""
    wanted = " ".join(visit.asked("q").split())[:_TYPED_MAX]
    groups = await offered(visit, wanted) if wanted else []
    offers = [one for group in groups for one in group.offers]
    exact = [one for one in offers if one.name.casefold() == wanted.casefold()]
    if not visit.is_live and len(exact or offers) == 1:
        return visit.to((exact or offers)[0].path)
    more = any(len(group.offers) == OFFERED_MAX for group in groups)
    found = say("find.many", q=wanted) if more else say("find.found", count=len(offers), q=wanted)
    says = found if offers else say("find.nothing", q=wanted)
    return visit.page("find.html", groups=groups, q=wanted, says=says if wanted else say("find.empty"))


async def offered(visit: Visit, wanted: str) -> list[Group]:
    """Everything within somebody's reach that what they typed may mean, by kind."""
    systems, kinds = within(visit.scope), list(register.kinds())
    own = [name for name in visit.shown.hub.charter.systems if visit.scope.has(name)]
    sites = (await stock.sites_seen(visit))[:_SITES_MAX]

    def read(connection: Connection) -> tuple[list[Offer], list[Offer], list[Offer]]:
        return (
            _orders(connection, visit.scope, wanted, kinds, own),
            _items(connection, visit.scope, wanted, sites),
            _incidents(connection, wanted, systems),
        )

    numbered, items, named = await visit.shown.hub.journal.view(read)
    word = wanted.casefold()
    groups = [
        Group("orders", numbered), Group("items", items), Group("incidents", named or await _kinds(visit, word)),
        Group("systems", _systems(visit, word)), Group("pages", _pages(visit, word)),
    ]  # fmt: skip
    return [one for one in groups if one.offers]


def _orders(
    connection: Connection, scope: Scope, wanted: str, kinds: Sequence[str], systems: Sequence[str]
) -> list[Offer]:
    """Objects with this number, or whose number begins so; who sees few of them has more of them looked at."""
    limit = OFFERED_MAX if scope.everything else numbers.FOUND_MAX
    found = numbers.found_by_number(connection, wanted, kinds, systems, limit)
    rows = numbers.rows_of(connection, [one.hub for one in found])
    seen = [row for row in rows if scope.touches((row.owner, *row.known_to))]
    return [
        Offer(
            row.number,
            f"{plain(row.document)}, {row.owner}",
            orders.path_of(row.document, row.number, row.owner),
        )
        for row in seen[:OFFERED_MAX]
    ]


def _items(connection: Connection, scope: Scope, wanted: str, sites: Sequence[str]) -> list[Offer]:
    """Items whose number begins so, where some system told of their stock."""
    found: dict[str, str] = {}
    for site in sites:
        for begin in dict.fromkeys((wanted, wanted.upper())):
            told, _ = beliefs.stock_beliefs(connection, f"{site}:{begin}", "", OFFERED_MAX)
            for one in told:
                if scope.has(one.system):
                    found.setdefault(str(one.tree.get("sku", "")), site)
    return [
        Offer(sku, say("find.item"), f"/stock/{part_of_path(sku)}")
        for sku in list(found)[:OFFERED_MAX]
        if sku
    ]


def _incidents(connection: Connection, wanted: str, systems: tuple[str, ...] | None) -> list[Offer]:
    found = desk_list.meant(connection, wanted, systems, OFFERED_MAX)
    return [
        Offer(
            one.id,
            f"{TYPES[one.type].says if one.type in TYPES else one.type}: {one.number}",
            f"/incidents/{one.id}",
        )
        for one in found
    ]


async def _kinds(visit: Visit, word: str) -> list[Offer]:
    """Kinds of incidents of which some are open."""
    many: dict[str, int] = {}
    for type_, _, _, count, _, _ in await incidents.counted(visit):
        many[type_] = many.get(type_, 0) + count
    return [
        Offer(TYPES[type_].says, say("find.open", count=count), f"/incidents{query(type=type_)}")
        for type_, count in many.items()
        if type_ in TYPES and (word in TYPES[type_].says.casefold() or word in type_)
    ][:OFFERED_MAX]


def _systems(visit: Visit, word: str) -> list[Offer]:
    partners = connected(visit)
    return [
        Offer(name, say("find.partner"), f"/partners/{part_of_path(name)}")
        if name in partners
        else Offer(name, say("find.system"), f"/systems/{part_of_path(name)}")
        for name in visit.shown.hub.charter.systems
        if visit.scope.has(name) and word in name.casefold()
    ][:OFFERED_MAX]


def _pages(visit: Visit, word: str) -> list[Offer]:
    return [
        Offer(say(f"nav.{name}"), say("find.page"), path)
        for name, path, right in _PAGES
        if visit.may(right)
        and (visit.scope.everything or not path.startswith("/admin"))
        and word in say(f"nav.{name}").casefold()
    ]
