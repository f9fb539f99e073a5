"""Units of an item: exact there and back through every pack, and rounded by nobody who was not told to."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.model import register
from crossdock.model.documents.item import Item
from crossdock.model.money import Money
from crossdock.model.quantity import Quantity

FACTORS = st.one_of(st.integers(1, 10_000), st.decimals("0.001", "5000", places=3).filter(bool))
UNITS = ("EA", "IN", "CS", "PL")


def item(*factors: int | Decimal, unit: str = "EA") -> Item:
    """An item with an inner pack, a case and a pallet."""
    packs = [
        {"unit": name, "factor": factor} for name, factor in zip(("IN", "CS", "PL"), factors, strict=False)
    ]
    made = register.read("item", {"sku": "A-1", "unit": unit, "packs": packs})
    assert isinstance(made, Item)
    return made


@given(FACTORS, FACTORS, FACTORS, st.fractions(0, 10_000), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_there_and_back_is_where_it_began(
    inner: Decimal, case: Decimal, pallet: Decimal, amount: Fraction, one: str, other: str
) -> None:
    known = item(inner, case, pallet)
    there = known.convert(Quantity.of(amount, one), other)
    assert known.convert(there, one) == Quantity.of(amount, one)


@given(FACTORS, FACTORS, FACTORS, st.fractions(0, 10_000), st.permutations(UNITS))
def test_every_way_leads_to_the_same(
    inner: Decimal, case: Decimal, pallet: Decimal, amount: Fraction, way: list[str]
) -> None:
    known = item(inner, case, pallet)
    quantity = Quantity.of(amount, way[0])
    direct = known.convert(quantity, way[-1])
    for unit in way[1:]:
        quantity = known.convert(quantity, unit)
    assert quantity == direct


def test_a_case_that_is_no_whole_number_of_eaches_is_not_rounded() -> None:
    third = item(3).convert(Quantity.of(1, "EA"), "IN")
    assert third.value == Fraction(1, 3)
    with pytest.raises(Invalid, match="cannot be written without rounding"):
        third.number()


def test_a_piece_of_varying_weight_counts_and_weighs() -> None:
    """Catch weight: a cheese is one each and about 4.125 kg; the item's own pack says how many kilograms."""
    cheese = register.read(
        "item", {"sku": "C", "unit": "KG", "packs": [{"unit": "EA", "factor": Decimal("4.125")}]}
    )
    assert isinstance(cheese, Item)
    assert cheese.convert(Quantity.of(2, "EA"), "KG").number() == Decimal("8.25")
    assert cheese.convert(Quantity.of(8250, "GRM"), "EA").number() == 2


def test_a_unit_that_the_item_lacks_shows_both_sides() -> None:
    with pytest.raises(Invalid) as caught:
        item(6).convert(Quantity.of(1, "PL"), "EA")
    assert caught.value.type == "unknown_unit"
    assert "EA" in str(caught.value)
    assert "PL" in str(caught.value)


@given(st.decimals("-9999", "9999", places=4))
def test_money_is_rounded_half_up_at_the_coin_and_only_when_asked(amount: Decimal) -> None:
    money = Money.of(amount, "EUR")
    assert money.amount == amount
    away = abs(money.rounded().amount) - abs(amount)
    assert -Decimal("0.005") < away <= Decimal("0.005")
