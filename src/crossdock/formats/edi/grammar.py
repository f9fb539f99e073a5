"""Grammar of one document as data: its segments and loops, their elements, and the rules between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: M mandatory, O optional, C conditional (a rule of the segment says when), N not used
Usage = Literal["M", "O", "C", "N"]


class BroadCodes(frozenset[str]):
    """Codes of an element that are not all there are: another one is worth a note, and no error."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Element:
    """One simple data element of a dictionary.

    `type` is the standard's own: X12 AN ID DT TM N0..N9 R B; EDIFACT an a n. Lengths in characters, sign and decimal
    mark of a number not counted. `codes` None: any value; otherwise the values that the dictionary knows.
    """

    id: str
    name: str
    type: str
    min: int
    max: int
    codes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite data element: components in their order."""

    id: str
    name: str
    parts: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """The use of an element or composite at one position of a segment or composite; `codes` narrows the element's."""

    what: Element | Composite
    usage: Usage
    repeat: int = 1
    codes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A rule between positions (from 1) of one segment, by the letters of X12.

    P paired: all or none. R required: at least one. E exclusion: at most one. C conditional: if the first, then all
    others. L list: if the first, then at least one of the others. EDIFACT's D1..D7 are written with the same letters.
    """

    kind: Literal["P", "R", "E", "C", "L"]
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a dictionary: the uses of its elements in order, and the rules between them."""

    id: str
    name: str
    uses: tuple[Use, ...]
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a document where one segment may stand; `max` None: any number."""

    segment: Segment
    usage: Usage
    max: int | None


@dataclass(frozen=True, slots=True)
class Loop:
    """A group of places led by its first one, which stands once in each repetition; `max` None: any number."""

    id: str
    usage: Usage
    max: int | None
    items: tuple[Slot | Loop, ...]


@dataclass(frozen=True, slots=True)
class DocumentGrammar:
    """The grammar of one transaction set or message in one version, header and trailer segments included."""

    id: str
    version: str
    name: str
    #: X12: GS01, the functional identifier; EDIFACT: the controlling agency
    family: str
    items: tuple[Slot | Loop, ...]
