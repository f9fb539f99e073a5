"""The check of EDIFACT files: each interchange and message against its grammar, to the component, as it streams by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edifact import dictionary
from crossdock.formats.edifact.checking.inspection import Fault, inspect
from crossdock.formats.edifact.checking.message import MessageCheck
from crossdock.formats.edifact.checking.pattern import accept
from crossdock.formats.edifact.report import (
    REJECTED_MAX,
    STRUCTURAL,
    GroupReport,
    InterchangeReport,
    MessageReport,
)
from crossdock.formats.edifact.wire.envelope import Envelope, Kind, Part
from crossdock.formats.edifact.wire.segment import Segment
from crossdock.formats.edifact.wire.tokenizer import Source

FINDINGS_MAX = 1000  #: kept around the messages of one interchange
REFERENCES_MAX = 100_000  #: of messages in one interchange that are watched for repetition

#: The grammar for a UNH; raises Invalid where there is none, and then only the envelope is checked.
GrammarOf = Callable[[Segment], DocumentGrammar]


def standard(header: Segment) -> DocumentGrammar:
    """The grammar of the directories for a UNH. Raises Invalid where there is none."""
    return _standard(header.get(2, 1), header.get(2, 2) + header.get(2, 3))


# Messages of one kind follow each other in their thousands.
_standard = lru_cache(maxsize=64)(dictionary.grammar)


def check(
    source: Source,
    *,
    strict: bool = False,
    encoding: str | None = None,
    file: str | None = None,
    grammar_of: GrammarOf = standard,
) -> Iterator[MessageReport | InterchangeReport]:
    """A report for each message when it ends and one for each interchange behind those of its messages.

    A fault in one message harms no other, and memory does not grow with the file. `strict`: what is otherwise
    forgiven is an error. `encoding` is that of a partner who names a wrong level in UNB. `file` is named in the
    findings. Raises Invalid where nothing of the file can be read as EDIFACT.
    """
    return iter(_Check(source, encoding, file, grammar_of, strict=strict))


class _Check:
    def __init__(
        self, source: Source, encoding: str | None, file: str | None, grammar_of: GrammarOf, *, strict: bool
    ) -> None:
        self._strict = strict
        self._file = file
        self._grammar_of = grammar_of
        self._found: list[Finding] = []  # of the envelope since the last part
        self._envelope = Envelope(source, self._found.append, encoding=encoding)
        self._message: MessageCheck | None = None
        self._interchange = _Interchange(None)

    def __iter__(self) -> Iterator[MessageReport | InterchangeReport]:
        for part in self._envelope:
            self._sort()
            if part.kind is Kind.BODY:
                if self._message is not None:
                    self._message.feed(part.raws)
            elif part.kind is Kind.MESSAGE:
                self._begin(part)
            elif part.kind is Kind.MESSAGE_END:
                yield self._ended(part)
            elif part.kind is Kind.INTERCHANGE:
                before = self._interchange.findings  # told ahead of it, as that its header is missing
                self._interchange = _Interchange(part.segment)
                for finding in before:
                    self._interchange.tell(finding)
                self._interchange.position = part.position
                self._look(part)
                self._interchange.level = self._envelope.tokenizer.level
                self._interchange.version = self._envelope.tokenizer.version
            elif part.kind is Kind.INTERCHANGE_END:
                self._look(part)
                yield self._interchange.report()
                self._interchange = _Interchange(None)
            else:
                if part.kind is Kind.GROUP:
                    self._interchange.group = part.segment
                self._look(part)
                if part.kind is Kind.GROUP_END:
                    self._interchange.group = None
        self._sort()
        if self._interchange.findings:
            yield self._interchange.report()

    def _sort(self) -> None:
        """Give what the envelope told to the message that is open, or to the interchange."""
        target = self._message or self._interchange
        for finding in self._found:
            target.tell(self._finished(finding))
        self._found.clear()

    def _finished(self, finding: Finding) -> Finding:
        severity = "error" if self._strict and finding.severity == "forgiven" else finding.severity
        return replace(finding, file=self._file, severity=severity)

    def _begin(self, part: Part) -> None:
        header = part.segment
        assert header is not None, "a message begins with its header"
        envelope = self._envelope
        assert envelope.message is not None
        template = Finding(
            "", "", "",
            interchange=self._interchange.reference or None,
            group=envelope.group.reference or None if envelope.group else None,
            set=envelope.message.reference or None,
            file=self._file,
        )  # fmt: skip
        self._message = MessageCheck(
            template,
            envelope.delimiters,
            envelope.tokenizer.level,
            part,
            envelope.group.header if envelope.group else None,
            strict=self._strict,
        )
        try:
            grammar = self._grammar_of(header)
        except Invalid as fault:
            self._message.unknown(fault, self._inspected(part.raws[0], "UNH"))
        else:
            self._message.known(grammar)
        if self._interchange.repeats(envelope.message.reference):
            self._message.repeated()

    def _ended(self, part: Part) -> MessageReport:
        message = self._message
        assert message is not None
        report = message.end(part.raws[0] if part.raws else None)
        self._message = None
        self._interchange.take(report)
        return report

    def _look(self, part: Part) -> None:
        """Inspect a header or trailer of the envelope."""
        if part.segment is None:
            return
        group = self._interchange.group
        for fault in self._inspected(part.raws[0], part.segment.id):
            finding = Finding(
                fault.flaw.code, fault.flaw.says, fault.flaw.fix,
                severity="forgiven" if fault.forgiven else "error",
                interchange=self._interchange.reference or None, group=group.get(5) if group else None,
                segment_number=part.position - self._interchange.position + 1,
                segment_id=part.segment.id, element=fault.element,
                value=fault.value[:80] or None, position=part.position, ack=f"0085:{fault.flaw.ack}",
            )  # fmt: skip
            self._interchange.tell(self._finished(finding))

    def _inspected(self, raw: str, tag: str) -> list[Fault]:
        spec, delimiters = dictionary.segment(tag, dictionary.SERVICE), self._envelope.delimiters
        return [] if accept(spec, delimiters)(raw) else list(inspect(raw, spec, delimiters))


class _Interchange:
    """What is known of the interchange that is open."""

    def __init__(self, header: Segment | None) -> None:
        self.header = header
        self.reference = header.get(5) if header else ""
        self.position = 1
        self.group: Segment | None = None  # the one that is open
        self.level = ""
        self.version = ""
        self._groups: dict[int, tuple[Segment, list[Finding]]] = {}
        self.findings: list[Finding] = []
        self._messages = 0
        self._types: set[str] = set()
        self._rejected: list[MessageReport] = []
        self._rejected_count = 0
        self._well_formed = True
        self._references: set[str] = set()

    def tell(self, finding: Finding) -> None:
        self._well_formed = self._well_formed and finding.code not in STRUCTURAL
        if len(self.findings) >= FINDINGS_MAX:
            return
        self.findings.append(finding)
        if finding.group is not None and self.group is not None and finding.severity == "error":
            self._groups.setdefault(id(self.group), (self.group, []))[1].append(finding)

    def repeats(self, reference: str) -> bool:
        if reference in self._references:
            return True
        if len(self._references) < REFERENCES_MAX:
            self._references.add(reference)
        return False

    def take(self, report: MessageReport) -> None:
        self._messages += 1
        self._types.add(report.type)
        self._well_formed = self._well_formed and report.well_formed
        if report.rejected:
            self._rejected_count += 1
            if len(self._rejected) < REJECTED_MAX:
                self._rejected.append(report)

    def report(self) -> InterchangeReport:
        header = self.header or Segment("UNB")
        return InterchangeReport(
            header=self.header,
            reference=self.reference,
            sender=(header.get(2, 1), header.get(2, 2)),
            recipient=(header.get(3, 1), header.get(3, 2)),
            level=self.level,
            version=self.version,
            test=header.get(11) not in ("", "0"),
            acknowledge=header.get(9) == "1",
            messages=self._messages,
            types=frozenset(self._types),
            rejected=tuple(self._rejected),
            rejected_count=self._rejected_count,
            groups=tuple(GroupReport(header, tuple(found)) for header, found in self._groups.values()),
            findings=tuple(self.findings),
            well_formed=self._well_formed,
        )
