"""The silence detector: clocks of what should come next, and the incident when it does not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from crossdock.charter.charter import Charter
from crossdock.charter.watch import Expectation
from crossdock.journal.changes import Changes
from crossdock.journal.sql import incidents, watched
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.watched import Happened, Running
from crossdock.message.gate import Direction
from crossdock.message.incident import TYPES, Incident, IncidentState, MemberKind
from crossdock.message.names import moment
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.gates import Gates

TYPE = "silence"
#: A rule whose clocks are not of the charter's expectations.
REST = "part_fulfilled"
#: After a start, and after a way was closed, a system gets at least so long (and never more than its clock) to speak.
GRACE_S = 30.0
#: The story of a clock that belongs to a whole feed.
FEED = 0
_CANCELS = frozenset({"cancellation", "warehouse_order_cancel"})
_TRY_AGAIN = "retried"


@dataclass(slots=True)
class Known:
    """What the store knows of the stories in a page of events."""

    clocks: list[Running] = field(default_factory=list[Running])
    told: dict[tuple[int, str, str], int] = field(default_factory=dict[tuple[int, str, str], int])
    left: dict[int, int] = field(default_factory=dict[int, int])  #: clocks of an incident


class Silence:
    """Starts, stops and hears the clocks of a charter's expectations."""

    def __init__(
        self, charter: Charter, journal: SiteJournal, gates: Gates, now_ms: Callable[[], int]
    ) -> None:
        self._charter = charter
        self._journal = journal
        self._gates = gates
        self._now_ms = now_ms
        self.rules = {one.rule: one for one in charter.watch.expects}
        self._feeds: dict[tuple[str, str], list[Expectation]] = defaultdict(list)
        self._starts: dict[tuple[str, str, str], list[Expectation]] = defaultdict(list)
        self._ends: dict[tuple[str, str], list[Expectation]] = defaultdict(list)
        for one in self.rules.values():
            if one.after is None:
                self._feeds[one.system, one.document].append(one)
            else:
                way, other = ("at", one.at) if one.at else ("of", one.of)
                self._starts[way, other or "", one.after].append(one)
                self._ends[one.system, one.document].append(one)
        self._not_before_ms: dict[str, int] = {}  #: by rule

    def __bool__(self) -> bool:
        return bool(self.rules)

    # -- at the start --------------------------------------------------------

    def begin(self, connection: Connection) -> list[tuple[Running, str]]:
        """Gives every system its time after a start; gives the clocks that nobody asks for any more."""
        now_ms = self._now_ms()
        for rule, one in self.rules.items():
            self._not_before_ms[rule] = now_ms + _grace_ms(one)
        kept = watched.awaited(connection, self._journal.scope)
        return [
            (clock, "the charter does not expect it any more")
            for rule in kept
            if rule not in self.rules and rule != REST
            for clock in watched.clocks_of_rule(connection, self._journal.scope, rule)
        ]

    # -- what happened -------------------------------------------------------

    def look(self, connection: Connection, events: Sequence[Happened]) -> Known:
        """Reads what is needed to judge a page of events."""
        if not self.rules:
            return Known()
        roots = sorted({e.root for e in events if e.root and (e.done or e.made)})
        scope = self._journal.scope
        clocks = watched.clocks_of(connection, scope, [FEED, *roots])
        starting = sorted({e.root for e in events if self._started(e)})
        documents = sorted({document for _, document in self._ends})
        told = watched.told_of(connection, starting, documents) if starting else {}
        told_of = {one.incident for one in clocks if one.incident is not None}
        left = {id_: watched.count_of_incident(connection, id_) for id_ in told_of}
        return Known(clocks, told, left)

    def _started(self, e: Happened) -> Sequence[Expectation]:
        if not e.root:
            return ()
        if e.done:
            return self._starts.get(("at", e.target, e.document), ())
        return self._starts.get(("of", e.system, e.document), ()) if e.made else ()

    def judge(self, events: Iterable[Happened], known: Known, changes: Changes) -> tuple[list[int], set[int]]:
        """Starts and stops clocks; gives the incidents whose last clock was stopped, and the clocks that it wrote."""
        if not self.rules:
            return [], set()
        page = _Page(self._journal, known, changes)
        for rule, one in self.rules.items():
            if one.after is None:
                now_ms = self._now_ms()
                page.start(one, FEED, 0, "", now_ms)
                self._not_before_ms.setdefault(rule, now_ms + _grace_ms(one))
        for e in events:
            if e.came or e.made:
                for one in self._feeds.get((e.system, e.document), ()):
                    page.heard(one, e.at_ms)
            if e.made and e.root:
                for one in self._ends.get((e.system, e.document), ()):
                    page.stop(e.root, one.rule)
                if e.document in _CANCELS:
                    page.stop(e.root)
            for one in self._started(e):
                if known.told.get((e.root, one.system, one.document), -1) < e.came_ms:
                    page.start(one, e.root, e.message, e.number, e.at_ms)
        return page.end()

    # -- clocks that ran out -------------------------------------------------

    def due(self, clocks: Iterable[Running]) -> list[Running]:
        """Those of the clocks that ran out that may be spoken of: their system could have told."""
        now_ms = self._now_ms()
        for rule, one in self.rules.items():
            if self._gates.shut(one.system, Direction.IN) is not None:
                self._not_before_ms[rule] = now_ms + _grace_ms(one)
        return [clock for clock in clocks if self._may_cry(clock.rule, now_ms)]

    def _may_cry(self, rule: str, now_ms: int) -> bool:
        one = self.rules.get(rule)
        if one is None or now_ms < self._not_before_ms.get(rule, 0):
            return False
        return one.hours is None or one.hours.is_open(now_ms)

    def cry(self, due: Sequence[Running], changes: Changes) -> list[tuple[Entry, list[Running]]]:
        """Opens an incident for each rule, or adds to the one that is open; gives the entries that will know its id."""
        by_rule: dict[str, list[Running]] = defaultdict(list)
        for clock in due:
            by_rule[clock.rule].append(clock)
        found: list[tuple[Entry, list[Running]]] = []
        for rule, clocks in by_rule.items():
            incident = self._incident(self.rules[rule], clocks)
            entry = Entry(EntryKind.incident, system=incident.system, says=incident.says)
            changes.open_incident(incident, entry)
            found.append((entry, clocks))
        return found

    def _incident(self, one: Expectation, clocks: Sequence[Running]) -> Incident:
        type_, now_ms, first = TYPES[TYPE], self._now_ms(), clocks[0]
        wait = _spoken(one.wait_s)
        if one.after is None:
            says = f"{one.system} has told no {one.document} since {moment(first.since_ms)}; expected every {wait}"
        else:
            begun = f"{one.at} has it" if one.at else "it came"
            says = (
                f"{one.system} has told no {one.document} for {one.after} {first.number} within {wait};"
                f" {begun} since {moment(first.since_ms)}"
            )
        return Incident(
            id=self._journal.next_id(), type=TYPE, cause=f"{TYPE}/{one.rule}", severity=type_.severity,
            owner=self._charter.owners.get(TYPE, type_.owner), opened_ms=now_ms,
            due_ms=now_ms + type_.respond_s * 1000, system=one.system, document=one.after or one.document,
            number=first.number, says=says,
            fix=f"it is {one.system}'s turn: ask whether it still works and has what it needs",
            members=[(MemberKind.MESSAGE, clock.message) for clock in clocks if clock.message],
        )  # fmt: skip

    # -- what people did -----------------------------------------------------

    def ended(self, told: Sequence[tuple[Running, int, str | None]], changes: Changes) -> None:
        """A person ended the incident: the clock starts anew, or nobody waits any more."""
        now_ms = self._now_ms()
        for clock, _, reason in told:
            one = self.rules.get(clock.rule)
            again = one is not None and (clock.root == FEED or reason == _TRY_AGAIN)
            if one is not None and again:
                changes.row("move_expectation", clock.id, now_ms, one.due_ms(now_ms), None)
            else:
                changes.row("delete_expectation", clock.id)

    def forget(self, clocks: Iterable[Running], changes: Changes) -> set[int]:
        """Clocks that nobody asks for any more; gives their incidents."""
        told = set[int]()
        for clock in clocks:
            changes.row("delete_expectation", clock.id)
            told |= {clock.incident} if clock.incident is not None else set()
        return told

    @staticmethod
    def close(connection: Connection, ids: Iterable[int]) -> list[Incident]:
        """The incidents among some that are still open."""
        found = (incidents.record(connection, id_) for id_ in ids)
        return [one for one in found if one is not None and one.state is IncidentState.OPEN]

    def resolve(self, closing: Iterable[Incident], reason: str, changes: Changes) -> None:
        """Ends incidents whose cause is gone."""
        for incident in closing:
            entry = Entry(EntryKind.decided, system=incident.system, says=f"{incident.system}: {reason}")
            changes.resolve_incident(incident, reason, self._now_ms(), entry)


