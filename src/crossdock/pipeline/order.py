"""Whose capture is decided next: systems take turns, and so do a system's levels and its other documents."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from crossdock.message.records import Capture
from crossdock.message.turns import Rounds

#: What no other document waits for: such levels may come by the thousand, and do not hold up their own system's orders.
LEVELS = frozenset({"inventory_balance", "price"})
#: A body of so many bytes counts as one more turn.
_TURN_BYTES = 16_384


PARTS = ("documents", "levels")


def part_of(document: str) -> str:
    """The part of a system's documents that keep their order among each other."""
    return PARTS[document in LEVELS]


def cost_of(capture: Capture) -> float:
    """How many turns of its system a capture counts for."""
    return 1.0 + len(capture.body or b"") / _TURN_BYTES


@dataclass(slots=True, eq=False)
class Stream:
    """The captures of one kind from one system, in order of arrival."""

    system: str
    document: str
    fresh: deque[Capture] = field(default_factory=deque[Capture])
    cursor: int = (
        0  #: the last that was taken into memory; everything beyond is in the store or not yet there
    )
    behind: bool = True  #: the store may hold what memory does not
    page: int = 8  #: how many are read at once; grows while they are small


class Order(Protocol):
    """Whose capture comes next. Within a part of one system it is always the one that came first."""

    def join(self, stream: Stream) -> None:
        """A stream that was not there before."""
        ...

    def pick(self, has: Callable[[Stream], bool]) -> Stream | None:
        """The stream whose first capture is next; None when none has any."""
        ...

    def charge(self, stream: Stream, cost: float) -> None:
        """A capture of the stream was taken, and counts for so many turns."""
        ...


class InTurns:
    """Systems take turns, and so do a system's levels and its other documents."""

    def __init__(self) -> None:
        self._systems: Rounds[str] = Rounds()
        self._parts: dict[str, Rounds[str]] = {}
        self._streams: dict[tuple[str, str], list[Stream]] = {}

    def join(self, stream: Stream) -> None:
        """Its system and its part have turns from now on."""
        system, part = stream.system, part_of(stream.document)
        self._systems.join(system)
        self._parts.setdefault(system, Rounds()).join(part)
        self._streams.setdefault((system, part), []).append(stream)

    def pick(self, has: Callable[[Stream], bool]) -> Stream | None:
        """The first of the part whose turn it is, of the system whose turn it is."""
        found: dict[tuple[str, str], Stream | None] = {}

        def first(system: str, part: str) -> Stream | None:
            if (system, part) not in found:
                filled = [stream for stream in self._streams.get((system, part), ()) if has(stream)]
                found[system, part] = min(filled, key=lambda s: s.fresh[0].id) if filled else None
            return found[system, part]

        system = self._systems.next(lambda name: any(first(name, part) is not None for part in PARTS))
        if system is None:
            return None
        part = self._parts[system].next(lambda part: first(system, part) is not None)
        return first(system, part) if part is not None else None

    def charge(self, stream: Stream, cost: float) -> None:
        """Large ones count for several turns of their system."""
        self._systems.charge(stream.system, cost)
