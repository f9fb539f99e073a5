"""Interchanges as values: headers, groups and messages, read whole or message by message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.edifact.wire.envelope import Envelope, Kind, Part
from crossdock.formats.edifact.wire.segment import Segment, parse
from crossdock.formats.edifact.wire.syntax import DEFAULT, Delimiters
from crossdock.formats.edifact.wire.tokenizer import Source

SEGMENTS_MAX = 1_000_000  #: of one message that is held whole


@dataclass(frozen=True, slots=True)
class Message:
    """A message: UNH, and the segments between it and UNT."""

    header: Segment
    body: tuple[Segment, ...]

    @property
    def reference(self) -> str:
        """Its reference, unique in its interchange."""
        return self.header.get(1)

    @property
    def type(self) -> str:
        """Its type, as ORDERS."""
        return self.header.get(2, 1)

    @property
    def version(self) -> str:
        """Version and release of its directory, as D96A."""
        return self.header.get(2, 2) + self.header.get(2, 3)


@dataclass(frozen=True, slots=True)
class Group:
    """A group: UNG, and the messages between it and UNE."""

    header: Segment
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Interchange:
    """An interchange: UNB, and the messages, or groups of them, between it and UNZ."""

    header: Segment
    items: tuple[Message | Group, ...]
    delimiters: Delimiters = DEFAULT

    @property
    def messages(self) -> Iterator[Message]:
        """All its messages, those of groups among them."""
        for item in self.items:
            if isinstance(item, Group):
                yield from item.messages
            else:
                yield item


@dataclass(frozen=True, slots=True)
class Received:
    """A message with the headers around it, as it comes by; None where a header is missing."""

    interchange: Segment | None
    group: Segment | None
    message: Message
    delimiters: Delimiters
    position: int  #: of UNH in the file, from 1


def read(
    source: Source, *, strict: bool = False, encoding: str | None = None
) -> tuple[tuple[Interchange, ...], tuple[Finding, ...]]:
    """All interchanges of a file, held whole, and what was forgiven to read them; no message is checked.

    `encoding` is that of a partner who names a wrong level in UNB. Raises Invalid where nothing can be read, and in a
    strict reading at the first thing that is wrong.
    """
    told: list[Finding] = []
    interchanges: list[Interchange] = []
    items: list[Message | Group] = []
    grouped: list[Message] = []
    walk = _Reading(source, told, strict=strict, encoding=encoding)
    for part, message in walk:
        if part.kind is Kind.INTERCHANGE:
            interchanges.append(Interchange(part.segment or Segment("UNB"), (), walk.envelope.delimiters))
        elif message is not None:
            (grouped if walk.envelope.group else items).append(message)
        elif part.kind is Kind.GROUP_END and walk.envelope.group:
            items.append(Group(walk.envelope.group.header, tuple(grouped)))
            grouped.clear()
        elif part.kind is Kind.INTERCHANGE_END:
            interchanges[-1] = replace(interchanges[-1], items=tuple(items))
            items.clear()
    return tuple(interchanges), tuple(told)


def messages(
    source: Source, *, strict: bool = False, encoding: str | None = None, told: list[Finding] | None = None
) -> Iterator[Received]:
    """The messages of a file, one at a time; what was forgiven is added to `told` while it goes on.

    Raises Invalid as `read` does, and for a message of more than SEGMENTS_MAX segments.
    """
    walk = _Reading(source, [] if told is None else told, strict=strict, encoding=encoding)
    for part, message in walk:
        if message is not None:
            interchange, group, opened = walk.envelope.interchange, walk.envelope.group, walk.envelope.message
            yield Received(
                interchange.header if interchange and interchange.header.elements else None,
                group.header if group else None,
                message,
                walk.envelope.delimiters,
                opened.position if opened else part.position,
            )
            if told is None:
                walk.told.clear()


class _Reading:
    """The parts of a file, with each message when it ends."""

    def __init__(self, source: Source, told: list[Finding], *, strict: bool, encoding: str | None) -> None:
        self.told = told
        self._strict = strict
        self.envelope = Envelope(source, self._tell, strict=strict, encoding=encoding)

    def __iter__(self) -> Iterator[tuple[Part, Message | None]]:
        body: list[Segment] = []
        for part in self.envelope:
            message = None
            if part.kind is Kind.MESSAGE:
                body = []
            elif part.kind is Kind.BODY:
                body += [parse(raw, self.envelope.delimiters) for raw in part.raws]
                if len(body) > SEGMENTS_MAX:
                    says = f"a message has more than {SEGMENTS_MAX} segments"
                    raise Invalid(says, path=f"segment {part.position}", fix="send it in several messages")
            elif part.kind is Kind.MESSAGE_END and self.envelope.message:
                message = Message(self.envelope.message.header, tuple(body))
            yield part, message

    def _tell(self, finding: Finding) -> None:
        if self._strict and finding.severity != "note":
            place = f"segment {finding.position}, {finding.segment_id or ''} {finding.element or ''}".strip(
                ", "
            )
            raise Invalid(finding.says, path=place, value=finding.value, fix=finding.fix)
        severity = "note" if finding.severity == "note" else "forgiven"
        self.told.append(replace(finding, severity=severity))
