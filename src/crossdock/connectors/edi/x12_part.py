"""X12 interchanges: read into parts, each checked by the partner's own grammar, and acknowledged."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from crossdock.connectors.edi.part import (
    SETS_LISTED_MAX,
    Found,
    Opening,
    Part,
    fault_of,
    place_of,
    strange,
    stranger,
    trial,
)
from crossdock.connectors.edi.words import Words, without_nothing
from crossdock.connectors.edi.x12_in import READERS
from crossdock.connectors.edi.x12_rows import Row, number_of
from crossdock.faults import Fault, Invalid
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.overlay import overlay
from crossdock.formats.edi.profile import FAMILIES, Profile
from crossdock.formats.x12 import dictionary
from crossdock.formats.x12.acknowledge import Policy, acknowledge, interchange_verdict, set_verdict
from crossdock.formats.x12.check import GroupReport, InterchangeReport, SetReport, check, standard_grammar
from crossdock.formats.x12.header import WINDOW_BYTES, read_header
from crossdock.formats.x12.receipts import (
    GroupReceipt,
    InterchangeReceipt,
    group_receipt,
    interchange_receipt,
)
from crossdock.formats.x12.tree import Interchange, Segment, Set
from crossdock.formats.x12.write import write
from crossdock.kit.connector import Tools, Tree

_VERDICTS = {"A": "accepted", "E": "accepted_with_errors", "P": "partly"}
_CONTROLS = ("997", "999")
#: What the writer puts into a group: each document has an envelope of its own.
_SETS_IN_A_GROUP = 1


def now(tools: Tools, words: Words) -> datetime.datetime:
    """The time of the decision, in the zone of the system."""
    del words
    return datetime.datetime.fromtimestamp(tools.now(), tools.system.timezone or datetime.UTC)


def opening(body: bytes) -> Opening:
    """Who sent what to whom. Raises Invalid where nothing can be read."""
    start = body.find(b"ISA")
    window = body[max(start, 0) : max(start, 0) + WINDOW_BYTES] if start >= 0 else b""
    header = read_header(window) if start in range(64) else "there is no ISA at the beginning"
    if isinstance(header, str):
        raise Invalid(f"this is no X12: {header}", path="ISA", fix="send an interchange that begins with ISA")
    isa = Segment(header.segment, header.delimiters)
    mark = header.delimiters.terminator + header.delimiters.suffix + b"ISA" + header.delimiters.element
    return Opening(isa[6].strip(), isa[8].strip(), isa[13].strip(), several=mark in body)


@lru_cache(maxsize=512)
def _narrowed(set_id: str, version: str, key: int, holder: _Key) -> DocumentGrammar:
    del key
    return overlay(dictionary.grammar(set_id, version), holder.overlay)


class _Key:
    """An overlay as a key of the cache: the profile keeps it, so it is the same as long as it lives."""

    __slots__ = ("overlay",)

    def __init__(self, delta: Any) -> None:
        self.overlay = delta

    def __hash__(self) -> int:
        return id(self.overlay)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.overlay is other.overlay


def grammar_of(profile: Profile, one: Set) -> DocumentGrammar:
    """The grammar of a set with the partner's overlay. Raises Invalid."""
    agreed = profile.taken(one.id)
    if agreed is None or not agreed.overlay:
        return standard_grammar(one)
    return _narrowed(one.id, one.version, id(agreed.overlay), _Key(agreed.overlay))


def read(body: bytes, profile: Profile, words: Words, when: datetime.datetime) -> Found:
    """Every set of every interchange. Raises Invalid when nothing can be read."""
    parts: list[Part] = []
    told: list[tuple[str, Tree]] = []
    held: list[tuple[SetReport, Set]] = []
    groups: list[tuple[GroupReport, list[tuple[SetReport, Set]]]] = []
    for report, one in _checked(body, profile):
        if isinstance(report, SetReport) and one is not None:
            held.append((report, one))
        elif isinstance(report, GroupReport):
            report.sets = [each for each, _ in held]
            groups.append((report, held))
            held = []
        elif isinstance(report, InterchangeReport):
            report.groups = [group for group, _ in groups]
            _interchange(report, groups, profile, words, when, parts, told)
            groups = []
    return Found(parts, told)


