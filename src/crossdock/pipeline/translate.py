"""Captures into messages: the connector reads, the model checks the form, each document finds its object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from crossdock.charter.charter import ItemCheck
from crossdock.charter.stock import BALANCE, LEVEL
from crossdock.faults import Fault, Invalid, Misconfigured
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes
from crossdock.journal.contract import StoreDown
from crossdock.kit.bounds import kept_short, sized
from crossdock.kit.connector import Content, Draft, Reader
from crossdock.mapping.override import on_body, on_document
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Entry, Message
from crossdock.message.states import CaptureState, EntryKind
from crossdock.model import register
from crossdock.model.document import Document
from crossdock.pipeline.ahead import Reading
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.deadlines import Deadlines
from crossdock.pipeline.decide import Decider
from crossdock.pipeline.kit_parts import KitParts
from crossdock.pipeline.knowledge import TOLD, Knowledge, Object, shares_numbers
from crossdock.pipeline.lanes import HEAVY_BYTES
from crossdock.pipeline.mended import fields_of, mended
from crossdock.pipeline.receipts import Receipts
from crossdock.pipeline.renumbering import ITEM, PARTY
from crossdock.pipeline.report import Subject, incident_of, reads_json
from crossdock.pipeline.route import ACKNOWLEDGEMENT


class Translator:
    """Turns captures into messages. Deterministic, given the store, the charter, clock and seed."""

    def __init__(self, context: Context, known: Knowledge, decider: Decider) -> None:
        self._context = context
        self._journal = context.journal
        self._known = known
        self._decider = decider
        self._receipts = Receipts(context)
        self._deadlines = Deadlines(context)
        self._kits = KitParts(context.journal)

    def batch(self) -> Batch:
        """A new set of changes."""
        self._known.forget()
        self._decider.begin()
        return Batch(self._journal.changes())

    def read(self, capture: Capture) -> Reading:
        """What the connector makes of one capture; decides nothing."""
        self._context.time.at_ms = capture.at_ms
        try:
            return Reading(capture, self._drafts(capture))
        except StoreDown:
            raise  # nobody can read anything now: that is no fault of this capture
        except Exception as error:  # ends on the desk, once it is decided
            return Reading(capture, wrong=error)

    def judged(self, readings: Sequence[Reading], batch: Batch, forget: Callable[[Batch], None]) -> Batch:
        """What becomes of captures; twice where a feed ran away, so that all of it is held and not its end only."""
        for reading in readings:
            self.capture(reading, batch)
        says = self._decider.brake.tripped
        if not says:
            return batch
        forget(batch)
        batch = self.batch()
        self._decider.brake.hold(says)
        try:
            for reading in readings:
                reading.capture.state = CaptureState.WAITING  # what was decided of it was never written
                self.capture(reading, batch)
        except Exception:  # ends with the caller, who knows of the first batch only
            forget(batch)
            raise
        return batch

    def capture(self, reading: Reading, batch: Batch) -> None:
        """Checks and routes what was read of one capture; whatever fails becomes an incident."""
        capture = reading.capture
        self._context.time.at_ms = capture.at_ms
        if isinstance(reading.wrong, Fault):
            self._to_desk(capture, reading.wrong, batch.changes)
            return
        if reading.wrong is not None:
            self.poisoned(capture, reading.wrong, batch)
            return
        batch.changes.move_capture(capture, CaptureState.TRANSLATED)
        for draft in reading.drafts:
            self._draft(capture, draft, batch)

    def poisoned(self, capture: Capture, error: Exception, batch: Batch) -> None:
        """A capture that the hub itself stumbles over."""
        fault = Invalid(
            f"the hub could not read this: {type(error).__name__}: {error}",
            fix="look at the bytes; if they are right, this is a defect of the hub or of its mapping",
            type="poison",
        )
        self._to_desk(capture, fault, batch.changes)

    def _drafts(self, capture: Capture) -> list[Draft]:
        reader = self._reader(capture)
        content = Content(capture.body or b"", capture.content_type, parsed=capture.parsed)
        overrides = self._overrides(capture)
        if not overrides:
            return list(reader.read(content))
        # A person's value replaces the sender's where the path leads into their body; else it is laid
        # over our own document below.
        came = reader.facts(content).parsed
        content = Content(content.body, content.content_type, parsed=on_body(came, overrides))
        return [
            replace(d, tree=on_document(d.tree, overrides, body=came, fields=fields_of(d.document)))
            for d in reader.read(content)
        ]

    def _reader(self, capture: Capture) -> Reader:
        bound = self._context.systems.get(capture.system)
        reader = bound.readers.get(capture.document) if bound else None
        if reader is None:
            raise Misconfigured(
                f"the charter has no {capture.document} from {capture.system} any more",
                fix="put the flow back into charter.yaml, or resolve with a reason",
            )
        return reader

    def _overrides(self, capture: Capture) -> list[tuple[str, Any]]:
        if not self._journal.has_overrides:
            return []
        now = self._context.clock.now_ms()
        return list(self._journal.overrides(capture.system, capture.document, capture.their_id, now))

    def _to_desk(self, capture: Capture, fault: Fault, changes: Changes) -> None:
        changes.move_capture(capture, CaptureState.DESK)
        incident = incident_of(
            fault,
            Subject(capture.system, capture.document, capture.their_id),
            (MemberKind.CAPTURE, capture.id),
            id_=self._journal.next_id(),
            now_ms=self._context.clock.now_ms(),
            charter=self._context.charter,
        )
        entry = Entry(
            EntryKind.incident,
            system=capture.system,
            origin=capture.system,
            capture=capture.id,
            state=CaptureState.DESK.value,
            says=fault.says,
            partition=partition_of(capture.order_by or capture.their_id),
        )
        changes.open_incident(incident, entry)

    # -- one document --------------------------------------------------------

    def _draft(self, capture: Capture, draft: Draft, batch: Batch) -> None:
        """Makes one message of a draft; a draft that breaks the model is a message on the desk."""
        draft = sized(draft)
        version = self._version(capture, draft)
        try:
            if draft.wrong is not None:
                raise draft.wrong
            self._refuse_duplicate(capture, draft)
            document = self._read(capture.system, draft.document, self._today(capture, draft))
            draft = replace(draft, reads=(*draft.reads, *self._kits.reads)) if self._kits.reads else draft
        except Fault as found:
            fault = draft.locate(found) if draft.locate is not None else found
            number = kept_short(str(draft.tree.get("number") or draft.their_id))
            message = self._message(capture, draft, number, draft.tree, draft.parent, version)
            self._decider.broken(message, self._made(message, draft), fault, batch)
            return
        number = register.number_of(document)
        parent = draft.parent or register.parent_of(document)
        message = self._message(capture, draft, number, register.tree_of(document), parent, version)
        made = self._made(message, draft)
        if message.document == ACKNOWLEDGEMENT and message.tree["direction"] == "got":
            try:
                self._receipts.match(message, batch)
            except Invalid as fault:
                self._decider.broken(message, made, fault, batch)
                return
        if capture.late or self._overtaken(message):
            self._decider.late(message, made, batch)
        elif (into := self._merged_into(message)) is not None:
            self._decider.late(message, made, batch, f"{message.number} was merged into {into}")
        elif draft.news_only and self._is_old(message):
            self._decider.unchanged(message, made, batch)
        else:
            self._decider.decide(message, document, parent, batch, made_by=made)
            self._deadlines.begin(message, batch, at_ms=capture.at_ms)

    def _read(self, name: str, kind: str, tree: dict[str, Any]) -> Document:
        """The document of a tree, with kits where its system tells of their components. Raises the model's faults."""
        system = self._context.systems[name].system
        document = register.read(kind, tree, zone=system.timezone, declares=self._declares)
        whole = self._kits.together(system, document, tree, self._known)
        if whole is tree:
            return document
        return register.read(kind, whole, zone=system.timezone, declares=self._declares)

    def _overtaken(self, message: Message) -> bool:
        """Whether a newer version went its way while the capture waited for a person; asked of known objects only."""
        known = self._known.by_id(message.system, message.document, message.their_id)
        return known is not None and self._decider.outdated(message)

    def _today(self, capture: Capture, draft: Draft) -> dict[str, Any]:
        """The document with the numbers that its items and parties have now."""
        fresh = self._known.by_id(capture.system, draft.document, draft.their_id) is None
        return self._known.numbers.applied(draft.document, draft.tree, fresh=fresh)

    def _merged_into(self, message: Message) -> str | None:
        """The party that took the place of the one a record is of; the record changes it no more."""
        now = self._known.numbers.now(message.document, message.number) if message.document == PARTY else None
        return now if now != message.number else None

    def _version(self, capture: Capture, draft: Draft) -> int:
        """The capture's, except where one capture holds revisions of documents that others held before."""
        if draft.original is None:
            return capture.version
        last = self._last(capture, draft)
        return 1 if last is None else last.version + 1

    def _last(self, capture: Capture, draft: Draft) -> Message | None:
        known = self._known.by_id(capture.system, draft.document, draft.their_id)
        told = self._known.last_told(known.hub, capture.system) if known is not None else None
        return told[1] if told is not None else None

    def _is_old(self, message: Message) -> bool:
        """Whether its system said the same last, and itself; an acknowledged write of ours is not its own word."""
        last = self._known.last_told(message.hub, message.system)
        return last is not None and last[0] == TOLD and last[1].tree == message.tree

    def _refuse_duplicate(self, capture: Capture, draft: Draft) -> None:
        """Raises Invalid for what came before: it waits on the desk until a person lets it go, or ends it."""
        if draft.document == ACKNOWLEDGEMENT:
            return
        # What has an alias is a row of a file, and files have no control numbers.
        if draft.original is not None and capture.version > 1 and not draft.alias:
            raise Invalid(
                f"the control number {capture.their_id} was used before, with other content",
                path="control", value=capture.their_id, type="duplicate_conflict",
                fix="ask the partner; retry lets this document go on, resolve ends it",
            )  # fmt: skip
        last = self._last(capture, draft) if draft.original else None
        if last is not None:
            same = "the same content" if last.tree == draft.tree else "other content"
            raise Invalid(
                f"{draft.document} {draft.their_id} came before, in {last.capture and f'c{last.capture}'}, with {same}",
                path="number", value=draft.their_id, type="duplicate_conflict",
                fix="ask the partner; retry lets it go on as a revision, resolve ends it",
            )  # fmt: skip

    def _message(
        self,
        capture: Capture,
        draft: Draft,
        number: str,
        tree: dict[str, Any],
        parent: tuple[str, str] | None,
        version: int,
    ) -> Message:
        known = self.object_of(
            capture.system,
            draft.document,
            draft.their_id,
            number,
            parent,
            capture.order_by,
            capture.partition,
        )
        return Message(
            id=self._journal.next_id(),
            capture=capture.id,
            system=capture.system,
            document=draft.document,
            their_id=draft.their_id,
            number=number,
            hub=known.hub,
            root=known.root,
            key=known.key,
            version=version,
            tree=tree,
            heavy=len(capture.body or b"") > HEAVY_BYTES,
            partition=known.home,
        )

    def object_of(
        self,
        system: str,
        document: str,
        their_id: str,
        number: str,
        parent: tuple[str, str] | None,
        order_by: str | None,
        home: int,
    ) -> Object:
        """The object that a document speaks of; a new one gets its hub id here."""
        known = self._known.by_id(system, document, their_id)
        if known is None and document == LEVEL:
            known = self._level(system, number)
        elif known is None and shares_numbers(self._context.charter, system, document):
            known = self._known.by_number(document, number) or self._formerly(document, number)
        elif known is not None and document == ITEM and self._known.numbers.now(ITEM, their_id) == number:
            known = self._known.by_number(document, number) or known
        if known is not None and (parent is None or known.root != known.hub):
            return known
        hub = known.hub if known else self._journal.next_id()
        above = self._known.parent(system, parent) if parent else None
        if above is not None:
            return Object(hub, above.root, above.key, above.home)
        return known or Object(hub, hub, order_by or f"h{hub}", home)

    def _formerly(self, document: str, number: str) -> Object | None:
        """The object under a number that it had before its item was renamed; a balance has the item within its own."""
        numbers = self._known.numbers
        if document in (ITEM, PARTY):
            formers = numbers.formers(document, number)
        elif document == BALANCE and ":" in number:  # one that still lacks its site has a number of its own
            site, sku, *rest = number.split(":")
            formers = [":".join((site, old, *rest)) for old in numbers.formers(ITEM, sku)]
        else:
            return None
        return next(filter(None, (self._known.by_number(document, old) for old in formers)), None)

    def _level(self, channel: str, sku: str) -> Object | None:
        """What a channel tells of a figure that it was sent, under whatever id, is about that figure."""
        told = self._journal.told([sku]) if self._context.stock is not None else []
        hubs = [row.hub for row in told if row.channel == channel]
        return Object(hubs[0], hubs[0], f"h{hubs[0]}", partition_of(sku)) if hubs else None

    @staticmethod
    def _made(message: Message, draft: Draft) -> Entry:
        state = message.tree.get("state")  # how far an order is on the floor says more than its number
        return Entry(
            EntryKind.translated,
            system=message.system,
            origin=message.system,
            capture=message.capture,
            message=message.id,
            root=message.root,
            says=f"{message.document} {message.number}" + (f": {state}" if isinstance(state, str) else ""),
            reads=reads_json(draft.reads),
            partition=partition_of(message.key),
        )

    def _declares(self, sku: str, unit: str) -> bool:
        """Whether a unit may pass that is not the hub's own."""
        if self._context.charter.checks.item_known is ItemCheck.REFUSE:
            return True  # judged with the item itself, which may still be on its way
        item = self._known.item(sku)
        return item is not None and unit in item.units

    # -- again ---------------------------------------------------------------

    def again(self, message: Message, batch: Batch) -> None:
        """Looks at a message again that waited or was on the desk.

        What was written stays written: when a value was mended or its predecessor came, a new message
        takes the old one's place.
        """
        capture = self._journal.capture(message.capture)
        try:
            document = self._read(message.system, message.document, mended(self._context, message))
        except Fault as fault:
            self._decider.to_desk(message, fault, batch)
            return
        if message.document == ACKNOWLEDGEMENT and message.tree["direction"] == "got":
            try:
                self._receipts.match(message, batch, again=True)
            except Invalid as fault:
                self._decider.to_desk(message, fault, batch)
                return
        tree, number = register.tree_of(document), register.number_of(document)
        parent = register.parent_of(document)
        order_by = capture.order_by if capture else None
        home = capture.partition if capture else message.partition
        known = self.object_of(
            message.system, message.document, message.their_id, number, parent, order_by, home
        )
        if tree == message.tree and (known.hub, known.root) == (message.hub, message.root):
            self._decider.decide(message, document, parent, batch, made_by=None)
            return
        self._decider.replaced(message, batch)
        heir = Message(
            self._journal.next_id(), message.capture, message.system, message.document, message.their_id, number,
            known.hub, known.root, known.key, message.version, tree, partition=known.home,
        )  # fmt: skip
        made = self._made(heir, Draft(heir.document, tree, heir.their_id))
        self._decider.decide(heir, document, parent, batch, made_by=made)
