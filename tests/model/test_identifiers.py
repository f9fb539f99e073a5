"""GS1 identifiers: what a scanner would refuse is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.model.codes.identifiers import GLN, GTIN, SSCC, check_digit, checked, gtin14
from tests.model.trees import gtins

# The worked examples of the GS1 General Specifications and of well-known products.
RIGHT = [
    ("96385074", GTIN),
    ("036000291452", GTIN),
    ("4006381333931", GTIN),
    ("10614141000415", GTIN),
    ("4006381333931", GLN),
    ("106141412345678908", SSCC),
    ("340123450000000000", SSCC),
]


@pytest.mark.parametrize(("code", "scheme"), RIGHT)
def test_a_right_code_passes(code: str, scheme: tuple[str, frozenset[int]]) -> None:
    assert checked(code, scheme) == code


@given(gtins, st.data())
def test_any_one_wrong_digit_is_found(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != code[place]))
    with pytest.raises(Invalid, match="check digit"):
        checked(code[:place] + other + code[place + 1 :], GTIN)


@given(gtins)
def test_the_four_lengths_of_a_gtin_compare_equal_once_widened(code: str) -> None:
    wide = gtin14(code)
    assert len(wide) == 14
    assert gtin14(wide) == wide
    assert check_digit(wide[:-1]) == int(code[-1])


@pytest.mark.parametrize(
    "wrong", ["", "123", "400638133393A", " 4006381333931", "٤006381333931", "4006381333931\n"]
)
def test_other_lengths_letters_blanks_and_foreign_digits_are_refused(wrong: str) -> None:
    with pytest.raises(Invalid, match="not a GTIN: it has 8 or 12 or 13 or 14 digits"):
        checked(wrong, GTIN)


def test_the_fault_says_which_digit_would_be_right() -> None:
    with pytest.raises(Invalid) as caught:
        checked("4006381333932", GLN, path="ship_to.gln")
    fault = caught.value
    assert (fault.says, fault.path) == ("the check digit of this GLN is wrong", "ship_to.gln")
    assert (fault.value, fault.fix) == ("4006381333932", "read it again: after 400638133393 comes 1")