def _checked(
    body: bytes, profile: Profile
) -> Iterator[tuple[SetReport | GroupReport | InterchangeReport, Set | None]]:
    """Reports, those of sets with all their segments: large sets come by in parts, which are put together."""
    seen: list[Set] = []

    def grammars(one: Set) -> DocumentGrammar:
        seen.append(one)
        return grammar_of(profile, one)

    for report in check(body, lenient=True, grammars=grammars):
        if isinstance(report, SetReport):
            one = seen.pop() if seen else None
            if one is not None and one.first_number > 1:
                raise Invalid(
                    f"{one.id} {one.control} is too large to be taken in one piece",
                    path=f"{one.id}[{one.control}]", fix="let the partner send it in several sets",
                )  # fmt: skip
            yield report, one
        elif isinstance(report, GroupReport | InterchangeReport):
            yield report, None


def _interchange(
    report: InterchangeReport,
    groups: list[tuple[GroupReport, list[tuple[SetReport, Set]]]],
    profile: Profile,
    words: Words,
    when: datetime.datetime,
    parts: list[Part],
    told: list[tuple[str, Tree]],
) -> None:
    foreign = stranger(profile, report.interchange.sender[1], report.interchange.receiver[1])
    if foreign is not None:  # behind one of ours in the same file; who sent it gets no answer of ours either
        theirs = [(one.id, one.control) for _, sets in groups for _, one in sets]
        parts += strange(foreign, theirs or [("ISA", report.interchange.control)])
        return
    refused = interchange_verdict(report).code == "R"
    policy = _policy(profile)
    told += [
        _got_interchange(interchange_receipt(ta1), report.interchange)
        for ta1 in report.interchange.acknowledged
    ]
    for group, sets in groups:
        whole = refused or any(
            f.severity == "error" and (f.ack or "").startswith("AK905") for f in group.findings
        )
        for one_report, one in sets:
            if one.id in _CONTROLS:
                try:
                    told.append(_got_group(one, report.interchange))
                except Invalid as fault:
                    fault.path = f"{one.id}[{one.control}]/{fault.path}"
                    parts.append(Part(one.id, one.control, "acknowledgement", wrong=fault))
            else:
                parts.append(_part(one_report, one, group, report, profile, words, policy, refused=whole))
    if profile.answering.form != "none":
        answer = _given(report, profile, policy, when)
        if answer is not None:
            told.append(answer)


def _part(
    report: SetReport,
    one: Set,
    group: GroupReport,
    interchange: InterchangeReport,
    profile: Profile,
    words: Words,
    policy: Policy,
    *,
    refused: bool,
) -> Part:
    agreed = profile.taken(one.id)
    document = agreed.document if agreed else "sales_order"
    rows = [Row(segment.elements) for segment in one]
    called = number_of(one.id, rows)
    if refused:
        errors = [*interchange.findings, *group.findings, *report.findings]
        first = next((f for f in errors if f.severity == "error"), None)
        says = first.says if first else "the interchange is refused"
        wrong: Fault = Invalid(
            f"{one.id} {one.control} stands in an envelope that is refused: {says}",
            path=f"{one.id}[{one.control}]", fix=first.fix if first else "ask the partner to send it anew",
        )  # fmt: skip
        return Part(one.id, one.control, document, wrong=wrong, number=called)
    if set_verdict(report, policy).code == "R":
        errors = [f for f in report.findings if f.severity == "error"]
        place = place_of([row[0] for row in rows], errors[0]) if errors else ""
        wrong = (
            fault_of(report.findings, one.id, one.control, place)
            if errors
            else Invalid("this set is refused")
        )
        return Part(one.id, one.control, document, wrong=wrong, number=called)
    if agreed is None:
        wrong = Invalid(
            f"{one.id} was not agreed on with {profile.name}", path=f"{one.id}[{one.control}]", value=one.id,
            fix=f'add `- {{set: "{one.id}", direction: in}}` to {profile.file or "its profile"}, or ask the partner',
        )  # fmt: skip
        return Part(one.id, one.control, document, wrong=wrong, number=called)
    test = trial(profile, one.id, one.control, interchange.interchange.usage)
    if test is not None:
        return Part(one.id, one.control, document, wrong=test, number=called)
    body = rows[1 : -1 if one.trailer else None]
    try:
        made = tuple(READERS[one.id](body, words))
    except Fault as fault:
        report.unread = isinstance(fault, Invalid)  # then errors that were let pass are none to accept
        fault.path = f"{one.id}[{one.control}]/{fault.path}".rstrip("/")
        return Part(one.id, one.control, document, wrong=fault, number=called)
    return Part(one.id, one.control, document, made)


# -- acknowledgements ------------------------------------------------------------------------------------


