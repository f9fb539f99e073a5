"""Stock: what each system believes is there, since when, and where they differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from starlette.responses import Response

from crossdock.access.roles import Scope
from crossdock.console.gate import Visit
from crossdock.console.paper import query
from crossdock.console.shown import within
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.journal.sql import beliefs
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.stock_reads import StockReads
from crossdock.journal.stock import ComingRow
from crossdock.stock.amount import number

PAGE = 100
#: Pages that are read to fill the one of somebody who sees little of them.
_READS_MAX = 10
HOW = {1: "told", 2: "acknowledged", 3: "observed"}


@dataclass(frozen=True, slots=True)
class Word:
    """One system's word on one balance."""

    system: str
    quantity: Decimal | None
    how: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Balance:
    """One balance and every system's word on it."""

    number: str
    site: str
    sku: str
    status: str
    lot: str
    unit: str
    words: Sequence[Word]

    @property
    def differs(self) -> bool:
        """Whether two systems name different quantities."""
        return len({word.quantity for word in self.words if word.quantity is not None}) > 1


@dataclass(frozen=True, slots=True)
class ToCome:
    """What is announced of an item and has not come: all of it, and by when the first of it is expected."""

    quantity: Decimal
    unit: str
    at_ms: int


async def page(visit: Visit) -> Response:
    """The page: one site, and the items that begin with what was asked."""
    journal, wanted = visit.shown.hub.journal, visit.asked("q").strip()
    sites = await sites_seen(visit)
    site = visit.asked("site") or (sites[0] if sites else "")
    after = visit.asked("after")

    def read(connection: Connection) -> tuple[list[beliefs.Belief], str | None]:
        return _seen(visit.scope, connection, f"{site}:{wanted}", after) if site else ([], None)

    found, following = await journal.view(read)
    rows = _balances(found)
    inbound = await _inbound(visit, site, {row.sku for row in rows})
    if visit.asked("as") == "csv":
        return _csv(visit, rows)
    differing = sum(row.differs for row in rows)
    says = say("stock.empty") if not rows else say("stock.says", count=len(rows), site=site)
    if rows:
        says += " " + (say("stock.differ", count=differing) if differing else say("stock.agree"))
    return visit.page(
        "stock.html", rows=rows, sites=sites, site=site, q=wanted, says=says,
        inbound=inbound,
        more=query(site=site, q=wanted, after=following) if following else "",
        csv=query(site=site, q=wanted, **{"as": "csv"}),
    )  # fmt: skip


async def _inbound(visit: Visit, site: str, skus: Collection[str]) -> Mapping[str, ToCome]:
    """What is still to come of some items to a site, for those who may see the stock that is kept there."""
    room = visit.shown.hub.context.stock
    policy = room.policy.sites.get(site) if room is not None else None
    if (
        room is None
        or policy is None
        or not skus
        or not (visit.scope.has(policy.system) and visit.scope.at(site))
    ):
        return {}

    def read(connection: Connection) -> Sequence[ComingRow]:
        reads = StockReads(connection)
        reads.scope = 1
        return reads.coming(skus)

    found: dict[str, ToCome] = {}
    for row in await visit.shown.hub.journal.view(read):
        if row.site == site:
            first = found.get(row.sku)
            so_far = first.quantity if first else Decimal()
            amount = Decimal(str(number(row.amount)))
            found[row.sku] = ToCome(so_far + amount, row.unit, first.at_ms if first else row.at_ms)
    return found


async def sites_seen(visit: Visit) -> list[str]:
    """The sites that whoever asks may know of."""
    journal, scope = visit.shown.hub.journal, visit.scope
    sites = await visit.shown.looks.look("sites", lambda: journal.view(beliefs.sites_of), every_s=30)
    systems = within(scope)
    if systems is None:
        return sites
    return await visit.shown.looks.look(
        f"sites {systems}",
        lambda: journal.view(lambda c: [one for one in sites if beliefs.is_told_of(c, one, systems)]),
        every_s=30,
    )


def _seen(
    scope: Scope, connection: Connection, begin: str, after: str
) -> tuple[list[beliefs.Belief], str | None]:
    """One page of what somebody may see, and where the next begins: a number that they see, too."""
    seen: list[beliefs.Belief] = []
    for _ in range(_READS_MAX):
        found, following = beliefs.stock_beliefs(connection, begin, after, PAGE)
        seen += [one for one in found if scope.has(one.system)]
        if following is None or len({one.hub for one in seen}) >= PAGE:
            return seen, seen[-1].number if following and seen else None
        after = following
    return seen, seen[-1].number if seen else None


def _balances(found: Sequence[beliefs.Belief]) -> list[Balance]:
    by_number: dict[str, list[beliefs.Belief]] = {}
    for one in found:
        by_number.setdefault(one.number, []).append(one)
    balances: list[Balance] = []
    for name, told in by_number.items():
        tree = told[0].tree
        words = [Word(one.system, _quantity(one), HOW.get(one.how, ""), one.at_ms) for one in told]
        balances.append(
            Balance(
                name, str(tree.get("site", "")), str(tree.get("sku", "")), str(tree.get("status", "")),
                str(tree.get("lot") or ""), str(tree.get("unit", "")), words,
            )
        )  # fmt: skip
    return balances


def _quantity(one: beliefs.Belief) -> Decimal | None:
    value = one.tree.get("quantity")
    return Decimal(value) if isinstance(value, int | Decimal) else None


def _csv(visit: Visit, rows: Sequence[Balance]) -> Response:
    clock = visit.clock
    head = ("site", "item", "status", "lot", "unit", "system", "quantity", "how it is known", "since (UTC)")
    return as_csv("stock", head, (
        (row.site, row.sku, row.status, row.lot, row.unit, word.system, word.quantity, word.how,
         clock.machine(word.at_ms))
        for row in rows for word in row.words
    ))  # fmt: skip
