"""Interchanges for tests: a small order in any delimiters, and what a reading of it gives."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable

from crossdock.formats.edi.finding import Finding
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.x12.read import read
from crossdock.formats.x12.tree import Group, Interchange, Row, Set
from crossdock.formats.x12.write import Heading, add_group, add_set, interchange

WHEN = datetime.datetime(2026, 3, 14, 12, 30)

ORDER = (
    "BEG*00*SA*PO-1001**20260314",
    "REF*DP*038",
    "N1*ST*Midtown Store*92*0042",
    "N3*1 Main Street",
    "N4*Springfield*IL*62701*US",
    "PO1*1*12*EA*9.95**UP*012345678905",
    "PID*F****Blue mug",
    "PO1*2*6*EA*4.5**UP*012345678912",
    "CTT*2",
)


def isa(control: int = 7, *, version: str = "00401", eleventh: str = "U", component: str = ">") -> str:
    """An ISA segment without its terminator."""
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'ACME':15}*01*{'123456789':15}*260314*1230*"
        f"{eleventh}*{version}*{control:09}*0*P*{component}"
    )


def order(control: str = "0001", body: Iterable[str] = ORDER, *, count: int | None = None) -> list[str]:
    """The segments of one 850."""
    body = list(body)
    return [f"ST*850*{control}", *body, f"SE*{len(body) + 2 if count is None else count}*{control}"]


def letter(
    sets: Iterable[list[str]] = (),
    *,
    end: str = "~",
    control: int = 7,
    element: str = "*",
    component: str = ">",
) -> bytes:
    """A whole interchange with one group of orders."""
    every = list(sets) or [order()]
    lines = [
        isa(control, component="\0"),
        f"GS*PO*ACME*123456789*20260314*1230*{control}*X*004010",
        *[line for one in every for line in one],
        f"GE*{len(every)}*{control}",
        f"IEA*1*{control:09}",
    ]
    text = "".join(line.replace("*", element) + end for line in lines)
    return text.replace("\0", component).encode()


def interchanges(data: bytes, *, lenient: bool = True) -> list[Interchange]:
    """Every interchange of some bytes, read as a stream."""
    return list(read(io.BytesIO(data), lenient=lenient))


def sets(data: bytes, *, lenient: bool = True) -> list[Set]:
    """Every set of some bytes."""
    return [
        one for each in interchanges(data, lenient=lenient) for group in each.groups for one in group.sets
    ]


def findings(data: bytes, *, lenient: bool = True) -> list[Finding]:
    """Every finding of the envelopes of some bytes."""
    found: list[Finding] = []
    for each in interchanges(data, lenient=lenient):
        found.extend(each.findings)
        for group in each.groups:
            found.extend(group.findings)
            for one in group.sets:
                found.extend(one.findings)
    return found


def codes(data: bytes, *, lenient: bool = True) -> list[str]:
    """The codes of every finding of the envelopes."""
    return [one.code for one in findings(data, lenient=lenient)]


def group_of(family: str = "PO", version: str = "004010") -> Group:
    """An empty group in an empty interchange."""
    envelope = "00501" if version >= "005010" else "00401"
    whole = interchange(Heading(("ZZ", "ACME"), ("01", "123456789"), 7, WHEN, version=envelope))
    return add_group(whole, family, 7, version, WHEN)


def set_of(grammar: DocumentGrammar, rows: Iterable[Row], control: int = 1) -> Set:
    """A set of a grammar, alone in its group."""
    return add_set(group_of(grammar.family, grammar.version), grammar.id, control, list(rows))
