"""CONTRL made from a check: which interchange, groups and messages are taken, which are not, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from crossdock.formats.edi.finding import Finding
from crossdock.formats.edifact.interchange import Interchange, Message
from crossdock.formats.edifact.report import InterchangeReport, MessageReport
from crossdock.formats.edifact.wire.segment import Composite, Segment
from crossdock.formats.edifact.wire.syntax import CODECS, DEFAULT, DEFAULT_4
from crossdock.formats.edifact.writer import unb, unh

REJECTED = "4"  #: this level and all below it
ACKNOWLEDGED = "7"  #: this level, and below it what is not rejected by name
RECEIVED = "8"  #: the interchange has come in; nothing is said of its messages

SEGMENT_ERRORS_MAX = 999  #: UCS of one message
ELEMENT_ERRORS_MAX = 99  #: UCD of one segment

#: Codes of 0085 that syntax version 3 has; what it has not is told as 18, unspecified.
_CODES_3 = frozenset(map(str, (2, 7, *range(12, 41))))


def contrl(
    report: InterchangeReport,
    *,
    reference: str,
    prepared: datetime,
    message_reference: str = "1",
    version: str | None = None,
    association: str = "",
    receipt: bool = False,
    test: bool | None = None,
) -> Interchange | None:
    """The answer to an interchange; None where it held nothing but CONTRL, which is never answered.

    `reference` and `message_reference` are ours; `version` is the syntax of the answer, that of the interchange
    where it is not named. `receipt`: acknowledge only that it came. Source: ISO 9735-4, UCI, UCF, UCM, UCS, UCD.
    """
    if report.types and report.types <= {"CONTRL"}:
        return None
    syntax = "4" if (version or report.version) >= "4" else "3"
    header = unb(
        _party(report.header, 3),
        _party(report.header, 2),
        prepared,
        reference,
        level=report.level if report.level in CODECS else "UNOA",
        version=syntax,
        test=report.test if test is None else test,
    )
    told = unh(message_reference, "CONTRL", "D3" if syntax == "3" else "41", association)
    message = Message(told, tuple(_body(report, syntax, receipt=receipt)))
    return Interchange(header, (message,), DEFAULT if syntax == "3" else DEFAULT_4)


def _party(header: Segment | None, element: int) -> Composite:
    """A party of the interchange that is answered; one that is missing is named as such."""
    found = header.elements[element - 1][0] if header and len(header.elements) >= element else ()
    return found[:2] if found and found[0] else ("UNKNOWN",)


def _body(report: InterchangeReport, syntax: str, *, receipt: bool) -> Iterator[Segment]:
    own = [finding for finding in report.findings if finding.group is None and _told(finding)]
    action = REJECTED if report.damaged else RECEIVED if receipt else ACKNOWLEDGED
    yield Segment.of(
        "UCI",
        report.reference[:14] or "0",
        _party(report.header, 2),
        _party(report.header, 3),
        action,
        *(_service_error(own[0], syntax) if report.damaged and own else ()),
    )
    if action != ACKNOWLEDGED:
        return
    answered = [message for message in report.rejected if message.type != "CONTRL"]
    for message in answered:
        if message.group is None:
            yield from _message(message, syntax)
    damaged = {group.header.get(5): group for group in report.groups}
    headers = {header.get(5): header for header in (message.group for message in answered) if header}
    headers |= {name: group.header for name, group in damaged.items()}
    for name, header in headers.items():
        told = [finding for finding in damaged[name].findings if _told(finding)] if name in damaged else []
        yield _group(header, told, syntax)
        if not told:
            for message in answered:
                if message.group is not None and message.group.get(5) == name:
                    yield from _message(message, syntax)


def _group(header: Segment, told: list[Finding], syntax: str) -> Segment:
    parties = [header.elements[place][0] if len(header.elements) > place and header.elements[place] else ""
               for place in (1, 2)]  # fmt: skip
    action = REJECTED if told else ACKNOWLEDGED
    return Segment.of(
        "UCF", header.get(5) or "0", *parties, action, *(_service_error(told[0], syntax) if told else ())
    )


def _message(report: MessageReport, syntax: str) -> Iterator[Segment]:
    told = [finding for finding in report.findings if _told(finding)]
    service = [finding for finding in told if finding.segment_id in ("UNH", "UNT")]
    yield Segment.of(
        "UCM",
        report.reference[:14] or "0",
        report.header.elements[1][0] if len(report.header.elements) > 1 else "",
        REJECTED,
        *(_service_error(service[0], syntax) if service else ()),
    )
    others = (finding for finding in told if finding not in service)
    yield from _segments(others, syntax)


def _segments(told: Iterable[Finding], syntax: str) -> Iterator[Segment]:
    """UCS and UCD, in the order of the segments."""
    left = SEGMENT_ERRORS_MAX
    for position, findings in groupby(told, _position):
        of_elements: list[Finding] = []
        for finding in findings:
            if finding.element:
                of_elements.append(finding)
            elif left:
                left -= 1
                yield Segment.of("UCS", str(position), _code(finding, syntax))
        if of_elements and left:
            left -= 1
            yield Segment.of("UCS", str(position))
            for finding in of_elements[:ELEMENT_ERRORS_MAX]:
                yield Segment.of("UCD", _code(finding, syntax), _place(finding))


def _told(finding: Finding) -> bool:
    return finding.severity == "error" and finding.ack is not None


def _position(finding: Finding) -> int:
    """0096: a segment that is missing is told by the one before it."""
    number = finding.segment_number or 1
    return number - 1 if finding.code == "edifact.missing" else number


def _code(finding: Finding, syntax: str) -> str:
    code = (finding.ack or "").removeprefix("0085:")
    return code if syntax == "4" or code in _CODES_3 else "18"


def _place(finding: Finding) -> Composite:
    """S011: the tag of the segment is element 1, so the first data element is 2."""
    element, _, component = (finding.element or "0").partition("-")
    return (str(int(element) + 1), component) if component else (str(int(element) + 1),)


def _service_error(finding: Finding, syntax: str) -> tuple[str | Composite, ...]:
    """0085, the tag of the service segment and the place in it."""
    tag = finding.segment_id if finding.segment_id and finding.segment_id.startswith("UN") else ""
    return (_code(finding, syntax), tag, _place(finding) if finding.element else "")
