"""One word heard, one table: the move that follows, or why there is none. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from crossdock.model.lifecycle.tables import MAY_COME, Move, Need
from crossdock.model.lifecycle.words import State, Told, Word


class Verdict(Word):
    """What a word means in a state."""

    MOVED = "moved"  #: it moves on
    BEHIND = "behind"  #: late or repeated: it tells nothing new
    WAITS = "waits"  #: its predecessor is still to be told
    IMPOSSIBLE = "impossible"  #: it cannot be true after what is known


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from one word: the rows that were gone, the state after them, what is missing."""

    verdict: Verdict
    after: State
    rows: tuple[Move, ...] = ()
    missing: Told | Need | None = None  #: of WAITS: the word, or the condition, that must come first


def step(
    table: Sequence[Move],
    state: State,
    told: Told,
    *,
    reported: Container[Told] = frozenset(),
    holds: Callable[[Need], bool] = lambda _: True,
) -> Step:
    """What `told` means in `state`.

    Rows between may be implied, but for words in `reported`, which are told one by one. `holds` says
    whether a need is met.
    """
    for row in table:  # most words make the very next move
        if row.before is state and row.told is told and all(map(holds, row.needs)):
            return Step(Verdict.MOVED, row.after, (row,))
    path = _path(table, state, told, lambda row: _passes(row, told, reported, holds))
    if path is not None:
        return Step(Verdict.MOVED, path[-1].after, path)
    if _is_behind(table, state, told):
        return Step(Verdict.BEHIND, state)
    longer = _path(table, state, told, lambda _: True)
    missing = _lack(longer, told, reported, holds) if longer else None
    if missing is None or (isinstance(missing, Need) and missing not in MAY_COME):
        return Step(Verdict.IMPOSSIBLE, state, missing=missing)
    return Step(Verdict.WAITS, state, missing=missing)


def _passes(row: Move, told: Told, reported: Container[Told], holds: Callable[[Need], bool]) -> bool:
    """Whether a row may be made now: its word was heard, or need not be, and its needs are met."""
    return (row.told is told or row.told not in reported) and all(holds(need) for need in row.needs)


def _path(
    table: Sequence[Move], state: State, told: Told, passes: Callable[[Move], bool]
) -> tuple[Move, ...] | None:
    """The fewest rows from a state over one that `told` makes; all before it implied."""
    open_: deque[tuple[State, tuple[Move, ...]]] = deque([(state, ())])
    seen = {state}
    while open_:
        at, rows = open_.popleft()
        for row in filter(passes, _rows(table, at)):
            if row.told is told:
                return (*rows, row)
            if row.implied and row.after not in seen:
                seen.add(row.after)
                open_.append((row.after, (*rows, row)))
    return None


def _rows(table: Sequence[Move], state: State) -> Iterator[Move]:
    return (row for row in table if row.before is state)


def _is_behind(table: Sequence[Move], state: State, told: Told) -> bool:
    """Whether the state lies at or after what the word would make of it."""
    open_ = [row.after for row in table if row.told is told]
    seen = set(open_)
    while open_:
        at = open_.pop()
        if at is state:
            return True
        for row in _rows(table, at):
            if row.after not in seen:
                seen.add(row.after)
                open_.append(row.after)
    return False


def _lack(
    path: Sequence[Move], told: Told, reported: Container[Told], holds: Callable[[Need], bool]
) -> Told | Need:
    """The first thing on a path that is not so yet."""
    for row in path:
        if row.told is not told and row.told in reported:
            return row.told
        for need in row.needs:
            if not holds(need):
                return need
    raise AssertionError("a path that lacks nothing is gone")
