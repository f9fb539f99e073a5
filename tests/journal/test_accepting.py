"""What the door stores and answers, on both stores: new, again, late, in conflict, under another key, by the page."""

from __future__ import annotations

import asyncio
import json

import pytest

from crossdock.journal.contract import Arrival, Verdict
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.views import conservation
from tests.journal.places import Place
from tests.stories import START_MS, Stories, stories


def arrival(number: str, quantity: int = 1, **more: object) -> Arrival:
    tree = {"orderNumber": number, "qty": quantity, "remarks": "at the side door, please " * 20}
    given = {
        "version": None, "order_by": None, "idempotency_key": None, "content_type": "application/json",
        "at_ms": START_MS, "revise": False, "same": lambda one, other: one == other,
    } | more  # fmt: skip
    return Arrival("shop", "sales_order", number, body=json.dumps(tree).encode(), parsed=tree, **given)  # type: ignore[arg-type]


async def figures(told: Stories) -> dict[str, object]:
    found = await told.journal.view(lambda c: conservation(c, at_ms=START_MS))
    assert found["balanced"], found
    return found


async def test_a_new_document_is_a_capture_with_its_bytes(place: Place):
    async with stories(place.database) as told:
        accepted = await told.accepted("SO-1", key="k-1", order_by="C1")
        assert accepted.verdict is Verdict.NEW
        kept = told.journal.capture(accepted.capture)
        assert kept is not None
        assert (kept.their_id, kept.order_by, kept.version, kept.late) == ("SO-1", "C1", 1, False)
        assert accepted.record is not None
        assert kept.body == accepted.record.body
        assert kept.partition == accepted.record.partition
    assert verify(place.storage) is None


async def test_the_same_again_gets_the_same_capture_by_key_and_by_content(place: Place):
    async with stories(place.database) as told:
        first = await told.accepted("SO-1", key="k-1")
        by_key = await told.accepted("SO-1", key="k-1")
        by_content = await told.accepted("SO-1")
        assert [again.verdict for again in (by_key, by_content)] == [Verdict.REPEAT] * 2
        assert {first.capture, by_key.capture, by_content.capture} == {first.capture}
        assert (await figures(told))["outside"] == {"repeats": 2, "refused_at_door": 0}
    assert place.count("captures") == 1


async def test_another_key_for_the_same_content_stands_for_it_from_then_on(place: Place):
    async with stories(place.database) as told:
        first = await told.accepted("SO-1", key="k-1")
        assert (await told.accepted("SO-1", key="k-2")).verdict is Verdict.REPEAT
        other = await told.accepted("SO-9", key="k-2")
        assert (other.verdict, other.capture) == (Verdict.CONFLICT, first.capture)
    assert place.rows("SELECT key, capture FROM aliases") == [("k-2", first.capture)]
    assert verify(place.storage) is None


async def test_other_content_under_a_taken_key_is_refused_with_one_incident_for_all(place: Place):
    async with stories(place.database) as told:
        await told.accepted("SO-1", key="k-1")
        refused = [await told.accepted("SO-1", key="k-1", quantity=n) for n in (5, 6)]
        assert [one.verdict for one in refused] == [Verdict.CONFLICT] * 2
        assert refused[0].incident == refused[1].incident is not None
        assert (await figures(told))["outside"] == {"repeats": 0, "refused_at_door": 2}
    assert place.count("incidents", "type = 'duplicate_conflict' AND state = 1") == 1
    assert place.count("members") == 1
    assert verify(place.storage) is None


async def test_a_real_edit_is_the_next_revision_where_the_flow_says_so(place: Place):
    async with stories(place.database) as told:
        found = [await told.accepted("SO-1", quantity=n, revise=True) for n in (1, 2, 2, 3)]
        assert [one.verdict for one in found] == [Verdict.NEW, Verdict.NEW, Verdict.REPEAT, Verdict.NEW]
    assert place.rows("SELECT version FROM revisions ORDER BY version") == [(1,), (2,), (3,)]


async def test_an_older_version_that_comes_late_is_taken_and_marked(place: Place):
    async with stories(place.database) as told:
        found = [await told.accepted("SO-1", version=v, quantity=v) for v in (3, 1, 3, 4)]
        assert [one.verdict for one in found] == [Verdict.NEW, Verdict.LATE, Verdict.REPEAT, Verdict.NEW]
        assert (await told.accepted("SO-1", version=3, quantity=8)).verdict is Verdict.CONFLICT
        late = told.journal.capture(found[1].capture)
        assert late is not None
        assert late.late
    assert verify(place.storage) is None


async def test_twenty_callers_with_one_document_at_once_make_one_capture(place: Place):
    async with stories(place.database) as told:
        found = await asyncio.gather(
            *(told.journal.accept(arrival("SO-1", idempotency_key="k")) for _ in range(20))
        )
        assert sorted(one.verdict.value for one in found) == ["new", *["repeat"] * 19]
        assert len({one.capture for one in found}) == 1
        mixed = await asyncio.gather(*(told.journal.accept(arrival("SO-2", n % 2)) for n in range(10)))
        assert sorted(one.verdict.value for one in mixed) == [*["conflict"] * 5, "new", *["repeat"] * 4]
    assert place.count("captures") == 2
    assert place.count("incidents") == 1
    assert verify(place.storage) is None


