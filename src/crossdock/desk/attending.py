"""What keeps an incident in somebody's hands: words for whoever looks next, sleep with a reason, its clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crossdock.charter.desk import DeskRules
from crossdock.desk.act import SNOOZE_DAYS_MAX, Comment, Snooze, Wake
from crossdock.desk.entries import entry_of, given_of
from crossdock.faults import Invalid
from crossdock.journal.changes import Changes
from crossdock.journal.sql.desk_reads import IncidentClock, clock_of
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.incident import TYPES, Incident
from crossdock.message.names import moment

_DAY_MS = 86_400_000
#: However late it was when it was put to sleep: so long somebody has after it wakes.
REST_LEAST_MS = 15 * 60_000


class Attending:
    """Writes what people say of an incident, and its clock, into changes."""

    def __init__(self, journal: SiteJournal, now_ms: Callable[[], int], rules: DeskRules) -> None:
        self._journal = journal
        self._now_ms = now_ms
        self.rules = rules

    async def write(
        self, changes: Changes, incident: Incident, act: Comment | Snooze | Wake, who: str
    ) -> dict[str, Any]:
        """Adds the act; gives how the clock stands then. Raises Invalid."""
        clock = await self._journal.view(lambda c: clock_of(c, incident.id)) or IncidentClock(
            clock_ms=incident.due_ms
        )
        before = shown(clock)
        if isinstance(act, Comment):
            says = f"{who}: {act.says}"
        elif isinstance(act, Snooze):
            clock = self._asleep(incident, clock, act)
            says = f"{who} let it sleep until {moment(clock.until_ms or 0)}: {act.reason}"
        else:
            if clock.until_ms is None or clock.until_ms <= self._now_ms():
                raise Invalid("it does not sleep", path="act", value="wake", fix="nothing needs to be done")
            rest_ms = max((clock.clock_ms or 0) - clock.until_ms, REST_LEAST_MS)
            clock = IncidentClock(clock.level, None, self._now_ms() + rest_ms)
            says = f"{who} woke it"
        name = type(act).__name__.lower()
        entry = entry_of(incident, who, name, says, before, shown(clock), given_of(act))
        entry.incident = incident.id
        changes.entry(entry)
        if not isinstance(act, Comment):
            self._keep(changes, incident, clock)
        return shown(clock)

    def handed_on(self, changes: Changes, incident: Incident) -> None:
        """A role that gets it has a clock of its own; a person who has it has looked."""
        if not incident.owner.startswith("role:"):
            self._keep(changes, incident, IncidentClock())
            return
        about = TYPES.get(incident.type)
        usual_s = about.respond_s if about else 3600
        respond_s = self.rules.respond_s(incident.type, incident.severity, usual_s)
        self._keep(changes, incident, IncidentClock(0, None, self._now_ms() + int(respond_s * 1000)))

    def escalated(self, changes: Changes, incident: Incident, level: int, *, ends: bool) -> IncidentClock:
        """The clock of the next one in the chain, or none where nobody is left."""
        about = TYPES.get(incident.type)
        usual_s = about.respond_s if about else 3600
        respond_s = self.rules.respond_s(incident.type, incident.severity, usual_s)
        clock = IncidentClock(level, None, None if ends else self._now_ms() + int(respond_s * 1000))
        self._keep(changes, incident, clock)
        return clock

    def _asleep(self, incident: Incident, clock: IncidentClock, act: Snooze) -> IncidentClock:
        now_ms = self._now_ms()
        until_ms = act.until_ms if act.until_ms is not None else now_ms + (act.for_ms or 0)
        if not now_ms < until_ms <= now_ms + SNOOZE_DAYS_MAX * _DAY_MS:
            says = f"it can sleep for {SNOOZE_DAYS_MAX} days at most, and not into the past"
            raise Invalid(says, path="until", value=moment(until_ms), fix="give a time that is to come")
        # Sleeping twice does not lengthen what is left of the clock.
        runs_from_ms = max(clock.until_ms or 0, now_ms)
        rest_ms = max((clock.clock_ms or incident.due_ms) - runs_from_ms, REST_LEAST_MS)
        return IncidentClock(clock.level, until_ms, until_ms + rest_ms)

    def _keep(self, changes: Changes, incident: Incident, clock: IncidentClock) -> None:
        changes.row(
            "upsert_incident_clock",
            incident.id,
            self._journal.scope,
            clock.level,
            clock.until_ms,
            clock.clock_ms,
            self._now_ms(),
        )


def shown(clock: IncidentClock) -> dict[str, Any]:
    """A clock as every answer shows it."""
    return {
        "level": clock.level,
        "sleeps_until": None if clock.until_ms is None else moment(clock.until_ms),
        "clock_at": None if clock.clock_ms is None else moment(clock.clock_ms),
    }
