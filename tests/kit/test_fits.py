"""What does not fit a target's fields is never cut: it is spelled otherwise where that is agreed, else refused."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.charter.charter import FlowOut
from crossdock.charter.flow_settings import Fit
from crossdock.faults import Invalid, Misconfigured
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Unclear
from crossdock.kit.fits import Fits, spelled
from crossdock.kit.fitting import FittedWriter

TREE = {"name": "Łódź Straße", "lines": [{"text": "short"}, {"text": "much too long"}], "qty": 7}


def fits(**rules: Fit) -> Fits:
    return Fits.of(
        FlowOut("sales_order", fits={name.replace("__", "."): fit for name, fit in rules.items()}), "out"
    )


def test_a_long_value_is_named_with_its_place_and_both_lengths() -> None:
    with pytest.raises(Invalid, match="13 characters do not fit into 5") as caught:
        fits(lines__text=Fit(max=5)).fitted(TREE)
    assert caught.value.path == "lines[1].text"


def test_a_letter_that_the_set_lacks_is_refused_unless_spelling_was_agreed() -> None:
    with pytest.raises(Invalid, match="not in the target's character set ascii"):
        fits(name=Fit(charset="ascii")).fitted(TREE)
    assert fits(name=Fit(charset="ascii", transliterate=True)).fitted(TREE) == TREE | {"name": "Lodz Strasse"}


def test_spelling_may_make_a_text_too_long_and_that_is_told() -> None:
    with pytest.raises(Invalid, match="12 characters do not fit into 11"):
        fits(name=Fit(max=11, charset="ascii", transliterate=True)).fitted(TREE)


def test_a_letter_without_another_spelling_is_still_refused() -> None:
    with pytest.raises(Invalid, match="東"):
        fits(name=Fit(charset="latin-1", transliterate=True)).fitted({"name": "東京"})


def test_a_character_set_that_does_not_exist_is_a_mistake_of_the_charter() -> None:
    with pytest.raises(Misconfigured, match="no character set"):
        fits(name=Fit(charset="klingon"))


def test_a_rule_for_every_other_text_leaves_those_with_their_own_alone() -> None:
    every = {"*": Fit(charset="ascii"), "name": Fit(charset="utf-8")}
    rules = Fits.of(FlowOut("sales_order", fits=every), "out")
    assert rules.fitted(TREE) == TREE
    with pytest.raises(Invalid, match="ascii") as caught:
        rules.fitted(TREE | {"city": "Łódź"})
    assert caught.value.path == "city"


@given(st.text(max_size=30))
def test_what_is_spelled_twice_is_spelled_once(text: str) -> None:
    once = spelled(text, "ascii")
    assert spelled(once, "ascii") == once
    if text.isascii():
        assert once == text


class Fixed:
    """A writer that always asks the same."""

    unclear = Unclear.PERSON
    settle_s = 2.0

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        return Ask("POST", "/in", b'{"name": "Jos\xc3\xa9", "price": 10.00}')

    def find(self, job: Job) -> Ask | None:
        return None

    def found(self, job: Job, answer: Answer) -> Done | None:
        return None


def test_what_a_connector_makes_by_itself_is_checked_too_and_left_alone_when_it_fits() -> None:
    job = Job("sales_order", {}, "1", "t1.1")
    plain = FittedWriter(Fixed(), fits(name=Fit(max=4))).step(job, ())
    assert plain == Fixed().step(job, ())
    spelling = FittedWriter(Fixed(), fits(name=Fit(charset="ascii", transliterate=True))).step(job, ())
    assert isinstance(spelling, Ask)
    assert spelling.body == b'{"name":"Jose","price":10.00}'
    assert json.loads(spelling.body)["name"] == "Jose"
    with pytest.raises(Invalid, match="do not fit into 3"):
        FittedWriter(Fixed(), fits(name=Fit(max=3))).step(job, ())
