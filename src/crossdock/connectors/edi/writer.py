"""A document on its way to a partner: its set in an envelope of its own, whose numbers come with the commit."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, cast

from crossdock.connectors.edi import edifact_out, preflight, x12_out
from crossdock.connectors.edi.part import place_of
from crossdock.connectors.edi.words import Words
from crossdock.connectors.edi.x12_part import grammar_of
from crossdock.faults import Invalid, Misconfigured
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.overlay import overlay
from crossdock.formats.edi.profile import FAMILIES, Exchanged, Profile, Standard
from crossdock.formats.edifact import dictionary as edifact
from crossdock.formats.edifact.check import check as check_edifact
from crossdock.formats.edifact.interchange import Interchange as Edifact
from crossdock.formats.edifact.interchange import Message
from crossdock.formats.edifact.report import MessageReport
from crossdock.formats.edifact.wire.syntax import DEFAULT, DEFAULT_4
from crossdock.formats.edifact.writer import unb, unh
from crossdock.formats.edifact.writer import write as write_edifact
from crossdock.formats.x12 import dictionary as x12
from crossdock.formats.x12.tree import Delimiters
from crossdock.formats.x12.validate import validate
from crossdock.formats.x12.write import (
    Heading,
    add_group,
    add_set,
    choose_delimiters,
    default_delimiters,
    interchange,
    write,
)
from crossdock.kit.connector import (
    Answer,
    Ask,
    Done,
    Exchange,
    Job,
    Numbered,
    Owed,
    Tools,
    Tree,
    Unclear,
)
from crossdock.mapping.rule import Rule
from crossdock.model.codes.identifiers import check_digit

#: How a file or message is named to whatever carries it.
NAME_HEADER, SET_HEADER = "crossdock-name", "crossdock-set"
_HOUR_S = 3600.0
_SSCC_DIGITS = 17  #: before the check digit


class EdiWriter:
    """Writes one kind of document to one partner. Pure but for what it looks up."""

    settle_s = 15.0

    def __init__(self, document: str, profile: Profile, tools: Tools) -> None:
        """Raises Misconfigured."""
        self._document = document
        self._profile = profile
        self._tools = tools
        self._words = Words(profile, tools, zoned=tools.system.timezone is not None)
        #: The same file name, or Message-ID, and the same control number: a partner knows it as the same again.
        self.unclear = Unclear.RESEND
        agreed = profile.written(document)
        if agreed is None and document != "acknowledgement":
            raise Misconfigured(
                f"{profile.name} gets no {document}", file=profile.file, path="documents",
                fix=f"add a document with `direction: out` that is our {document}",
            )  # fmt: skip
        self._agreed = agreed
        self._grammar = self._narrowed(agreed) if agreed is not None else None
        self._rule = Rule(tools.file(agreed.map), file=agreed.map) if agreed and agreed.map else None

    def _narrowed(self, agreed: Exchanged) -> DocumentGrammar:
        """The grammar that what we send must keep: made once, since its charts are kept with it."""
        version, is_x12 = self._profile.version_of(agreed), self._profile.standard is Standard.X12
        base = x12.grammar(agreed.set, version) if is_x12 else edifact.grammar(agreed.set, version)
        return overlay(base, agreed.overlay) if agreed.overlay else base

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The one hand-over of this dialogue, then that it was taken. Raises Invalid, Unmapped."""
        if exchanges:
            return Done(says=exchanges[-1].answer.body.decode("utf-8", "replace")[:200] or "handed over")
        if self._agreed is None:
            return self._acknowledgement(job)
        return self._asked(job, self._agreed)

    def find(self, job: Job) -> Ask | None:
        """Nothing tells what a partner has taken."""
        del job
        return None

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Never asked."""
        del job, answer
        return None

    # -- documents -----------------------------------------------------------

    def _asked(self, job: Job, agreed: Exchanged) -> Ask:
        tree = self._mapped(job)
        tree = preflight.checked(tree, agreed.set, self._words)
        tree, labels = self._labelled(tree)
        when = datetime.datetime.fromtimestamp(self._tools.now(), self._tools.system.timezone or datetime.UTC)
        if self._profile.standard is Standard.X12:
            body, numbers = self._x12(tree, agreed, when)
        else:
            body, numbers = self._edifact(tree, agreed, when)
        how = self._profile.answering
        owed = None
        if how.expect:
            within_h = agreed.answer_within_h or how.within_h
            owed = Owed(within_h * _HOUR_S, f"{agreed.set} of {job.document} {job.number}")
        return self._ask(agreed.set, job, body, (*numbers, *labels), owed)

    def _ask(
        self, set_id: str, job: Job, body: bytes, numbers: tuple[Numbered, ...], owed: Owed | None
    ) -> Ask:
        name = self._name(set_id, job)
        kind = "application/edi-x12" if self._profile.standard is Standard.X12 else "application/edifact"
        headers = {"content-type": kind, NAME_HEADER: name, SET_HEADER: set_id, "crossdock-key": job.key}
        says = f"{set_id} of {job.document} {job.number}"
        return Ask("PUT", f"/{name}", body, headers, says=says, numbers=numbers, owed=owed)

    def _name(self, set_id: str, job: Job) -> str:
        form = str(self._profile.carriage.settings.get("name") or "{set}-{key}.edi")
        return form.replace("{set}", set_id).replace("{key}", job.key)

    def _mapped(self, job: Job) -> Tree:
        if self._rule is None:
            return job.tree
        tools = self._tools
        made = self._rule.run(
            job.tree, ours=tools.ours, theirs=tools.theirs, convert=tools.convert, now_s=tools.now(), seed=0
        )
        if not isinstance(made, dict):
            raise Invalid(f"{self._rule.file} makes no document", path="map", fix="let it make an object")
        return cast(Tree, made)

    def _labelled(self, tree: Tree) -> tuple[Tree, tuple[Numbered, ...]]:
        """Packages without a label get marks that become SSCC in the commit."""
        shipping = self._profile.shipping
        packages = tree.get("packages", ())
        if not shipping.sscc_prefix or all(p.get("sscc") for p in packages):
            return tree, ()
        head = shipping.sscc_extension + shipping.sscc_prefix
        digits = _SSCC_DIGITS - len(head)
        numbered: list[Numbered] = []
        made: list[Tree] = []
        for index, package in enumerate(packages):
            if package.get("sscc"):
                made.append(package)
                continue
            mark = f"{999_999_999_999_999_999 - index}"
            made.append({**package, "sscc": mark})
            numbered.append(
                Numbered(
                    f"once/sscc/{head}",
                    ((mark.encode(), lambda n: _sscc(head, n, digits)),),
                    most=10**digits - 1,
                )
            )
        return {**tree, "packages": made}, tuple(numbered)

    # -- envelopes -----------------------------------------------------------

    def _x12(
        self, tree: Tree, agreed: Exchanged, when: datetime.datetime
    ) -> tuple[bytes, tuple[Numbered, ...]]:
        profile = self._profile
        version = profile.version_of(agreed)
        rows = x12_out.WRITERS[agreed.set](tree, self._words)
        envelope = profile.envelope or ("00501" if version[:6] >= "005010" else "00401")
        charset: Any = profile.charset or "ascii"
        written = " ".join(text for row in rows for text in row if isinstance(text, str))
        control, group_control = _free(written, 2)
        heading = Heading(
            sender=(profile.us.qualifier, profile.us.id), receiver=(profile.them.qualifier, profile.them.id),
            control=control, when=when, version=envelope, usage="T" if profile.test else "P",
            wants_acknowledgement=profile.wants_ta1,
        )  # fmt: skip
        made = interchange(heading, self._delimiters(envelope, rows), charset=charset)
        group = add_group(
            made, FAMILIES[agreed.set], group_control, version, when, sender=profile.us.group or None,
            receiver=profile.them.group or None, charset=charset,
        )  # fmt: skip
        one = add_set(group, agreed.set, 1, rows, charset=charset)
        assert self._grammar is not None, "what is agreed has a grammar"
        errors = [found for found in validate(one, self._grammar) if found.severity == "error"]
        if errors:
            place = place_of([segment.id for segment in one], errors[0])
            raise Invalid(
                f"the {agreed.set} would not be accepted: {errors[0].says}", path=f"{agreed.set}/{place}",
                value=errors[0].value, fix=errors[0].fix,
            )  # fmt: skip
        return write(made), _numbers(self._profile.sequence, [control], [group_control])

    def _delimiters(self, envelope: str, rows: Sequence[Any]) -> Delimiters:
        """As the profile says; where it says nothing, others in place of those that stand in the data."""
        usual, marks = default_delimiters(envelope), self._profile.marks
        end = marks.line_end.encode()
        agreed = Delimiters(
            marks.element.encode() or usual.element, marks.component.encode() or usual.component,
            marks.terminator.encode() or usual.terminator,
            (marks.repetition.encode() or usual.repetition) if envelope >= "00402" else None, end,
        )  # fmt: skip
        fixed = any((marks.element, marks.component, marks.terminator, marks.repetition))
        return agreed if fixed else choose_delimiters(rows, agreed)

    def _edifact(
        self, tree: Tree, agreed: Exchanged, when: datetime.datetime
    ) -> tuple[bytes, tuple[Numbered, ...]]:
        profile = self._profile
        level, _, syntax = (profile.envelope or "UNOC:3").partition(":")
        body = edifact_out.WRITERS[agreed.set](tree, self._words)
        (control,) = _free(" ".join(segment.text() for segment in body), 1)
        us, them = profile.us, profile.them
        sides = [(one.id, one.qualifier) if one.qualifier else (one.id,) for one in (us, them)]
        header = unb(
            sides[0], sides[1],
            when, str(control), level=level, version=syntax, test=profile.test,
        )  # fmt: skip
        version = profile.version_of(agreed)
        message = Message(unh("1", agreed.set, version, agreed.association), tuple(body))
        made = Edifact(header, (message,), DEFAULT if syntax < "4" else DEFAULT_4)
        raw = write_edifact(made, line_end=profile.marks.line_end)
        grammar = self._grammar
        assert grammar is not None, "what is agreed has a grammar"
        for report in check_edifact(raw, grammar_of=lambda _: grammar):
            errors = (
                [f for f in report.findings if f.severity == "error"]
                if isinstance(report, MessageReport)
                else []
            )
            if errors:
                place = place_of(["UNH", *(segment.id for segment in body), "UNT"], errors[0])
                raise Invalid(
                    f"the {agreed.set} would not be accepted: {errors[0].says}", path=f"{agreed.set}/{place}",
                    value=errors[0].value, fix=errors[0].fix,
                )  # fmt: skip
        return raw, _numbers(self._profile.sequence, [control], [])

    # -- acknowledgements ----------------------------------------------------

    def _acknowledgement(self, job: Job) -> Ask:
        """What the reader wrote when it checked the interchange, with the numbers that it left open."""
        kept: Mapping[str, Any] = job.tree.get("extra", {}).get("edi", {})
        if not kept.get("text"):
            raise Invalid(
                "this acknowledgement holds no text to send",
                path="extra.edi.text",
                fix="resolve with a reason",
            )
        marks = kept.get("marks", {})
        numbers = _numbers(self._profile.sequence, marks.get("interchange", ()), marks.get("group", ()))
        return self._ask(str(job.tree["form"]), job, str(kept["text"]).encode("latin-1"), numbers, None)


def _free(written: str, how_many: int) -> tuple[int, ...]:
    """Numbers of nine digits that stand nowhere in a text."""
    found: list[int] = []
    for number in count(987_654_321, -1):
        if str(number) not in written:
            found.append(number)
        if len(found) == how_many:
            break
    return tuple(found)


def _numbers(sequence: Any, interchanges: Sequence[int], groups: Sequence[int]) -> tuple[Numbered, ...]:
    """The interchange's number fills nine places, a group's as few as it needs."""
    made = [Numbered(sequence("interchange"), ((str(mark).encode(), _nine),)) for mark in interchanges]
    return (*made, *(Numbered(sequence("group"), ((str(mark).encode(), _short),)) for mark in groups))


def _nine(number: int) -> bytes:
    return b"%09d" % number


def _short(number: int) -> bytes:
    return b"%d" % number


def _sscc(head: str, number: int, digits: int) -> bytes:
    payload = f"{head}{number:0{digits}}"
    return f"{payload}{check_digit(payload)}".encode()


__all__ = ["NAME_HEADER", "SET_HEADER", "EdiWriter", "grammar_of"]
