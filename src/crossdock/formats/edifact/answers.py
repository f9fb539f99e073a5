"""Answers of a partner, read: CONTRL to the syntax of an interchange, APERAK to what a message said."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from crossdock.faults import Invalid
from crossdock.formats.edifact.interchange import Message
from crossdock.formats.edifact.wire.segment import Segment


class Verdict(Enum):
    """What a partner says of something we sent."""

    RECEIVED = "received"  #: it came in; whether it is taken is told later
    ACCEPTED = "accepted"  #: it is taken
    REJECTED = "rejected"  #: it is not, with all below it


_ACTIONS = {"4": Verdict.REJECTED, "7": Verdict.ACCEPTED, "1": Verdict.ACCEPTED, "8": Verdict.RECEIVED}

_DIGITS_MAX = 12  #: of a place or a count in an answer


@dataclass(frozen=True, slots=True)
class ElementError:
    """One data element in error: code of 0085, element and component as in findings (the first is "01")."""

    code: str
    element: str


@dataclass(frozen=True, slots=True)
class SegmentError:
    """One segment in error; `number` counts UNH as 1, and of a missing segment it is that of the one before."""

    number: int
    code: str
    elements: tuple[ElementError, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said of one group or message; `service` is the tag of the header or trailer in error."""

    reference: str
    verdict: Verdict
    code: str = ""
    service: str = ""
    element: str = ""
    type: str = ""  #: of a message, as ORDERS
    group: str = ""  #: of a message in a group
    segments: tuple[SegmentError, ...] = ()


@dataclass(frozen=True, slots=True)
class Control:
    """One CONTRL: what it says of an interchange of ours, and of what stands in it.

    A message that is not named is as the interchange, or as its group, is.
    """

    interchange: str  #: the reference of ours that is answered
    sender: tuple[str, ...]  #: of that interchange: we
    recipient: tuple[str, ...]
    verdict: Verdict
    code: str
    service: str
    element: str
    groups: tuple[Answered, ...]
    messages: tuple[Answered, ...]

    def of(self, message: str, group: str = "") -> Verdict:
        """The verdict on a message of that interchange."""
        if self.verdict is Verdict.REJECTED:
            return self.verdict
        for answered in self.groups:
            if answered.reference == group and answered.verdict is Verdict.REJECTED:
                return answered.verdict
        for answered in self.messages:
            if answered.reference == message and answered.group in ("", group):
                return answered.verdict
        return self.verdict


def control(message: Message) -> Control:
    """What a CONTRL says. Raises Invalid where it is none, or does not say what it answers."""
    if message.type != "CONTRL" or not message.body or message.body[0].id != "UCI":
        raise Invalid("this is no CONTRL", path="UNH 02-1", value=message.type, fix="send UCI behind UNH")
    uci = message.body[0]
    groups: list[Answered] = []
    messages: list[_Open] = []
    for segment in message.body[1:]:
        if segment.id == "UCF":
            groups.append(_answered(segment, 4, segment.get(1)))
        elif segment.id == "UCM":
            group = groups[-1].reference if groups else ""
            messages.append(_Open(_answered(segment, 3, segment.get(1), segment.get(2), group)))
        elif segment.id == "UCS" and messages:
            messages[-1].segments.append((segment, []))
        elif segment.id == "UCD" and messages and messages[-1].segments:
            messages[-1].segments[-1][1].append(segment)
    head = _answered(uci, 4, uci.get(1))
    return Control(
        head.reference,
        _whole(uci, 2),
        _whole(uci, 3),
        head.verdict,
        head.code,
        head.service,
        head.element,
        tuple(groups),
        tuple(opened.closed() for opened in messages),
    )


@dataclass(slots=True)
class _Open:
    answered: Answered
    segments: list[tuple[Segment, list[Segment]]] = field(default_factory=list[tuple[Segment, list[Segment]]])

    def closed(self) -> Answered:
        told = self.answered
        segments = tuple(
            SegmentError(
                _number(ucs, 1),
                ucs.get(2),
                tuple(ElementError(ucd.get(1), _element(ucd, 2)) for ucd in ucds),
            )
            for ucs, ucds in self.segments
        )
        return Answered(
            told.reference,
            told.verdict,
            told.code,
            told.service,
            told.element,
            told.type,
            told.group,
            segments,
        )