class _Page:
    """The clocks of a page of events while it is judged."""

    def __init__(self, journal: SiteJournal, known: Known, changes: Changes) -> None:
        self._journal = journal
        self._changes = changes
        self._clocks = {(one.root, one.rule): one for one in known.clocks}
        self._stored = dict(self._clocks)
        self._left = known.left
        self._stopped = Counter[int]()

    def start(self, one: Expectation, root: int, message: int, number: str, at_ms: int) -> None:
        """Starts a clock, unless it runs already."""
        if (root, one.rule) not in self._clocks:
            id_, due_ms = self._journal.next_id(), one.due_ms(at_ms)
            self._clocks[root, one.rule] = Running(id_, one.rule, root, message, number, at_ms, due_ms, None)

    def heard(self, one: Expectation, at_ms: int) -> None:
        """A feed spoke: its clock starts anew."""
        clock = self._clocks[FEED, one.rule]
        if clock.incident is not None:
            self._stopped[clock.incident] += 1
        self._clocks[FEED, one.rule] = replace(clock, since_ms=at_ms, due_ms=one.due_ms(at_ms), incident=None)

    def stop(self, root: int, rule: str | None = None) -> None:
        """A clock of a story is not needed any more; without a rule, none is."""
        for key in [key for key in self._clocks if key[0] == root and rule in (None, key[1])]:
            clock = self._clocks.pop(key)
            if clock.incident is not None:
                self._stopped[clock.incident] += 1

    def end(self) -> tuple[list[int], set[int]]:
        """Writes what changed; gives the incidents whose last clock was stopped, and what was written."""
        touched = set[int]()
        for key, clock in self._stored.items():
            now = self._clocks.get(key)
            if now == clock:
                continue
            touched.add(clock.id)
            if now is None or now.id != clock.id:
                self._changes.row("delete_expectation", clock.id)
            else:
                self._changes.row("move_expectation", now.id, now.since_ms, now.due_ms, now.incident)
        for key, clock in self._clocks.items():
            if key not in self._stored or self._stored[key].id != clock.id:
                self._changes.row(
                    "insert_expectation", clock.id, self._journal.scope, clock.rule, clock.root, clock.message,
                    clock.number, clock.since_ms, clock.due_ms,
                )  # fmt: skip
        return [id_ for id_, count in self._stopped.items() if self._left.get(id_, 0) <= count], touched


def _grace_ms(one: Expectation) -> int:
    return int(min(one.wait_s, GRACE_S) * 1000)


def _spoken(seconds: float) -> str:
    """A span of time as people say it."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
