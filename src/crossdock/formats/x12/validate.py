"""Validation of one transaction set to the element: places, values, relations, totals and references."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crossdock.formats.edi import words
from crossdock.formats.edi.chart import Chart, Place, chart
from crossdock.formats.edi.finding import Finding, Severity
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.walk import AHEAD_MAX, Misplaced, Walk
from crossdock.formats.x12 import accept, dictionary
from crossdock.formats.x12.explain import explain, reference
from crossdock.formats.x12.sums import Reckoning
from crossdock.formats.x12.tree import Delimiters, Segment, Set

FINDINGS_MAX = 1000  #: of one set; a set with more is not read by people
VALUE_BYTES_MAX = 80  #: of a misplaced segment that a finding shows

#: AK304 codes of the structural faults. I4 is of the 999; a 997 says 2 instead.
_STRUCTURE = {
    "unknown": "AK304:1",
    "foreign": "AK304:6",
    "unexpected": "AK304:2",
    "out_of_sequence": "AK304:7",
    "missing": "AK304:3",
    "over_max": "AK304:5",
    "loop_over_max": "AK304:4",
    "not_used": "AK304:I4",
}

_Step = tuple[accept.Acceptor, bool, dict[bytes, tuple[int, int, int]]]
_steps: dict[tuple[int, str], tuple[Chart, list[_Step | None]]] = {}


@dataclass(frozen=True, slots=True)
class SegmentFinding(Finding):
    """A finding in a set that also says what an acknowledgement wants to know.

    `reference` is the number of the data element in the dictionary (AK402), `loop` the id of the loop (AK303).
    """

    reference: str | None = None
    loop: str | None = None


def validate(one: Set, grammar: DocumentGrammar, *, known: Container[str] | None = None) -> list[Finding]:
    """Every finding of a whole set, those of its envelope among them, in the order of its segments.

    `known` are the segment ids of the standard (None: those of the dictionary), so that an unknown segment is told
    from one of another set. At most FINDINGS_MAX, and a note where there are more.
    """
    check = SetCheck(one, grammar, known=known)
    check.feed(one.raw, last=True)
    return check.findings()


class SetCheck:
    """The validation of one set that may come in parts."""

    def __init__(self, one: Set, grammar: DocumentGrammar, *, known: Container[str] | None = None) -> None:
        self._set = one
        self._grammar = grammar
        self._chart = chart(grammar)
        self._walk = Walk(self._chart, _known() if known is None else known)
        self._reckoning = Reckoning(grammar.id)
        self._steps = _steps_of(self._chart)
        self._table = _canonical(one.delimiters)
        self._held: list[bytes] = []
        self._found: list[Finding] = []
        self._count = 0

    def feed(self, raw: Sequence[bytes], *, last: bool) -> None:
        """Check the next segments of the set; `last` once its end has been read."""
        segments = [*self._held, *raw]
        self._held = []
        if not last:
            # what follows a segment helps to explain it
            self._held = segments[-AHEAD_MAX:]
            del segments[-AHEAD_MAX:]
        self._check(segments, self._held)
        if last:
            self._end()

    def findings(self) -> list[Finding]:
        """Every finding so far, that of the envelope among them, in the order of the segments."""
        envelope = {(one.segment_id, one.element) for one in self._set.findings}
        own = [one for one in self._found if (one.segment_id, one.element) not in envelope or not one.element]
        found = sorted([*own, *self._set.findings], key=lambda one: one.segment_number or 0)
        if len(found) <= FINDINGS_MAX:
            return found
        says = f"the set has more than {FINDINGS_MAX} findings; the rest is not listed"
        note = Finding(
            "x12.more", says, "mend these first, then check again", severity="note", set=self._set.control
        )
        return [*found[:FINDINGS_MAX], note]

    def _check(self, segments: list[bytes], ahead: list[bytes]) -> None:
        """Walk along the grammar; what is sound takes the short way."""
        walk, steps, places = self._walk, self._steps, self._chart.plain_octets
        counts, before, at = walk.counts, walk.before, walk.at
        table = places(at)
        mark = accept.ELEMENT
        number = self._count
        for canonical in self._canonical(segments):
            number += 1
            id_ = canonical.partition(mark)[0]
            way = table.get(id_)
            if way is not None:
                to, level, limit = way
                if limit <= 0 or counts[level] < limit:
                    counts[level] = counts[level] + 1 if limit else 1
                    before, at = at, to
                    accepts, watched, table = steps[to] or self._step(to)
                    if accepts(canonical) is None:
                        self._explain(number, segments[number - self._count - 1], self._chart.places[to])
                    if watched:
                        self._reckon(number, segments[number - self._count - 1])
                    continue
            walk.before, walk.at, walk.number = before, at, number - 1
            self._stray(number, segments, ahead)
            counts, before, at = walk.counts, walk.before, walk.at
            table = {} if walk.strayed else places(at)
        walk.before, walk.at, self._count = before, at, number

    def _canonical(self, segments: list[bytes]) -> list[bytes]:
        """The segments with the separators that acceptors read."""
        if not segments:
            return []
        whole = b"\x1c".join(segments).translate(self._table).split(b"\x1c")
        if len(whole) == len(segments):
            return whole
        return [one.replace(b"\x1c", b"\x00").translate(self._table) for one in segments]

    def _step(self, at: int) -> _Step:
        place = self._chart.places[at]
        step = (
            accept.acceptor(place.slot.segment),
            place.id in self._reckoning.watched,
            self._chart.plain_octets(at),
        )
        self._steps[at] = step
        return step

    def _stray(self, number: int, segments: list[bytes], ahead: list[bytes]) -> None:
        """A segment for which there is no plain way: ask the walk, then look at its elements all the same."""
        index = number - self._count - 1
        follows = segments[index + 1 : index + 1 + AHEAD_MAX]
        follows += ahead[: AHEAD_MAX - len(follows)]
        raw = segments[index]
        place, faults = self._walk.step(self._id(raw), [self._id(one) for one in follows])
        for fault in faults:
            self._misplaced(fault, raw)
        if place is None:
            indices = self._chart.by_id.get(self._id(raw))
            place = self._chart.places[indices[0]] if indices else None
        if place is not None:
            if accept.acceptor(place.slot.segment)(self._canonical([raw])[0]) is None:
                self._explain(number, raw, place)
            if place.id in self._reckoning.watched:
                self._reckon(number, raw)

    def _id(self, raw: bytes) -> str:
        return raw.partition(self._set.delimiters.element)[0].decode("latin-1")

    def _segment(self, raw: bytes) -> Segment:
        return Segment(raw, self._set.delimiters, self._set.charset)

    def _explain(self, number: int, raw: bytes, place: Place) -> None:
        if len(self._found) > FINDINGS_MAX:
            return
        segment = self._segment(raw)
        for spot in explain(segment, place.slot.segment):
            self._tell(
                number,
                segment.id,
                spot.code,
                spot.says,
                spot.fix,
                severity="forgiven" if spot.forgiven else "note" if spot.note else "error",
                element=spot.element or None,
                value=spot.value,
                ack=spot.ack,
                reference=spot.reference,
                loop=place.loops[-1].id if place.loops else None,
            )

    def _misplaced(self, fault: Misplaced, raw: bytes) -> None:
        if len(self._found) > FINDINGS_MAX or (fault.id == "SE" and self._set.trailer is None):
            return  # that SE is missing, the envelope says
        self._tell(
            fault.number,
            fault.id,
            f"x12.{fault.kind}",
            words.says(fault, self._grammar.id),
            words.fix(fault),
            value=None
            if fault.kind == "missing" or fault.number != self._walk.number
            else raw[:VALUE_BYTES_MAX].decode(self._set.charset, "replace"),
            ack=_STRUCTURE[fault.kind],
            loop=fault.place.loops[-1].id if fault.place and fault.place.loops else None,
        )

    def _reckon(self, number: int, raw: bytes) -> None:
        self._reckoning.see(number, self._segment(raw))

    def _end(self) -> None:
        self._walk.number = self._count
        for fault in self._walk.end():
            self._misplaced(fault, b"")
        for wrong in self._reckoning.wrong():
            self._tell(
                wrong.number,
                wrong.id,
                wrong.code,
                wrong.says,
                wrong.fix,
                severity="note" if wrong.hint else "error",
                element=f"{wrong.element:02}",
                value=wrong.value,
                ack=wrong.ack,
                reference=self._reference(wrong.id, wrong.element),
            )
        family, wanted = self._set.group.family, self._grammar.family
        if family and wanted and family != wanted:
            says = f"a set {self._set.id} belongs in a group {wanted}, GS01 says {family}"
            fix = f"send it in a group whose GS01 is {wanted}"
            self._tell(1, "ST", "x12.family", says, fix, element="01", value=self._set.id, ack="AK502:6")

    def _reference(self, id_: str, element: int) -> str | None:
        """The number of an element in the dictionary."""
        indices = self._chart.by_id.get(id_)
        uses = self._chart.places[indices[0]].slot.segment.uses if indices else ()
        return reference(uses[element - 1]) if element <= len(uses) else None

    def _tell(
        self,
        number: int,
        id_: str,
        code: str,
        says: str,
        fix: str,
        *,
        severity: Severity = "error",
        element: str | None = None,
        value: str | None = None,
        ack: str | None = None,
        reference: str | None = None,
        loop: str | None = None,
    ) -> None:
        group = self._set.group
        self._found.append(
            SegmentFinding(
                code,
                says,
                fix,
                severity=severity,
                interchange=group.interchange.control,
                group=group.control,
                set=self._set.control,
                segment_number=number,
                segment_id=id_,
                element=element,
                value=value,
                position=self._set.position + number - 1,
                ack=ack,
                reference=reference,
                loop=loop,
            )
        )


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """The ids of all segments that are written down."""
    return frozenset(dictionary.segments())


def _steps_of(chart_: Chart) -> list[_Step | None]:
    """The steps of a chart that are known so far."""
    key = id(chart_), chart_.grammar.id
    kept = _steps.get(key)
    if kept is None or kept[0] is not chart_:
        kept = _steps[key] = (chart_, [None] * len(chart_.places))
        while len(_steps) > 256:
            del _steps[next(iter(_steps))]
    return kept[1]


@lru_cache(maxsize=64)
def _canonical(delimiters: Delimiters) -> bytes:
    """The table that puts canonical separators in place of those of an interchange; theirs in data become NUL."""
    table = bytearray(range(256))
    for mark in (accept.ELEMENT, accept.COMPONENT, accept.REPETITION):
        table[mark[0]] = 0
    table[delimiters.component[0]] = accept.COMPONENT[0]
    if delimiters.repetition:
        table[delimiters.repetition[0]] = accept.REPETITION[0]
    table[delimiters.element[0]] = accept.ELEMENT[0]
    return bytes(table)