@pytest.mark.parametrize("known", [False, True], ids=["nothing is known", "an older version is known"])
async def test_versions_that_share_a_commit_know_of_each_other(place: Place, known: bool):
    async with stories(place.database) as told:
        if known:
            await told.accepted("SO-1", version=1)
        coming = [(3, 3), (5, 5), (4, 4), (5, 5), (3, 3), (4, 9), (6, 6), (5, 7)]
        found = await asyncio.gather(
            *(told.journal.accept(arrival("SO-1", quantity, version=version)) for version, quantity in coming)
        )
        assert [one.verdict.value for one in found] == [
            "new", "new", "late", "repeat", "repeat", "conflict", "new", "conflict",
        ]  # fmt: skip
    assert place.rows("SELECT version FROM captures WHERE late ORDER BY version") == [(4,)]
    assert verify(place.storage) is None


async def test_documents_that_share_a_commit_and_a_key_know_of_each_other(place: Place):
    async with stories(place.database) as told:
        coming = [("SO-1", "k"), ("SO-1", "k"), ("SO-2", "k"), ("SO-1", "other"), ("SO-3", "other")]
        found = await asyncio.gather(
            *(told.journal.accept(arrival(number, idempotency_key=key)) for number, key in coming)
        )
        assert [one.verdict.value for one in found] == ["new", "repeat", "conflict", "repeat", "conflict"]
    assert place.count("captures") == 1
    assert verify(place.storage) is None


@pytest.mark.parametrize("together", [True, False], ids=["in one commit", "one after the other"])
@pytest.mark.parametrize(
    ("coming", "said"),
    [
        ([("SO-1", 1, "k"), ("SO-2", 1, "k")], ["new", "conflict"]),
        ([("SO-1", 1, "k"), ("SO-2", 1, "k"), ("SO-1", 1, "k")], ["new", "conflict", "repeat"]),
        # what was refused stands for nothing, and so its key is free
        ([("SO-1", 1, None), ("SO-1", 2, "k"), ("SO-2", 1, "k")], ["new", "conflict", "new"]),
        ([("SO-1", 1, "a"), ("SO-1", 2, "k"), ("SO-1", 1, "k")], ["new", "conflict", "repeat"]),
        ([("SO-1", 1, "k"), ("SO-2", 1, "k"), ("SO-2", 1, None)], ["new", "conflict", "new"]),
    ],
)
async def test_a_key_leads_to_what_was_taken_under_it_and_to_nothing_else(
    place: Place, coming: list[tuple[str, int, str | None]], said: list[str], together: bool
):
    async with stories(place.database) as told:
        given = (arrival(number, quantity, idempotency_key=key) for number, quantity, key in coming)
        if together:
            found = await asyncio.gather(*(told.journal.accept(one) for one in given))
        else:
            found = [await told.journal.accept(one) for one in given]
        assert [one.verdict.value for one in found] == said
    assert verify(place.storage) is None


async def test_a_page_is_stored_with_its_cursor_and_its_repeats_leave_no_trace(place: Place):
    async with stories(place.database) as told:
        page = [arrival("SO-1"), arrival("SO-2"), arrival("SO-1")]
        found = await told.journal.accept_page(page, "shop", "sales_order", "2026-11-22/17")
        assert [one.verdict for one in found] == [Verdict.NEW, Verdict.NEW, Verdict.REPEAT]
        again = await told.journal.accept_page(page[:2], "shop", "sales_order", "2026-11-22/18")
        assert [one.verdict for one in again] == [Verdict.REPEAT] * 2
        assert told.journal.cursor("shop", "sales_order") == "2026-11-22/18"
        assert (await figures(told))["outside"] == {"repeats": 0, "refused_at_door": 0}
    assert place.count("captures") == 2
    assert verify(place.storage) is None


async def test_a_part_of_a_page_is_stored_without_the_cursor(place: Place):
    async with stories(place.database) as told:
        await told.journal.accept_page([arrival("SO-1")], "shop", "sales_order", "17")
        found = await told.journal.accept_page(
            [arrival("SO-1"), arrival("SO-2")], "shop", "sales_order", None
        )
        assert [one.verdict for one in found] == [Verdict.REPEAT, Verdict.NEW]
        assert told.journal.cursor("shop", "sales_order") == "17"
        assert (await figures(told))["outside"] == {"repeats": 0, "refused_at_door": 0}
    assert verify(place.storage) is None


async def test_a_page_that_cannot_be_stored_leaves_the_cursor_where_it_was(place: Place):
    def stumbles(_one: bytes, _other: bytes) -> bool:
        raise RuntimeError("over this")

    async with stories(place.database) as told:
        await told.journal.accept_page([arrival("SO-1")], "shop", "sales_order", "17")
        with pytest.raises(RuntimeError):
            await told.journal.accept_page(
                [arrival("SO-2"), arrival("SO-1", 2, same=stumbles)], "shop", "sales_order", "18"
            )
        await told.accepted("SO-9")
        assert told.journal.cursor("shop", "sales_order") == "17"
        assert place.rows("SELECT their_id FROM captures ORDER BY id") == [("SO-1",), ("SO-9",)]
    assert verify(place.storage) is None


async def test_captures_of_successive_requests_have_ascending_numbers(place: Place):
    async with stories(place.database) as told:
        ids = [(await told.accepted(f"SO-{n}")).capture for n in range(30)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 30


@pytest.mark.parametrize("number", ["SO-\N{SNOWMAN}-é", "a%b?c'd\"e\\f", "x" * 400])
async def test_any_printable_number_is_found_again(place: Place, number: str):
    async with stories(place.database) as told:
        capture = await told.capture(number, key=f"key {number}"[:255])
        await told.translated(capture)
        assert told.journal.identity("shop", "sales_order", number) is not None
        assert (await told.accepted(number)).verdict is Verdict.REPEAT
    assert verify(place.storage) is None
