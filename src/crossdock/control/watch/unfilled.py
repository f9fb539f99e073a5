"""Orders shipped in part of which nobody has said what becomes of the rest: a clock, then an incident."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crossdock.charter.charter import Charter
from crossdock.control.watch.silence import REST
from crossdock.journal.changes import Changes
from crossdock.journal.sql import watched
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.reads import Reads
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.watched import Happened, Running
from crossdock.message.incident import TYPES, Incident, MemberKind
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.model.lifecycle.life import Life
from crossdock.pipeline.knowledge import Knowledge
from crossdock.pipeline.lives import Lives

#: The type of its incidents, and the rule that its clocks are known by in the store.
TYPE = REST
#: What speaks of the rest: it starts a clock, or lets one run anew.
_SPEAKS = frozenset({"shipment", "pick_status", "cancellation", "warehouse_order_cancel", "warehouse_order"})


@dataclass(frozen=True, slots=True)
class Short:
    """An order of which less left than was asked for, and the clock that found it."""

    clock: Running
    number: str
    says: str
    value: str


class Unfilled:
    """Clocks of orders that were shipped in part."""

    def __init__(self, charter: Charter, journal: SiteJournal, now_ms: Callable[[], int]) -> None:
        self._charter = charter
        self._journal = journal
        self._now_ms = now_ms
        self._wait_ms = int(charter.watch.rest_within_s * 1000)

    def look(self, connection: Connection, events: Sequence[Happened]) -> list[Running]:
        """The clocks of the stories that somebody spoke of."""
        roots = sorted({e.root for e in events if e.root and e.made and e.document in _SPEAKS})
        found = watched.clocks_of(connection, self._journal.scope, roots) if roots else []
        return [one for one in found if one.rule == TYPE]

    def judge(self, events: Iterable[Happened], known: Iterable[Running], changes: Changes) -> set[int]:
        """Starts clocks, or lets them run anew; gives the incidents whose order was spoken of again."""
        clocks, last = {one.root: one for one in known}, dict[int, Happened]()
        for e in events:
            if (
                e.root
                and e.made
                and e.document in _SPEAKS
                and (e.document == "shipment" or e.root in {*clocks, *last})
            ):
                last[e.root] = e
        again = set[int]()
        for root, e in last.items():
            clock, due_ms = clocks.get(root), e.at_ms + self._wait_ms
            if clock is None:
                values = (
                    self._journal.next_id(),
                    self._journal.scope,
                    TYPE,
                    root,
                    e.message,
                    e.number,
                    e.at_ms,
                    due_ms,
                )
                changes.row("insert_expectation", *values)
                continue
            changes.row("move_expectation", clock.id, e.at_ms, due_ms, None)
            again |= {clock.incident} if clock.incident is not None else set()
        return again

    def short(self, connection: Connection, due: Iterable[Running]) -> list[Short | Running]:
        """Of the clocks that ran out: the orders that are short; a clock alone where there is nothing to say."""
        return [self._short(connection, one) for one in due if one.rule == TYPE]

    def _short(self, connection: Connection, clock: Running) -> Short | Running:
        reads = Reads(connection)
        reads.scope = self._journal.scope
        life, story = Lives(self._charter, Knowledge(reads), reads).life(clock.root)
        if not _is_short(life) or not story:
            return clock
        lines = [one for one in life.lines.values() if one.open > one.backordered]
        parts = ", ".join(f"{one.shipped:f} of {one.ordered:f} {one.unit} {one.sku}" for one in lines[:5])
        more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
        number = story[0][0].number
        return Short(
            clock, number, f"{story[0][0].document} {number} left in part: {parts}{more}", lines[0].sku
        )

    def cry(self, found: Iterable[Short | Running], changes: Changes) -> list[tuple[Entry, Running]]:
        """Opens an incident for each; gives the entries that will know its id, and forgets the other clocks."""
        opened: list[tuple[Entry, Running]] = []
        for one in found:
            if isinstance(one, Running):
                changes.row("delete_expectation", one.id)
                continue
            incident = self._incident(one)
            entry = Entry(EntryKind.incident, system=incident.system, says=incident.says)
            changes.open_incident(incident, entry)
            opened.append((entry, one.clock))
        return opened

    def _incident(self, one: Short) -> Incident:
        type_, now_ms = TYPES[TYPE], self._now_ms()
        severity = self._charter.desk.severity(TYPE, type_.severity)
        wait_s = self._charter.desk.respond_s(TYPE, severity, type_.respond_s)
        return Incident(
            id=self._journal.next_id(), type=TYPE, cause=f"{TYPE}/{one.clock.root}", severity=severity,
            owner=self._charter.owners.get(TYPE, type_.owner), opened_ms=now_ms,
            due_ms=now_ms + int(wait_s * 1000), system="", document="sales_order", number=one.number,
            value=one.value, says=one.says,
            fix="decide what becomes of the rest: a later shipment, or a cancellation of it",
            members=[(MemberKind.MESSAGE, one.clock.message)],
        )  # fmt: skip


def _is_short(life: Life) -> bool:
    """Whether something left, all that was released has ended, and of a line more is open than was back-ordered."""
    some_left = any(one.shipped for one in life.lines.values())
    rest = any(one.open > one.backordered for one in life.lines.values())
    return some_left and rest and all(one.ended for one in life.live)
