"""The stock of one item as people and programs read it: beliefs, what may be promised, what is set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.stock_reads import StockReads
from crossdock.journal.stock import ComingRow, LevelRow
from crossdock.message.names import HUB, moment, name_of
from crossdock.pipeline.renumbering import ITEM
from crossdock.pipeline.stockkeeping import offer
from crossdock.pipeline.stockkeeping.promises import PROMISE
from crossdock.pipeline.stockkeeping.rows import OURS
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.amount import number, whole
from crossdock.stock.belief import How
from crossdock.stock.kit import Kits, skus
from crossdock.stock.policy import Policy, SitePolicy
from crossdock.stock.promise import Expected, at_site, in_time, kept_back
from crossdock.stock.reservation import ReservationState

#: Open reservations and beliefs that one answer lists; the sums count all of them.
LISTED_MAX = 500
_BELIEFS = (
    "SELECT s.system, s.site, s.status, s.lot, s.expires_on, s.owner, s.place, s.unit, s.gross, s.net, s.counted,"
    " s.as_of_ms, coalesce(b.how, 1), coalesce(b.at_ms, s.as_of_ms) FROM stock_beliefs s"
    " LEFT JOIN beliefs b ON b.hub = s.hub AND b.system = s.system WHERE s.sku = ? ORDER BY s.site, s.status, s.lot,"
    " s.owner, s.place LIMIT ?"
)
_OPEN = (
    "SELECT r.id, r.site, r.channel, r.holder, r.line, r.amount, r.state, r.made_ms, r.until_ms, h.number"
    " FROM reservations r LEFT JOIN hubs h ON h.id = r.holder WHERE r.sku = ? AND r.state IN (1, 2)"
    " ORDER BY r.id LIMIT ?"
)


async def shown(journal: SiteJournal, room: Stockroom, sku: str, now_ms: int) -> dict[str, Any] | None:
    """See `stock_of`, by the rules of one stockroom."""
    room.kits.refresh()
    room.numbers.refresh()
    now = room.numbers.now(ITEM, sku)
    formerly = room.numbers.formers(ITEM, now)
    channels = room.policy.channels.items()
    packs = {name: room.measures.pack(now, one.unit, "EA") for name, one in channels if one.unit}
    return await journal.view(
        lambda c: stock_of(c, now, room.policy, room.kits.kits, packs, now_ms, formerly)
    )


def stock_of(
    connection: Connection,
    sku: str,
    policy: Policy,
    kits: Kits,
    packs: Mapping[str, tuple[str, Fraction]],
    now_ms: int,
    formerly: Sequence[str] = (),
) -> dict[str, Any] | None:
    """Everything that is known of the stock of an item; None when nobody ever told of it and it is no kit.

    `packs` are unit and factor that each publishing channel counts it in, `formerly` the numbers it had before.
    """
    reads = StockReads(connection)
    reads.scope = 1
    parts = sorted({*skus(sku, kits), sku})
    levels = {(row.sku, row.site): row for row in reads.levels(parts)}
    beliefs = connection.execute(_BELIEFS, (sku, LISTED_MAX)).fetchall()
    coming = reads.coming({sku, *formerly})
    if not levels and not beliefs and not coming and sku not in kits:
        return None
    due = {row.site: LevelRow(sku, row.site, row.unit, 0, 0, 0, 0) for row in coming}
    held = {name: reads.held_by(name, parts) for name in policy.channels}
    told = {row.channel: row for row in reads.told([sku])}
    channels: list[dict[str, Any]] = []
    for name, channel in policy.channels.items():
        amount = offer.sellable(sku, levels, held[name], channel, policy, kits)
        unit, factor = packs.get(name, (_unit(levels, sku), Fraction(1)))
        row = told.get(name)
        known = None if row is None or row.amount < 0 else {
            "quantity": row.amount, "unit": row.unit, "how": "sent" if row.how == OURS else "told",
            "at": moment(row.at_ms), "age_s": _age_s(row.at_ms, now_ms),
        }  # fmt: skip
        channels.append({
            "channel": name, "available": number(amount), "may_sell": whole(amount, factor), "unit": unit,
            "has": known,
        })  # fmt: skip
    everyone = policy.channel("")
    return {
        "sku": sku,
        "formerly": list(formerly),
        "unit": _unit(levels, sku),
        "at": moment(now_ms),
        "available": number(offer.sellable(sku, levels, {}, everyone, policy, kits)),
        "kit": [{"sku": part, "quantity": number(amount)} for part, amount in _parts(sku, kits)] or None,
        "sites": [
            _site(level, policy, sku, now_ms) | {"inbound": _inbound(coming, policy.sites[site], now_ms)}
            for site in policy.sites
            if (level := levels.get((sku, site)) or due.get(site)) is not None
        ],
        "channels": channels,
        "beliefs": [_belief(row, now_ms) for row in beliefs],
        "reservations": [
            _reservation(row) for row in connection.execute(_OPEN, (sku, LISTED_MAX)).fetchall()
        ],
    }


def _unit(levels: Mapping[tuple[str, str], LevelRow], sku: str) -> str:
    return next((row.unit for (name, site), row in levels.items() if name == sku and site != "*"), "EA")


def _parts(sku: str, kits: Kits) -> list[tuple[str, int]]:
    return [(part.sku, part.amount) for part in kits.get(sku, ())]


def _age_s(at_ms: int, now_ms: int) -> float:
    return max(now_ms - at_ms, 0) / 1000


def _site(row: LevelRow, policy: Policy, sku: str, now_ms: int) -> dict[str, Any]:
    site = policy.sites[row.site]
    level = offer.levels_of(sku, {(sku, row.site): row}, policy)[row.site]
    return {
        "site": row.site, "system": site.system, "figure": site.figure.value, "promisable": number(row.supply),
        "reserved": number(row.reserved), "buffer": number(kept_back(site, sku)),
        "available": number(at_site(level, site, sku)), "as_of": moment(row.as_of_ms) if row.as_of_ms else None,
        "age_s": _age_s(row.as_of_ms, now_ms) if row.as_of_ms else None,
    }  # fmt: skip


def _inbound(coming: Sequence[ComingRow], site: SitePolicy, now_ms: int) -> list[dict[str, Any]]:
    """What is still to come to a site, the earliest first; `counts` where a late enough promise may be given of it."""
    return [
        {
            "number": row.number, "quantity": number(row.amount), "expected_by": moment(row.at_ms),
            "overdue": row.at_ms < now_ms,
            "counts": bool(in_time([Expected(row.amount, row.at_ms)], site, now_ms, row.at_ms)),
        }
        for row in coming
        if row.site == site.name
    ]  # fmt: skip


def _belief(row: Sequence[Any], now_ms: int) -> dict[str, Any]:
    system, site, status, lot, expires_on, owner, place, unit, gross, net, counted, as_of_ms, how, at_ms = row
    return {
        "system": system, "site": site, "status": status, "lot": lot, "expires_on": expires_on, "owner": owner,
        "place": place, "quantity": number(gross), "net": None if net is None else number(net), "unit": unit,
        "counted": number(counted), "how": How(how).name, "as_of": moment(as_of_ms), "at": moment(at_ms),
        "age_s": _age_s(at_ms, now_ms),
    }  # fmt: skip


def _reservation(row: Sequence[Any]) -> dict[str, Any]:
    id_, site, channel, holder, line, amount, state, made_ms, until_ms, order = row
    return {
        "id": f"r{id_}", "site": site, "channel": channel,
        "order": order, "promise": f"{PROMISE}{holder}" if order is None else None,
        "hub_id": name_of(HUB, holder) if order is not None else None, "line": line, "quantity": number(amount),
        "state": ReservationState(state).name.lower(), "made_at": moment(made_ms),
        "until": None if until_ms is None else moment(until_ms),
    }  # fmt: skip
