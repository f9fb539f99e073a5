"""Numbers of one process: lanes go by them, so a later one is never below an earlier one, whatever is under way."""

from __future__ import annotations

import itertools

from crossdock.journal.postgresql.ids import ID_BLOCK, Ids


class Sequence:
    """The sequence of the database, which several processes draw from."""

    def __init__(self) -> None:
        self._blocks = itertools.count(1, ID_BLOCK)

    def draw(self) -> int:
        return next(self._blocks)


def test_a_block_that_comes_back_after_a_later_one_was_drawn_is_not_used():
    sequence = Sequence()
    ids = Ids(sequence.draw)
    assert ids.low
    era, under_way = ids.era, sequence.draw()  # a commit asks for a block, and has no answer yet
    given = ids.next()
    assert given > under_way, "the control: it was drawn later"
    ids.refill(under_way, era)
    assert ids.next() == given + 1


def test_a_block_that_was_asked_for_before_work_was_gained_is_not_used():
    sequence = Sequence()
    ids = Ids(sequence.draw)
    ids.next()
    era, under_way = ids.era, sequence.draw()
    theirs = sequence.draw()  # the last block of whoever held the work until now
    ids.discard()
    ids.refill(under_way, era)
    assert ids.next() > theirs


def test_a_block_that_comes_with_a_commit_is_used_when_nothing_lies_between():
    sequence = Sequence()
    ids = Ids(sequence.draw)
    ids.next()
    era, spare = ids.era, sequence.draw()
    ids.refill(spare, era)
    assert ids.next() == spare
    assert not ids.low
