"""Numbers never given before, from blocks of the database's sequence."""

from __future__ import annotations

from collections.abc import Callable

#: Numbers that one value of the sequence stands for.
ID_BLOCK = 4_096


class Ids:
    """Ascending within a process; no two processes give the same."""

    def __init__(self, draw: Callable[[], int], size: int = ID_BLOCK) -> None:
        """`draw` gives the first number of a fresh block, when there is no time to ask for one with a commit."""
        self._draw = draw
        self._size = size  #: of a block
        self._next = self._end = 0
        self._floor = -1
        self._since = 0  #: where the numbers begin that were given from this block since the mark
        self._before: list[range] = []  #: those given since the mark from blocks before it
        self.era = 0  #: blocks that were asked for in an earlier one are too old

    def beyond(self, number: int) -> None:
        """Every number from now on is greater than one that another process has given."""
        self._floor = max(self._floor, number)

    def next(self) -> int:
        """The next number."""
        while self._next >= self._end or self._next <= self._floor:
            block = self._draw()
            self.era += 1  # one that a commit asked for before this, and has not got yet, is below it
            self.refill(block, self.era)
        self._next += 1
        return self._next - 1

    @property
    def low(self) -> bool:
        """Whether a fresh block should come with the next commit."""
        return self._end - self._next < self._size // 2

    def discard(self) -> None:
        """Never gives what is left of the block, nor anything of a block that was asked for before this."""
        self._end = self._next
        self.era += 1

    def refill(self, block: int, era: int) -> None:
        """Goes on with a block that was asked for in an era; what was left of the old one is never given.

        A block of an earlier era is dropped, since lanes go by these numbers: while its commit was under way a later
        block was drawn, by us, or by whoever held the work that we gained since.
        """
        if era != self.era:
            return
        if self._next > self._since:
            self._before.append(range(self._since, self._next))
        self._next = self._since = block
        self._end = block + self._size

    def mark(self) -> None:
        """Numbers given from now on are new to everybody, until the next mark."""
        self._since = self._next
        self._before.clear()

    def given_since_mark(self, number: int) -> bool:
        """Whether a number is new to everybody."""
        return self._since <= number < self._next or any(number in block for block in self._before)
