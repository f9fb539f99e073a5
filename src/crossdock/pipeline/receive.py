"""The door: bytes become a capture, durably, before anybody is answered."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from crossdock.charter.charter import OnChange
from crossdock.faults import Fault, Unreadable
from crossdock.journal.contract import Accepted, Arrival, StoreDown
from crossdock.kit.bounds import within
from crossdock.kit.connector import Content, Reader
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline.bound import Bound, Context
from crossdock.pipeline.gates import Shut
from crossdock.pipeline.report import Subject, notice_of, shown

#: What a trading partner hands in, whichever documents are in it.
INTERCHANGE = "interchange"


class CommitGuard(Protocol):
    """When an arrival may be answered."""

    async def durable(self, accept: Callable[[], Future[Accepted]]) -> Accepted:
        """Starts the commit and gives its outcome once nothing can undo it."""
        ...


class DurableFirst:
    """The guard of promise P1: nobody is answered before the commit."""

    async def durable(self, accept: Callable[[], Future[Accepted]]) -> Accepted:
        """Waits for the disk."""
        return await accept()


class Door:
    """Takes documents that systems push."""

    def __init__(self, context: Context, offer: Callable[[Accepted], None], guard: CommitGuard) -> None:
        """`offer` is told of everything that was committed here, whoever will decide it."""
        self._context = context
        self.offer = offer
        self._guard = guard

    async def receive(
        self, system: str, document: str | None, body: bytes, headers: Mapping[str, str], *, key: str | None
    ) -> Accepted:
        """Stores one document and says what it was. Raises Unreadable with the status for the sender."""
        bound = self._context.systems.get(system)
        if bound is None:
            raise Unreadable(
                f"there is no system {system}", status=404, fix="look at systems: in charter.yaml"
            )
        name, reader = self._reader(bound, document)
        content = Content(body, headers.get("content-type", ""), headers)
        arrival = self.arrival(bound, name, reader, content, key=key)
        return await self._guard.durable(lambda: self._accept(arrival))

    def knows(self, system: str, asks: str | None = None) -> bool:
        """Whether the charter has a system, as far as another one may know (None: whoever is no system)."""
        charter = self._context.charter
        if asks is not None and asks in charter.systems and system in charter.systems:
            return charter.tenant(asks) == charter.tenant(system)
        return system in self._context.systems

    def shut(self, system: str) -> Shut | None:
        """Why nothing is taken from a system now; None when something is."""
        return self._context.gates.door(system)

    @property
    def depth(self) -> int:
        """Writes that wait for the disk."""
        return self._context.journal.depth

    def refused(self, system: str, status: int, says: str, body: bytes | None) -> None:
        """Notes a refusal, with the bytes. Nobody waits for that, nor lacks an answer where it cannot be noted."""
        with suppress(StoreDown):
            self._note_refusal(system, status, says, body)

    def _note_refusal(self, system: str, status: int, says: str, body: bytes | None) -> None:
        journal = self._context.journal
        changes = journal.changes()
        payload = changes.payload(body)[0] if body else None
        changes.row(
            "insert_door", journal.scope, system, self._context.clock.now_ms(), status, says, payload, None
        )
        journal.submit(changes).add_done_callback(_seen)

    def amiss(self, system: str, fault: Fault) -> None:
        """Tells people of what was refused, once while they have not dealt with it; nobody waits for that."""
        with suppress(StoreDown):
            self._open(system, fault)

    def _open(self, system: str, fault: Fault) -> None:
        context, journal = self._context, self._context.journal
        cause = f"{fault.type}/{system}/door/{fault.path}"
        if journal.incident_of_cause(cause) is not None:
            return  # strangers may send without end: what is open is not added to
        id_ = journal.next_id()
        incident = notice_of(
            fault, Subject(system, INTERCHANGE, shown(fault.value) or ""), cause, id_=id_,
            now_ms=context.clock.now_ms(), charter=context.charter,
        )  # fmt: skip
        changes = journal.changes()
        changes.open_incident(
            incident, Entry(EntryKind.incident, system=system, says=f"incident: {fault.says}")
        )
        journal.submit(changes).add_done_callback(_seen)

    def _accept(self, arrival: Arrival) -> Future[Accepted]:
        accepted = self._context.journal.accept(arrival)
        accepted.add_done_callback(self._offer)
        return accepted

    def arrival(
        self,
        bound: Bound,
        document: str,
        reader: Reader,
        content: Content,
        *,
        key: str | None,
        polled: bool = False,
    ) -> Arrival:
        """What the store must know of some content. Raises Unreadable."""
        facts = within(reader.facts(content))
        flow = bound.system.flow_in(document)
        # Another interchange under a number that was used is held on the desk, however it came.
        revise = polled or document == INTERCHANGE or (flow is not None and flow.on_change is OnChange.REVISE)
        return Arrival(
            system=bound.system.name,
            document=document,
            their_id=facts.id,
            version=facts.version,
            order_by=facts.order_by,
            idempotency_key=key,
            content_type=content.content_type,
            body=content.body,
            parsed=facts.parsed,
            at_ms=self._context.clock.now_ms(),
            revise=revise,
            # what was erased is taken for the same: nobody can say any more that it was not
            same=lambda one, other: not one or one == other or reader.same(Content(one), Content(other)),
        )

    def _offer(self, accepted: Future[Accepted]) -> None:
        """What was just committed goes to the worker, whoever still waits for the answer."""
        if accepted.cancelled() or accepted.exception() is not None:
            return
        self.offer(accepted.result())

    def offer_page(self, accepted: Future[list[Accepted]]) -> None:
        """What a poll brought and was just committed goes to the worker."""
        if accepted.cancelled() or accepted.exception() is not None:
            return
        for result in accepted.result():
            self.offer(result)

    @staticmethod
    def _reader(bound: Bound, document: str | None) -> tuple[str, Reader]:
        readers = bound.readers
        name = bound.system.name
        if document is None and INTERCHANGE in readers:
            return INTERCHANGE, readers[INTERCHANGE]
        if document is None:
            if len(readers) != 1:
                known = ", ".join(sorted(readers)) or "none"
                raise Unreadable(
                    f"{name} sends more than one document",
                    status=404,
                    path="document",
                    fix=f"add ?document= with one of: {known}",
                )
            return next(iter(readers.items()))
        reader = readers.get(document)
        if reader is None:
            known = ", ".join(sorted(readers)) or "none"
            raise Unreadable(
                f"{name} does not send {document}",
                status=404,
                path="document",
                value=document,
                fix=f"one of: {known}",
            )
        return document, reader


def _seen(written: Future[None]) -> None:
    """A note that could not be written is a matter of the log of the store, not of the sender."""
    if not written.cancelled():
        written.exception()
