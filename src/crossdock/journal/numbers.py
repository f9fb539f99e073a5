"""Bodies whose control numbers are given in the commit that stores them, and the receipts that are owed for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crossdock.journal.chain import crc, digest
from crossdock.message.records import Entry, Transmission


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

    def rows(self, scope: int, given: Sequence[int]) -> list[tuple[str, tuple[Any, ...]]]:
        """The rows to write once the numbers are known: the payload, and the receipt that is owed."""
        body = self.body
        for numbering, number in zip(self.numbers, given, strict=True):
            for mark, form in numbering.marks:
                body = body.replace(mark, form(number))
        self.entry.digest = digest(self.salt, body)
        self.told(body)
        codec, data = self.pack(body)
        rows: list[tuple[str, tuple[Any, ...]]] = [
            ("insert_payload", (self.id, self.salt, codec, len(body), data, crc(data)))
        ]
        t = self.transmission
        if self.owed is not None and t is not None and given:
            due_ms = self.at_ms + int(self.owed.within_s * 1000)
            group = given[1] if len(given) > 1 else 0
            rows.append((
                "insert_receipt",
                (scope, t.target, given[0], group, t.id, t.document, t.number, t.root, t.partition, self.owed.says,
                 self.at_ms, due_ms, WAITING),
            ))  # fmt: skip
        return rows


#: Where a receipt stands.
WAITING, ACCEPTED, WITH_ERRORS, REJECTED, OVERDUE = 1, 2, 3, 4, 5
#: The same in words.
STANDINGS = {1: "waiting", 2: "accepted", 3: "accepted_with_errors", 4: "rejected", 5: "overdue"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is owed for one transmission, and what has come. Times are milliseconds since 1970."""

    system: str
    control: int
    group: int
    transmission: int
    document: str
    number: str
    root: int
    partition: int
    says: str
    sent_ms: int
    due_ms: int
    state: int
