"""What an acknowledgement makes of a receipt that is owed, by its form and by what came before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.charter.charter import Charter, Checks, Site, System
from crossdock.journal.numbers import ACCEPTED, OVERDUE, REJECTED, WAITING, WITH_ERRORS, Receipt
from crossdock.message.records import Message
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.receipts import Receipts


def told(form: str, verdict: str, before: int) -> tuple[list[int], list[str]]:
    """The states that a receipt is moved to, and the types of the incidents that are ended."""
    receipt = Receipt(
        "threepl", 7, 9, 1, 1, "sales_order", "PO-1", 1, 0, "940 of sales_order PO-1", 0, 0, before
    )
    states, opened = list[int](), list[str]()
    journal = SimpleNamespace(
        receipts_owed=lambda _system, *, group=0, control=0: [receipt] if (group or control) in (7, 9) else [],
        incident_of_cause=lambda cause: cause, next_id=lambda: 5,
    )  # fmt: skip
    ended = list[str]()

    def row(name: str, *values: Any) -> None:
        if name == "answer_receipt":
            states.append(values[0])
        else:
            ended.append(str(values[-1]).partition("/")[0])

    changes = SimpleNamespace(
        row=row, entry=lambda *_: None, open_incident=lambda one, _entry: opened.append(one.type)
    )
    charter = Charter("", Site(), {"threepl": System("threepl", "edi")}, {}, Checks(), ())
    context = SimpleNamespace(charter=charter, journal=journal, clock=SimpleNamespace(now_ms=lambda: 0))
    tree: dict[str, Any] = {"form": form, "verdict": verdict}
    tree |= {"interchange": "7"} if form == "TA1" else {"group": "9", "sets": []}
    message = Message(2, 3, "threepl", "acknowledgement", "A", "A", 4, 4, "h4", 1, tree)
    Receipts(cast("Any", context)).match(message, Batch(cast("Any", changes)))
    assert opened == ["rejected"] * states.count(REJECTED)
    return states, ended


@pytest.mark.parametrize("before", [WAITING, ACCEPTED, WITH_ERRORS, REJECTED, OVERDUE])
@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("accepted", ACCEPTED),
        ("accepted_with_errors", WITH_ERRORS),
        ("partly", WITH_ERRORS),
        ("rejected", REJECTED),
    ],
)
def test_the_last_word_of_a_partner_on_its_set_counts(verdict: str, state: int, before: int):
    assert told("997", verdict, before) == (
        [state], ["overdue"] if state == REJECTED else ["overdue", "rejected"],
    )  # fmt: skip


@pytest.mark.parametrize("before", [WAITING, ACCEPTED, WITH_ERRORS, REJECTED, OVERDUE])
def test_an_envelope_that_was_taken_says_nothing_of_its_sets(before: int):
    assert told("TA1", "accepted", before) == ([], [])


@pytest.mark.parametrize(
    ("before", "states"), [(WAITING, [REJECTED]), (OVERDUE, [REJECTED]), (ACCEPTED, []), (REJECTED, [])]
)
def test_an_envelope_that_was_refused_holds_nothing_that_was_taken_unless_the_sets_have_their_answer(
    before: int, states: list[int]
):
    assert told("TA1", "rejected", before)[0] == states
