"""Acknowledgements made from validation: TA1 for interchanges, 997 or 999 for groups, with their codes and verdicts."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.x12.check import GroupReport, InterchangeReport, SetReport
from crossdock.formats.x12.envelope import QUALIFIERS
from crossdock.formats.x12.tree import Delimiters, Interchange, Row, Segment
from crossdock.formats.x12.validate import SegmentFinding
from crossdock.formats.x12.write import Heading, add_group, add_set, choose_delimiters, encode, interchange

CODES_MAX = 5  #: that AK5 and AK9 have room for
ELEMENTS_MAX = 99  #: AK4 segments under one AK3
VALUE_CHARACTERS_MAX = 99  #: of AK404

#: What is wrong with an interchange, yet lets it be taken: its dates, its wishes, the count of its groups.
_TOLERABLE_NOTES = frozenset({"010", "012", "014", "015", "016", "017", "019", "020", "021"})

#: Codes that only a 999 knows, and what a 997 says instead.
_SPOKEN_BY_997 = {"I4": "2", "I10": "10"}

Form = Literal["997", "999"]

#: The next number of a sequence that the caller keeps for the two partners.
Numbers = Callable[[Literal["interchange", "group"]], int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict (A, E, P or R) and the codes that say why."""

    code: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """How a partner wants to be answered.

    `accept_with_errors`: wrong elements alone do not reject a set, it is accepted with errors (E). `name_accepted`:
    accepted sets are named too. `ta1`: None as ISA14 asks, and whenever an interchange is rejected.
    """

    form: Form = "997"
    accept_with_errors: bool = False
    name_accepted: bool = True
    ta1: bool | None = None
    implementation: str = "005010X231A1"  #: ST03 of a 999


DEFAULT_POLICY = Policy()


def interchange_verdict(report: InterchangeReport) -> Verdict:
    """A, E or R for an interchange, and the TA1 note."""
    notes = _codes(report.findings, "TA1")
    fatal = [note for note in notes if note not in _TOLERABLE_NOTES]
    if fatal:
        return Verdict("R", (fatal[0],))
    return Verdict("E", (notes[0],)) if notes else Verdict("A", ("000",))


def set_verdict(report: SetReport, policy: Policy = DEFAULT_POLICY) -> Verdict:
    """A, E or R for a set, and the codes of AK5."""
    reasons = _codes(report.findings, "AK502")
    elements, segments = _codes(report.findings, "AK403"), _codes(report.findings, "AK304")
    version = _codes(report.findings, "AK905")  # its version is not known here: the group says so
    # an error that no code is for rejects the set all the same: what a check refuses is never accepted
    if elements or segments or not (reasons or version or report.sound):
        reasons.append("5")
    if not reasons and not version:
        return Verdict("A")
    mild = policy.accept_with_errors and elements and not segments and reasons == ["5"] and not report.unread
    return Verdict("E" if mild else "R", tuple(dict.fromkeys(reasons)))


def group_verdict(report: GroupReport, policy: Policy = DEFAULT_POLICY) -> Verdict:
    """A, E, P or R for a group, and the codes of AK9."""
    reasons = _codes(report.findings, "AK905")
    reasons.extend(code for one in report.sets for code in _codes(one.findings, "AK905"))
    if reasons:
        return Verdict("R", tuple(dict.fromkeys(reasons)))
    verdicts = {set_verdict(one, policy).code for one in report.sets}
    if "R" in verdicts:
        return Verdict("R" if verdicts == {"R"} else "P")
    return Verdict("E" if "E" in verdicts else "A")


def acknowledge(
    report: InterchangeReport, numbers: Numbers, when: datetime.datetime, *, policy: Policy = DEFAULT_POLICY
) -> Interchange | None:
    """The answer to an interchange, to be sent with `write`; None where nothing is to be said.

    One 997 or 999 for each group, a TA1 where it is due; groups of acknowledgements (FA) are never acknowledged. A
    rejected interchange is answered by its TA1 alone. `numbers` is asked for ISA13 and GS06 when they are needed.
    Raises Invalid when the ids or numbers of the sender are such that nobody can write them.
    """
    received = report.interchange
    groups = [group for group in report.groups if group.group.family != "FA"]
    only_answers = not groups and (report.groups or received.acknowledged)
    verdict = interchange_verdict(report)
    wanted = received.wants_acknowledgement if policy.ta1 is None else policy.ta1
    ta1 = (wanted or verdict.code == "R") and not only_answers
    if verdict.code == "R":
        groups = []
    if not groups and not ta1:
        return None
    bodies = [list(_body(group, policy)) for group in groups]
    row = ("TA1", received.control, received.header[9], received.header[10], verdict.code, *verdict.reasons)
    rows = [row, (*received.sender, *received.receiver), *(each for body in bodies for each in body)]
    answer = _answer_to(received, rows, numbers("interchange"), when)
    if ta1:
        answer.acknowledged.append(Segment(encode(row, answer.delimiters), answer.delimiters))
    for index, (group, body) in enumerate(zip(groups, bodies, strict=True), 1):
        version = _version(group, policy)
        fa = add_group(
            answer,
            "FA",
            numbers("group"),
            version,
            when,
            sender=group.group.receiver or None,
            receiver=group.group.sender or None,
        )
        implementation = policy.implementation if policy.form == "999" else ""
        add_set(fa, policy.form, index, body, implementation=implementation)
    return answer


