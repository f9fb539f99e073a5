"""What a recording target saw: one entry for each request that arrived, readable while it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Outcomes after which the sender cannot know whether the target applied the order.
UNCLEAR = frozenset({"blank", "vanished-500", "vanished-302", "vanished-drop", "vanished-timeout"})
#: Outcomes that say for certain that nothing was applied.
REFUSALS = frozenset({"busy", "throttled", "rejected"})


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request at the target; `at_s` is the machine's monotonic clock."""

    at_s: float
    number: str
    key: str
    attempt: str
    outcome: str  #: done, repeated, busy, throttled, rejected, blank, vanished-…
    applied: bool  #: this arrival had an effect
    body: bytes
    port: int = 0  #: the sender's own, by which its process can be found


def entry(arrival: Arrival) -> bytes:
    """One line of facts, then the body, then a line end."""
    facts = (
        f"{arrival.at_s:.6f}", arrival.number, arrival.key, arrival.attempt, arrival.outcome,
        "1" if arrival.applied else "0", str(arrival.port), str(len(arrival.body)),
    )  # fmt: skip
    return "\t".join(facts).encode() + b"\n" + arrival.body + b"\n"


class Applied:
    """The orders that had an effect, read on from where the last look ended; the record must be flushed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0
        self._numbers: set[str] = set()

    def look(self) -> set[str]:
        """Their numbers by now."""
        for arrival in read_arrivals(self._file, self._offset):
            if arrival.applied:
                self._numbers.add(arrival.number)
            self._offset += len(entry(arrival))
        return self._numbers


def read_arrivals(file: Path, offset: int = 0) -> Iterator[Arrival]:
    """All entries of a record file in order of arrival, from an offset on."""
    with file.open("rb") as record:
        record.seek(offset)
        while facts := record.readline():
            at_s, number, key, attempt, outcome, applied, port, length = facts[:-1].decode().split("\t")
            body = record.read(int(length))
            assert record.read(1) == b"\n", "the record is torn"
            yield Arrival(float(at_s), number, key, attempt, outcome, applied == "1", body, int(port))
