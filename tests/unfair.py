"""The order of work without fairness, for control runs: whoever floods holds up everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from crossdock.message.turns import Turns
from crossdock.pipeline.order import Stream

T = TypeVar("T")


class OneQueue(Turns[T]):
    """Everything in the order of coming, whoever it is of."""

    def push(self, party: str, part: str, item: T) -> None:
        """Behind everything else."""
        super().push("", "", item)

    def others(self, party: str) -> bool:
        """Nobody gives way to anybody."""
        return False


class NoTurns:
    """Decides in the order of arrival, whoever has much."""

    def __init__(self) -> None:
        self._streams: list[Stream] = []

    def join(self, stream: Stream) -> None:
        """One more in the one queue."""
        self._streams.append(stream)

    def pick(self, has: Callable[[Stream], bool]) -> Stream | None:
        """The stream whose first capture came before all others."""
        filled = [stream for stream in self._streams if has(stream)]
        return min(filled, key=lambda stream: stream.fresh[0].id) if filled else None

    def charge(self, stream: Stream, cost: float) -> None:
        """Nothing counts for more."""
