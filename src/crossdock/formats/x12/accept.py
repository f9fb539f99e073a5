"""The acceptor of a segment: one compiled expression that matches what is sound; the rest is explained elsewhere.

It reads canonical bytes: elements, components and repetitions separated by 1D, 1F and 1E, so that a definition is
compiled once, whatever delimiters an interchange has. It may refuse what is sound (a 29th of February), but accepts
nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from crossdock.formats.edi.grammar import Composite, Element, Relation, Segment, Use

ELEMENT, COMPONENT, REPETITION = b"\x1d", b"\x1f", b"\x1e"
ACCEPTORS_MAX = 4096  #: definitions kept compiled; the oldest goes first

Acceptor = Callable[[bytes], object]

_DAY = (
    r"(?:(?:0[13578]|1[02])(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)(?:0[1-9]|[12]\d|30)|02(?:0[1-9]|1\d|2[0-8]))"
)
_MINUTE = r"(?:[01]\d|2[0-3])[0-5]\d"
_REPEATS_COUNTED_MAX = 1000
_ANY_MAX = 4_000_000_000  #: the largest bound that an expression can carry

_acceptors: dict[int, tuple[Segment, Acceptor]] = {}


def acceptor(segment: Segment) -> Acceptor:
    """What gives a match for the canonical bytes of a sound segment, and None for others."""
    known = _acceptors.get(id(segment))
    if known is not None and known[0] is segment:
        return known[1]
    made = re.compile(_pattern(segment).encode("ascii"), re.DOTALL).fullmatch
    _acceptors[id(segment)] = (segment, made)
    while len(_acceptors) > ACCEPTORS_MAX:
        del _acceptors[next(iter(_acceptors))]
    return made


def _pattern(segment: Segment) -> str:
    uses, pairs = segment.uses, _neighbours(segment.relations)
    ahead = "".join(_condition(relation) for relation in segment.relations if relation not in pairs.values())
    needed = max((index for index, use in enumerate(uses) if use.usage == "M"), default=-1)
    tail = ""
    index = len(uses) - 1
    while index >= 0:
        pair = pairs.get(index)  # positions from 1: the pair (index, index + 1) ends here
        if pair and needed < index - 1:
            tail = f"(?:\x1d(?:{_use(uses[index - 1])}\x1d{_use(uses[index])}|\x1d){tail})?"
            index -= 2
            continue
        if pair:
            ahead += _condition(pair)
        one = _use(uses[index])
        if uses[index].usage == "M":
            tail = f"\x1d{one}{tail}"
        elif index < needed:
            tail = f"\x1d(?:{one})?{tail}"
        else:
            tail = f"(?:\x1d(?:{one})?{tail})?"
        index -= 1
    return f"{segment.id}(?=\x1d){ahead}{tail}(?<!\x1d)"


def _neighbours(relations: tuple[Relation, ...]) -> dict[int, Relation]:
    """Pairs of neighbouring positions by the index of the second element; each element in one of them only."""
    found: dict[int, Relation] = {}
    taken: set[int] = set()
    for relation in relations:
        first, *rest = relation.positions
        if relation.kind == "P" and rest == [first + 1] and not taken & {first, first + 1}:
            taken |= {first, first + 1}
            found[first] = relation
    return found


def _condition(relation: Relation) -> str:
    """A relation as a look ahead from behind the segment id."""

    def has(position: int) -> str:
        return f"(?:\x1d[^\x1d]*){{{position - 1}}}\x1d[^\x1d]"

    first, *rest = relation.positions
    everyone = "".join(f"(?={has(position)})" for position in relation.positions)
    if relation.kind == "R":
        return f"(?={'|'.join(has(position) for position in relation.positions)})"
    if relation.kind == "P":
        return f"(?:{everyone}|{''.join(f'(?!{has(position)})' for position in relation.positions)})"
    if relation.kind == "C":
        return f"(?:(?!{has(first)})|{everyone})"
    if relation.kind == "L":
        return f"(?:(?!{has(first)})|(?={'|'.join(has(position) for position in rest)}))"
    return "".join(
        f"(?!(?={has(one)}){has(other)})"
        for index, one in enumerate(relation.positions)
        for other in relation.positions[index + 1 :]
    )


def _use(use: Use) -> str:
    if use.usage == "N":
        return "(?!)"
    if isinstance(use.what, Composite):
        one = f"(?:{_composite(use.what)})"
    else:
        one = _element(use.what, use.codes if use.codes is not None else use.what.codes)
    if use.repeat <= 1:
        return one
    most = "*" if use.repeat > _REPEATS_COUNTED_MAX else f"{{0,{use.repeat - 1}}}"
    return f"{one}(?:\x1e{one}){most}"


def _composite(composite: Composite) -> str:
    needed = max((index for index, use in enumerate(composite.parts) if use.usage == "M"), default=-1)
    tail = ""
    for index in range(len(composite.parts) - 1, -1, -1):
        use = composite.parts[index]
        mark = "\x1f" if index else ""
        if use.usage == "M":
            tail = f"{mark}{_use(use)}{tail}"
        elif index <= needed or not index:
            tail = f"{mark}(?:{_use(use)})?{tail}"
        else:
            tail = f"(?:{mark}(?:{_use(use)})?{tail})?"
    return f"(?!\x1d){tail}(?<![\x1d\x1e\x1f])"


def _element(element: Element, codes: frozenset[str] | None) -> str:
    """The values of a simple element; those with blanks in front or other letters than ASCII are left to explain."""
    least, most = max(element.min, 1), min(max(element.max, 1), _ANY_MAX)
    if codes is not None:
        return _choice(code for code in codes if least <= len(code) <= most and code.isascii())
    kind = element.type
    if kind == "DT":
        forms = [rf"\d\d{_DAY}"] if least <= 6 <= most else []
        forms += [rf"\d{{4}}{_DAY}"] if least <= 8 <= most else []
        return f"(?:{'|'.join(reversed(forms))})" if forms else "(?!)"
    if kind == "TM":
        seconds = r"(?:[0-5]\d\d{0,2})" if most >= 8 else r"(?:[0-5]\d)" if most >= 6 else ""
        return f"{_MINUTE}{seconds}?" if seconds and least <= 4 else f"{_MINUTE}{seconds}"
    if kind == "B":
        return rf"[^\x1d]{{{least},{most}}}"
    if kind == "R":
        whole = rf"\d{{{least},{most}}}(?![\d.])"
        return rf"-?(?:{whole}|(?=[\d.]{{{least + 1},{most + 1}}}(?![\d.]))\d*\.\d*)"
    if kind.startswith("N"):
        return rf"-?\d{{{least},{most}}}"
    if kind == "ID":
        return rf"[A-Z0-9][A-Z0-9 -]{{{least - 1},{most - 1}}}(?<![ -])"
    return rf"[!-~][ -~]{{{least - 1},{most - 1}}}"


def _choice(codes: Iterable[str]) -> str:
    """An expression for some words: their first letters, then what may follow each; quick for hundreds of them."""
    follows: dict[str, set[str]] = {}
    for code in codes:
        follows.setdefault(code[:1], set()).add(code[1:])
    if not follows:
        return "(?!)"
    ends = follows.pop("", None) is not None
    by_rest: dict[frozenset[str], list[str]] = {}
    for letter, rests in follows.items():
        by_rest.setdefault(frozenset(rests), []).append(letter)
    ways: list[str] = []
    for rests, letters in by_rest.items():
        first = (
            re.escape(letters[0]) if len(letters) == 1 else f"[{''.join(map(re.escape, sorted(letters)))}]"
        )
        ways.append(first + ("" if rests == frozenset([""]) else _choice(rests)))
    whole = f"(?:{'|'.join(ways)})" if len(ways) != 1 or ends else ways[0]
    return f"{whole}?" if ends else whole
