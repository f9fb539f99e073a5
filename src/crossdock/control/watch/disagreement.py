"""Stock on which two systems disagree although nothing is on its way between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

from crossdock.charter.charter import Charter
from crossdock.journal.sql import disagreements
from crossdock.journal.sql.disagreements import Difference
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.incident import TYPES, Incident, MemberKind
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind

TYPE = "stock_variance"
_NAMED_MAX, _MEMBERS_MAX = 3, 500


class Disagreement:
    """Opens an incident for each system that has other stock than it should, and ends it when none is left."""

    def __init__(self, charter: Charter, journal: SiteJournal, now_ms: Callable[[], int]) -> None:
        self._charter = charter
        self._journal = journal
        self._now_ms = now_ms

    async def look(self) -> None:
        """Compares once, and writes what it found. Raises StoreDown, Overtaken."""
        journal = self._journal
        found, open_ = await journal.view(
            lambda c: (disagreements.found(c), disagreements.standing(c, journal.scope))
        )
        changes, by_system = journal.changes(), defaultdict[str, list[Difference]](list)
        for one in found:
            by_system[one.system].append(one)
        for system, all_of_it in by_system.items():
            new = [one for one in all_of_it if not one.known]
            if new:
                incident = self._incident(system, new, len(all_of_it))
                entry = Entry(EntryKind.incident, system=system, says=incident.says)
                changes.open_incident(incident, entry)
        for incident in open_:
            if incident.system not in by_system:
                says = f"{incident.system} has the stock that it should have again"
                entry = Entry(EntryKind.decided, system=incident.system, says=says)
                changes.resolve_incident(incident, "the difference is gone", self._now_ms(), entry)
        if changes.entries:
            await journal.submit(changes)

    def _incident(self, system: str, new: Sequence[Difference], many: int) -> Incident:
        type_, now_ms, first = TYPES[TYPE], self._now_ms(), new[0]
        severity = self._charter.desk.severity(TYPE, type_.severity)
        wait_s = self._charter.desk.respond_s(TYPE, severity, type_.respond_s)
        named = ", ".join(
            f"{one.sku} at {one.site} {_plain(one.has)} instead of {_plain(one.owner_has)}"
            for one in new[:_NAMED_MAX]
        )
        more = f" and {many - _NAMED_MAX} more" if many > _NAMED_MAX else ""
        return Incident(
            id=self._journal.next_id(), type=TYPE, cause=f"{TYPE}/{system}", severity=severity,
            owner=self._charter.owners.get(TYPE, type_.owner), opened_ms=now_ms,
            due_ms=now_ms + int(wait_s * 1000), system=system, document="inventory_balance",
            number=first.number, path="quantity", value=first.sku,
            says=f"{system} and {first.owner} disagree on stock, and nothing is on its way: {system} has {named}{more}",
            fix="see what was refused, closed or never sent; have it sent again, or have it counted",
            members=[(MemberKind.MESSAGE, one.message) for one in new[:_MEMBERS_MAX]],
        )  # fmt: skip


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
