"""Work that the charter has left behind: it waits for a target that is named no more, or sent no more of its kind."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from crossdock.charter.charter import Charter
from crossdock.journal.sql import unserved
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.unserved import CAUSE, Unserved
from crossdock.message.incident import TYPES, Incident
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind

_log = structlog.get_logger("crossdock.watch")
TYPE = "invalid"


class LeftBehind:
    """Opens an incident for each target and kind, and ends it once the charter names them again or nothing is left."""

    def __init__(
        self,
        charter: Charter,
        journal: SiteJournal,
        now_ms: Callable[[], int],
        serves: Callable[[str, str], bool],
    ) -> None:
        """`serves` says whether a target is sent a kind of document."""
        self._charter = charter
        self._journal = journal
        self._now_ms = now_ms
        self._serves = serves

    async def look(self) -> bool:
        """Looks once, and writes what it found; True while something is left behind. Raises StoreDown, Overtaken."""
        journal = self._journal
        found, open_ = await journal.view(
            lambda c: (unserved.unserved(c, self._serves), unserved.standing(c, journal.scope))
        )
        changes = journal.changes()
        causes, told = {_cause(one) for one in found}, {incident.cause for incident in open_}
        for one in found:
            if _cause(one) not in told:
                incident = self._incident(one)
                _log.warning("the charter has left work behind", says=incident.says)
                changes.open_incident(
                    incident, Entry(EntryKind.incident, system=one.target, says=incident.says)
                )
        for incident in open_:
            if incident.cause not in causes:
                says = f"nothing waits any more that the charter does not send to {incident.system}"
                entry = Entry(EntryKind.decided, system=incident.system, says=says)
                changes.resolve_incident(incident, "nothing is left behind", self._now_ms(), entry)
        if changes.entries:
            await journal.submit(changes)
        return bool(found)

    def _incident(self, one: Unserved) -> Incident:
        type_, now_ms = TYPES[TYPE], self._now_ms()
        severity = self._charter.desk.severity(TYPE, type_.severity)
        wait_s = self._charter.desk.respond_s(TYPE, severity, type_.respond_s)
        named = one.target in self._charter.systems
        why = f"sends it no {one.document}" if named else "does not name it"
        path = f"systems.{one.target}.out" if named else "systems"
        return Incident(
            id=self._journal.next_id(), type=TYPE, cause=_cause(one), severity=severity,
            owner=self._charter.owners.get(TYPE, type_.owner), opened_ms=now_ms,
            due_ms=now_ms + int(wait_s * 1000), system=one.target, document=one.document, number=one.number,
            path=path, value=one.document if named else one.target,
            says=f"{one.count:,} of {one.document} wait for {one.target}, and the charter {why}",
            fix="put it back into charter.yaml and start the hub anew: they go on where they stood, in order",
        )  # fmt: skip


def _cause(one: Unserved) -> str:
    return f"{CAUSE}{one.target}/{one.document}"
