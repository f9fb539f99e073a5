"""EDIFACT interchanges: read into parts, each checked by the partner's own grammar, and acknowledged by CONTRL."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from crossdock.connectors.edi.edifact_in import READERS, number_of
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
from crossdock.connectors.edi.x12_part import now
from crossdock.faults import Fault, Invalid
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.overlay import overlay
from crossdock.formats.edi.profile import Profile
from crossdock.formats.edifact.answers import Verdict, control
from crossdock.formats.edifact.check import check, standard
from crossdock.formats.edifact.contrl import contrl
from crossdock.formats.edifact.interchange import Message
from crossdock.formats.edifact.interchange import read as read_tree
from crossdock.formats.edifact.report import InterchangeReport, MessageReport
from crossdock.formats.edifact.wire.segment import Segment
from crossdock.formats.edifact.writer import write
from crossdock.kit.connector import Tree

__all__ = ["now", "opening", "read"]

_VERDICTS = {Verdict.ACCEPTED: "accepted", Verdict.RECEIVED: "accepted", Verdict.REJECTED: "rejected"}


def opening(body: bytes) -> Opening:
    """Who sent what to whom. Raises Invalid where nothing can be read."""
    interchanges, _ = read_tree(body)
    if not interchanges or interchanges[0].header.id != "UNB":
        raise Invalid("this is no EDIFACT", path="UNB", fix="send an interchange that begins with UNA or UNB")
    unb = interchanges[0].header
    return Opening(unb.get(2), unb.get(3), unb.get(5), several=len(interchanges) > 1)


def read(body: bytes, profile: Profile, words: Words, when: datetime.datetime) -> Found:
    """Every message of every interchange. Raises Invalid when nothing can be read."""
    trees, _ = read_tree(body)
    parts: list[Part] = []
    told: list[tuple[str, Tree]] = []
    waiting: list[MessageReport] = []
    place = 0

    def grammar_of(header: Segment) -> DocumentGrammar:
        agreed = profile.taken(header.get(2, 1))
        base = standard(header)
        return overlay(base, agreed.overlay) if agreed and agreed.overlay else base

    for report in check(body, grammar_of=grammar_of):
        if isinstance(report, MessageReport):
            waiting.append(report)
            continue
        messages = list(trees[place].messages) if place < len(trees) else []
        place += 1
        _interchange(report, list(zip(waiting, messages, strict=False)), profile, words, when, parts, told)
        waiting = []
    return Found(parts, told)


def _interchange(
    report: InterchangeReport,
    pairs: Sequence[tuple[MessageReport, Message]],
    profile: Profile,
    words: Words,
    when: datetime.datetime,
    parts: list[Part],
    told: list[tuple[str, Tree]],
) -> None:
    foreign = stranger(profile, report.sender[0], report.recipient[0]) if report.header else None
    if foreign is not None:  # behind one of ours in the same file; who sent it gets no answer of ours either
        parts += strange(
            foreign, [(one.type, one.reference) for _, one in pairs] or [("UNB", report.reference)]
        )
        return
    for one, message in pairs:
        if message.type == "CONTRL":
            try:
                told.append(_got(message, report))
            except Invalid as fault:
                fault.path = f"CONTRL[{message.reference}]/{fault.path}"
                parts.append(Part("CONTRL", message.reference, "acknowledgement", wrong=fault))
        else:
            mark = report.header.get(11) if report.header else ""
            parts.append(_part(one, message, profile, words, damaged=report.damaged, mark=mark))
    if profile.answering.form != "none":
        answer = _given(report, when)
        if answer is not None:
            told.append(answer)


def _part(
    report: MessageReport, message: Message, profile: Profile, words: Words, *, damaged: bool, mark: str
) -> Part:
    agreed = profile.taken(message.type)
    document = agreed.document if agreed else "sales_order"
    set_id, reference = message.type, message.reference
    called = number_of(message.body)
    if damaged:
        wrong: Fault = Invalid(
            f"{set_id} {reference} stands in an interchange that is refused", path=f"{set_id}[{reference}]",
            fix="ask the partner to send it anew",
        )  # fmt: skip
        return Part(set_id, reference, document, wrong=wrong, number=called)
    if report.rejected:
        ids = ["UNH", *(segment.id for segment in message.body), "UNT"]
        errors = [finding for finding in report.findings if finding.severity == "error"]
        return Part(
            set_id,
            reference,
            document,
            wrong=fault_of(report.findings, set_id, reference, place_of(ids, errors[0])),
            number=called,
        )
    if agreed is None or set_id not in READERS:
        wrong = Invalid(
            f"{set_id} was not agreed on with {profile.name}", path=f"{set_id}[{reference}]", value=set_id,
            fix=f"add `- {{set: {set_id}, direction: in}}` to {profile.file or 'its profile'}, or ask the partner",
        )  # fmt: skip
        return Part(set_id, reference, document, wrong=wrong, number=called)
    test = trial(profile, set_id, reference, mark)
    if test is not None:
        return Part(set_id, reference, document, wrong=test, number=called)
    try:
        return Part(set_id, reference, document, tuple(READERS[set_id](message.body, words)))
    except Fault as fault:
        fault.path = f"{set_id}[{reference}]/{fault.path}".rstrip("/")
        return Part(set_id, reference, document, wrong=fault, number=called)


def _given(report: InterchangeReport, when: datetime.datetime) -> tuple[str, Tree] | None:
    mark = next(number for number in range(987_654_321, 0, -1) if str(number) not in report.reference)
    answer = contrl(report, reference=str(mark), prepared=when)
    if answer is None:
        return None
    rejected = len(report.rejected) + report.rejected_count - len(report.rejected)
    whole = "rejected" if report.damaged else "partly" if rejected else "accepted"
    number = f"CONTRL-{report.reference or '0'}"
    tree = without_nothing({
        "number": number,
        "form": "CONTRL",
        "direction": "given",
        "interchange": report.reference,
        "verdict": whole,
        "sets": [
            {"set": one.type or "?", "control": one.reference or "0", "verdict": "rejected"}
            for one in report.rejected[:SETS_LISTED_MAX]
        ],
        "extra": {"edi": {"text": write(answer).decode("latin-1"), "marks": {"interchange": [mark], "group": []}}},
    })  # fmt: skip
    return number, tree


def _got(message: Message, report: InterchangeReport) -> tuple[str, Tree]:
    said = control(message)
    number = f"CONTRL-{report.reference}-{message.reference}"
    sets = [
        without_nothing({
            "set": one.type or "?", "control": one.reference or "0", "verdict": _VERDICTS[one.verdict],
            "says": "; ".join([*(f"code {one.code}" for _ in one.code[:1]),
                               *(f"segment {s.number} code {s.code}".strip() for s in one.segments)])[:500],
        })
        for one in said.messages
    ]  # fmt: skip
    return number, without_nothing(
        {
            "number": number,
            "form": "CONTRL",
            "direction": "got",
            "interchange": said.interchange,
            "verdict": _VERDICTS[said.verdict],
            "says": f"code {said.code}" if said.code else "",
            "sets": sets,
        }
    )
