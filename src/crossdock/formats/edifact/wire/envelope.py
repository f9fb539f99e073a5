"""The envelope: interchanges, groups and messages told apart, counted and referred to, segment by segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from crossdock.formats.edi.finding import Finding
from crossdock.formats.edifact.wire.segment import Segment, parse
from crossdock.formats.edifact.wire.syntax import Delimiters
from crossdock.formats.edifact.wire.tokenizer import Source, Tokenizer


class Kind(Enum):
    """What a part of an interchange is."""

    INTERCHANGE = "UNB"  #: an interchange begins
    GROUP = "UNG"  #: a group begins
    MESSAGE = "UNH"  #: a message begins
    BODY = ""  #: segments of a message, as they were written
    MESSAGE_END = "UNT"  #: a message ends, with its trailer or without
    GROUP_END = "UNE"  #: a group ends
    INTERCHANGE_END = "UNZ"  #: an interchange ends


class Part(NamedTuple):
    """One step through an interchange; `segment` is None, and `raws` empty, where a header or trailer is missing."""

    kind: Kind
    segment: Segment | None
    raws: list[str]
    position: int  #: of its first segment in the file, from 1


_COUNT_DIGITS_MAX = 12  #: a longer count is wrong, and might be too long to be read as a number


@dataclass(slots=True)
class Open:
    """What is open: an interchange, a group or a message, with what has been counted in it."""

    header: Segment
    reference: str
    position: int  #: of its header in the file, from 1
    count: int = 0  #: messages or groups in it; of a message its segments
    groups: int = 0
    messages: int = 0


class Envelope:
    """A walk through a file that tells its interchanges apart.

    `interchange`, `group` and `message` are what is open where the walk is. `tell` is called with what is
    wrong with headers and trailers, and with what was forgiven to read the file.
    """

    def __init__(
        self,
        source: Source,
        tell: Callable[[Finding], None],
        *,
        strict: bool = False,
        encoding: str | None = None,
    ) -> None:
        self.interchange: Open | None = None
        self.group: Open | None = None
        self.message: Open | None = None
        self._tell = tell
        self._waiting: list[
            Finding
        ] = []  # of the reading, until it is known to which interchange they belong
        self.tokenizer = Tokenizer(source, self._waiting.append, strict=strict, encoding=encoding)
        self._position = 0
        self._outside = False
        self._steps: dict[str, Callable[[Segment, str], Iterator[Part]]] = {
            "UNB": self._interchange_begins,
            "UNG": self._group_begins,
            "UNH": self._message_begins,
            "UNT": self._message_ends,
            "UNE": self._group_ends,
            "UNZ": self._interchange_ends,
        }

    @property
    def delimiters(self) -> Delimiters:
        """The service characters where the walk is."""
        return self.tokenizer.delimiters

    def __iter__(self) -> Iterator[Part]:
        for raws in self.tokenizer:
            start = 0
            base = self.tokenizer.position + 1
            if raws and raws[0][:3] != "UNB":
                self._hand_on()
            for index in [index for index, raw in enumerate(raws) if raw[:2] == "UN"]:
                tag = raws[index][:3]
                step = self._steps.get(tag)
                if step is None or (len(raws[index]) > 3 and raws[index][3] != self.delimiters.element):
                    continue
                if index > start:
                    yield from self._body(raws[start:index], base + start)
                self._position = base + index
                yield from step(parse(raws[index], self.delimiters), raws[index])
                self._hand_on()
                start = index + 1
            if start < len(raws):
                yield from self._body(raws[start:], base + start)
        self._position += 1
        self._hand_on()
        yield from self._end_interchange(None)

    # -- steps -----------------------------------------------------------------------------------------

    def _body(self, raws: list[str], position: int) -> Iterator[Part]:
        if self.message is not None:
            self.message.count += len(raws)
            yield Part(Kind.BODY, None, raws, position)
            self._position = position + len(raws) - 1
            return
        self._position = position
        if not self._outside:
            self._outside = True
            says = f"{len(raws)} segment(s) stand outside any message, the first is {raws[0][:3]}"
            self._wrong("edifact.outside", says, "put them between UNH and UNT", "33", raws[0][:3])

    def _interchange_begins(self, segment: Segment, raw: str) -> Iterator[Part]:
        yield from self._end_interchange(None)
        self.interchange = Open(segment, segment.get(5), self._position)
        self._outside = False
        yield Part(Kind.INTERCHANGE, segment, [raw], self._position)

    def _group_begins(self, segment: Segment, raw: str) -> Iterator[Part]:
        yield from self._needed()
        yield from self._end_group(None)
        interchange = self.interchange
        assert interchange is not None
        if interchange.messages and not interchange.groups:
            self._mixed("UNG")
        interchange.groups += 1
        interchange.count += 1
        self.group = Open(segment, segment.get(5), self._position)
        yield Part(Kind.GROUP, segment, [raw], self._position)

    def _message_begins(self, segment: Segment, raw: str) -> Iterator[Part]:
        yield from self._needed()
        yield from self._end_message(None)
        interchange, group = self.interchange, self.group
        assert interchange is not None
        interchange.messages += 1
        if group is not None:
            group.count += 1
        elif interchange.groups:
            self._mixed("UNH")
        else:
            interchange.count += 1
        self.message = Open(segment, segment.get(1), self._position, count=1)
        yield Part(Kind.MESSAGE, segment, [raw], self._position)

    def _needed(self) -> Iterator[Part]:
        """An interchange is open, or taken to be."""
        if self.interchange is None:
            self._wrong(
                "edifact.unb_missing",
                "there is no UNB before this",
                "begin the interchange with UNB",
                "13",
                "UNB",
            )
            self.interchange = Open(Segment("UNB"), "", self._position)
            yield Part(Kind.INTERCHANGE, None, [], self._position)

    def _message_ends(self, segment: Segment, raw: str) -> Iterator[Part]:
        if self.message is None:
            yield from self._body([raw], self._position)
            return
        yield from self._end_message(segment, raw)

    def _end_message(self, segment: Segment | None, *raws: str) -> Iterator[Part]:
        message = self.message
        if message is None:
            return
        if segment is None:
            self._wrong(
                "edifact.unt_missing", "the message does not end with UNT", "end it with UNT", "13", "UNT"
            )
        else:
            message.count += 1
            self._counted(segment, message.count, "segments of the message, UNH and UNT with them")
            self._referred(segment, message.reference, "UNH")
        yield Part(Kind.MESSAGE_END, segment, [*raws], self._position)
        self.message = None

    def _group_ends(self, segment: Segment, raw: str) -> Iterator[Part]:
        yield from self._end_message(None)
        if self.group is None:
            yield from self._body([raw], self._position)
            return
        yield from self._end_group(segment, raw)

    def _end_group(self, segment: Segment | None, *raws: str) -> Iterator[Part]:
        yield from self._end_message(None)
        group = self.group
        if group is None:
            return
        if segment is None:
            self._wrong(
                "edifact.une_missing", "the group does not end with UNE", "end it with UNE", "13", "UNE"
            )
        else:
            self._counted(segment, group.count, "messages of the group")
            self._referred(segment, group.reference, "UNG")
        if not group.count:
            self._wrong(
                "edifact.empty_group",
                "there is no message in the group",
                "send it with its messages",
                "32",
                "UNG",
            )
        yield Part(Kind.GROUP_END, segment, [*raws], self._position)
        self.group = None

    def _interchange_ends(self, segment: Segment, raw: str) -> Iterator[Part]:
        if self.interchange is None:
            yield from self._body([raw], self._position)
            return
        yield from self._end_interchange(segment, raw)

    def _end_interchange(self, segment: Segment | None, *raws: str) -> Iterator[Part]:
        yield from self._end_group(None)
        interchange = self.interchange
        if interchange is None:
            return
        if segment is None:
            if interchange.header.elements:
                says = "the interchange does not end with UNZ"
                self._wrong("edifact.unz_missing", says, "end it with UNZ", "13", "UNZ")
        else:
            what = "groups" if interchange.groups else "messages"
            self._counted(segment, interchange.count, f"{what} of the interchange")
            self._referred(segment, interchange.reference, "UNB")
        if not interchange.messages:
            says = "there is no message in the interchange"
            self._wrong("edifact.empty_interchange", says, "send it with its messages", "32", "UNB")
        yield Part(Kind.INTERCHANGE_END, segment, [*raws], self._position)
        self.interchange = None

    # -- findings --------------------------------------------------------------------------------------

    def _counted(self, trailer: Segment, count: int, what: str) -> None:
        told = trailer.get(1)
        if not (told.isdecimal() and len(told) <= _COUNT_DIGITS_MAX and int(told) == count):
            says = f"{trailer.id} counts {told or 'nothing'}, there are {count} {what}"
            self._wrong("edifact.count_mismatch", says, f"write {count}", "29", trailer.id, "01", told)

    def _referred(self, trailer: Segment, reference: str, header: str) -> None:
        told = trailer.get(2)
        if told != reference:
            says = (
                f"{trailer.id} refers to {told or 'nothing'}, {header} is {reference or 'without reference'}"
            )
            fix = f"write the reference of {header} in {trailer.id}"
            self._wrong("edifact.reference_mismatch", says, fix, "28", trailer.id, "02", told)

    def _mixed(self, id_: str) -> None:
        says = "messages stand both in groups and outside them"
        self._wrong("edifact.mixed_groups", says, "put all messages in groups, or none", "30", id_)

    def _wrong(
        self, code: str, says: str, fix: str, ack: str, id_: str, element: str | None = None, value: str = ""
    ) -> None:
        if self.message is not None:
            number = self.message.count
        else:
            number = self._position - (self.interchange.position if self.interchange else 1) + 1
        self._located(
            Finding(
                code,
                says,
                fix,
                segment_number=number,
                segment_id=id_,
                element=element,
                value=value[:80] or None,
                position=self._position,
                ack=f"0085:{ack}",
            )
        )

    def _hand_on(self) -> None:
        for finding in self._waiting:
            self._located(finding)
        self._waiting.clear()

    def _located(self, finding: Finding) -> None:
        """Tell a finding with the interchange, group and message in which it was made."""
        references = [
            open_.reference or None if open_ else None
            for open_ in (self.interchange, self.group, self.message)
        ]
        self._tell(replace(finding, interchange=references[0], group=references[1], set=references[2]))
