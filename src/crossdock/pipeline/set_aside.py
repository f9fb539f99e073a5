"""Single things of a page that cannot be taken: their bytes are kept, a person is told once, and the feed goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

import msgspec

from crossdock.faults import Fault, Invalid
from crossdock.journal.changes import Changes
from crossdock.kit.connector import Polled
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.bound import Context
from crossdock.pipeline.report import Subject, notice_of, shown

#: Of one flow that are told one by one while nobody has dealt with them; those beyond share an incident.
TOLD_MAX = 20
#: Of those beyond, how many are remembered so that none is kept twice.
_REMEMBERED_MAX = 10_000
_NAMES = ("id", "number", "sku")  #: what senders call their things by, as it stands in most of them
_NAME_MAX = 60  #: characters of it
_CURSOR_MAX = 80  #: characters of a cursor that an incident shows
_STATUS = 422  #: what a sender would have been answered at the door


@dataclass(frozen=True, slots=True)
class Bad:
    """One thing that cannot be taken, its place on its page (from 1), and what is wrong with it."""

    polled: Polled
    place: int
    fault: Fault


class SetAside:
    """Keeps what cannot be taken."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._beyond: dict[str, set[str]] = {}  #: by flow: those that share an incident

    async def keep(self, system: str, document: str, cursor: str | None, bad: Sequence[Bad]) -> int:
        """Makes the bytes durable and tells of them; gives how many are new. Raises StoreDown.

        One that was told and still waits for somebody is the same when it comes again.
        """
        flow, journal = f"poison/{system}/{document}/item/", self._context.journal
        told = set(journal.incidents_of_causes(flow))
        beyond = self._beyond.setdefault(flow, set())
        if f"{flow}more" not in told or len(beyond) > _REMEMBERED_MAX:
            beyond.clear()
        changes, new, incident = journal.changes(), list[str](), journal.incident_of_cause(f"{flow}more")
        for one in bad:
            name = sha256(one.polled.content.body).hexdigest()[:32]
            if f"{flow}{name}" in told or name in beyond or name in new:
                continue
            new.append(name)
            subject = Subject(system, one.polled.document, _named(one))
            if len(told) < TOLD_MAX:
                told.add(f"{flow}{name}")
                self._open(f"{flow}{name}", subject, _said(one, subject, cursor), one, changes)
            else:
                incident = incident or journal.next_id()
                self._open(f"{flow}more", subject, _more(one, subject, cursor), one, changes, incident)
        if new:
            await journal.submit(changes)
            beyond |= {name for name in new if f"{flow}{name}" not in told}
        return len(new)

    def _open(
        self, cause: str, subject: Subject, fault: Fault, bad: Bad, changes: Changes, id_: int | None = None
    ) -> None:
        context = self._context
        now_ms, id_ = context.clock.now_ms(), id_ or context.journal.next_id()
        payload, sealed = changes.payload(bad.polled.content.body)
        incident = notice_of(fault, subject, cause, id_=id_, now_ms=now_ms, charter=context.charter)
        entry = Entry(
            EntryKind.incident, system=subject.system, says=f"incident: {fault.says}", payload=payload, digest=sealed
        )  # fmt: skip
        changes.open_incident(incident, entry)
        says = printable(f"{subject.document}: {bad.fault.says}")
        changes.row("insert_door", changes.scope, subject.system, now_ms, _STATUS, says, payload, id_)


def _named(bad: Bad) -> str:
    """Its place on the page, and what its sender calls it where that can be read."""
    try:
        tree = msgspec.json.decode(bad.polled.content.body)
    except (ValueError, RecursionError):
        tree = None
    names = cast("dict[str, object]", tree) if isinstance(tree, dict) else {}
    name = next((shown(names[one]) for one in _NAMES if names.get(one)), None)
    return printable(f"item {bad.place}" + (f" ({name[:_NAME_MAX]})" if name else ""))


def _said(bad: Bad, subject: Subject, cursor: str | None) -> Invalid:
    fault, system = bad.fault, subject.system
    fix = f"{fault.fix}; " if fault.fix else ""
    page = f"the page of {system} ({subject.document}) {after(cursor)}"
    return Invalid(
        printable(f"{subject.number} of {page} cannot be taken: {fault.says}"),
        path=printable(fault.path), value=printable(shown(fault.value) or "") or None, type="poison",
        fix=printable(f"{fix}its bytes are kept and the feed goes on: have {system} tell it again as it should be"),
    )  # fmt: skip


def _more(bad: Bad, subject: Subject, cursor: str | None) -> Invalid:
    first = _said(bad, subject, cursor)
    return Invalid(
        f"more than {TOLD_MAX} things of the feed of {subject.system} ({subject.document}) cannot be taken; the first"
        f" beyond those: {first.says}", path=first.path, type="poison",
        fix=f"ask {subject.system} what it has changed; the bytes of each are kept, and the feed goes on",
    )  # fmt: skip


def after(cursor: str | None) -> str:
    """Where a page stands in its feed, as people read it."""
    if cursor is None:
        return "from the beginning"
    return printable(f"after {cursor if len(cursor) <= _CURSOR_MAX else cursor[:_CURSOR_MAX] + '…'}")


def printable(text: str) -> str:
    """A text that every store can keep: what a stranger sent may hold signs that none can."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
