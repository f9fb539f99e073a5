"""An order is withdrawn without a word to its target only where nothing of it can be there, whichever way it goes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from crossdock.journal.stories import Sent
from crossdock.message.records import Entry, Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.pipeline.lanes import Flight, KeyOrdering, Lane, Lanes
from crossdock.pipeline.withdrawal import Withdrawal

_S = TransmissionState
ORDER, EARLIER, CANCEL = 10, 5, 20


class Case(NamedTuple):
    """How an order stands when its cancellation comes, and whether the target need not hear of either."""

    withdrawn: bool
    state: TransmissionState = _S.DUE
    attempt: int = 0
    busy: bool = False  #: it is on the wire
    stored: bool = True
    doubted: bool = False  #: an earlier outcome of it was unclear
    before: TransmissionState | None = None  #: how an earlier version of it ended
    elsewhere: bool = False  #: that earlier version went to another target


CASES = {
    "never tried": Case(True),
    "turned away for now": Case(True, _S.RETRYING, 1),
    "an earlier version was withdrawn, too": Case(True, before=_S.CLOSED),
    "a newer state took the place of an earlier version": Case(True, before=_S.SUPERSEDED),
    "an earlier version is at another target": Case(True, before=_S.DONE, elsewhere=True),
    "turned away, and unclear before": Case(False, _S.RETRYING, 2, doubted=True),
    "due again, and unclear before": Case(False, _S.DUE, 1, doubted=True),
    "on the wire": Case(False, busy=True),
    "not in the store yet": Case(False, stored=False),
    "stored as being sent": Case(False, _S.SENDING, 1),
    "in doubt": Case(False, _S.IN_DOUBT, 1),
    "an earlier version is there": Case(False, before=_S.DONE),
    "an earlier version is in doubt": Case(False, before=_S.IN_DOUBT),
}
AT_REST = {
    "refused": Case(True, _S.DESK, 1),
    "held, never tried": Case(True, _S.HELD),
    "refused, and unclear before": Case(False, _S.DESK, 2, doubted=True),
    "held, and unclear before": Case(False, _S.HELD, 1, doubted=True),
    "refused, and an earlier version is there": Case(False, _S.DESK, 1, before=_S.DONE),
    "in doubt behind another": Case(False, _S.IN_DOUBT, 1),
}


class Written:
    """Changes, as far as states are moved by them."""

    def __init__(self, *kinds: EntryKind) -> None:
        self.entries = [(Entry(kind), ()) for kind in kinds]

    def move_transmission(self, t: Transmission, to: TransmissionState, *_more: Any) -> None:
        t.state = to

    def row(self, *_more: Any) -> None: ...


def told(id_: int, document: str, state: TransmissionState = _S.DUE, attempt: int = 0) -> Transmission:
    return Transmission(
        id_, id_, "wms", "shop", document, "SO-1", id_, 1, "h1", state=state, attempt=attempt, request=None
    )


def withdrawal(case: Case, order: Transmission) -> tuple[Withdrawal, Lane]:
    story = [(SimpleNamespace(document="sales_order", number="SO-1"), [Sent(ORDER, "wms", case.state)])]
    if case.before is not None:
        sent = Sent(EARLIER, "erp" if case.elsewhere else "wms", case.before)
        story.insert(0, (SimpleNamespace(document="sales_order", number="SO-1"), [sent]))
    journal = SimpleNamespace(
        doubted=lambda _root, _id: case.doubted, story=lambda _root: story, lane=lambda *_: [order],
        incident_of=lambda *_: None,
    )  # fmt: skip
    clock = SimpleNamespace(now_ms=lambda: 0)
    context, lanes = SimpleNamespace(journal=journal, stock=None, clock=clock), Lanes(KeyOrdering())
    context.charter = SimpleNamespace(made_by_hub=lambda _document: False)
    return Withdrawal(cast("Any", context), lanes, lambda _id: None), lanes.of(order)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_by_a_cancellation_that_comes(case: Case):
    order = told(ORDER, "sales_order", case.state, case.attempt)
    withdraws, lane = withdrawal(case, order)
    lane.flights.append(Flight(order, made=case.stored, stored=case.stored))
    lane.busy = case.busy
    gone = withdraws.by(lane, told(CANCEL, "cancellation"), {}, cast("Any", Written()))
    assert (gone, order.state is _S.CLOSED, not lane.flights) == (case.withdrawn,) * 3


@pytest.mark.parametrize("case", AT_REST.values(), ids=AT_REST)
def test_by_a_cancellation_of_what_lies_on_the_desk(case: Case):
    order = told(ORDER, "sales_order", case.state, case.attempt)
    withdraws, lane = withdrawal(case, order)
    lane.blocked_by = "rejected/wms"
    gone = withdraws.by(lane, told(CANCEL, "cancellation"), {}, cast("Any", Written()))
    assert (gone, order.state is _S.CLOSED) == (case.withdrawn, case.withdrawn)


@pytest.mark.parametrize(
    ("case", "said", "withdrawn"),
    [
        (Case(True, _S.RETRYING, 1), EntryKind.answered, True),
        (Case(False, _S.RETRYING, 1), EntryKind.doubted, False),
        (Case(False, _S.RETRYING, 2, doubted=True), EntryKind.answered, False),
        (Case(False, _S.RETRYING, 1, before=_S.DONE), EntryKind.answered, False),
    ],
    ids=["turned away", "unclear just now", "unclear before", "an earlier version is there"],
)
def test_by_a_cancellation_that_waits_behind_its_order(case: Case, said: EntryKind, withdrawn: bool):
    order, cancel = told(ORDER, "sales_order", case.state, case.attempt), told(CANCEL, "cancellation")
    withdraws, lane = withdrawal(case, order)
    head = Flight(order, made=True)
    lane.flights += [head, Flight(cancel, tree={}, made=True, stored=True)]
    lane.busy = True
    gone = withdraws.behind(lane, head, cast("Any", Written(said)))
    assert gone == ([order, cancel] if withdrawn else [])
    assert order.state is (_S.CLOSED if withdrawn else _S.RETRYING)
