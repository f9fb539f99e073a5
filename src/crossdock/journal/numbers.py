"""Bodies whose control numbers are given in the commit that stores them, and the receipts that are owed for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crossdock.journal.chain import crc, digest
from crossdock.message.records import Entry, Transmission

#: Where a receipt stands.
WAITING, ACCEPTED, WITH_ERRORS, REJECTED, OVERDUE, SUPERSEDED = 1, 2, 3, 4, 5, 6
#: The same in words.
STANDINGS = {
    1: "waiting", 2: "accepted", 3: "accepted_with_errors", 4: "rejected", 5: "overdue", 6: "superseded",
}  # fmt: skip
#: Sequences of this name never begin again: what they number is in the world for good.
ONCE = "once/"
#: Under these names an entry tells which numbers it gave, and for which transmission and round a receipt is owed.
NUMBERS, OWES = "numbers", "owes"
#: And under this one that a person let numbers be given once more: the first and the last of them.
AGAIN = "again"
#: One statement and its values.
Write = tuple[str, tuple[Any, ...]]


class Numbering(Protocol):
    """A number that stands at marks of a body."""

    @property
    def sequence(self) -> str: ...
    @property
    def marks(self) -> tuple[tuple[bytes, Callable[[int], bytes]], ...]: ...
    @property
    def most(self) -> int: ...


class Owing(Protocol):
    """A receipt that a target owes us."""

    @property
    def within_s(self) -> float: ...
    @property
    def says(self) -> str: ...


@dataclass(slots=True)
class Late:
    """A body with marks; each commit that is tried gives it numbers of its own, and only one is ever durable."""

    id: int
    salt: bytes
    body: bytes
    numbers: Sequence[Numbering]
    entry: Entry
    told: Callable[[bytes], None]  #: hears the body as it is stored, before the commit
    pack: Callable[[bytes], tuple[int, bytes]]
    owed: Owing | None = None
    transmission: Transmission | None = None
    at_ms: int = 0

    def numbered(
        self, scope: int, given: Sequence[int], last: Mapping[str, int]
    ) -> tuple[Write, list[Write]]:
        """What to write once the numbers are known: the payload, and the rows that cite the entry.

        `last` holds the last number of each sequence in this transaction: whoever got it writes it down.
        """
        body = self.body
        for numbering, number in zip(self.numbers, given, strict=True):
            for mark, form in numbering.marks:
                body = body.replace(mark, form(number))
        self.entry.digest = digest(self.salt, body)
        self.told(body)
        codec, data = self.pack(body)
        detail: dict[str, Any] = {NUMBERS: runs(self.numbers, given)}
        rows: list[Write] = [
            ("upsert_number", (scope, one.sequence, number, one.most))
            for one, number in zip(self.numbers, given, strict=True)
            if number == last[one.sequence]
        ]
        if self.owed is not None and self.transmission is not None and given:
            detail[OWES] = [[self.transmission.id, self.transmission.round]]
            rows.append(("insert_receipt", self._receipt(scope, given)))
        self.entry.detail = json.dumps(detail, sort_keys=True)
        return ("insert_payload", (self.id, self.salt, codec, len(body), data, crc(data))), rows

    def _receipt(self, scope: int, given: Sequence[int]) -> tuple[Any, ...]:
        t, owed = self.transmission, self.owed
        assert t is not None
        assert owed is not None
        due_ms = self.at_ms + int(owed.within_s * 1000)
        group = given[1] if len(given) > 1 else 0
        return (
            t.id, t.round, scope, t.target, given[0], group, t.document, t.number, t.root, t.partition, owed.says,
            self.at_ms, due_ms,
        )  # fmt: skip


def begins_again(sequence: str) -> bool:
    """Whether a sequence starts anew behind its last number; the others are used up then."""
    return not sequence.startswith(ONCE)


def after(sequence: str, value: int, most: int) -> int:
    """The number that follows in a sequence."""
    return 1 if value >= most and begins_again(sequence) else value + 1


def runs(numbers: Sequence[Numbering], given: Sequence[int]) -> Mapping[str, list[int]]:
    """The numbers by sequence, as the first and last of each run that has no gap."""
    found: dict[str, list[int]] = {}
    for numbering, number in zip(numbers, given, strict=True):
        run = found.setdefault(numbering.sequence, [])
        if run and run[-1] == number - 1:
            run[-1] = number
        else:
            run += [number, number]
    return found


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is owed for one transmission in one round, and what has come. Times are milliseconds since 1970.

    A clock of ours is kept in the same way: then `transmission` is the message that it is counted from, `round` the
    place of the deadline in the profile, `document` what must be done, and `control` and `group` are below 0: the
    object that it is about, and the one that it is counted from.
    """

    system: str
    control: int
    group: int
    transmission: int
    round: int
    document: str
    number: str
    root: int
    partition: int
    says: str
    sent_ms: int
    due_ms: int
    state: int
