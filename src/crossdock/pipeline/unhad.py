"""What waits at a system and cannot be had: an incident for each, which ends once it was read or is gone."""

from __future__ import annotations

from crossdock.faults import Fault, Invalid, TryLater
from crossdock.journal.changes import Changes
from crossdock.kit.connector import Page
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.bound import Context
from crossdock.pipeline.report import Subject, notice_of

#: Looks in a row before somebody is told: a file may be on its way in, or out, when it is looked at.
LOOKS = 3
#: Of one flow that are told one by one.
TOLD_MAX = 20


class Unhad:
    """Keeps the incidents of things that a poll could not have."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looks: dict[
            str, dict[str, int]
        ] = {}  #: by flow: how often each was missed in a row, by its cause

    def forget(self, system: str, document: str) -> None:
        """Another process asks now: what it told is in the store."""
        self._looks.pop(_flow(system, document), None)

    async def note(self, system: str, document: str, page: Page) -> None:
        """Tells what stays amiss, once, and ends what is not amiss any more. Raises StoreDown."""
        flow = _flow(system, document)
        before = self._looks.get(flow)
        if before is None:
            before = dict.fromkeys(self._context.journal.incidents_of_causes(flow), LOOKS)
        now = {f"{flow}{one.path}": one for one in page.amiss[:TOLD_MAX]}
        looks = dict(before) if page.more else {}  # before its last page, others were not looked at
        changes = self._context.journal.changes()
        for cause, fault in now.items():
            known = before.get(cause, 0)
            looks[cause] = min(known + (1 if isinstance(fault, TryLater) else LOOKS), LOOKS)
            if known < LOOKS == looks[cause]:
                self._open(cause, fault, Subject(system, document, fault.path), changes)
        for cause in before.keys() - looks.keys():
            self._close(cause, system, changes)
        if changes.entries:
            await self._context.journal.submit(changes)
        self._looks[flow] = looks

    def _open(self, cause: str, fault: Fault, subject: Subject, changes: Changes) -> None:
        told = Invalid(
            f"{subject.number} waits at {subject.system} and cannot be taken: {fault.says}", path="file",
            fix=fault.fix or "see that it can be read, or take it away; this ends by itself then", type="poison",
        )  # fmt: skip
        context, id_ = self._context, self._context.journal.next_id()
        incident = notice_of(
            told, subject, cause, id_=id_, now_ms=context.clock.now_ms(), charter=context.charter
        )
        says = f"incident: {told.says}"
        changes.open_incident(incident, Entry(EntryKind.incident, system=subject.system, says=says))

    def _close(self, cause: str, system: str, changes: Changes) -> None:
        incident = self._context.journal.incident_of_cause(cause)
        if incident is not None:
            why = "it was read, or is gone"
            changes.row("resolve_empty_incident", why, self._context.clock.now_ms(), incident)
            changes.entry(Entry(EntryKind.decided, system=system, says=f"{cause.rpartition('/')[2]}: {why}"))


def _flow(system: str, document: str) -> str:
    return f"poison/{system}/{document}/file/"
