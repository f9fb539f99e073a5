"""Alerts: who is told of what and when, each once, however often the hub or the receiver stops."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from crossdock.charter.charter import Charter
from crossdock.control.watch.couriers import Courier
from crossdock.control.watch.wording import AT_ONCE, LATE, Alert, of_incidents, of_level
from crossdock.faults import Fault, InDoubt
from crossdock.journal.changes import Changes
from crossdock.journal.contract import Fenced, StoreDown
from crossdock.journal.sql import watched
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.watched import Opened, Telling
from crossdock.message.names import INCIDENT, id_of, name_of

_log = structlog.get_logger("crossdock.alerts")
DUE, UNDER_WAY, TOLD, NOT_NEEDED, UNKNOWN = 1, 2, 3, 4, 5
WORDS = {DUE: "due", UNDER_WAY: "under_way", TOLD: "told", NOT_NEEDED: "not_needed", UNKNOWN: "unknown"}
_STORE_RETRY_S = 0.5
_RETRY_FIRST_S, _RETRY_MAX_S = 2.0, 300.0
#: When the clock of an incident has run out, it may be given to somebody else first, who is then told.
_AFTER_DUE_MS = 3_000
_KEPT_MS = 90 * 86_400_000
_LEVEL = "level/"
_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Bundle:
    """Alerts that are told as one."""

    rows: list[Telling]
    alert: Alert
    outcome: int = DUE
    says: str = ""


@dataclass(slots=True)
class Counts:
    """What became of alerts since the start."""

    told: int = 0
    failed: int = 0
    unknown: int = 0
    failing: dict[str, str] = field(default_factory=dict[str, str])  #: by way, why it takes none now


class Alerts:
    """Keeps the alerts in the store and tells those that are due."""

    def __init__(
        self,
        charter: Charter,
        journal: SiteJournal,
        couriers: Mapping[str, Courier],
        now_ms: Callable[[], int],
    ) -> None:
        self._site = charter.site.name
        self._rules = charter.watch.alerts
        self._ways = {way.name: way for way in self._rules.ways}
        self._journal = journal
        self._couriers = couriers
        self._now_ms = now_ms
        self.counts = Counts()
        self._under_way = set[int]()  #: being told by this process now

    def __bool__(self) -> bool:
        return bool(self._ways)

    # -- what shall be told --------------------------------------------------

    def note(self, found: Iterable[Opened], changes: Changes) -> None:
        """Incidents were opened: whoever they are for will be told, once now and once when nobody looks."""
        now_ms = self._now_ms()
        for one in found:
            if not one.is_open:
                continue
            subject = name_of(INCIDENT, one.id) or ""
            for way in self._ways.values():
                if way.takes(one.type, one.severity, one.owner):
                    self._add(changes, subject, AT_ONCE, way.name, self._when_ms(one.severity, now_ms), "")
                if way.late and way.takes(one.type, one.severity, None):
                    # Whose it is by then is looked at then: it may have been given to somebody else.
                    late_ms = max(one.due_ms, now_ms) + _AFTER_DUE_MS
                    due_ms = self._when_ms(one.severity, late_ms, gathered=False)
                    self._add(changes, subject, LATE, way.name, due_ms, "")

    def note_level(self, name: str, pace: str, content: Mapping[str, object], changes: Changes) -> None:
        """A service level burns: noted, so that it is told once, and told on every way that takes its severity."""
        now_ms, subject = self._now_ms(), f"{_LEVEL}{name}/{pace}/{self._now_ms()}"
        self._add(changes, subject, 0, "", now_ms, "", state=TOLD)
        severity, owner = str(content["severity"]), str(content["owner"])
        for way in self._ways.values():
            if way.takes("", severity, owner) and not way.types:
                due_ms = self._when_ms(severity, now_ms)
                self._add(changes, subject, AT_ONCE, way.name, due_ms, _encode(content).decode())

    def _add(
        self,
        changes: Changes,
        subject: str,
        step: int,
        way: str,
        due_ms: int,
        content: str,
        *,
        state: int = DUE,
    ) -> None:
        now_ms = self._now_ms()
        changes.row(
            "insert_alert", self._journal.next_id(), self._journal.scope, subject, step, way, due_ms, state, 0,
            content, now_ms,
        )  # fmt: skip

    def _when_ms(self, severity: str, at_ms: int, *, gathered: bool = True) -> int:
        """High severity goes at once, at any hour; the rest is gathered, and waits for the end of quiet hours."""
        if severity == "high":
            return at_ms
        at_ms += int(self._rules.group_s * 1000) if gathered else 0
        return self._rules.quiet.next_end(at_ms) if self._rules.quiet else at_ms

    # -- telling -------------------------------------------------------------

    async def begin(self) -> None:
        """What was being told when the hub stopped is told again only where a repeat is known as one."""
        for row in await self._journal.view(lambda c: watched.alerts_cut_off(c, self._journal.scope)):
            if row.id in self._under_way:
                continue
            courier = self._couriers.get(row.way)
            again = courier is not None and courier.repeatable
            if not again:
                _log.warning(
                    "nobody knows whether an alert was told before the stop", alert=f"a{row.id}", way=row.way
                )
                self.counts.unknown += 1
            await self._move([row], UNDER_WAY, DUE if again else UNKNOWN)

    async def tell(self) -> int:
        """Tells what is due, every way by itself; gives how many rows were ended."""
        now_ms = self._now_ms()
        scope = self._journal.scope
        rows, found = await self._journal.view(lambda c: _due(c, scope, now_ms))
        by_way: dict[str, list[Telling]] = defaultdict(list)
        for row in rows:
            by_way[row.way].append(row)
        if not by_way:
            return 0
        return sum(await asyncio.gather(*(self._on_way(way, mine, found) for way, mine in by_way.items())))

    async def _on_way(
        self, way: str, rows: Sequence[Telling], found: Mapping[int, tuple[Opened, bool]]
    ) -> int:
        courier = self._couriers.get(way)
        ended = [row for row in rows if courier is None or not self._needed(row, found)]
        if ended:
            await self._move(ended, DUE, NOT_NEEDED)
        told = len(ended)
        if courier is None:
            return told
        for bundle in self._bundles([row for row in rows if row not in ended], found):
            ids = {row.id for row in bundle.rows}
            self._under_way |= ids
            try:
                await self._move(bundle.rows, DUE, UNDER_WAY)
                await self._one(courier, bundle)
                await self._settle(bundle)
            finally:
                self._under_way -= ids
            told += len(bundle.rows)
            if bundle.outcome == DUE:
                break  # the way is not ready: what is left is tried with it, at its own time
        return told

    async def _one(self, courier: Courier, bundle: _Bundle) -> None:
        way = bundle.rows[0].way
        try:
            await courier.tell(bundle.alert, self._now_ms() / 1000)
        except InDoubt as doubt:
            bundle.outcome = DUE if courier.repeatable else UNKNOWN
            bundle.says = str(doubt)
            self.counts.unknown += bundle.outcome == UNKNOWN
        except Fault as fault:
            bundle.outcome, bundle.says = DUE, str(fault)
            self.counts.failed += 1
        except Exception as error:  # ends in another try: a defect of a courier must not silence the others
            _log.exception("an alert could not be told", way=way)
            bundle.outcome, bundle.says = DUE, type(error).__name__
            self.counts.failed += 1
        else:
            bundle.outcome = TOLD
            self.counts.told += 1
            self.counts.failing.pop(way, None)
            return
        self.counts.failing[way] = bundle.says
        _log.warning("an alert was not told", way=way, alert=bundle.alert.id, says=bundle.says)

    async def _settle(self, bundle: _Bundle) -> None:
        while True:
            try:
                await self._move(bundle.rows, UNDER_WAY, bundle.outcome, tried=bundle.outcome == DUE)
            except Fenced:
                raise
            except StoreDown as down:  # what was told must not be forgotten
                _log.error("store down", says=str(down))
                await asyncio.sleep(_STORE_RETRY_S)
            else:
                return

    async def _move(self, rows: Sequence[Telling], before: int, to: int, *, tried: bool = False) -> None:
        """Moves alerts; raises Overtaken when another host was faster."""
        changes, now_ms = self._journal.changes(), self._now_ms()
        for row in rows:
            tries = row.tries + (1 if tried else 0)
            wait_s = min(_RETRY_FIRST_S * 2 ** min(tries, 12), _RETRY_MAX_S) if tried else 0.0
            due_ms = now_ms + int(wait_s * 1000) if tried else row.due_ms
            changes.row("move_alert", row.id, to, due_ms, tries, now_ms, before, touches=1)
        await self._journal.submit(changes)

    def _needed(self, row: Telling, found: Mapping[int, tuple[Opened, bool]]) -> bool:
        """Whether anybody has still to be told on this way."""
        id_ = id_of(INCIDENT, row.subject)
        if id_ is None:
            return True
        one, was_touched = found.get(id_, (None, False))
        if one is None or not one.is_open:
            return False
        return row.step != LATE or (
            not was_touched and self._ways[row.way].takes(one.type, one.severity, one.owner)
        )

    def _bundles(self, rows: Sequence[Telling], found: Mapping[int, tuple[Opened, bool]]) -> list[_Bundle]:
        """Alerts that people read as one: the same type, system and owner."""
        groups: dict[tuple[object, ...], list[Telling]] = defaultdict(list)
        for row in rows:
            id_ = id_of(INCIDENT, row.subject)
            if id_ is None:
                groups[row.subject,].append(row)
            else:
                one = found[id_][0]
                groups[one.type, one.system, one.owner, one.document, row.step].append(row)
        return [_Bundle(group, self._alert(group, found)) for group in groups.values()]

    def _alert(self, rows: Sequence[Telling], found: Mapping[int, tuple[Opened, bool]]) -> Alert:
        first, link, now_ms = rows[0], self._rules.link, self._now_ms()
        if first.subject.startswith(_LEVEL):
            return of_level(self._site, first.id, _decode(first.content), link, now_ms)
        opened = [found[id_][0] for row in rows if (id_ := id_of(INCIDENT, row.subject)) is not None]
        return of_incidents(self._site, first.id, first.step, opened, link, now_ms)

    # -- service levels that burn --------------------------------------------

    async def burning(self) -> dict[str, Telling]:
        """The notes of service levels that burn, by `name/pace`."""
        rows = await self._journal.view(lambda c: watched.burning(c, self._journal.scope))
        return {row.subject.removeprefix(_LEVEL).rpartition("/")[0]: row for row in rows}

    def over(self, row: Telling, changes: Changes) -> None:
        """A service level burns no more."""
        changes.row("move_alert", row.id, NOT_NEEDED, row.due_ms, row.tries, self._now_ms(), TOLD, touches=1)

    async def clean(self) -> None:
        """Forgets alerts of long ago."""
        before_ms = self._now_ms() - _KEPT_MS
        old = await self._journal.view(lambda c: watched.alerts_ended(c, before_ms))
        if old:
            changes = self._journal.changes()
            for id_ in old:
                changes.row("delete_alert", id_)
            await self._journal.submit(changes)

    async def close(self) -> None:
        """Ends the couriers' connections."""
        for courier in self._couriers.values():
            await courier.close()


def _due(
    connection: Connection, scope: int, now_ms: int
) -> tuple[list[Telling], dict[int, tuple[Opened, bool]]]:
    """Alerts that are due, and the incidents that they speak of: as they are now, and whether anybody acted."""
    rows = watched.alerts_due(connection, scope, now_ms)
    ids = sorted({id_ for row in rows if (id_ := id_of(INCIDENT, row.subject)) is not None})
    found = watched.opened(connection, ids) if ids else []
    late = {id_of(INCIDENT, row.subject) for row in rows if row.step == LATE}
    return rows, {one.id: (one, one.id in late and watched.touched(connection, one.id)) for one in found}
