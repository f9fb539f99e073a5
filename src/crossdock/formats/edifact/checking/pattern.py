"""The pattern of a segment: one regular expression that takes it as written only when nothing is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from crossdock.formats.edi.grammar import Composite, Element, Segment, Use
from crossdock.formats.edifact.wire.syntax import Delimiters

PATTERNS_MAX = 1024  #: segments whose patterns are kept; the oldest goes first

#: Takes the text of a segment; None where it may be wrong.
Accept = Callable[[str], object]

_kept: dict[int, tuple[Segment, dict[tuple[Delimiters, bool], Accept]]] = {}


def accept(segment: Segment, delimiters: Delimiters, *, released: bool = False) -> Accept:
    """What accepts a segment in these service characters; `released`: slower, for one with released characters."""
    # by identity, since hashing a segment reads all of it; the segment is kept with it, so the identity holds
    made = _kept.get(id(segment))
    if made is None:
        made = _kept[id(segment)] = (segment, {})
        while len(_kept) > PATTERNS_MAX:
            del _kept[next(iter(_kept))]
    found = made[1].get((delimiters, released))
    if found is None:
        signs = _signs(delimiters, released=released)
        found = made[1][delimiters, released] = re.compile(_segment(segment, delimiters, signs)).fullmatch
    return found


def _signs(delimiters: Delimiters, *, released: bool) -> str:
    """One character of a value."""
    plain = f"[^{re.escape(delimiters.special)}]"
    return (
        rf"(?:{plain}|{re.escape(delimiters.release)}.)" if released and delimiters.release != " " else plain
    )


def _segment(segment: Segment, delimiters: Delimiters, signs: str) -> str:
    if segment.relations:
        return "(?!)"  # rules between positions are for the slow way
    separator = re.escape(delimiters.element)
    uses = _sequence(segment.uses, separator, delimiters, signs, led=True)
    return f"{re.escape(segment.id)}{uses}(?<!{separator})"


def _sequence(uses: Sequence[Use], separator: str, delimiters: Delimiters, signs: str, *, led: bool) -> str:
    """The uses one after the other; `led`: a separator stands before the first as well."""
    text = ""
    must = False
    for index in range(len(uses) - 1, -1, -1):
        use = uses[index]
        must = must or use.usage == "M"
        sign = separator if led or index else ""
        part = _use(use, delimiters, signs)
        part = f"{sign}{part if use.usage == 'M' else f'(?:{part})?'}{text}"
        text = part if must else f"(?:{part})?"
    return text


def _use(use: Use, delimiters: Delimiters, signs: str) -> str:
    if use.usage == "N":
        return ""
    if isinstance(use.what, Composite):
        component = re.escape(delimiters.component)
        parts = _sequence(use.what.parts, component, delimiters, signs, led=False)
        # not empty, and no separator behind its last component
        part = f"(?![{re.escape(delimiters.element)}]|$){parts}(?<!{component})"
    else:
        part = _element(use.what, use.codes or use.what.codes, signs)
    if use.repeat > 1 and delimiters.repetition != " ":
        part = f"{part}(?:{re.escape(delimiters.repetition)}{part}){{0,{use.repeat - 1}}}"
    return part


def _element(element: Element, codes: frozenset[str] | None, signs: str) -> str:
    low, high = element.min, element.max
    if codes is not None:
        return _any_of(code for code in codes if low <= len(code) <= high)
    if element.type == "n":
        # the sign and the decimal mark are not counted; digits stand on both sides of the mark
        return (
            rf"-?(?:\d{{{low},{high}}}(?![\d.,])|(?![\d.,]{{{high + 2}}})(?=[\d.,]{{{low + 1}}})\d+[.,]\d+)"
        )
    digits = r"(?!\d)" if element.type == "a" else ""
    return f"(?:{digits}{signs}){{{low},{high}}}" if digits else f"{signs}{{{low},{high}}}"


def _any_of(codes: Iterable[str]) -> str:
    """The codes as alternatives, beginnings and ends joined, so that few of them have to be tried."""
    heads: dict[str, list[str]] = {}
    ends = False
    for code in codes:
        if code:
            heads.setdefault(code[0], []).append(code[1:])
        else:
            ends = True
    if not heads:
        return ""
    tails: dict[str, str] = {}
    for head, rest in heads.items():
        tail = _any_of(rest)
        tails[tail] = tails.get(tail, "") + head
    ways = [f"[{re.escape(''.join(sorted(head)))}]{tail}" for tail, head in tails.items()]
    text = "|".join(sorted(ways, key=len))
    return f"(?:{text}){'?' if ends else ''}"
