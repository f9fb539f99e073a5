"""The stock of an item that has another number now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from crossdock.charter.stock import ITSELF
from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Journal
from crossdock.journal.stock import BeliefRow
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.stockkeeping.rows import ANYTHING, added, believed, given_back, moved, took
from crossdock.stock.belief import good_until
from crossdock.stock.policy import Policy


def moved_stock(
    journal: Journal, policy: Policy, zone: ZoneInfo, old: str, new: str, now_ms: int, changes: Changes
) -> bool:
    """Writes figures and reservations of an old number under the new one; False where there are none.

    What was told and what is set aside goes in one commit, so that in between nobody can promise it twice.
    """
    beliefs, aside = journal.stock_beliefs_of(old), journal.reservations_of(old)
    if not beliefs and not aside:
        return False
    unit = next((row.unit for row in [*journal.levels([old]), *journal.levels([new])]), "EA")
    rows: list[Row] = [
        believed(replace(row, sku=new), row.counted, _until_ms(row, policy, zone)) for row in beliefs
    ]
    rows += [moved(one, replace(one, sku=new)) for one in aside]
    for site in sorted({row.site for row in beliefs} | {one.site for one in aside}):
        figures = [row for row in beliefs if row.site == site]
        counted = sum(row.counted for row in figures)
        as_of_ms = max((row.as_of_ms for row in figures), default=0)
        if figures:
            changes.row(*added(old, site, unit, -counted, as_of_ms, now_ms))
        changes.row(*added(new, site, unit, counted, as_of_ms, now_ms))
        taken = sum(one.amount for one in aside if one.site == site)
        if taken:
            changes.row(*given_back(old, site, taken, now_ms), touches=1)
            changes.row(*took(new, site, taken, ANYTHING, now_ms), touches=1)
    says = f"{old} is {new} now: {len(beliefs)} figures and {len(aside)} reservations go with it"
    changes.entry(Entry(EntryKind.decided, origin=ITSELF, says=says), *rows)
    return True


def _until_ms(row: BeliefRow, policy: Policy, zone: ZoneInfo) -> int | None:
    site = policy.site_of(row.system, row.site)
    if site is None or row.expires_on is None:
        return None
    until = good_until(date.fromisoformat(row.expires_on), site.left_days, zone)
    return int(until.timestamp() * 1000) if until is not None else None
