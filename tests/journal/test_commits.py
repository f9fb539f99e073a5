"""Commits that many callers share, on both stores: all or nothing for each, and only the faulty one fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from crossdock.journal.contract import Overtaken
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.views import conservation
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Entry
from crossdock.message.states import CaptureState, EntryKind, MessageState, TransmissionState
from tests.journal.places import Place
from tests.stories import START_MS, Stories, stories


def moved(told: Stories, capture: Capture, to: CaptureState = CaptureState.DESK):
    """Changes that move one capture, queued."""
    changes = told.journal.changes()
    changes.move_capture(capture, to)
    changes.entry(Entry(EntryKind.decided, capture=capture.id, state=to.value, says="moved by a test"))
    return told.journal.submit(changes)


async def test_of_many_callers_in_one_commit_only_the_faulty_one_fails(place: Place):
    async with stories(place.database) as told:
        captures = [await told.capture(f"SO-{n}") for n in range(6)]
        gone = Capture(10**9, "", "", "", 0, None, "", 0, 0)
        before = told.journal.writer.commits
        queued = [moved(told, capture) for capture in (*captures[:3], gone, *captures[3:])]
        found = await asyncio.gather(*queued, return_exceptions=True)
        assert [type(one) for one in found] == [type(None)] * 3 + [Overtaken] + [type(None)] * 3
        assert told.journal.writer.commits - before == 6, "each got a transaction of its own"
        assert told.journal.writer.failure is None
        assert (await told.journal.view(lambda c: conservation(c, at_ms=START_MS)))["captures"]["desk"] == 6
    assert place.count("ledger", "says = 'moved by a test'") == 6
    assert verify(place.storage) is None


async def test_callers_that_come_together_share_a_commit(place: Place):
    async with stories(place.database) as told:
        captures = [await told.capture(f"SO-{n}") for n in range(40)]
        before = told.journal.writer.commits
        await asyncio.gather(*(moved(told, capture) for capture in captures))
        assert told.journal.writer.commits - before < 5
    assert verify(place.storage) is None


async def test_who_finds_a_row_moved_is_told_and_writes_nothing(place: Place):
    async with stories(place.database) as told:
        capture = await told.capture("SO-1")
        stale = Capture(capture.id, "", "", "", 0, None, "", 0, 0)
        await moved(told, capture)
        with pytest.raises(Overtaken):
            await moved(told, stale)
    assert place.count("ledger", "says = 'moved by a test'") == 1
    assert verify(place.storage) is None


async def test_who_finds_a_transmission_moved_is_told_and_writes_nothing(place: Place):
    async with stories(place.database) as told:
        t = await told.due(await told.translated(await told.capture("SO-1")))
        stale = replace(t)
        await told.sent(t)
        changes = told.journal.changes()
        changes.move_transmission(stale, TransmissionState.HELD, told.about(stale, EntryKind.decided, "held"))
        with pytest.raises(Overtaken):
            await told.journal.submit(changes)
    assert place.rows("SELECT state FROM transmissions") == [(TransmissionState.SENDING.value,)]
    assert verify(place.storage) is None


async def test_what_may_be_had_once_is_had_by_who_asked_first(place: Place):
    def claiming(told: Stories, statement: str, *values: object):
        changes = told.journal.changes()
        changes.entry(Entry(EntryKind.act, says="claimed by a test"), (statement, values, 1))
        return told.journal.submit(changes)

    async with stories(place.database) as told:
        await claiming(told, "claim_once", "run/a", 1, 7, START_MS)
        with pytest.raises(Overtaken):
            await claiming(told, "claim_once", "run/a", 1, 8, START_MS)
        with pytest.raises(Overtaken):
            await claiming(told, "move_claim", "run/a", 1, 9, START_MS, 8)
        assert place.rows("SELECT holder FROM claims") == [(7,)]
        await claiming(told, "move_claim", "run/a", 1, 9, START_MS, 7)
    assert place.rows("SELECT holder FROM claims") == [(9,)]
    assert place.count("ledger", "says = 'claimed by a test'") == 2
    assert verify(place.storage) is None


async def test_two_moves_of_one_row_in_one_commit_happen_in_their_order(place: Place):
    async with stories(place.database) as told:
        capture = await told.capture("SO-1")
        queued = [moved(told, capture), moved(told, capture, CaptureState.WAITING), moved(told, capture)]
        await asyncio.gather(*queued)
    assert place.rows("SELECT state FROM captures") == [(CaptureState.DESK.value,)]
    assert verify(place.storage) is None


async def test_an_incident_that_many_join_at_once_is_opened_once(place: Place):
    async with stories(place.database) as told:
        captures = [await told.capture(f"SO-{n}") for n in range(12)]
        await asyncio.gather(*(told.capture_on_desk(capture) for capture in captures))
    assert place.count("incidents") == 1
    assert place.count("members") == 12
    assert verify(place.storage) is None


async def test_what_was_written_is_read_at_once_and_stays(place: Place):
    async with stories(place.database) as told:
        await told.everything()
        seen = await told.journal.view(lambda c: conservation(c, at_ms=START_MS))
        assert seen["balanced"]
        position = told.journal.position
        assert seen["position"] == position
    async with stories(place.database) as told:
        again = await told.journal.view(lambda c: conservation(c, at_ms=START_MS))
        assert again == seen
        await told.delivered("SO-99")
        assert told.journal.position > position
    assert verify(place.storage) is None


@pytest.mark.parametrize("table", ["captures", "messages", "transmissions"])
async def test_one_row_taken_away_unbalances_the_figures(place: Place, table: str):
    async with stories(place.database) as told:
        await told.everything()
        assert (await told.journal.view(lambda c: conservation(c, at_ms=START_MS)))["balanced"]
        assert place.run(f"DELETE FROM {table} WHERE id = (SELECT min(id) FROM {table})") == 1
        found = await told.journal.view(lambda c: conservation(c, at_ms=START_MS))
        assert not found["balanced"]


async def test_an_entry_taken_away_unbalances_the_figures(place: Place):
    async with stories(place.database) as told:
        await told.everything()
        assert (
            place.run("DELETE FROM ledger WHERE position = (SELECT min(position) FROM ledger WHERE kind = 5)")
            == 1
        )
        assert not (await told.journal.view(lambda c: conservation(c, at_ms=START_MS)))["balanced"]


async def test_figures_can_be_narrowed_to_what_came_from_one_system(place: Place):
    async with stories(place.database) as told:
        await told.everything()
        await told.capture("X-1", system="erp")
        one = await told.journal.view(lambda c: conservation(c, at_ms=START_MS, system="erp"))
        assert one["captures"] == {"accepted": 1, "waiting": 1, "translated": 0, "desk": 0, "closed": 0}
        assert one["balanced"]


async def test_a_sign_that_not_every_store_can_keep_is_replaced_and_vouched_for(place: Place):
    async with stories(place.database) as told:
        capture = await told.capture("SO-1")
        changes = told.journal.changes()
        changes.move_capture(capture, CaptureState.TRANSLATED)
        m = told.message(capture)
        m.number, m.state = "SO\x00-1", MessageState.DESK
        changes.add_message(m, told.entry(EntryKind.translated, m, f"sales_order {m.number}"))
        broken = told.incident(
            "invalid", "invalid/SO\x00-1", "shop", m.number, (MemberKind.MESSAGE, m.id), value="\x00"
        )
        says = told.entry(EntryKind.incident, m, "a sign: \x00", state=m.state.value)
        changes.open_incident(broken, says, *told.introduction(changes, m))
        await told.journal.submit(changes)
    assert place.rows("SELECT number FROM messages") == [("SO\N{REPLACEMENT CHARACTER}-1",)]
    assert place.rows("SELECT value FROM incidents") == [("\N{REPLACEMENT CHARACTER}",)]
    assert verify(place.storage) is None