def _answered(segment: Segment, action: int, reference: str, type_: str = "", group: str = "") -> Answered:
    verdict = _ACTIONS.get(segment.get(action))
    if verdict is None:
        raise Invalid(
            f"{segment.id} says neither that it is taken nor that it is not",
            path=f"{segment.id} {action:02}",
            value=segment.get(action),
            fix="write 4 (rejected), 7 (acknowledged) or 8 (received)",
        )
    code, service, element = segment.get(action + 1), segment.get(action + 2), _element(segment, action + 3)
    return Answered(reference, verdict, code, service, element, type_, group)


def _whole(segment: Segment, element: int) -> tuple[str, ...]:
    return (
        segment.elements[element - 1][0]
        if len(segment.elements) >= element and segment.elements[element - 1]
        else ()
    )


def _number(segment: Segment, element: int, component: int = 1) -> int:
    text = segment.get(element, component)
    if not text.isdecimal() or len(text) > _DIGITS_MAX:
        says = f"{segment.id} counts {text[:_DIGITS_MAX]!r}"
        raise Invalid(
            says,
            path=f"{segment.id} {element:02}-{component}",
            value=text[:_DIGITS_MAX],
            fix="write a number",
        )
    return int(text)


def _element(segment: Segment, element: int) -> str:
    """S011 as findings write it."""
    if not segment.get(element):
        return ""
    place = f"{_number(segment, element) - 1:02}"
    return f"{place}-{_number(segment, element, 2)}" if segment.get(element, 2) else place


@dataclass(frozen=True, slots=True)
class ApplicationError:
    """One error of an APERAK: its code and list, what it says, and what it is about (qualifier, reference, line)."""

    code: str
    code_list: str
    agency: str
    texts: tuple[str, ...]
    references: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Application:
    """One APERAK: what the partner's application says of a document of ours."""

    type: str  #: of document, as 313 application error
    number: str
    function: str  #: 1225, as 27 not accepted
    response: str  #: 4343, as AP accepted
    references: tuple[tuple[str, str, str], ...]  #: what it answers: qualifier, reference, line
    texts: tuple[str, ...]
    errors: tuple[ApplicationError, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the document is taken; errors reject it, whatever else is said."""
        refused = self.errors or self.function == "27" or self.response == "RE" or self.type == "313"
        return Verdict.REJECTED if refused else Verdict.ACCEPTED


def application(message: Message) -> Application:
    """What an APERAK says. Raises Invalid where it is none."""
    if message.type != "APERAK" or not message.body or message.body[0].id != "BGM":
        raise Invalid("this is no APERAK", path="UNH 02-1", value=message.type, fix="send BGM behind UNH")
    bgm = message.body[0]
    texts: list[str] = []
    references: list[tuple[str, str, str]] = []
    errors: list[tuple[Segment, list[str], list[tuple[str, str, str]]]] = []
    for segment in message.body[1:]:
        if segment.id == "ERC":
            errors.append((segment, [], []))
        elif segment.id == "FTX":
            parts = _whole(segment, 4) or _whole(segment, 3)[:1]
            (errors[-1][1] if errors else texts).append(" ".join(part for part in parts if part))
        elif segment.id in ("RFF", "DOC"):
            told = (segment.get(1, 1), segment.get(2 if segment.id == "DOC" else 1, 1 if segment.id == "DOC" else 2),
                    segment.get(1, 3) if segment.id == "RFF" else "")  # fmt: skip
            (errors[-1][2] if errors else references).append(told)
    return Application(
        bgm.get(1),
        bgm.get(2),
        bgm.get(3),
        bgm.get(4),
        tuple(references),
        tuple(texts),
        tuple(
            ApplicationError(erc.get(1, 1), erc.get(1, 2), erc.get(1, 3), tuple(said), tuple(about))
            for erc, said, about in errors
        ),
    )
