"""What an arrival is next to what is known: new, again, late or in conflict, one row for each case."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from crossdock.charter.charter import FlowIn, OnChange, System
from crossdock.journal.contract import Arrival, Known, Verdict
from crossdock.kit.connector import Content, Facts
from crossdock.pipeline.bound import Bound
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.pipeline.receive import INTERCHANGE, Door, DurableFirst

OLD, KEYED, LATEST = (
    10,
    20,
    30,
)  #: captures: of an earlier version, under the sender's key, of the newest version
NEWEST = 5


class Case(NamedTuple):
    """An arrival, and what is known of it."""

    version: int | None
    expected: tuple[Verdict, int, int]
    same: tuple[int, ...] = ()  #: captures with the same content
    key: bool = False  #: whether its key led to a capture
    known: bool = True  #: whether the document was ever told
    earlier: int | None = None  #: a version that is stored beside the newest
    revise: bool = False


NEW, REPEAT, CONFLICT, LATE = Verdict.NEW, Verdict.REPEAT, Verdict.CONFLICT, Verdict.LATE
CASES = {
    "the first of all without a version": Case(None, (NEW, 1, 0), known=False),
    "the first of all with a version": Case(9, (NEW, 9, 0), known=False),
    "the same under its key": Case(None, (REPEAT, 0, KEYED), same=(KEYED,), key=True),
    "the same under its key, of a newer version": Case(6, (REPEAT, 0, KEYED), same=(KEYED,), key=True),
    "other content under a key": Case(None, (CONFLICT, 0, KEYED), same=(LATEST,), key=True),
    "other content under a key, where edits are revisions": Case(
        6, (CONFLICT, 0, KEYED), key=True, revise=True
    ),
    "other content under a key without a version, the same": Case(
        None, (CONFLICT, 0, KEYED), key=True, revise=True
    ),
    "a key is known and the document is not": Case(1, (CONFLICT, 0, KEYED), key=True, known=False),
    "the same without a version": Case(None, (REPEAT, 0, LATEST), same=(LATEST,)),
    "other content without a version": Case(None, (CONFLICT, 0, LATEST), same=(OLD,)),
    "an edit without a version": Case(None, (NEW, 6, 0), same=(OLD,), revise=True),
    "the newest version again": Case(5, (REPEAT, 0, LATEST), same=(LATEST,), earlier=5),
    "other content of the newest version": Case(5, (CONFLICT, 0, LATEST), earlier=5),
    "an edit of the newest version that did not raise it": Case(5, (NEW, 6, 0), earlier=5, revise=True),
    "an earlier version again": Case(3, (REPEAT, 0, OLD), same=(OLD,), earlier=3),
    "other content of an earlier version": Case(3, (CONFLICT, 0, OLD), same=(LATEST,), earlier=3),
    "an edit of an earlier version that did not raise it": Case(3, (NEW, 6, 0), earlier=3, revise=True),
    "a newer version": Case(6, (NEW, 6, 0), same=(LATEST,)),
    "a newer version beyond a gap": Case(90, (NEW, 90, 0)),
    "the version just before the newest, never seen": Case(4, (LATE, 4, 0), same=(LATEST,)),
    "a version long before": Case(-3, (LATE, -3, 0), revise=True),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_arrival_is(case: Case):
    arrival = Arrival(
        "shop", "sales_order", "SO-1", case.version, None, "k" if case.key else None, "application/json", b"{}",
        {}, 0, revise=case.revise, same=lambda _one, _other: False,
    )  # fmt: skip
    latest = Known(LATEST, NEWEST) if case.known else None
    of_version = Known(LATEST if case.earlier == NEWEST else OLD, case.earlier) if case.earlier else None
    said = ArrivalDedup().judge(
        arrival,
        by_key=Known(KEYED, 0) if case.key else None,
        same_version=of_version,
        latest=latest,
        same_as=lambda capture: capture in case.same,
    )
    assert said == case.expected


class Says:
    """A reader to whom everything is of one document, and nothing is the same."""

    def facts(self, content: Content) -> Facts:
        return Facts("SO-1")

    def same(self, one: Content, other: Content) -> bool:
        return False


@pytest.mark.parametrize("on_change", [*OnChange, None])
@pytest.mark.parametrize("document", ["sales_order", INTERCHANGE])
@pytest.mark.parametrize("polled", [False, True])
def test_other_content_is_a_revision_where_nobody_could_be_told_no_or_the_charter_says_so(
    polled: bool, document: str, on_change: OnChange | None
):
    flows = () if on_change is None else (FlowIn(document, on_change=on_change),)
    bound = Bound(System("shop", "json", flows_in=flows), cast("Any", None))
    context = cast("Any", SimpleNamespace(clock=SimpleNamespace(now_ms=lambda: 7)))
    door, content = Door(context, lambda _: None, DurableFirst()), Content(b"{}")
    arrival = door.arrival(bound, document, cast("Any", Says()), content, key=None, polled=polled)
    assert arrival.revise is (polled or document == INTERCHANGE or on_change is OnChange.REVISE)
    assert (arrival.same(b"{}", b"{}"), arrival.same(b"{}", b"[]")) == (True, False)
    assert arrival.same(b"", b"[]"), "what was erased is taken for the same"
