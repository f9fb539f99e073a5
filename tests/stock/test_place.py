"""Where stock is taken from: sites in their order, lots by their last day."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from crossdock.stock.lots import Lot, first_expired_first_out, is_good
from crossdock.stock.place import Lack, Pick, Want, place

TODAY = date(2026, 11, 22)


def test_the_first_site_that_has_all_of_it_gives_all_of_it() -> None:
    wants = [Want("1", "A", 2), Want("2", "B", 1)]
    free = {("AMS", "A"): 9, ("A", "AMS"): 2, ("A", "RTM"): 5, ("B", "RTM"): 1}
    assert place(wants, free, ["AMS", "RTM"], split=False) == [
        Pick("1", "A", "RTM", 2),
        Pick("2", "B", "RTM", 1),
    ]


def test_two_lines_of_one_item_do_not_take_the_same_piece() -> None:
    wants = [Want("1", "A", 2), Want("2", "A", 2)]
    assert place(wants, {("A", "AMS"): 3}, ["AMS"], split=True) == [Lack("A", 4, 3)]


def test_only_where_it_is_allowed_an_order_comes_from_several_sites() -> None:
    free = {("A", "AMS"): 2, ("A", "RTM"): 2}
    wants = [Want("1", "A", 3)]
    assert place(wants, free, ["AMS", "RTM"], split=True) == [
        Pick("1", "A", "AMS", 2),
        Pick("1", "A", "RTM", 1),
    ]
    assert place(wants, free, ["AMS", "RTM"], split=False) == [Lack("A", 3, 2)]


def test_a_line_that_names_its_site_gets_it_before_those_that_do_not_mind() -> None:
    free = {("A", "AMS"): 2, ("A", "RTM"): 2}
    wants = [Want("1", "A", 2), Want("2", "A", 2, site="AMS")]
    found = place(wants, free, ["AMS", "RTM"], split=True)
    assert sorted(found, key=str) == [Pick("1", "A", "RTM", 2), Pick("2", "A", "AMS", 2)]
    assert place([Want("1", "A", 1, site="XXX")], free, ["AMS"], split=True) == [Lack("A", 1, 0)]


_ASKED = st.tuples(st.sampled_from("AB"), st.integers(1, 9), st.sampled_from([None, "X", "Y"]))


@given(
    st.lists(_ASKED, min_size=1, max_size=5),
    st.dictionaries(st.tuples(st.sampled_from("AB"), st.sampled_from("XYZ")), st.integers(-3, 15)),
    st.booleans(),
)  # fmt: skip
def test_never_more_is_taken_than_is_there_and_never_less_than_was_wanted(
    asked: list[tuple[str, int, str | None]], free: dict[tuple[str, str], int], split: bool
) -> None:
    wants = [Want(str(n), sku, amount, site) for n, (sku, amount, site) in enumerate(asked)]
    found = place(wants, free, ["X", "Y", "Z"], split=split)
    picks = [one for one in found if isinstance(one, Pick)]
    if not picks:
        assert found
        return
    for key, there in free.items():
        assert sum(p.amount for p in picks if (p.sku, p.site) == key) <= max(there, 0)
    for want in wants:
        mine = [p for p in picks if p.line == want.line]
        assert sum(p.amount for p in mine) == want.amount
        assert all(want.site in {None, p.site} for p in mine)
    if not split:
        assert len({p.site for p in picks}) == 1


def test_the_lot_that_expires_first_goes_first_and_one_too_old_never() -> None:
    old, soon, later, undated = (
        Lot("L0", 5, date(2026, 11, 21)), Lot("L9", 2, date(2026, 12, 1)), Lot("L1", 4, date(2027, 1, 1)), Lot("LX", 9),
    )  # fmt: skip
    lots = [undated, later, old, soon]
    assert first_expired_first_out(lots, 5, TODAY) == [(soon, 2), (later, 3)]
    assert first_expired_first_out(lots, 8, TODAY) == [(soon, 2), (later, 4), (undated, 2)]
    assert first_expired_first_out(lots, 16, TODAY) is None
    assert first_expired_first_out(lots, 5, TODAY, left_days=15) == [(later, 4), (undated, 1)]
    assert is_good(TODAY, TODAY)
    assert not is_good(TODAY, TODAY, 1)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 31))), max_size=8),
    st.integers(1, 30),
    st.integers(0, 20),
)  # fmt: skip
def test_no_good_lot_stays_while_one_that_expires_later_is_taken(
    found: list[tuple[int, date | None]], amount: int, left_days: int
) -> None:
    lots = [Lot(f"L{n}", some, day) for n, (some, day) in enumerate(found)]
    taken = first_expired_first_out(lots, amount, TODAY, left_days=left_days)
    good = [lot for lot in lots if is_good(lot.expires_on, TODAY, left_days)]
    if taken is None:
        assert sum(lot.amount for lot in good) < amount
        return
    assert sum(some for _, some in taken) == amount
    assert all(lot in good and 0 < some <= lot.amount for lot, some in taken)
    left = {
        lot.name: lot.amount - sum(some for other, some in taken if other.name == lot.name) for lot in good
    }
    last = max(lot.expires_on or date.max for lot, _ in taken)
    assert all(left[lot.name] == 0 for lot in good if (lot.expires_on or date.max) < last)