def _answer_to(
    received: Interchange, rows: Sequence[Row], control: int, when: datetime.datetime
) -> Interchange:
    """An empty interchange back to the sender, in delimiters that the answer's own data leaves free."""
    version = received.version if received.version.isdecimal() and len(received.version) == 5 else "00401"
    heading = Heading(
        sender=_party(received.receiver),
        receiver=_party(received.sender),
        control=control,
        when=when,
        version=version,
        usage=received.usage if received.usage in ("P", "T", "I") else "P",
    )
    theirs = received.delimiters
    repetition = (theirs.repetition or b"^") if version >= "00402" else None
    try:
        preferred = Delimiters(theirs.element, theirs.component, theirs.terminator, repetition, theirs.suffix)
        return interchange(heading, choose_delimiters(rows, preferred))
    except Invalid:
        return interchange(heading, choose_delimiters(rows, Delimiters(repetition=repetition)))


def _party(theirs: tuple[str, str]) -> tuple[str, str]:
    """A qualifier and id that ISA has room for, however they were sent."""
    qualifier, id_ = theirs
    return (qualifier if qualifier in QUALIFIERS else "ZZ"), id_[:15] or "UNKNOWN"


def _version(report: GroupReport, policy: Policy) -> str:
    if policy.form == "999":
        return policy.implementation
    version = report.group.version
    return version[:6] if version[:6].isdecimal() and len(version) >= 6 else "004010"


def _body(report: GroupReport, policy: Policy) -> Iterator[Row]:
    """The segments between ST and SE that answer one group."""
    group, newer = report.group, _version(report, policy) >= "005010"
    yield ("AK1", group.family or "ZZ", group.control or "0", group.version if newer else "")
    verdict = group_verdict(report, policy)
    accepted = 0
    for one in report.sets:
        own = set_verdict(one, policy)
        accepted += own.code != "R"
        if own.code == "A" and not policy.name_accepted:
            continue
        implementation = one.implementation if newer else ""
        yield ("AK2", one.id or "000", one.control or "0000", implementation)
        yield from _segments(one, policy, newer=newer)
        yield ("IK5" if policy.form == "999" else "AK5", own.code, *own.reasons[:CODES_MAX])
    stated = group.trailer[1].strip() if group.trailer else ""
    yield (
        "AK9",
        verdict.code,
        stated if stated.isdecimal() and len(stated) <= 6 else str(group.set_count),
        str(group.set_count),
        "0" if verdict.code == "R" else str(accepted),
        *verdict.reasons[:CODES_MAX],
    )


def _segments(report: SetReport, policy: Policy, *, newer: bool) -> Iterator[Row]:
    """AK3 and AK4, or IK3 and IK4, for the segments in error."""
    head, tail = ("IK3", "IK4") if policy.form == "999" else ("AK3", "AK4")
    elements: dict[tuple[int, str], list[Finding]] = {}
    order: list[tuple[int, str, str, str]] = []
    for one in report.findings:
        kind, _, code = (one.ack or "").partition(":")
        number, id_ = one.segment_number or 1, one.segment_id or "ST"
        loop = one.loop or "" if isinstance(one, SegmentFinding) else ""
        if kind == "AK304":
            order.append((number, id_, loop, code))
        elif kind == "AK403":
            if (number, id_) not in elements:
                order.append((number, id_, loop, "8"))
            elements.setdefault((number, id_), []).append(one)
    for number, id_, loop, code in order:
        spoken = code if policy.form == "999" else _SPOKEN_BY_997.get(code, code)
        # an id that no acknowledgement has room for is cut; the number still leads to it
        shown = "".join(letter for letter in id_ if letter.isalnum() and letter.isascii())[:3] or "?"
        yield (head, shown.ljust(2, "?"), str(number), loop[: 4 if newer else 6], spoken)
        if code == "8":
            for one in elements.get((number, id_), ())[:ELEMENTS_MAX]:
                yield _element(tail, one, policy)


def _element(id_: str, finding: Finding, policy: Policy) -> Row:
    code = (finding.ack or "").partition(":")[2]
    if policy.form == "997":
        code = _SPOKEN_BY_997.get(code, code)
    element, _, component = (finding.element or "1").partition("-")
    position = (str(int(element)), component) if component else str(int(element))
    reference = finding.reference or "" if isinstance(finding, SegmentFinding) else ""
    value = finding.value or ""
    fits = value.isprintable() and value.isascii()
    shown = value[:VALUE_CHARACTERS_MAX].strip() if fits else ""
    return (id_, position, reference if reference.isdecimal() else "", code, shown)


def _codes(findings: list[Finding], kind: str) -> list[str]:
    """The different codes of one kind, in the order in which they were found."""
    found = (one.ack.partition(":") for one in findings if one.ack and one.severity == "error")
    return list(dict.fromkeys(code for name, _, code in found if name == kind))
