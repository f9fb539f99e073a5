"""The check of a file of either kind: each set, group and interchange with its findings, in one shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from crossdock.faults import Invalid, Misconfigured
from crossdock.formats.edi.finding import Finding, Severity
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.overlay import overlay
from crossdock.formats.edifact import check as edifact
from crossdock.formats.edifact import dictionary as edifact_dictionary
from crossdock.formats.edifact.report import InterchangeReport as EdifactInterchange
from crossdock.formats.edifact.wire.segment import Segment as EdifactSegment
from crossdock.formats.edifile.detect import Opened
from crossdock.formats.x12 import check as x12
from crossdock.formats.x12 import dictionary as x12_dictionary
from crossdock.formats.x12.tree import Set

#: Of a delta; a file of overlays has names of documents in their place.
_CHANGES = frozenset({"mandatory", "optional", "forbidden", "max", "codes", "own_codes", "lengths", "add"})


#: Of a large set that is held at once: a file of one set takes no more memory than one of many.
_PART_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was checked: a set or message, a group, an interchange, or what stands outside of them."""

    kind: Literal["set", "group", "interchange", "file"]
    interchange: str | None
    group: str | None
    set: str | None
    document: str | None  #: as 850 or ORDERS
    version: str | None  #: as 004010 or D96A
    findings: tuple[Finding, ...]
    segments: int = 0  #: of a set

    def count(self, severity: Severity) -> int:
        """How many of its findings are of that severity."""
        return sum(one.severity == severity for one in self.findings)


@dataclass(slots=True)
class Rules:
    """By which grammars documents are read: their own version or another one, as it is or with a partner's changes.

    `deltas` is by document, as 850 or ORDERS; "*" concerns all.
    """

    version: str | None = None
    deltas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    _made: dict[tuple[str, str], DocumentGrammar] = field(
        default_factory=dict[tuple[str, str], DocumentGrammar]
    )

    def of_set(self, one: Set) -> DocumentGrammar:
        """The grammar of an X12 set. Raises Invalid where there is none."""
        return self._changed(x12_dictionary.grammar(one.id, self.version or one.version))

    def of_message(self, header: EdifactSegment) -> DocumentGrammar:
        """The grammar of an EDIFACT message. Raises Invalid where there is none."""
        if self.version is None:
            return self._changed(edifact.standard(header))
        return self._changed(edifact_dictionary.grammar(header.get(2, 1), self.version))

    def _changed(self, grammar: DocumentGrammar) -> DocumentGrammar:
        delta = self.deltas.get(grammar.id, self.deltas.get("*"))
        if delta is None:
            return grammar
        key = grammar.id, grammar.version
        if key not in self._made:
            self._made[key] = overlay(grammar, delta)
        return self._made[key]

    def refuse_unknown(self, kind: str) -> None:
        """Raises Invalid when the version is none of that kind of file."""
        if self.version is None:
            return
        (x12_dictionary if kind == "x12" else edifact_dictionary).base_version(self.version)


def deltas(tree: object) -> Mapping[str, Mapping[str, Any]]:
    """A file of overlays: one delta for all documents, or one for each document by name. Raises Misconfigured."""
    if not isinstance(tree, Mapping) or not tree:
        says = "an overlay is a table of changes, or of documents with their changes"
        raise Misconfigured(says, fix='write {"850": {"mandatory": ["REF"]}}')
    found: dict[str, Any] = {str(name): value for name, value in tree.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if _CHANGES.intersection(found):
        return {"*": found}
    for name, value in found.items():
        if not isinstance(value, Mapping):
            raise Misconfigured(
                f"the overlay of {name} is no table", path=name, fix="write its changes below it"
            )
    return found


def check(file: Opened, rules: Rules | None = None, *, strict: bool = False) -> Iterator[Checked]:
    """Each set, group and interchange when it ends; nothing of it is kept, so that a file may have any size.

    `strict`: what is otherwise forgiven is an error. A file that stops being readable ends with what says so. Raises
    Invalid when nothing of it can be read, Misconfigured for an overlay that does not fit.
    """
    rules = rules or Rules()
    seen = False
    try:
        for one in _x12(file, rules) if file.format == "x12" else _edifact(file, rules):
            seen = True
            yield replace(
                one, findings=tuple(_finished(each, one, file.name, strict=strict) for each in one.findings)
            )
    except Invalid as fault:
        if not seen:
            raise
        broken = Finding(
            "edi.unreadable", fault.says, fault.fix, value=str(fault.value)[:80] if fault.value else None
        )
        yield Checked("file", None, None, None, None, None, (replace(broken, file=file.name),))


def unreadable(fault: Invalid, name: str | None) -> Finding:
    """The finding that a file cannot be read at all."""
    return Finding("edi.unreadable", fault.says, fault.fix, file=name)


def _finished(one: Finding, around: Checked, name: str | None, *, strict: bool) -> Finding:
    """A finding with its file, and with the interchange, group and set of what it was found in."""
    return replace(
        one,
        file=name,
        severity="error" if strict and one.severity == "forgiven" else one.severity,
        interchange=one.interchange or around.interchange,
        group=one.group or around.group,
        set=one.set or around.set,
        value=one.value or None,
    )


def _x12(file: Opened, rules: Rules) -> Iterator[Checked]:
    group: tuple[str | None, str | None] = None, None
    for one in x12.check(file.stream, lenient=True, grammars=rules.of_set, part_bytes=_PART_BYTES):
        if isinstance(one, x12.SetReport):
            found = one.findings
            if rules.version is not None:  # then another release was asked for
                found = [each for each in found if each.code != "x12.version"]
            yield Checked(
                "set",
                one.interchange or None,
                one.group or None,
                one.control or None,
                one.id or None,
                one.version or None,
                tuple(found),
                one.segments,
            )
        elif isinstance(one, x12.GroupReport):
            group = one.group.interchange.control or None, one.group.control or None
            yield Checked("group", *group, None, None, one.group.version or None, tuple(one.findings))
        elif isinstance(one, x12.InterchangeReport):
            control = one.interchange.control or None
            yield Checked("interchange", control, None, None, None, None, tuple(one.findings))
        else:
            yield Checked("file", one.interchange, None, None, None, None, (one,))


def _edifact(file: Opened, rules: Rules) -> Iterator[Checked]:
    for one in edifact.check(file.stream, file=file.name, grammar_of=rules.of_message):
        if isinstance(one, EdifactInterchange):
            yield Checked("interchange", one.reference or None, None, None, None, None, one.findings)
        else:
            group = one.group.get(5) or None if one.group else None
            yield Checked(
                "set",
                one.interchange or None,
                group,
                one.reference or None,
                one.type or None,
                one.version or None,
                one.findings,
                one.segments,
            )
