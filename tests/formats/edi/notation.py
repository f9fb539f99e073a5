"""A short notation for grammars in tests: `BEG M1, N1 O200 { N2 O2 }`; `>1` means any number."""

from __future__ import annotations

import re

from crossdock.formats.edi.grammar import DocumentGrammar, Loop, Segment, Slot, Usage

TOKEN = re.compile(r"([A-Z][A-Z0-9]{1,2})\s+([MOCN])(>1|\d+)|([{}])")


def grammar(text: str, segments: dict[str, Segment] | None = None, *, id_: str = "000") -> DocumentGrammar:
    """The grammar that the notation spells; a segment not given has no elements."""
    known = segments or {}
    tokens = list(TOKEN.finditer(text))
    items, rest = _items(tokens, 0, known)
    assert rest == len(tokens), "a bracket too many"
    return DocumentGrammar(id=id_, version="004010", name="Document of a test", family="XX", items=items)


def _items(
    tokens: list[re.Match[str]], at: int, known: dict[str, Segment]
) -> tuple[tuple[Slot | Loop, ...], int]:
    items: list[Slot | Loop] = []
    while at < len(tokens) and tokens[at][4] != "}":
        id_, usage, count = tokens[at].group(1, 2, 3)
        most = None if count == ">1" else int(count)
        use: Usage = usage  # type: ignore[assignment]
        segment = known.get(id_, Segment(id_, id_, ()))
        at += 1
        if at < len(tokens) and tokens[at][4] == "{":
            inner, at = _items(tokens, at + 1, known)
            at += 1
            items.append(Loop(id_, use, most, (Slot(segment, "M", 1), *inner)))
        else:
            items.append(Slot(segment, use, most))
    return tuple(items), at
