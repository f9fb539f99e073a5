"""Numbers never given before, from blocks of the database's sequence."""

from __future__ import annotations

from collections.abc import Callable

#: Numbers that one value of the sequence stands for.
ID_BLOCK = 4_096


class Ids:
    """Ascending within a process; no two processes give the same."""

    def __init__(self, draw: Callable[[], int]) -> None:
        """`draw` gives the first number of a fresh block, when there is no time to ask for one with a commit."""
        self._draw = draw
        self._next = self._end = 0
        self._floor = -1
        self._since = 0  #: where the numbers begin that were given from this block since the mark
        self._before: list[range] = []  #: those given since the mark from blocks before it

    def beyond(self, number: int) -> None:
        """Every number from now on is greater than one that another process has given."""
        self._floor = max(self._floor, number)

    def next(self) -> int:
        """The next number."""
        while self._next >= self._end or self._next <= self._floor:
            self.refill(self._draw())
        self._next += 1
        return self._next - 1

    @property
    def low(self) -> bool:
        """Whether a fresh block should come with the next commit."""
        return self._end - self._next < ID_BLOCK // 2

    def discard(self) -> None:
        """Never gives what is left of the block."""
        self._end = self._next

    def refill(self, block: int) -> None:
        """Goes on with a fresh block; what was left of the old one is never given."""
        if self._next > self._since:
            self._before.append(range(self._since, self._next))
        self._next = self._since = block
        self._end = block + ID_BLOCK

    def mark(self) -> None:
        """Numbers given from now on are new to everybody, until the next mark."""
        self._since = self._next
        self._before.clear()

    def given_since_mark(self, number: int) -> bool:
        """Whether a number is new to everybody."""
        return self._since <= number < self._next or any(number in block for block in self._before)
