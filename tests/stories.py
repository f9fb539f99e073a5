"""Recorded stories: stores built through the journal's own interface, as the pipeline would write them."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Accepted, Arrival
from crossdock.journal.numbers import WITH_ERRORS
from crossdock.journal.postgresql.store import PostgresqlJournal
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.kit.connector import Numbered, Owed
from crossdock.message.incident import TYPES, Incident, MemberKind
from crossdock.message.records import Capture, Entry, Message, Transmission
from crossdock.message.states import CaptureState, EntryKind, MessageState, TransmissionState
from crossdock.pipeline.dedup import ArrivalDedup
from tests.stories_of_desk import beside_incidents
from tests.stories_of_stock import stock
from tests.stories_of_the_watch import watched

START_MS = 1_795_000_000_000


class Clock:
    """Milliseconds that pass when somebody asks."""

    def __init__(self) -> None:
        self._ms = itertools.count(START_MS, 7)

    def now_ms(self) -> int:
        return next(self._ms)


def seeded_bytes() -> Callable[[int], bytes]:
    """Salts that are the same in every run."""
    turn = itertools.count(1)
    return lambda size: (next(turn) * 0x9E3779B97F4A7C15 % 2 ** (8 * size)).to_bytes(size, "big")


def open_journal(where: Path | str, clock: Clock | None = None, **more: Any) -> SiteJournal:
    """A journal that is not started yet, in a file or at a URL as in CROSSDOCK_DATABASE."""
    clock, database = clock or Clock(), str(where)
    own: dict[str, Any] = {
        "clock_ms": clock.now_ms, "dedup": ArrivalDedup(), "random_bytes": seeded_bytes(), "linger_s": 0.0,
    }  # fmt: skip
    if database.startswith("postgresql:"):
        return PostgresqlJournal(database, **(own | more))
    return SqliteJournal(Path(database.removeprefix("sqlite:")), synchronous="OFF", **(own | more))


@asynccontextmanager
async def stories(where: Path | str, **more: Any) -> AsyncIterator[Stories]:
    """A started journal with somebody to tell stories to it."""
    journal = open_journal(where, **more)
    journal.start()
    await journal.use_charter("sha256:0a1b", "0.1.0", {"charter.yaml": "crossdock: 1\n"})
    told = Stories(journal)
    try:
        yield told
    finally:
        await journal.close()


class Stories:
    """Writes what the pipeline would write, one document at a time."""

    def __init__(self, journal: SiteJournal) -> None:
        self.journal = journal
        self.clock = Clock()

    # -- the door ------------------------------------------------------------

    async def accepted(
        self, number: str, *, system: str = "shop", key: str | None = None, order_by: str | None = None,
        quantity: int = 1, revise: bool = False, version: int | None = None,
    ) -> Accepted:  # fmt: skip
        """An order at the door."""
        tree = {"orderNumber": number, "qty": quantity, "remarks": "leave it at the side door, please " * 9}
        arrival = Arrival(
            system=system, document="sales_order", their_id=number, version=version, order_by=order_by,
            idempotency_key=key, content_type="application/json", body=json.dumps(tree).encode(), parsed=tree,
            at_ms=self.clock.now_ms(), revise=revise, same=lambda one, other: one == other,
        )  # fmt: skip
        return await self.journal.accept(arrival)

    async def capture(self, number: str, **more: Any) -> Capture:
        """A new capture."""
        accepted = await self.accepted(number, **more)
        assert accepted.record is not None
        return accepted.record

    # -- translation ---------------------------------------------------------

    def message(self, c: Capture) -> Message:
        """The message of a capture."""
        hub = self.journal.next_id()
        return Message(
            id=self.journal.next_id(), capture=c.id, system=c.system, document=c.document, their_id=c.their_id,
            number=c.their_id, hub=hub, root=hub, key=c.order_by or f"h{hub}", version=c.version,
            tree={"number": c.their_id, "lines": [{"sku": "W-1", "quantity": 2}], "notes": "side door " * 30},
            partition=c.partition,
        )  # fmt: skip

    def entry(self, kind: EntryKind, m: Message, says: str, **more: Any) -> Entry:
        """An entry about a message."""
        return Entry(
            kind, system=m.system, origin=m.system, capture=m.capture, message=m.id, root=m.root, says=says,
            partition=partition_of(m.key), **more,
        )  # fmt: skip

    def introduction(self, changes: Changes, m: Message) -> list[Row]:
        """The rows that make an object known."""
        return [
            ("upsert_hub", (m.hub, m.root, m.document, m.number, m.system, m.key, m.partition), None),
            changes.identity(m.system, m.document, m.their_id, m.hub),
        ]

    async def translated(self, c: Capture) -> Message:
        """A capture that became a routed message."""
        changes = self.journal.changes()
        changes.move_capture(c, CaptureState.TRANSLATED)
        m = self.message(c)
        m.state = MessageState.ROUTED
        reads = json.dumps([{"what": "crosswalk ship_method", "version": "r1"}])
        changes.add_message(m, self.entry(EntryKind.translated, m, f"sales_order {m.number}", reads=reads))
        belief = changes.belief(
            m.hub,
            m.system,
            how=1,
            version=m.version,
            message=m.id,
            transmission=None,
            at_ms=self.clock.now_ms(),
        )
        decided = self.entry(EntryKind.decided, m, "goes to wms", state=m.state.value)
        changes.entry(decided, *self.introduction(changes, m), belief)
        await self.journal.submit(changes)
        return m

    async def waiting(self, c: Capture, predecessor: str) -> Message:
        """A capture whose message waits for a predecessor."""
        changes = self.journal.changes()
        changes.move_capture(c, CaptureState.TRANSLATED)
        m = self.message(c)
        m.waits_for, m.until_ms = predecessor, START_MS + 900_000
        changes.add_message(m, self.entry(EntryKind.translated, m, f"sales_order {m.number}"))
        waits = self.entry(EntryKind.decided, m, f"waits for {predecessor}", state=m.state.value)
        changes.entry(waits, *self.introduction(changes, m))
        await self.journal.submit(changes)
        return m

    async def capture_on_desk(self, c: Capture, cause: str = "unmapped_code/shop/ship_method/DRONE") -> int:
        """A capture that could not be translated; gives the id that the incident would have if it is new."""
        changes = self.journal.changes()
        changes.move_capture(c, CaptureState.DESK)
        incident = self.incident(
            "unmapped_code",
            cause,
            c.system,
            c.their_id,
            (MemberKind.CAPTURE, c.id),
            path="shipMethod",
            value="DRONE",
        )
        entry = Entry(
            EntryKind.incident, system=c.system, origin=c.system, capture=c.id, state=CaptureState.DESK.value,
            says="no row for DRONE", partition=partition_of(c.order_by or c.their_id),
        )  # fmt: skip
        changes.open_incident(incident, entry)
        await self.journal.submit(changes)
        return incident.id

    async def message_on_desk(self, c: Capture) -> tuple[Message, int]:
        """A message with an item that nobody knows."""
        changes = self.journal.changes()
        changes.move_capture(c, CaptureState.TRANSLATED)
        m = self.message(c)
        m.state = MessageState.DESK
        changes.add_message(m, self.entry(EntryKind.translated, m, f"sales_order {m.number}"))
        incident = self.incident(
            "unknown_sku", "unknown_sku/shop/W-99999", m.system, m.number, (MemberKind.MESSAGE, m.id),
            path="lines[0].sku", value="W-99999",
        )  # fmt: skip
        entry = self.entry(
            EntryKind.incident, m, "the item master does not know W-99999", state=m.state.value
        )
        changes.open_incident(incident, entry, *self.introduction(changes, m))
        await self.journal.submit(changes)
        return m, incident.id

    def incident(
        self, type_: str, cause: str, system: str, number: str, member: tuple[MemberKind, int], **more: Any
    ) -> Incident:
        """An incident as the pipeline makes it."""
        kind, now = TYPES[type_], self.clock.now_ms()
        return Incident(
            self.journal.next_id(), type_, cause, kind.severity, kind.owner, now, now + kind.respond_s * 1000, system,
            "sales_order", number, says=kind.says, fix="look at it", members=[member], **more,
        )  # fmt: skip

    # -- sending -------------------------------------------------------------

    def about(self, t: Transmission, kind: EntryKind, says: str, **more: Any) -> Entry:
        """An entry about a transmission."""
        return Entry(
            kind, system=t.target, origin=t.origin, message=t.message, transmission=t.id, attempt=t.attempt or None,
            root=t.root, says=says, partition=partition_of(t.key), **more,
        )  # fmt: skip

    async def due(self, m: Message, target: str = "wms", *, behind: str | None = None) -> Transmission:
        """A transmission; `behind` is the cause of the incident that holds its lane."""
        changes = self.journal.changes()
        t = Transmission(
            self.journal.next_id(), m.id, target, m.system, m.document, m.number, m.hub, m.root, m.key,
            due_ms=self.clock.now_ms(), partition=m.partition,
        )  # fmt: skip
        if behind is not None:
            t.state = TransmissionState.HELD
        changes.add_transmission(t, self.about(t, EntryKind.due, f"{m.document} {m.number}"))
        if behind is not None:
            changes.add_follower(behind, t.id)
        await self.journal.submit(changes)
        return t

    async def sent(self, t: Transmission) -> None:
        """The request is stored and leaves."""
        changes = self.journal.changes()
        t.attempt += 1
        t.first_ms = t.first_ms or self.clock.now_ms()
        entry = self.about(t, EntryKind.sent, "POST /wh")
        if t.payload is None:
            t.payload, entry.digest = changes.payload(
                json.dumps({"wh_order": t.number, "pad": "x" * 300}).encode()
            )
            t.request = json.dumps(["POST", "/wh", {"idempotency-key": t.idempotency_key}])
        entry.payload = t.payload
        changes.move_transmission(t, TransmissionState.SENDING, entry)
        await self.journal.submit(changes)

    async def done(self, t: Transmission, their_id: str = "778") -> None:
        """The target took it."""
        changes = self.journal.changes()
        entry = self.about(t, EntryKind.answered, "200")
        entry.payload, entry.digest = changes.payload(json.dumps({"id": their_id}).encode())
        belief = changes.belief(
            t.hub, t.target, how=2, version=1, message=t.message, transmission=t.id, at_ms=self.clock.now_ms()
        )
        identity = changes.identity(t.target, t.document, f"{their_id}-{t.number}", t.hub)
        changes.move_transmission(t, TransmissionState.DONE, entry, identity, belief)
        await self.journal.submit(changes)

    async def retrying(self, t: Transmission) -> None:
        """The target was not ready."""
        changes = self.journal.changes()
        t.due_ms = self.clock.now_ms() + 200
        entry = self.about(t, EntryKind.answered, "not now: 503")
        changes.move_transmission(t, TransmissionState.RETRYING, entry)
        await self.journal.submit(changes)

    async def doubted(self, t: Transmission) -> tuple[str, int]:
        """No answer came, and a person must tell; gives the cause and the incident."""
        changes = self.journal.changes()
        entry = self.about(t, EntryKind.doubted, "nobody knows")
        changes.move_transmission(t, TransmissionState.IN_DOUBT, entry)
        return await self._to_desk(t, "in_doubt", f"in_doubt/t{t.id}", changes)

    async def rejected(self, t: Transmission) -> tuple[str, int]:
        """The target said no; gives the cause and the incident."""
        changes = self.journal.changes()
        changes.entry(self.about(t, EntryKind.answered, "422: no such street"))
        return await self._to_desk(t, "rejected", f"rejected/wms/sales_order/transmission{t.id}", changes)

    async def overdue(self, t: Transmission) -> tuple[str, int]:
        """The time for trying is over; gives the cause and the incident."""
        changes = self.journal.changes()
        changes.entry(self.about(t, EntryKind.answered, "503, for 24 h"))
        return await self._to_desk(t, "overdue", f"overdue/wms/sales_order/transmission{t.id}", changes)

    async def _to_desk(self, t: Transmission, type_: str, cause: str, changes: Changes) -> tuple[str, int]:
        incident = self.incident(type_, cause, t.target, t.number, (MemberKind.TRANSMISSION, t.id))
        entry = self.about(t, EntryKind.incident, TYPES[type_].says)
        changes.open_incident(incident, entry)
        changes.move_transmission(t, TransmissionState.DESK, None)
        entry.state = TransmissionState.DESK.value
        await self.journal.submit(changes)
        return cause, incident.id

    async def held(self, t: Transmission, cause: str) -> None:
        """One that stands behind another that waits for a person."""
        changes = self.journal.changes()
        changes.move_transmission(t, TransmissionState.HELD, self.about(t, EntryKind.decided, "held"))
        changes.add_follower(cause, t.id)
        await self.journal.submit(changes)

    async def sent_with_numbers(self, t: Transmission, packages: int = 3) -> int:
        """An interchange leaves with a control number of its own, labels, and a receipt owed; gives the number."""
        changes, given = self.journal.changes(), list[bytes]()
        t.attempt += 1
        entry = self.about(t, EntryKind.sent, f"856 of {t.document} {t.number}")
        numbers = [
            Numbered("control", ((b"CCCCCCCCC", lambda n: b"%09d" % n),)),
            Numbered("group", ((b"GGGGGGGGG", lambda n: b"%d" % n),)),
            *(
                Numbered("once/label", ((b"L%08d" % at, lambda n: b"%09d" % n),), 999_999)
                for at in range(packages)
            ),
        ]
        body = b"ISA*CCCCCCCCC~GS*GGGGGGGGG~" + b"~".join(b"MAN*GM*L%08d" % at for at in range(packages))
        owed = Owed(3600, f"856 of {t.document} {t.number}"), t, self.clock.now_ms()
        t.payload = changes.numbered(body, numbers, entry, given.append, owed=owed)
        t.request = json.dumps(["PUT", "/856", {}])
        entry.payload = t.payload
        changes.move_transmission(t, TransmissionState.SENDING, entry)
        await self.journal.submit(changes)
        return int(given[-1][4:13])

    async def acknowledged(self, t: Transmission, says: str) -> None:
        """The partner took note of an interchange."""
        changes = self.journal.changes()
        changes.row("answer_receipt", WITH_ERRORS, says, t.id, t.round)
        changes.entry(self.about(t, EntryKind.decided, "accepted with errors"))
        await self.journal.submit(changes)

    # -- whole ways ----------------------------------------------------------

    async def delivered(self, number: str, **more: Any) -> Transmission:
        """An order from the door to the target."""
        t = await self.due(await self.translated(await self.capture(number, **more)))
        await self.sent(t)
        await self.done(t)
        return t

    async def everything(self, *, partners: bool = False) -> None:
        """At least one row in every table, and every state that a store at rest can show."""
        await self.delivered("SO-1", key="k-1", order_by="C1")
        await self.delivered("SO-2", key="k-2", order_by="C2")
        await self.accepted("SO-1", key="k-1", order_by="C1")
        await self.accepted("SO-2", key="k-9", quantity=5)
        for number in ("SO-3", "SO-4"):
            await self.capture_on_desk(await self.capture(number))
        await self.message_on_desk(await self.capture("SO-5", order_by="C5"))
        await self.waiting(await self.capture("SO-6"), "sales_order/SO-0")
        doubtful = await self.due(await self.translated(await self.capture("SO-7", order_by="C7")))
        await self.sent(doubtful)
        follower = await self.due(await self.translated(await self.capture("SO-8", order_by="C7")))
        cause, _ = await self.doubted(doubtful)
        await self.held(follower, cause)
        await self.due(await self.translated(await self.capture("SO-9", order_by="C7")), behind=cause)
        late = await self.due(await self.translated(await self.capture("SO-10")))
        await self.sent(late)
        await self.retrying(late)
        no = await self.due(await self.translated(await self.capture("SO-11")))
        await self.sent(no)
        await self.rejected(no)
        await self.capture("SO-12")
        if partners:
            for number in ("SO-13", "SO-14"):
                t = await self.due(await self.translated(await self.capture(number)), "partner")
                await self.sent_with_numbers(t)
                await self.done(t)
                await self.acknowledged(t, "AK5: E")
            await self.sent_with_numbers(
                await self.due(await self.translated(await self.capture("SO-15")), "partner")
            )
        changes = self.journal.changes()
        act = Entry(EntryKind.act, says="operator added DRONE")
        mended = (self.journal.next_id(), 1, "shop", "sales_order", "SO-5", "sku", '"W-1"', START_MS)
        changes.entry(
            act,
            ("insert_override", mended, None),
            ("upsert_crosswalk_row", ("ship_method", "shop", "DRONE", "EXPRESS"), None),
            (
                "insert_gate_act",
                (self.journal.next_id(), 1, "erp", "out", "pause", "ann", "period close", START_MS),
                None,
            ),
        )  # fmt: skip
        stock(changes, START_MS)
        beside_incidents(changes, START_MS)
        changes.row("upsert_restored", "shop", START_MS, START_MS, 1, None)
        changes.row("insert_answer", "act/1", b"d" * 32, b"{}", START_MS)
        changes.row("upsert_tally", 1, "erp", "inventory_balance", START_MS, 7, 120, 3, 1)
        changes.row("upsert_cursor", 1, "erp", "item", "2026-11-22T10:00:00Z/17", START_MS)
        watched(changes, self.journal.next_id, START_MS)
        changes.row("insert_key", b"k" * 32, "shop", "system", "shop", 1, START_MS, None)
        await self.journal.submit(changes)
        await self.journal.anchor()
