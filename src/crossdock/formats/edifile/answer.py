"""The answers to a file: TA1, 997 or 999 for X12, CONTRL for EDIFACT, made from its check."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from crossdock.faults import Invalid
from crossdock.formats.edifact import check as edifact
from crossdock.formats.edifact.answers import control
from crossdock.formats.edifact.contrl import contrl
from crossdock.formats.edifact.report import InterchangeReport as EdifactInterchange
from crossdock.formats.edifact.writer import write as write_edifact
from crossdock.formats.edifile.checked import Rules
from crossdock.formats.edifile.detect import Format, Opened
from crossdock.formats.edifile.tree_out import line_break
from crossdock.formats.x12 import check as x12
from crossdock.formats.x12.acknowledge import Policy, acknowledge
from crossdock.formats.x12.read import read
from crossdock.formats.x12.receipts import GroupReceipt, receipts
from crossdock.formats.x12.write import CONTROL_MAX, write

AnswerKind = Literal["ta1", "997", "999", "contrl"]


@dataclass(slots=True)
class Answering:
    """How answers are made: which kind, with which numbers of ours, at what time.

    `control` is the number of our next interchange, `group` that of our next group; both count on.
    """

    when: datetime.datetime
    kind: AnswerKind | None = None  #: None: a 997 or a CONTRL, and a TA1 where it is due
    control: int = 1
    group: int = 1
    accept_with_errors: bool = False
    name_accepted: bool = True

    def number(self, of: Literal["interchange", "group"]) -> int:
        """The next number of a sequence."""
        given = self.control if of == "interchange" else self.group
        following = given % CONTROL_MAX + 1
        if of == "interchange":
            self.control = following
        else:
            self.group = following
        return given


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one interchange: its bytes, and what they say as plain values."""

    interchange: str  #: the one that is answered
    octets: bytes
    says: tuple[dict[str, Any], ...]


def answers(file: Opened, how: Answering, rules: Rules | None = None) -> Iterator[Answer]:
    """The answer to each interchange that wants one, when it ends.

    Raises Invalid when nothing of the file can be read, or the kind is none for such a file.
    """
    wrong = _other(file.format, how.kind)
    if wrong:
        fix = "take contrl" if file.format == "edifact" else "take ta1, 997 or 999"
        raise Invalid(f"a file of {file.format.upper()} is not answered by {how.kind}", path="kind", fix=fix)
    rules = rules or Rules()
    yield from (_x12(file, how, rules) if file.format == "x12" else _edifact(file, how, rules))


def _other(format_: Format, kind: AnswerKind | None) -> bool:
    return kind is not None and (kind == "contrl") != (format_ == "edifact")


def _x12(file: Opened, how: Answering, rules: Rules) -> Iterator[Answer]:
    policy = Policy(
        form="999" if how.kind == "999" else "997",
        accept_with_errors=how.accept_with_errors,
        name_accepted=how.name_accepted,
        ta1=True if how.kind == "ta1" else None,
    )
    for report in _reports(file, rules):
        if how.kind == "ta1":
            report.groups.clear()
        answer = acknowledge(report, how.number, how.when, policy=policy)
        if answer is None:
            continue
        octets = write(answer)
        says = tuple(
            {"kind": one.form if isinstance(one, GroupReceipt) else "TA1", **asdict(one)}
            for again in read(octets)
            for one in receipts(again)
        )
        yield Answer(report.interchange.control, octets, says)


def _reports(file: Opened, rules: Rules) -> Iterator[x12.InterchangeReport]:
    """Each interchange with its groups and sets when it ends; of sets only what an answer needs."""
    sets: list[x12.SetReport] = []
    groups: list[x12.GroupReport] = []
    for one in x12.check(file.stream, lenient=True, grammars=rules.of_set):
        if isinstance(one, x12.SetReport):
            one.findings = [each for each in one.findings if each.ack and each.severity == "error"]
            sets.append(one)
        elif isinstance(one, x12.GroupReport):
            one.sets, sets = sets, []
            groups.append(one)
        elif isinstance(one, x12.InterchangeReport):
            one.groups, groups = groups, []
            yield one


def _edifact(file: Opened, how: Answering, rules: Rules) -> Iterator[Answer]:
    for report in edifact.check(file.stream, grammar_of=rules.of_message):
        if not isinstance(report, EdifactInterchange):
            continue
        number = how.control
        answer = contrl(report, reference=str(number), prepared=how.when, message_reference="1")
        if answer is None:
            continue
        how.number("interchange")
        says = tuple({"kind": "CONTRL", **_plain(asdict(control(one)))} for one in answer.messages)
        yield Answer(report.reference, write_edifact(answer, line_end=line_break(file.head)), says)


def _plain(tree: Any) -> Any:
    """A tree without enums."""
    if isinstance(tree, dict):
        return {key: _plain(value) for key, value in tree.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(tree, (list, tuple)):
        return [_plain(one) for one in tree]  # pyright: ignore[reportUnknownVariableType]
    return getattr(tree, "value", tree)
