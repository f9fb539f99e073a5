"""Units of measure between Tryton and the hub."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crossdock.connectors.tryton.units import BROUGHT_ALONG, Units, factor, is_pack
from crossdock.faults import Invalid, Unmapped
from crossdock.model.codes.units import UNITS
from tests.connectors.tryton.dialogue import tools_for

PLAIN = Units(tools_for(None), by_crosswalk=False)


def test_every_unit_that_tryton_brings_along_is_one_that_the_hub_knows() -> None:
    assert set(BROUGHT_ALONG.values()) <= set(UNITS)


@pytest.mark.parametrize(
    ("symbol", "code"), [("u", "EA"), ("in", "INH"), ("cs12", "CS12"), ("Tray/6", "TRAY/6")]
)
def test_a_symbol_becomes_a_code(symbol: str, code: str) -> None:
    assert PLAIN.ours(symbol, "unit") == code


@pytest.mark.parametrize("symbol", ["c", "a", "yd²", "zwei Stück", "", None, "x" * 21])
def test_a_symbol_without_a_clear_meaning_is_never_guessed(symbol: object) -> None:
    with pytest.raises(Unmapped) as raised:
        PLAIN.ours(symbol, "lines[0].unit")
    assert (raised.value.crosswalk, raised.value.path) == ("unit", "lines[0].unit")


def test_where_the_charter_lists_the_crosswalk_only_its_rows_count() -> None:
    with pytest.raises(Unmapped):
        Units(tools_for(None), by_crosswalk=True).ours("u", "unit")


@pytest.mark.parametrize(
    ("one", "base", "many"), [(12.0, 1.0, 12), (1.0, 12.0, Decimal("0.083333333333")), (0.5, 0.001, 500)]
)
def test_factors_are_exact_to_the_digits_that_tryton_keeps(one: float, base: float, many: object) -> None:
    assert factor({"factor": one}, {"factor": base}) == many


def test_a_unit_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid):
        factor({"factor": 0.0, "symbol": "x"}, {"factor": 1.0})


def test_only_the_company_s_own_units_are_packs() -> None:
    assert [symbol for symbol in ("u", "kg", "cs12", "ha") if is_pack(symbol)] == ["cs12"]
