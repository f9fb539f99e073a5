"""Money: exact, with a currency that cannot be mixed up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.model.codes.currencies import CURRENCIES
from crossdock.model.money import Money
from tests.model.trees import exact_numbers

currencies = st.sampled_from(sorted(CURRENCIES))


@given(exact_numbers, exact_numbers, currencies, currencies)
def test_two_currencies_cannot_be_mixed(one: Decimal, other: Decimal, here: str, there: str) -> None:
    assume(here != there)
    mine, yours = Money.of(one, here), Money.of(other, there)
    for mix in (lambda: mine + yours, lambda: mine - yours, lambda: mine < yours, lambda: mine <= yours):
        with pytest.raises(TypeError, match="cannot be mixed"):
            mix()
    assert mine != yours


@given(exact_numbers, exact_numbers, currencies)
def test_what_is_added_can_be_taken_away(one: Decimal, other: Decimal, currency: str) -> None:
    assert Money.of(one, currency) + Money.of(other, currency) - Money.of(other, currency) == Money.of(
        one, currency
    )


def test_a_price_times_a_quantity_is_exact() -> None:
    assert Money.of(Decimal("0.07"), "EUR") * 3 == Money.of(Decimal("0.21"), "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "coin"),
    [("2.345", "EUR", "2.35"), ("2.5", "JPY", "3"), ("-2.5", "JPY", "-3"), ("1.0005", "KWD", "1.001")],
)
def test_only_rounding_rounds_to_the_smallest_coin(amount: str, currency: str, coin: str) -> None:
    assert str(Money.of(Decimal(amount), currency).rounded().amount) == coin


def test_money_adds_to_money_only() -> None:
    bare: Any = 1
    with pytest.raises(TypeError, match="to money only"):
        Money.of(1, "EUR") + bare


def test_money_is_never_a_float() -> None:
    wrong: Any = 0.1
    with pytest.raises(TypeError, match="never a float"):
        Money.of(wrong, "EUR")
    with pytest.raises(TypeError, match="by a float"):
        Money.of(1, "EUR") * wrong


@pytest.mark.parametrize("wrong", ["EURO", "eur", "XXX", "XAU", "NLG", ""])
def test_a_currency_outside_iso_4217_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid, match="unknown currency"):
        Money.of(1, wrong)


@pytest.mark.parametrize("wrong", ["NaN", "Infinity"])
def test_an_amount_is_a_number(wrong: str) -> None:
    with pytest.raises(Invalid, match="not an amount"):
        Money.of(Decimal(wrong), "EUR")


@pytest.mark.parametrize(
    ("currency", "places"), [("EUR", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4), ("SLE", 2), ("ZWG", 2)]
)
def test_each_currency_has_its_decimals(currency: str, places: int) -> None:
    assert CURRENCIES[currency] == places
