"""Who works on what: the partitions that a process holds, how long it may send, and how processes wake each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from crossdock.journal.chain import PARTITIONS

ALL = frozenset(range(PARTITIONS))


class News(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one process tells all others of a site. It only wakes: what counts is in the store."""

    partitions: tuple[int, ...] = ()  #: in these something waits to be decided
    messages: tuple[int, ...] = ()  #: messages to look at again
    lanes: tuple[tuple[str, str], ...] = ()  #: (target, ordering key) to read anew
    fixed: bool = False  #: a person added a value or a row of a crosswalk, or sent something back


class Signals(Protocol):
    """Words between the processes of a site. They may be lost or late; nothing rests on them but speed."""

    def tell(self, news: News) -> None:
        """Wakes the others, soon; never waits and never fails."""
        ...

    def listen(self, heard: Callable[[News], None]) -> None:
        """Calls for whatever another process tells."""
        ...


class Silence:
    """Nobody else is there to be told."""

    def tell(self, news: News) -> None:
        """Nobody hears it."""

    def listen(self, heard: Callable[[News], None]) -> None:
        """There is nothing to hear."""


class Holder(Protocol):
    """Who works on the partitions that a tenure gives."""

    async def gain(self, partitions: frozenset[int]) -> None:
        """Takes up what is stored in these partitions; from now on they are worked on here."""
        ...

    async def leave(self, partitions: frozenset[int]) -> None:
        """Lets go of these partitions; when it returns, nothing of them is under way here."""
        ...

    async def drop(self) -> None:
        """Everything was lost: stops at once, writes nothing, forgets all lanes."""
        ...


class Tenure(Protocol):
    """The hold of one process on partitions of a store.

    `may_send` is true only as long as no other process can have taken them over; it costs nothing and
    is asked before every send.
    """

    @property
    def shared(self) -> bool:
        """Whether other processes may work on the same store."""
        ...

    @property
    def lost(self) -> bool:
        """Whether another process has taken over what this one had, and it has not begun anew yet."""
        ...

    def may_send(self) -> bool:
        """Whether what is held is held for sure at this moment."""
        ...

    async def join(self) -> None:
        """Becomes one of the processes that may commit. Raises StoreDown."""
        ...

    async def work(self, holder: Holder) -> None:
        """Begins to hold partitions; the holder is told of each that comes and goes."""
        ...

    async def end(self) -> None:
        """Gives everything back; the holder has let go of it before."""
        ...


class Alone:
    """The only process of its store: it holds everything, for good."""

    shared = False
    lost = False

    def may_send(self) -> bool:
        """Nobody can take anything over."""
        return True

    async def join(self) -> None:
        """There is nobody to join."""

    async def work(self, holder: Holder) -> None:
        """Everything at once."""
        await holder.gain(ALL)

    async def end(self) -> None:
        """Nobody waits for it."""


class Hold:
    """The partitions that are worked on in this process now."""

    __slots__ = ("_partitions",)

    def __init__(self, partitions: Iterable[int] = ALL) -> None:
        self._partitions = frozenset(partitions)

    def has(self, partition: int) -> bool:
        """Whether a partition is worked on here."""
        return partition in self._partitions

    @property
    def partitions(self) -> frozenset[int]:
        """All of them."""
        return self._partitions

    def add(self, partitions: Iterable[int]) -> None:
        """More are worked on."""
        self._partitions |= frozenset(partitions)

    def remove(self, partitions: Iterable[int]) -> None:
        """Fewer are."""
        self._partitions -= frozenset(partitions)
