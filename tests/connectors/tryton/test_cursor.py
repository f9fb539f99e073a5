"""How a poll keeps its place among changes that are written late."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crossdock.connectors.tryton.reading.cursor import SEEN_MAX, Change, Cursor, Place, earlier, stamped

NOON = datetime(2026, 11, 22, 12)
PAGE = 3


def at(seconds: float) -> str:
    return stamped(NOON + timedelta(seconds=seconds))


class Table:
    """Rows of one model: what a query shows depends on what was committed so far."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}

    def after(self, place: Place, rows_max: int) -> list[Change]:
        later = sorted((stamp, id_) for id_, stamp in self.rows.items() if (stamp, id_) > place.at)
        return later[:rows_max]


def round_of(table: Table, place: Place, now: str | None, overlap_s: int) -> tuple[Place, list[Change]]:
    """One poll, page by page: the place afterwards, and what was new."""
    new: list[Change] = []
    while True:
        page = table.after(place, PAGE)
        new += [change for change in page if place.is_new(change)]
        if len(page) < PAGE:
            return place.after_round(page, now, overlap_s), new
        place = place.after_page(page)


def test_a_change_that_is_committed_late_is_found_within_the_overlap() -> None:
    table, place = Table(), Place()
    table.rows = {1: at(0), 2: at(10)}
    place, first = round_of(table, place, at(10), 60)
    table.rows[3] = at(5)  # its transaction began before the last poll and ended after it
    _, second = round_of(table, place, at(12), 60)
    assert (first, second) == ([(at(0), 1), (at(10), 2)], [(at(5), 3)])


def test_without_an_overlap_the_late_change_is_lost() -> None:
    """The control of the test above."""
    table, place = Table(), Place()
    table.rows = {1: at(0), 2: at(10)}
    place, _ = round_of(table, place, None, 0)
    table.rows[3] = at(5)
    assert round_of(table, place, None, 0)[1] == []


def test_records_of_one_moment_are_told_apart_by_their_id() -> None:
    table, place = Table(), Place()
    table.rows = dict.fromkeys(range(1, 8), at(0))  # one transaction wrote them all
    _, found = round_of(table, place, None, 0)
    assert [id_ for _, id_ in found] == [1, 2, 3, 4, 5, 6, 7]


def test_after_the_overlap_nothing_is_read_again() -> None:
    table, place = Table(), Place()
    table.rows = {1: at(0), 2: at(10)}
    place, _ = round_of(table, place, at(10), 60)
    assert table.after(place, PAGE)  # still read, though known
    place, new = round_of(table, place, at(71), 60)
    assert new == []
    assert table.after(place, PAGE) == []
    assert place.seen == {}


def test_a_record_that_changes_again_is_new_again() -> None:
    table, place = Table(), Place()
    table.rows = {1: at(0)}
    place, _ = round_of(table, place, at(0), 60)
    table.rows[1] = at(3)
    assert round_of(table, place, at(4), 60)[1] == [(at(3), 1)]


def test_what_is_remembered_is_bounded() -> None:
    place = Place().knowing([(at(n / 1000), n) for n in range(SEEN_MAX * 2)])
    assert len(place.seen) == SEEN_MAX


def test_a_cursor_reads_as_it_was_written() -> None:
    cursor = Cursor({"stock.move": Place((at(1), 7), (at(0), 0), {"7": at(1)})}, loading=41)
    assert Cursor.read(cursor.written()) == cursor
    assert Cursor.read(Cursor(cursor.places).written()).loading is None


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 30), st.integers(0, 50)), max_size=40))
def test_every_change_is_found_once_if_no_transaction_is_slower_than_the_overlap(
    writes: list[tuple[int, int, int]],
) -> None:
    """Each write: which record, seconds after the one before, seconds that its transaction took."""
    table, place, now = Table(), Place(), 0
    found: list[Change] = []
    written: list[Change] = []
    stamps: dict[int, str] = {}
    for record, pause, took in writes:
        now += pause
        stamp = max(at(now - took), stamps.get(record, ""))  # a record is locked while it is written
        if stamp == stamps.get(record):
            continue
        table.rows[record] = stamps[record] = stamp
        written.append((stamp, record))
        place, new = round_of(table, place, at(now), 60)
        found += new
    assert sorted(found) == sorted(written)


def test_a_stamp_keeps_its_microseconds() -> None:
    assert earlier("2026-11-22T12:00:00.000007", 60) == "2026-11-22T11:59:00.000007"
