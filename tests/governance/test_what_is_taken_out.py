"""What retention and an erasure take out of a store: all that has ended or is somebody's, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from crossdock.governance.subjects import Subject, Subjects
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql import erasing
from crossdock.journal.sql.erasing import Found
from crossdock.message.records import Entry
from crossdock.message.states import CaptureState, EntryKind
from tests.journal.places import Place
from tests.stories import START_MS, Stories, stories

ENDED = {"SO-1", "SO-2", "SO-13", "SO-14"}


@pytest.fixture
async def told(place: Place) -> AsyncIterator[Stories]:
    async with stories(place.database) as made:
        yield made


async def _numbers(told: Stories, query: str, ids: set[int]) -> set[str]:
    rows = await told.journal.view(lambda c: c.execute(query).fetchall())
    return {number for id_, number in rows if id_ in ids}


@pytest.mark.parametrize(("bytes_too", "documents_too"), [(True, False), (False, True), (True, True)])
async def test_retention_takes_what_has_ended_and_leaves_what_waits_lies_on_the_desk_or_is_under_way(
    told: Stories, bytes_too: bool, documents_too: bool
):
    await told.everything(partners=True)
    found = await _ended(told, 2 * START_MS, bytes_too=bytes_too, documents_too=documents_too)
    bodies = await _numbers(told, "SELECT payload, their_id FROM captures", found.payloads)
    documents = await _numbers(told, "SELECT id, number FROM messages", found.messages)
    assert (bodies, documents) == (ENDED if bytes_too else set(), ENDED if documents_too else set())


async def test_retention_leaves_what_is_young(told: Stories):
    await told.everything(partners=True)
    assert await _ended(told, START_MS) == Found()


async def _ended(
    told: Stories, before_ms: int, *, bytes_too: bool = True, documents_too: bool = True
) -> Found:
    under_way = await told.journal.view(lambda c: erasing.captures_under_way(c, before_ms))
    found, _ = await told.journal.view(
        lambda c: erasing.ended_before(
            c, before_ms, 0, 100_000, bytes_too=bytes_too, documents_too=documents_too, under_way=under_way
        )
    )
    return found


async def _of_a_capture(told: Stories) -> tuple[int, int]:
    c = await told.capture("SO-1")
    incident = await told.capture_on_desk(c)
    changes = told.journal.changes()
    changes.move_capture(c, CaptureState.WAITING)
    changes.entry(Entry(EntryKind.act, says="tried again"))
    await told.journal.submit(changes)
    return (await told.translated(c)).root, incident


async def _of_a_message(told: Stories) -> tuple[int, int]:
    message, incident = await told.message_on_desk(await told.capture("SO-1"))
    return message.root, incident


async def _of_a_sending(told: Stories) -> tuple[int, int]:
    t = await told.due(await told.translated(await told.capture("SO-1")))
    await told.sent(t)
    _, incident = await told.rejected(t)
    return t.root, incident


async def _of_a_follower(told: Stories) -> tuple[int, int]:
    head = await told.due(await told.translated(await told.capture("SO-0", order_by="C")))
    await told.sent(head)
    t = await told.due(await told.translated(await told.capture("SO-1", order_by="C")))
    cause, incident = await told.doubted(head)
    await told.held(t, cause)
    return t.root, incident


@pytest.mark.parametrize("made", [_of_a_capture, _of_a_message, _of_a_sending, _of_a_follower])
async def test_an_erasure_finds_the_incidents_of_whatever_in_a_story_was_in_one(told: Stories, made):
    root, incident = await made(told)
    found = await told.journal.view(lambda c: erasing.of_story(c, root))
    assert found.incidents == {incident}, "the value that was wrong may be somebody's name"
    payloads = await _numbers(told, "SELECT payload, their_id FROM captures", found.payloads)
    assert (payloads, len(found.messages)) == ({"SO-1"}, 1)


class Away:
    """A store whose disk goes away with the first commit."""

    def __init__(self, journal: object) -> None:
        self._journal = journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def submit(self, _changes: object) -> None:
        raise StoreDown("the disk is away")


async def test_an_erasure_is_noted_beside_the_store_before_anything_of_it_is_written(told: Stories):
    await told.delivered("SO-1")
    noted = list[Subject]()
    subject = Subject("order", "SO-1")
    subjects = Subjects(cast("Any", Away(told.journal)), lambda: START_MS, note=noted.append)
    assert (await subjects.found(subject))["documents"], "there is something to erase"
    with pytest.raises(StoreDown):
        await subjects.erase(subject, "asked for", who="ann")
    assert noted == [subject], "a backup that is restored would bring back what was erased by half"


async def test_bytes_that_never_became_a_document_are_somebodys_once_nobody_looks_at_them(told: Stories):
    waits, ended = await told.capture("SO-1"), await told.capture("SO-2")
    for one in (waits, ended):
        await told.capture_on_desk(one)
    changes = told.journal.changes()
    ended.state = CaptureState.DESK
    changes.move_capture(ended, CaptureState.CLOSED)
    changes.entry(Entry(EntryKind.act, says="resolved"))
    await told.journal.submit(changes)
    found = {
        number: await told.journal.view(lambda c, n=number: erasing.raw(c, n)) for number in ("SO-1", "SO-2")
    }
    assert found == {"SO-1": {waits.payload: False}, "SO-2": {ended.payload: True}}
