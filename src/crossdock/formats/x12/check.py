"""The check of a whole file: every interchange, group and set with its findings, while the bytes stream by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.x12 import dictionary
from crossdock.formats.x12.explain import explain
from crossdock.formats.x12.read import PART_BYTES, events
from crossdock.formats.x12.tree import Group, Interchange, Set
from crossdock.formats.x12.validate import SetCheck

#: The grammar of a set in a group; raises Invalid where there is none.
Grammars = Callable[[Set], DocumentGrammar]

#: Leniencies that change no segment: a file with nothing but these is well formed.
COSMETIC = frozenset({"x12.bom", "x12.blank", "x12.last_terminator", "x12.trailing_empty"})


@dataclass(slots=True)
class SetReport:
    """One set that was checked: which one, and its findings."""

    id: str
    control: str
    implementation: str
    findings: list[Finding]
    position: int = 0  #: of its ST among the segments of the file
    interchange: str = ""  #: ISA13
    group: str = ""  #: GS06
    version: str = ""  #: GS08
    segments: int = 0
    unread: bool = False  #: whether its errors kept its receiver from making sense of it

    @property
    def sound(self) -> bool:
        """Whether nothing of it is an error."""
        return not any(one.severity == "error" for one in self.findings)


@dataclass(slots=True)
class GroupReport:
    """One group that was checked; its findings are known at its end."""

    group: Group
    sets: list[SetReport] = field(default_factory=list[SetReport])

    @property
    def findings(self) -> list[Finding]:
        """Those of its envelope."""
        return self.group.findings


@dataclass(slots=True)
class InterchangeReport:
    """One interchange that was checked; its findings are known at its end."""

    interchange: Interchange
    groups: list[GroupReport] = field(default_factory=list[GroupReport])

    @property
    def findings(self) -> list[Finding]:
        """Those of its envelope."""
        return self.interchange.findings

    def every(self) -> Iterator[Finding]:
        """Every finding of the interchange, its groups and its sets."""
        yield from self.findings
        for group in self.groups:
            yield from group.findings
            for one in group.sets:
                yield from one.findings


def standard_grammar(one: Set) -> DocumentGrammar:
    """The dictionary's grammar for a set, by ST01 and GS08. Raises Invalid where there is none."""
    return _standard(one.id, one.version)


@lru_cache(maxsize=256)
def _standard(set_id: str, version: str) -> DocumentGrammar:
    return dictionary.grammar(set_id, version)


def check(
    source: bytes | BinaryIO,
    *,
    lenient: bool = False,
    grammars: Grammars = standard_grammar,
    part_bytes: int = PART_BYTES,
) -> Iterator[InterchangeReport | GroupReport | SetReport | Finding]:
    """Each set, group and interchange as soon as it is at its end, and findings outside of interchanges.

    The reports of sets are not collected in those of their groups, so that a file of any size can be checked;
    `reports` does that. Raises Invalid as `read.events` does.
    """
    interchange: InterchangeReport | None = None
    group: GroupReport | None = None
    going: _Going | None = None
    for event in events(source, lenient=lenient, part_bytes=part_bytes):
        if event.kind == "interchange" and event.interchange:
            interchange = InterchangeReport(event.interchange)
        elif event.kind == "group" and event.group:
            group = GroupReport(event.group)
        elif event.kind in ("part", "set") and event.set:
            going = going or _Going(event.set, grammars)
            going.feed(event.set, last=event.kind == "set")
            if event.kind == "set":
                yield going.report()
                going = None
        elif event.kind == "group_end" and group:
            yield group
        elif event.kind == "interchange_end" and interchange:
            interchange.findings.extend(_acknowledgements(interchange.interchange))
            yield interchange
        yield from event.findings


def reports(
    source: bytes | BinaryIO, *, lenient: bool = False, grammars: Grammars = standard_grammar
) -> tuple[list[InterchangeReport], list[Finding]]:
    """Every interchange with all its groups and sets, and the findings outside of interchanges. Raises Invalid."""
    found: list[InterchangeReport] = []
    outside: list[Finding] = []
    groups: list[GroupReport] = []
    sets: list[SetReport] = []
    for one in check(source, lenient=lenient, grammars=grammars):
        if isinstance(one, SetReport):
            sets.append(one)
        elif isinstance(one, GroupReport):
            one.sets, sets = sets, []
            groups.append(one)
        elif isinstance(one, InterchangeReport):
            one.groups, groups = groups, []
            found.append(one)
        else:
            outside.append(one)
    return found, outside


def _acknowledgements(one: Interchange) -> Iterator[Finding]:
    """What is wrong in the elements of the TA1 segments."""
    definition = dictionary.segment("TA1", dictionary.BASES[one.version >= "00405"])
    for segment, position in zip(one.acknowledged, one.acknowledged_at, strict=True):
        for spot in explain(segment, definition):
            yield Finding(
                spot.code,
                spot.says,
                spot.fix,
                severity="forgiven" if spot.forgiven else "note" if spot.note else "error",
                interchange=one.control,
                segment_number=position - one.position + 1,
                segment_id="TA1",
                element=spot.element or None,
                value=spot.value,
                position=position,
            )


class _Going:
    """The check of one set, with or without a grammar."""

    def __init__(self, one: Set, grammars: Grammars) -> None:
        self._set = one
        self._check: SetCheck | None = None
        self._own: list[Finding] = []
        try:
            grammar = grammars(one)
        except Invalid as fault:
            self._own.append(_without_grammar(one, fault))
            return
        self._check = SetCheck(one, grammar)
        instead = _read_by_another(one.version)
        if instead:
            self._own.append(
                _note(one, "x12.version", instead, "agree with the partner on a release that is known here")
            )

    def feed(self, one: Set, *, last: bool) -> None:
        """Take the next part of the set."""
        if self._check:
            self._check.feed(one.raw, last=last)

    def report(self) -> SetReport:
        """The set and all its findings."""
        one = self._set
        found = self._check.findings() if self._check else one.findings
        return SetReport(
            one.id,
            one.control,
            one.implementation,
            [*self._own, *found],
            one.position,
            one.group.interchange.control,
            one.group.control,
            one.version,
            one.first_number + len(one.raw) - 1,
        )


@lru_cache(maxsize=256)
def _read_by_another(version: str) -> str | None:
    try:
        return dictionary.stands_in(version)
    except Invalid:
        return None  # a grammar of somebody else's reads it


def _without_grammar(one: Set, fault: Invalid) -> Finding:
    """A set that cannot be checked: its version is unknown to the group, or the set itself to the version."""
    return Finding(
        "x12.unsupported",
        fault.says,
        fault.fix,
        interchange=one.group.interchange.control,
        group=one.group.control,
        set=one.control,
        segment_number=1,
        segment_id="ST",
        element="01" if fault.path != "GS08" else None,
        value=str(fault.value),
        position=one.position,
        ack="AK905:2" if fault.path == "GS08" else "AK502:1",
    )


def _note(one: Set, code: str, says: str, fix: str) -> Finding:
    return Finding(
        code,
        says,
        fix,
        severity="note",
        interchange=one.group.interchange.control,
        group=one.group.control,
        set=one.control,
        segment_number=1,
        segment_id="ST",
        position=one.position,
    )
