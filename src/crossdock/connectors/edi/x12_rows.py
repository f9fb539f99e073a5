"""X12 segments as the readers of sets look at them: loops, parties, dates, words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossdock.connectors.edi.words import (
    Ids,
    Words,
    moment,
    without_nothing,
)
from crossdock.kit.connector import Tree


class Row(list[str]):
    """The elements of one segment, the id first; one that is not there is empty."""

    def at(self, position: int) -> str:
        """The element at a position from 1."""
        return self[position] if position < len(self) else ""

    def ids(self, begin: int, end: int = 30) -> Ids:
        """Pairs of qualifier and number from a position on."""
        return [(self.at(at), self.at(at + 1)) for at in range(begin, min(end, len(self)), 2) if self.at(at)]


Rows = Sequence[Row]
#: A document with its kind, its number at the partner and whether its number must be new.
Made = tuple[str, Tree, str, bool | None]


def loops(rows: Rows, opener: str, stop: Sequence[str] = ()) -> Iterator[Rows]:
    """The rows of each loop that a segment opens, up to the next one or to a segment that ends them."""
    begin: int | None = None
    for index, row in enumerate(rows):
        if row[0] == opener or (begin is not None and row[0] in stop):
            if begin is not None:
                yield rows[begin:index]
            begin = index if row[0] == opener else None
    if begin is not None:
        yield rows[begin:]


def header(rows: Rows, *openers: str) -> Rows:
    """What stands before the first segment of these."""
    for index, row in enumerate(rows):
        if row[0] in openers:
            return rows[:index]
    return rows


#: Where each set holds the number of its document: segment, and elements, the best first.
_NUMBERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "850": ("BEG", (3,)), "860": ("BCH", (3,)), "940": ("W05", (2,)), "943": ("W06", (2, 4)),
    "944": ("W17", (3,)), "945": ("W06", (4, 2)), "846": ("BIA", (3,)), "947": ("W15", (2, 3)),
}  # fmt: skip
NUMBER_CHARS_MAX = 50


def number_of(set_id: str, rows: Rows) -> str:
    """What a document is called in a set that may be wrong; "" where it does not say."""
    segment, elements = _NUMBERS.get(set_id, ("", ()))
    head = next((row for row in rows if row[0] == segment), None)
    found = next((head.at(at) for at in elements if head.at(at)), "") if head is not None else ""
    return found if found.isprintable() and len(found) <= NUMBER_CHARS_MAX else ""


def value(rows: Rows, id_: str, qualifier: str, at: int = 2) -> str:
    """The element of the first segment with a qualifier in its first."""
    return next((row.at(at) for row in rows if row[0] == id_ and row.at(1) == qualifier), "")


def lot_of(ids: Ids) -> str:
    """The lot that stands among the numbers of an item."""
    return next((number for qualifier, number in ids if qualifier == "LT"), "")


def parties(rows: Rows) -> dict[str, Tree]:
    """Each N1 loop by its entity code, as an address with `id` and `scheme`."""
    found: dict[str, Tree] = {}
    for loop in loops(
        rows, "N1", ("PO1", "POC", "LX", "W04", "W07", "W19", "LIN", "N9", "G61", "G62", "NTE", "W66")
    ):
        one, lines = loop[0], list[str]()
        party: Tree = {"name": one.at(2), "scheme": one.at(3), "id": one.at(4)}
        for row in loop[1:]:
            if row[0] == "N2":
                party["company"] = row.at(1)
            elif row[0] == "N3":
                lines += [part for part in row[1:3] if part]
            elif row[0] == "N4":
                party |= {"city": row.at(1), "region": row.at(2), "postcode": row.at(3), "country": row.at(4)}
            elif row[0] == "PER":
                for kind, at in ((row.at(3), 4), (row.at(5), 6), (row.at(7), 8)):
                    if kind in ("TE", "EM"):
                        party["phone" if kind == "TE" else "email"] = row.at(at)
        party["street"], party["street2"] = (*lines, "", "")[:2]
        found.setdefault(one.at(1), party)
    return found


def address(party: Tree | None) -> Tree | None:
    """A party as an address; None when there is none."""
    if party is None:
        return None
    made = {name: item for name, item in party.items() if name not in ("id", "scheme")}
    country = made.get("country", "")
    made["country"] = {"USA": "US", "CAN": "CA"}.get(country, country) or ("US" if made.get("region") else "")
    if party["scheme"] == "UL" and len(party["id"]) == 13:
        made["gln"] = party["id"]
    return without_nothing(made)


def reference(party: Tree | None) -> Tree | None:
    """A party as another document names it."""
    if party is None:
        return None
    return without_nothing({name: party.get(name) for name in ("id", "name", "phone", "email")})


def notes(rows: Rows) -> str:
    """Words for people, one line for each segment."""
    texts = [row.at(1) if row[0] == "MSG" else row.at(2) for row in rows if row[0] in ("MSG", "NTE", "MTX")]
    return "\n".join(text for text in texts if text)


def dtm(rows: Rows, words: Words, *qualifiers: str) -> str:
    """The first DTM of some qualifiers, the best first; "" for none."""
    for qualifier in qualifiers:
        for row in rows:
            if row[0] == "DTM" and row.at(1) == qualifier and row.at(2):
                return moment(row.at(2), row.at(3), zoned=words.zoned)
    return ""


def dated(rows: Rows, words: Words, *qualifiers: str) -> str:
    """The first G62 of some qualifiers, the best first; "" for none."""
    for qualifier in qualifiers:
        for row in rows:
            if row[0] == "G62" and row.at(1) == qualifier and row.at(2):
                return moment(row.at(2), row.at(4), zoned=words.zoned)
    return ""