def _policy(profile: Profile) -> Policy:
    how = profile.answering
    form = "999" if how.form == "999" else "997"
    return Policy(
        form=form, accept_with_errors=how.accept_with_errors, name_accepted=how.name_accepted, ta1=how.ta1
    )


def _given(
    report: InterchangeReport, profile: Profile, policy: Policy, when: datetime.datetime
) -> tuple[str, Tree] | None:
    """Our answer as a document: its text, with marks where control numbers will stand."""
    marks: dict[str, list[int]] = {"interchange": [], "group": []}
    taken = _digits_of(report)
    free = (number for number in range(987_654_321, 0, -1) if str(number) not in taken)

    def numbers(kind: str) -> int:
        marks[kind].append(next(free))
        return marks[kind][-1]

    answer = acknowledge(report, numbers, when, policy=policy)
    if answer is None:
        return None
    control = report.interchange.control
    forms = [one.id for group in answer.groups for one in group.sets]
    verdicts = {set_verdict(one, policy).code for group in report.groups for one in group.sets}
    code = interchange_verdict(report).code
    whole = (
        "R"
        if code == "R" or verdicts == {"R"}
        else "P"
        if "R" in verdicts
        else "E"
        if "E" in verdicts
        else "A"
    )
    tree = without_nothing({
        "number": f"{forms[0] if forms else 'TA1'}-{control}",
        "form": forms[0] if forms else "TA1",
        "direction": "given",
        "interchange": control,
        "verdict": _VERDICTS.get(whole, "rejected"),
        "sets": [
            {
                "set": one.id or "000", "control": one.control or "0000", "group": group.group.control or "0",
                "verdict": _VERDICTS.get(set_verdict(one, policy).code, "rejected"),
            }
            for group in report.groups if group.group.family != "FA" for one in group.sets
        ][:SETS_LISTED_MAX],
        "extra": {"edi": {"text": write(answer).decode("latin-1"), "marks": marks}},
    })  # fmt: skip
    del profile
    return tree["number"], tree


def _digits_of(report: InterchangeReport) -> str:
    """All control numbers that an answer repeats, so that no mark is one of them."""
    found = [report.interchange.control]
    for group in report.groups:
        found.append(group.group.control)
        found += [one.control for one in group.sets]
        found += [f.value or "" for one in group.sets for f in one.findings]
    return " ".join(found)


def _got_interchange(receipt: InterchangeReceipt, interchange: Interchange) -> tuple[str, Tree]:
    number = f"TA1-{interchange.control}-{receipt.control}"
    tree: Tree = {
        "number": number,
        "form": "TA1",
        "direction": "got",
        "interchange": receipt.control,
        "verdict": _VERDICTS.get(receipt.verdict, "rejected"),
    }
    if receipt.verdict != "A" and receipt.note:
        tree["says"] = f"note {receipt.note}"
    return number, tree


def _got_group(one: Set, interchange: Interchange) -> tuple[str, Tree]:
    """A 997 or 999 as a document. Raises Invalid for one that does not say what it speaks of."""
    receipt = group_receipt(one)
    number = f"{one.id}-{interchange.control}-{one.control}"
    sets = [
        without_nothing({
            "set": each.id or "000",
            "control": each.control or "0000",
            "group": receipt.control,
            "verdict": _VERDICTS.get(each.verdict, "rejected"),
            "says": _errors(each)[:500],
        })
        for each in receipt.sets
    ]  # fmt: skip
    return (
        number,
        without_nothing(
            {
                "number": number,
                "form": one.id,
                "direction": "got",
                "group": receipt.control,
                "verdict": _VERDICTS.get(receipt.verdict, "rejected"),
                "says": _group_says(receipt),
                "sets": sets,
                "extra": {
                    "edi": {
                        "family": receipt.family,
                        "holds": [set_id for set_id, family in FAMILIES.items() if family == receipt.family],
                        "amiss": receipt.contradiction(_SETS_IN_A_GROUP),
                    }
                },
            }
        ),
    )


def _errors(receipt: Any) -> str:
    told = [f"set code {code}" for code in receipt.codes]
    for error in receipt.errors:
        told.append(f"segment {error.number} {error.id} (code {error.code})")
        told += [f"{error.id}{e.element:02} code {e.code} {e.value}".strip() for e in error.elements]
    return "; ".join(told)


def _group_says(receipt: GroupReceipt) -> str:
    if receipt.verdict == "A":
        return ""
    codes = f", codes {', '.join(receipt.codes)}" if receipt.codes else ""
    return f"group {receipt.control}: {receipt.accepted} of {receipt.included} sets accepted{codes}"
