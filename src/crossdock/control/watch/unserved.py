"""Work that the charter has left behind: it waits for a target that is named no more, or sent no more of its kind."""

from __future__ import annotations

from collections.abc import Callable

from crossdock.charter.charter import Charter
from crossdock.faults import Invalid
from crossdock.journal.sql import unserved
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.unserved import CAUSE, Unserved
from crossdock.message.incident import Incident
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.report import Subject, notice_of


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
        named = one.target in self._charter.systems
        why = f"sends it no {one.document}" if named else "does not name it"
        fault = Invalid(
            f"{one.count:,} of {one.document} wait for {one.target}, and the charter {why}",
            path=f"systems.{one.target}.out" if named else "systems", value=one.document if named else one.target,
            fix="put it back into charter.yaml and start the hub anew: they go on where they stood, in order",
        )  # fmt: skip
        return notice_of(
            fault, Subject(one.target, one.document, one.number), _cause(one),
            id_=self._journal.next_id(), now_ms=self._now_ms(), charter=self._charter,
        )  # fmt: skip


def _cause(one: Unserved) -> str:
    return f"{CAUSE}{one.target}/{one.document}"
