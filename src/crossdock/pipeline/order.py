"""Whose capture is decided next: systems take turns, and so do a system's levels and its other documents."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from crossdock.charter.charter import Charter
from crossdock.journal.contract import DUE_LEAST
from crossdock.message.records import Capture
from crossdock.message.turns import Rounds

#: What no other document waits for: such levels may come by the thousand, and do not hold up their own system's orders.
LEVELS = frozenset({"inventory_balance", "price", "stock_level"})
#: A body of so many bytes counts as one more turn.
_TURN_BYTES = 16_384


PARTS = ("documents", "levels")
_ALL = -1  #: every partition
#: A capture of which only its place is known: its number, partition, system and kind.
Place = tuple[int, int, str, str]


def part_of(charter: Charter, system: str, document: str) -> str:
    """The part of a system's documents that keep their order among each other.

    Levels are apart, unless the charter names their ordering key: documents of other kinds may share it.
    """
    known = charter.systems.get(system)
    flow = known.flow_in(document) if known and document in LEVELS else None
    return PARTS[document in LEVELS and not (flow and flow.order_by)]


def unbroken(places: Iterable[Place], each: int, part: Callable[[str, str], str]) -> list[Place]:
    """Those behind which nothing older is missing, in order of arrival.

    Where more of one kind may wait than was read, what came later of other kinds waits for it: in its
    partition when only so many of each were read, everywhere when `each` of the kind were.
    """
    found = sorted(places)
    everywhere = defaultdict[tuple[str, str], list[int]](list)
    within = defaultdict[tuple[str, str, int], list[int]](list)
    for id_, partition, system, document in found:
        everywhere[system, document].append(id_)
        within[system, document, partition].append(id_)
    cut = [
        (system, document, _ALL, ids[-1])
        for (system, document), ids in everywhere.items()
        if len(ids) >= each
    ]
    cut += [(*where, ids[-1]) for where, ids in within.items() if len(ids) >= DUE_LEAST]
    upto = dict[tuple[str, str, int], int]()
    for system, document, partition, last in cut:
        where = (system, part(system, document), partition)
        upto[where] = min(upto.get(where, last), last)

    def whole(place: Place) -> bool:
        id_, partition, system, document = place
        of = part(system, document)
        return all(id_ <= upto.get((system, of, where), id_) for where in (partition, _ALL))

    return [place for place in found if whole(place)]


def cost_of(capture: Capture) -> float:
    """How many turns of its system a capture counts for."""
    return 1.0 + len(capture.body or b"") / _TURN_BYTES


@dataclass(slots=True, eq=False)
class Stream:
    """The captures of one kind from one system, in order of arrival."""

    system: str
    document: str
    part: str = PARTS[0]
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
        self._only: Stream | None = None  #: while there is but one, it always has its turn

    def join(self, stream: Stream) -> None:
        """Its system and its part have turns from now on."""
        system, part = stream.system, stream.part
        self._systems.join(system)
        self._parts.setdefault(system, Rounds()).join(part)
        self._only = None if self._streams else stream
        self._streams.setdefault((system, part), []).append(stream)

    def pick(self, has: Callable[[Stream], bool]) -> Stream | None:
        """The first of the part whose turn it is, of the system whose turn it is."""
        if self._only is not None:
            return self._only if has(self._only) else None
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
        if self._only is None:
            self._systems.charge(stream.system, cost)
