"""Quantities: exact, with a unit that cannot be mixed up."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.model import register
from crossdock.model.codes.units import UNITS
from crossdock.model.documents.item import Item, Pack
from crossdock.model.quantity import Quantity, convert
from tests.model.trees import TREES, above_nothing, exact_numbers, units

CASE = Pack(unit="CS", factor=12)
PALLET = Pack(unit="PL", factor=Decimal(480))
MEASURES = [code for code, unit in UNITS.items() if unit.dimension.value == "mass"]


@given(exact_numbers, above_nothing, above_nothing)
def test_there_and_back_through_packs_is_the_same_quantity(
    amount: int | Decimal, one: int | Decimal, other: int | Decimal
) -> None:
    packs = (Pack(unit="CS", factor=one), Pack(unit="PL", factor=other))
    cases = Quantity.of(amount, "CS")
    pallets = convert(cases, "PL", base="EA", packs=packs)
    assert pallets.unit == "PL"
    assert convert(pallets, "CS", base="EA", packs=packs) == cases
    assert convert(convert(cases, "EA", base="EA", packs=packs), "CS", base="EA", packs=packs) == cases


@given(exact_numbers, st.sampled_from(MEASURES), st.sampled_from(MEASURES))
def test_there_and_back_through_measures_is_the_same_quantity(
    amount: int | Decimal, one: str, other: str
) -> None:
    quantity = Quantity.of(amount, one)
    assert convert(convert(quantity, other, base="KG"), one, base="KG") == quantity


@given(exact_numbers, exact_numbers, units, units)
def test_two_units_cannot_be_mixed(one: int | Decimal, other: int | Decimal, unit: str, unlike: str) -> None:
    assume(unit != unlike)
    here, there = Quantity.of(one, unit), Quantity.of(other, unlike)
    for mix in (
        lambda: here + there,
        lambda: here - there,
        lambda: here < there,
        lambda: here <= there,
        lambda: sorted([here, there]),
    ):
        with pytest.raises(TypeError, match="cannot be mixed"):
            mix()
    assert here != there


def test_a_bare_number_cannot_be_added() -> None:
    bare: Any = 1
    with pytest.raises(TypeError, match="to a quantity only"):
        Quantity.of(1, "EA") + bare


@pytest.mark.parametrize("wrong", [1.5, True, "1", None])
def test_a_quantity_is_never_made_of_a_float_or_a_text(wrong: Any) -> None:
    with pytest.raises(TypeError, match="int, a Decimal or a Fraction"):
        Quantity.of(wrong, "EA")


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-Infinity"])
def test_a_quantity_is_never_infinite(wrong: str) -> None:
    with pytest.raises(Invalid, match="not a quantity"):
        Quantity.of(Decimal(wrong), "EA")


def test_three_cases_of_twelve_are_thirty_six() -> None:
    pieces = convert(Quantity.of(3, "CS"), "EA", base="EA", packs=(CASE,))
    assert (pieces.number(), pieces.unit) == (36, "EA")


def test_ten_pieces_are_no_whole_case_and_nothing_is_rounded() -> None:
    cases = convert(Quantity.of(10, "EA"), "CS", base="EA", packs=(CASE,))
    assert cases.value == Fraction(5, 6)
    with pytest.raises(Invalid, match="5/6 CS cannot be written without rounding"):
        cases.number()


def test_six_pieces_are_half_a_case() -> None:
    assert convert(Quantity.of(6, "EA"), "CS", base="EA", packs=(CASE,)).number() == Decimal("0.5")


def test_a_pound_is_exactly_what_the_treaty_says() -> None:
    assert convert(Quantity.of(1, "LB"), "KG", base="KG").number() == Decimal("0.45359237")


def test_what_the_item_declares_goes_before_the_table() -> None:
    bakers = Pack(unit="DZN", factor=13)
    assert convert(Quantity.of(1, "DZN"), "EA", base="EA", packs=(bakers,)).number() == 13
    assert convert(Quantity.of(1, "DZN"), "EA", base="EA").number() == 12


@pytest.mark.parametrize(("unit", "base"), [("PL", "EA"), ("KG", "EA"), ("furlong", "M"), ("L", "KG")])
def test_a_unit_that_the_item_does_not_explain_is_refused(unit: str, base: str) -> None:
    with pytest.raises(Invalid) as caught:
        convert(Quantity.of(1, unit), base, base=base, packs=(CASE,))
    assert (caught.value.type, caught.value.value) == ("unknown_unit", unit)


def test_an_item_converts_by_its_own_packs() -> None:
    item = register.read("item", TREES["item"])
    assert isinstance(item, Item)
    assert item.units() == {"EA", "CS", "half pallet"}
    assert item.convert(Quantity.of(2, "half pallet"), "CS").number() == 60


def test_sums_keep_the_unit() -> None:
    total = Quantity.of(Decimal("0.1"), "KG") + Quantity.of(Decimal("0.2"), "KG")
    assert total == Quantity.of(Decimal("0.3"), "KG")
    assert -total < total * 2
