"""`crossdock edi check`: everything that is wrong with EDI files, to the element."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.edi import source
from crossdock.cli.terminal import DONE, FOUND, MISUSED, complain

if TYPE_CHECKING:
    from crossdock.formats.edi.finding import Finding
    from crossdock.formats.edifile.checked import Checked, Rules

#: Keys of a finding in JSON, all of them always there.
KEYS = (
    "file", "interchange", "group", "set", "segment_number", "segment_id", "element", "value", "code", "says",
    "fix", "severity", "position", "ack",
)  # fmt: skip
VALUE_CHARS = 60  #: of a value that is shown to people


def check(
    files: source.Files,
    version: source.Version = None,
    overlay: source.Overlay = None,
    strict: source.Strict = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Errors only: no notes, nothing forgiven.")] = False,
    json: options.Json = False,
) -> None:
    """Says everything that is wrong with EDI files: segment, element, value, and what to do.

    One bad set harms no other. Exit status 1 when there is an error; what was forgiven and notes are
    told, and leave it at 0.
    """
    source.must_be_files(files)
    rules = source.rules(version, overlay)
    told = _Json() if json else _Told(many=len(files) > 1)
    for name in files:
        for one in _checked(name, rules, strict=strict, told=told):
            told.take(one, [each for each in one.findings if not quiet or each.severity == "error"])
    told.end()
    raise typer.Exit(FOUND if told.errors else DONE)


def _checked(name: str, rules: Rules, *, strict: bool, told: _Json | _Told) -> Iterator[Checked]:
    from crossdock.faults import Invalid, Misconfigured
    from crossdock.formats.edifile.checked import Checked, check, unreadable

    told.begin(name)
    try:
        with source.opened(name) as file:
            try:
                rules.refuse_unknown(file.format)
            except Invalid as fault:
                complain(f"{fault.says}, and {source.called(name)} is {file.format.upper()}", fix=fault.fix)
                raise typer.Exit(MISUSED) from None
            yield from check(file, rules, strict=strict)
    except Misconfigured as fault:
        complain(f"the overlay does not fit: {fault}")
        raise typer.Exit(MISUSED) from None
    except Invalid as fault:
        finding = unreadable(fault, name)
        yield Checked("file", None, None, None, None, None, (finding,))


def as_tree(finding: Finding) -> dict[str, Any]:
    """A finding for programs; null where something does not apply."""
    return {key: getattr(finding, key) for key in KEYS}


class _Json:
    """A list of findings, printed while it grows."""

    def __init__(self) -> None:
        self.errors = 0
        self._begun = False

    def begin(self, name: str) -> None:
        """Another file."""

    def take(self, one: Checked, findings: list[Finding]) -> None:
        """The findings of one thing that was checked."""
        import json

        for finding in findings:
            self.errors += finding.severity == "error"
            print(
                ",\n " if self._begun else "[",
                json.dumps(as_tree(finding), ensure_ascii=True),
                sep="",
                end="",
            )
            self._begun = True

    def end(self) -> None:
        """All files were read."""
        print("]" if self._begun else "[]")


class _Told:
    """Findings for people: by interchange and set, each with where, what and the fix; a line of counts at the end."""

    def __init__(self, *, many: bool) -> None:
        self.errors = 0
        self._many = many
        self._severities: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._bad: Counter[str] = Counter()
        self._unread = 0
        self._files = 0
        self._name = ""

    def begin(self, name: str) -> None:
        """Another file."""
        self._files += 1
        self._name = source.called(name)

    def take(self, one: Checked, findings: list[Finding]) -> None:
        """The findings of one thing that was checked."""
        self._kinds[one.kind] += 1
        self._bad[one.kind] += one.count("error") > 0
        self._unread += any(each.code == "edi.unreadable" for each in findings)
        for finding in findings:
            self._severities[finding.severity] += 1
        self.errors = self._severities["error"]
        if findings:
            print(self._heading(one))
            for finding in findings:
                for line in _lines(finding):
                    print(line)
            print()

    def _heading(self, one: Checked) -> str:
        parts = [self._name] if self._many or one.kind == "file" else []
        if one.interchange:
            parts.append(f"interchange {one.interchange}")
        if one.group:
            parts.append(f"group {one.group}")
        if one.set:
            parts.append(f"set {one.set}")
        kind = f" ({one.document}{f', {one.version}' if one.version else ''})" if one.document else ""
        return (", ".join(parts) or self._name) + kind

    def end(self) -> None:
        """All files were read: the line of counts."""
        sets, interchanges = self._kinds["set"], self._kinds["interchange"]
        errors, forgiven, notes = (self._severities[kind] for kind in ("error", "forgiven", "note"))
        held = f"{_many(sets, 'set')} in {_many(interchanges, 'interchange')}"
        if self._many:
            held += f", {_many(self._files, 'file')}"
        if self._unread:
            held += f", {_many(self._unread, 'file')} unreadable"
        found = [_many(errors, "error")] if errors else ["no errors"]
        if errors and sets:
            found.append(f"in {_many(self._bad['set'], 'set')}" if self._bad["set"] else "in the envelope")
        rest = [f"{forgiven} forgiven"] if forgiven else []
        rest += [_many(notes, "note")] if notes else []
        print(f"{held}: {' '.join(found)}{''.join(f', {each}' for each in rest)}")


def _lines(finding: Finding) -> Iterator[str]:
    """One finding: where, what it holds, what is wrong; below it the fix."""
    label = "" if finding.severity == "error" else f"{finding.severity}: "
    segment = finding.segment_id or ""
    place = f"{segment}{finding.element or ''}" if segment else ""
    where = f"{finding.segment_number}" if finding.segment_number else ""
    value = f" = {_shown(finding.value)}" if finding.value else ""
    head = f"  {where:>5}  {place}{value}".rstrip()
    said = f"{label}{finding.says}"
    ack = f"  [{finding.ack}]" if finding.ack and finding.severity == "error" else ""
    if place:
        yield head
        yield f"         {said}{ack}"
    else:
        yield f"{f'  {where:>5}':<7}  {said}{ack}"
    if finding.fix:
        yield f"         → {finding.fix}"


def _shown(value: str) -> str:
    text = "".join(char if char.isprintable() else "·" for char in value)
    return text if len(text) <= VALUE_CHARS else f"{text[:VALUE_CHARS]}… ({len(text)} characters)"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
