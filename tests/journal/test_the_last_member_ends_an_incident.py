"""An incident ends with its last member, and not before; nor while anything is held behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from crossdock.journal.contract import Overtaken
from crossdock.journal.sql.audit import verify
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Entry
from crossdock.message.states import CaptureState, EntryKind
from tests.journal.places import Place
from tests.stories import Stories, stories

CAUSE = "unmapped_code/shop/ship_method/DRONE"


async def leaves(told: Stories, capture: Capture, incident: int) -> None:
    """One member is sent on; the incident ends if it was the last."""
    changes = told.journal.changes()
    changes.move_capture(capture, CaptureState.WAITING)
    changes.row("delete_member", MemberKind.CAPTURE.value, capture.id)
    changes.row("resolve_empty_incident", "what was missing has come", told.clock.now_ms(), incident)
    await told.journal.submit(changes)


async def opened(told: Stories, captures: Sequence[Capture]) -> int:
    """One incident with some members; gives its number."""
    for capture in captures:
        await told.capture_on_desk(capture, CAUSE)
    found = told.journal.incident_of_cause(CAUSE)
    assert found is not None
    return found


async def test_an_incident_ends_with_its_last_member(place: Place):
    async with stories(place.database) as told:
        captures = [await told.capture(f"SO-{n}") for n in range(3)]
        incident = await opened(told, captures)
        for left, capture in ((2, captures[0]), (1, captures[1])):
            await leaves(told, capture, incident)
            assert place.rows("SELECT state FROM incidents") == [(1,)]
            assert place.count("members") == left
        await leaves(told, captures[2], incident)
        assert place.rows("SELECT state FROM incidents") == [(2,)]
        again = await opened(told, [await told.capture("SO-9")])
        assert again != incident, "what comes after its end is an incident of its own"
    assert verify(place.storage) is None


async def test_the_last_two_that_leave_at_once_end_it_once(place: Place):
    async with stories(place.database) as told:
        captures = [await told.capture(f"SO-{n}") for n in range(4)]
        incident = await opened(told, captures)
        await asyncio.gather(*(leaves(told, capture, incident) for capture in captures))
        assert place.rows("SELECT state FROM incidents") == [(2,)]
    assert verify(place.storage) is None


async def test_none_ends_over_the_head_of_one_that_is_held_behind_it(place: Place):
    async with stories(place.database) as told:
        head = await told.due(await told.translated(await told.capture("SO-1")))
        await told.sent(head)
        cause, incident = await told.rejected(head)
        behind = await told.due(await told.translated(await told.capture("SO-2")))
        await told.held(behind, cause)
        changes = told.journal.changes()
        changes.entry(told.about(head, EntryKind.superseded, "a newer state took its place"))
        changes.row("delete_member", MemberKind.TRANSMISSION.value, head.id)
        changes.row("resolve_empty_incident", "a newer state took its place", told.clock.now_ms(), incident)
        with pytest.raises(Overtaken):
            await told.journal.submit(changes)
        assert place.rows("SELECT state FROM incidents") == [(1,)]
        assert place.count("members") == 2
    assert verify(place.storage) is None


async def resolves(
    told: Stories, type_: str, cause: str, member: tuple[MemberKind, int], number: int
) -> None:
    """A person ends an incident, as far as the incident itself goes."""
    incident = replace(told.incident(type_, cause, "shop", "SO-1", member), id=number)
    changes = told.journal.changes()
    entry = Entry(EntryKind.act, system="shop", origin="shop", says="ann ended it")
    changes.resolve_incident(incident, "agreed by phone", told.clock.now_ms(), entry)
    await told.journal.submit(changes)


async def test_no_person_ends_one_over_the_head_of_whoever_joined_it_last(place: Place):
    async with stories(place.database) as told:
        capture = await told.capture("SO-1")
        captured = await told.capture_on_desk(capture)
        message, messaged = await told.message_on_desk(await told.capture("SO-2"))
        head = await told.due(await told.translated(await told.capture("SO-3")))
        await told.sent(head)
        refused, rejected = await told.rejected(head)
        for type_, cause, member, number in (
            ("unmapped_code", CAUSE, (MemberKind.CAPTURE, capture.id), captured),
            ("unknown_sku", "unknown_sku/shop/W-99999", (MemberKind.MESSAGE, message.id), messaged),
            ("rejected", refused, (MemberKind.TRANSMISSION, head.id), rejected),
        ):
            with pytest.raises(Overtaken):
                await resolves(told, type_, cause, member, number)
        assert place.rows("SELECT state FROM incidents") == [(1,), (1,), (1,)]
    assert verify(place.storage) is None
