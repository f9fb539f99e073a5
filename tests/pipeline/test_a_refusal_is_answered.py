"""A refusal is answered even where it cannot be noted: the sender is told what was wrong, whatever the store does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.faults import Invalid
from crossdock.journal.changes import Changes
from crossdock.journal.contract import StoreDown
from crossdock.pipeline.receive import Door


def no_number() -> int:
    raise StoreDown("the database cannot be read now")


def door() -> Door:
    """A door over a store that gives no number and answers nothing."""
    journal = SimpleNamespace(
        scope=1, next_id=no_number, changes=lambda: Changes(1, no_number, lambda: b""),
        incident_of_cause=lambda _cause: no_number(),
    )  # fmt: skip
    clock = SimpleNamespace(now_ms=lambda: 0)
    context = cast("Any", SimpleNamespace(journal=journal, clock=clock, signals=None, gates=None))
    made = Door.__new__(Door)
    made._context = context
    return made


FAULT = Invalid("a message was refused", path="ISA06", value="X", fix="ask")


def test_whoever_is_refused_is_answered_though_nothing_can_be_noted():
    assert door().refused("shop", 400, "this is no JSON", b"{") is None
    assert door().amiss("shop", FAULT) is None


def test_the_control_the_store_does_refuse_to_note_it():
    with pytest.raises(StoreDown):
        door()._note_refusal("shop", 400, "this is no JSON", b"{")
    with pytest.raises(StoreDown):
        door()._open("shop", FAULT)
