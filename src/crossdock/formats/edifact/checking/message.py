"""The check of one message while its segments stream by: places, segments, characters, totals."""

from __future__ import annotations

import re
from dataclasses import replace

from crossdock.faults import Invalid
from crossdock.formats.edi import words
from crossdock.formats.edi.chart import Place
from crossdock.formats.edi.finding import Finding, Severity
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.walk import AHEAD_MAX, Misplaced, Walk
from crossdock.formats.edifact import dictionary
from crossdock.formats.edifact.checking.inspection import Fault, inspect
from crossdock.formats.edifact.checking.pattern import accept
from crossdock.formats.edifact.checking.table import Table, table
from crossdock.formats.edifact.checking.totals import Totals
from crossdock.formats.edifact.report import MessageReport
from crossdock.formats.edifact.wire.envelope import Part
from crossdock.formats.edifact.wire.segment import Segment
from crossdock.formats.edifact.wire.syntax import Delimiters, beyond

FINDINGS_MAX = 1000  #: of one message; what comes behind is not listed

#: Codes of 0085 for what stands wrong; all others are 15, not supported in this position.
_PLACEMENT = {"missing": "13", "over_max": "35", "loop_over_max": "36"}


class MessageCheck:
    """The check of one message; `template` says where it stands."""

    def __init__(
        self,
        template: Finding,
        delimiters: Delimiters,
        level: str,
        header: Part,
        group: Segment | None,
        *,
        strict: bool,
    ) -> None:
        assert header.segment is not None
        self._template = template
        self._delimiters = delimiters
        self._strict = strict
        self._header: Segment = header.segment
        self._group = group
        self._position = header.position
        # segments not yet walked: what follows tells which way they go
        self._held: list[str] = [header.raws[0]]
        self._number = 0  # segments walked
        self._findings: list[Finding] = []
        self._left_out = 0
        self._walk: Walk | None = None
        self._grammar: DocumentGrammar | None = None
        self._table: Table | None = None
        self._totals = Totals(delimiters)
        self._beyond: re.Pattern[str] | None = beyond(level, delimiters)

    # -- what kind of message it is ---------------------------------------------------------------------

    def known(self, grammar: DocumentGrammar) -> None:
        """Check by a grammar; where it is of another directory than UNH names, that is noted."""
        self._grammar = grammar
        self._table = table(grammar, self._delimiters)
        self._walk = Walk(self._table.chart, dictionary.segments(grammar.version))
        asked = self._header.get(2, 2) + self._header.get(2, 3)
        if grammar.version == dictionary.SERVICE or asked in (grammar.version, grammar.version[1:]):
            return
        self._note(
            "edifact.other_directory",
            f"directory {asked} is read by {grammar.version}, the nearest there is",
            "take the findings with care, or give the partner an overlay",
            element="02-3",
            value=self._header.get(2, 3),
        )

    def unknown(self, fault: Invalid, header: list[Fault]) -> None:
        """Check only the envelope, since the message has no grammar."""
        for one in header:
            self._fault(one, 1, "UNH")
        self._note(
            "edifact.unknown_message",
            f"{fault.says}; only its envelope was checked",
            fault.fix,
            element="02-1",
            value=str(fault.value),
        )

    def repeated(self) -> None:
        """The reference of the message stood before in the interchange."""
        reference = self._header.get(1)
        self._note(
            "edifact.repeated_reference",
            f"the message reference {reference!r} stands twice in the interchange",
            "give each message its own",
            element="01",
            value=reference,
            severity="error",
            ack="0085:26",
        )

    def _note(
        self,
        code: str,
        says: str,
        fix: str,
        *,
        element: str,
        value: str,
        severity: Severity = "note",
        ack: str | None = None,
    ) -> None:
        """Tell something about UNH."""
        finding = replace(
            self._template, code=code, says=says, fix=fix, severity=severity, ack=ack, position=self._position
        )
        self.tell(
            replace(finding, segment_number=1, segment_id="UNH", element=element, value=value[:80] or None)
        )

    def tell(self, finding: Finding) -> None:
        """Keep a finding, while there are not too many."""
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(finding)
        else:
            self._left_out += 1

    # -- segments ---------------------------------------------------------------------------------------

    def feed(self, raws: list[str]) -> None:
        """Take the next segments."""
        if self._beyond is not None:
            self._characters(raws)
        if self._walk is None:
            self._number += len(raws)
            return
        waiting = [*self._held, *raws]
        self._pass(waiting, max(len(waiting) - AHEAD_MAX, 0))

    def end(self, trailer: str | None) -> MessageReport:
        """The report, when the message has ended."""
        if self._walk is not None:
            waiting = [*self._held, trailer] if trailer is not None else self._held
            self._pass(waiting, len(waiting))
            missing = self._walk.end()
            for misplaced in missing:
                if misplaced.id != "UNT":  # which the envelope has told
                    self._misplaced(misplaced)
            for number, raw, fault in self._totals.faults() if "LIN" in self._walk.chart.by_id else ():
                self._fault(fault, number, raw[:3])
        else:
            self._number += 1 + (trailer is not None)
        if self._left_out:
            says = f"{self._left_out} more segments and findings are not listed"
            self._findings.append(
                replace(
                    self._template, code="edifact.more", says=says, fix="mend these first", severity="note"
                )
            )
        self._findings.sort(key=lambda finding: finding.segment_number or 0)
        header = self._header
        return MessageReport(
            header, header.get(1), header.get(2, 1), header.get(2, 2) + header.get(2, 3), header.get(2, 5),
            self._group, self._position, self._number,
            self._grammar.version if self._grammar else None, tuple(self._findings),
            self._template.interchange or "",
        )  # fmt: skip

    def _pass(self, raws: list[str], stop: int) -> None:
        """Walk the first `stop` segments and hold the others."""
        walk, table = self._walk, self._table
        assert walk is not None and table is not None
        steps, dates, counts, at, number = table.steps, table.dates, walk.counts, walk.at, self._number
        before = walk.before
        ways = None if walk.strayed else walk.chart.plain(at)
        for raw in raws[:stop]:
            number += 1
            way = ways.get(raw[:3]) if ways is not None else None
            if way is not None and (way[2] <= 0 or counts[way[1]] < way[2]):
                before, (at, level, limit) = at, way
                counts[level] = counts[level] + 1 if limit else 1
                ways, accepts, counted, dated = steps[at] or table.step(at)
                if counted:
                    self._totals.take(raw, number)
                if accepts(raw) and (not dated or raw in dates):
                    continue
                self._inspect(raw, number, walk.chart.places[at])
                continue
            walk.before, walk.at, walk.number = before, at, number - 1
            self._stray(walk, raw, raws[number - self._number :][:AHEAD_MAX])
            counts, before, at = walk.counts, walk.before, walk.at
            ways = None if walk.strayed else walk.chart.plain(at)
        walk.before, walk.at, walk.number, self._number = before, at, number, number
        self._held = raws[stop:]

    def _stray(self, walk: Walk, raw: str, ahead: list[str]) -> None:
        """Take a segment that does not simply follow."""
        sign = self._delimiters.element
        place, wrong = walk.step(raw.partition(sign)[0], [one.partition(sign)[0] for one in ahead])
        for misplaced in wrong:
            self._misplaced(misplaced)
        if place is not None and self._table is not None:
            step = self._table.step(place.index)
            if step.counted:
                self._totals.take(raw, walk.number)
            if not step.accept(raw) or step.dated:
                self._inspect(raw, walk.number, place)

    def _inspect(self, raw: str, number: int, place: Place) -> None:
        """Look closer at a segment that was not accepted at once."""
        segment, table = place.slot.segment, self._table
        assert table is not None
        released = self._delimiters.release != " " and self._delimiters.release in raw
        if released and segment.id != "DTM" and accept(segment, self._delimiters, released=True)(raw):
            return
        if self._left_out:  # nobody reads more; a bad file shall not take long either
            self._left_out += 1
            return
        clean = True
        for fault in inspect(raw, segment, self._delimiters):
            clean = False
            self._fault(fault, number, segment.id)
        if clean and segment.id == "DTM":
            table.right(raw)

    def _characters(self, raws: list[str]) -> None:
        """The first character that the level of the interchange does not have."""
        if not self._beyond or not self._beyond.search("".join(raws)):
            return
        number = self._number + len(self._held) if self._walk else self._number + 1
        for raw in raws:
            number += 1
            found = self._beyond.search(raw)
            if found:
                says = f"the character {found[0]!r} is not in the character set of the interchange"
                finding = replace(
                    self._template, code="edifact.invalid_character", says=says, severity=self._forgiven
                )
                fix = "write what the level in UNB has, or name a level that has it"
                at = replace(finding, fix=fix, segment_number=number, segment_id=raw[:3], value=found[0])
                self.tell(replace(at, position=self._position + number - 1, ack="0085:21"))
                break
        self._beyond = None  # told once for each message

    @property
    def _forgiven(self) -> Severity:
        return "error" if self._strict else "forgiven"

    # -- findings -----------------------------------------------------------------------------------------

    def _fault(self, fault: Fault, number: int, id_: str) -> None:
        self.tell(
            replace(
                self._template,
                code=fault.flaw.code,
                says=fault.flaw.says,
                fix=fault.flaw.fix,
                severity=self._forgiven if fault.forgiven else "error" if fault.flaw.ack else "note",
                segment_number=number,
                segment_id=id_,
                element=fault.element,
                value=fault.value[:80] or None,
                position=self._position + number - 1,
                ack=f"0085:{fault.flaw.ack}" if fault.flaw.ack else None,
            )
        )

    def _misplaced(self, misplaced: Misplaced) -> None:
        assert self._grammar is not None
        self.tell(
            replace(
                self._template,
                code=f"edifact.{misplaced.kind}",
                says=words.says(misplaced, self._grammar.id),
                fix=words.fix(misplaced),
                segment_number=misplaced.number,
                segment_id=misplaced.id,
                position=self._position + misplaced.number - 1,
                ack=f"0085:{_PLACEMENT.get(misplaced.kind, '15')}",
            )
        )
