"""Tryton's JSON-RPC: exact values, and each way to say no."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.connectors.tryton.wire import at, call, dumped, exact, loaded, moment, result, rows
from crossdock.faults import Fault, InDoubt, Rejected, TryLater
from crossdock.kit.connector import Answer


def said(error: object) -> Answer:
    return Answer(200, dumped({"id": 1, "error": error}))


@pytest.mark.parametrize(
    ("answer", "after_reading", "after_writing"),
    [
        (said(["UserError", ["The web ID must be unique.", "", None]]), Rejected, Rejected),
        (said(["UserWarning", ["w-1", "No carrier.", ""]]), Rejected, Rejected),
        (said(["ConcurrencyException", ["changed", "", None]]), TryLater, TryLater),
        (said(["LoginException", ["Password"]]), TryLater, TryLater),
        (said(["'nope'", ""]), Rejected, Rejected),
        (said([]), Rejected, Rejected),
        (Answer(200, b"{}"), TryLater, InDoubt),
        (said("odd"), Rejected, Rejected),
        (Answer(401), TryLater, TryLater),
        (Answer(403, b"<html>"), Rejected, Rejected),
        (Answer(404), Rejected, Rejected),
        (Answer(405), Rejected, Rejected),
        (Answer(429), TryLater, TryLater),
        (Answer(503), TryLater, TryLater),
        (Answer(408), TryLater, InDoubt),
        (Answer(500, b"<html>"), TryLater, InDoubt),
        (Answer(502), TryLater, InDoubt),
        (Answer(302), TryLater, InDoubt),
        (Answer(200, b"<html>a proxy</html>"), TryLater, InDoubt),
        (Answer(200, b"[]"), TryLater, InDoubt),
    ],
)
def test_each_way_to_say_no_has_its_fault(
    answer: Answer, after_reading: type[Fault], after_writing: type[Fault]
) -> None:
    for safe, fault in ((True, after_reading), (False, after_writing)):
        with pytest.raises(Fault) as raised:
            result(call("erp", "model.sale.sale.create", safe=safe), answer)
        assert type(raised.value) is fault


def test_a_result_of_nothing_is_a_result() -> None:
    assert result(call("erp", "model.sale.sale.quote", [7]), Answer(200, b'{"id":1,"result":null}')) is None
    with pytest.raises(TryLater):
        rows(call("erp", "model.sale.sale.read", [7]), Answer(200, b'{"id":1,"result":null}'))


def test_what_a_person_reads_leaves_out_their_domains() -> None:
    with pytest.raises(Rejected) as raised:
        result(
            call("erp", "m"), said(["UserError", ["Not valid.", "See the field.", [["closed", "!=", True]]]])
        )
    assert raised.value.says == "Tryton: Not valid. See the field."


def test_a_retry_after_is_kept() -> None:
    with pytest.raises(TryLater) as raised:
        result(call("erp", "m"), Answer(429, b"", {"retry-after": "7"}))
    assert raised.value.wait_s == 7


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_numbers_keep_their_digits(number: Decimal) -> None:
    assert loaded(dumped({"price": number}))["price"] == number
    assert loaded(b'{"quantity": %s}' % str(number).encode())["quantity"] == number


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(6.0, 6), (Decimal("6.0"), 6), (0.1, Decimal("0.1")), (Decimal("2.50"), Decimal("2.5")), (12, 12)],
)
def test_whole_quantities_are_whole(theirs: float | Decimal, ours: int | Decimal) -> None:
    assert exact(theirs) == ours
    assert type(exact(theirs)) is type(ours)


@pytest.mark.parametrize("nonsense", [None, "6", True, float("nan"), float("inf"), []])
def test_what_is_no_number_is_refused(nonsense: object) -> None:
    with pytest.raises(ValueError, match="is no number"):
        exact(nonsense)


def test_moments_are_utc_and_days_stay_days() -> None:
    tree = loaded(dumped({"at": datetime(2026, 11, 22, 9, 30, 0, 7), "day": date(2026, 11, 22)}))
    assert (moment(tree["at"]), moment(tree["day"])) == ("2026-11-22T09:30:00.000007Z", "2026-11-22")
    assert moment(None) is None


def test_a_value_behind_an_empty_relation_is_nothing() -> None:
    row = {"carrier.": None, "party.": {"lang.": {"code": "nl"}}}
    assert at(row, "carrier.party.code") is None
    assert at(row, "party.lang.code") == "nl"


@pytest.mark.parametrize(
    "broken", [{"__class__": "date", "year": 2026}, {"__class__": "Decimal", "decimal": "x"}]
)
def test_a_broken_value_is_unreadable(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a"):
        loaded(dumped({"value": broken}))


def test_a_database_name_stays_in_its_place() -> None:
    assert call("erp/../other", "m").path == "/erp%2F..%2Fother/rpc/"
