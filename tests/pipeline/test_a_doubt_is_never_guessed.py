"""Unclear outcomes: the three ways to settle them, after an answer and after a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from crossdock.kit.connector import Ask, Done, Exchange, Job, Unclear
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.pipeline import blind
from crossdock.pipeline.resending import SAME, WAITING
from tests.pipeline.world import World, order


async def test_resend_sends_the_same_bytes_under_the_same_key(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.RESEND)
    world.wms.script = lambda arrived, nth: (500, 408, 200)[nth]
    async with world:
        await world.push(order("O-1"))
        await world.settled()
    assert [a.attempt for a in world.wms.arrived] == [1, 2, 3]
    assert len({(a.key, a.body) for a in world.wms.arrived}) == 1
    assert world.wms.applied == ["O-1"]


async def test_what_is_tried_again_is_what_was_stored_though_it_would_be_rendered_otherwise_by_now(
    tmp_path: Path,
):
    world = World(tmp_path, unclear=Unclear.RESEND)
    writer = world.context.systems["wms"].writers["sales_order"]
    step, turns = writer.step, count(1)

    def otherwise(job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        found = step(job, exchanges)
        return replace(found, body=found.body + b" " * next(turns)) if isinstance(found, Ask) else found

    writer.step = otherwise  # type: ignore[method-assign]
    world.wms.script = lambda arrived, nth: (503, 500, 200)[nth]
    async with world:
        await world.push(order("O-1"))
        await world.settled()
    assert len(world.wms.arrived) == 3
    assert len({(a.key, a.body) for a in world.wms.arrived}) == 1


async def test_without_the_guard_the_doubt_becomes_a_second_effect(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.RESEND, doubt=blind.NoDoubt())
    world.wms.script = lambda arrived, nth: (500, 200)[nth]
    async with world:
        await world.push(order("O-1"))
        await world.settled()
    assert world.wms.applied == ["O-1", "O-1"]


async def test_person_sends_once_and_puts_each_doubt_on_the_desk(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.PERSON)
    world.wms.script = lambda arrived, nth: 408 if arrived.number in {"A-0", "B-0"} else 200
    async with world:
        for number, key in (("A-0", "A"), ("A-1", "A"), ("B-0", "B"), ("C-0", "C")):
            await world.push(order(number, key=key))
        await world.settled()
        assert sorted(a.number for a in world.wms.arrived) == ["A-0", "B-0", "C-0"]
        causes = world.rows("SELECT type, cause FROM incidents ORDER BY id")
        assert [c[0] for c in causes] == ["in_doubt", "in_doubt"]
        assert len({c[1] for c in causes}) == 2, "a doubt is never grouped"
        assert world.count("transmissions", 2) == 1


async def test_find_sends_again_only_after_the_target_said_twice_that_it_has_nothing(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.FIND)
    world.wms.script = lambda arrived, nth: (408, 200)[nth]
    async with world:
        await world.push(order("O-1"))
        await world.settled()
    assert world.wms.asked == ["O-1", "O-1"]
    assert len(world.wms.arrived) == 2
    assert world.wms.arrived[0].key == world.wms.arrived[1].key


async def test_find_ends_when_the_target_has_it(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.FIND)
    world.wms.script = lambda arrived, nth: 500
    world.wms.has = lambda number: True
    async with world:
        await world.push(order("O-1"))
        await world.settled()
        assert world.rows("SELECT their_id FROM identity WHERE system = 'wms'") == [("found",)]
    assert (len(world.wms.arrived), world.wms.asked) == (1, ["O-1"])


async def _stopped_while_sending(folder: Path, unclear: Unclear) -> None:
    world = World(folder, unclear=unclear)
    never = asyncio.Event()

    async def hang(*_: object, **__: object) -> None:
        await never.wait()

    world.wms.send = hang  # type: ignore[method-assign]
    async with world:
        for n in range(3):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", 3) > 0)


async def test_a_send_cut_off_by_a_stop_goes_again_under_its_key(tmp_path: Path):
    await _stopped_while_sending(tmp_path, Unclear.RESEND)
    world = World(tmp_path, unclear=Unclear.RESEND)
    async with world:
        await world.settled()
        assert world.rows("SELECT count(*) FROM ledger WHERE kind = 8")[0][0] >= 1, (
            "the ledger tells of the doubt"
        )
    assert world.wms.applied == ["O-0", "O-1", "O-2"]
    assert world.wms.arrived[0].attempt == 2


async def _made_again(world: World) -> None:
    """Somebody wants every delivery once more, word for word."""
    changes = world.journal.changes()
    run, now = world.journal.next_id(), world.clock.now_ms()
    changes.entry(Entry(EntryKind.act, says="ann wants them again"))
    changes.row("upsert_desk_run", run, 1, "replay", "ann", "why", "{}", "running", 3, 0, 0, now, None)
    for id_, partition in world.rows("SELECT id, partition FROM transmissions"):
        changes.row("upsert_resend", run, id_, 1, partition, SAME, WAITING, None, "")
    await world.journal.submit(changes)


async def test_a_delivery_made_again_that_a_stop_cut_off_goes_again_under_its_key(tmp_path: Path):
    world, never = World(tmp_path, unclear=Unclear.RESEND), asyncio.Event()
    async with world:
        for n in range(3):
            await world.push(order(f"O-{n}", key="K"))
        await world.settled()
        keys = sorted(a.key for a in world.wms.arrived)

        async def hang(*_: object, **__: object) -> None:
            await never.wait()

        world.wms.send = hang  # type: ignore[method-assign]
        await _made_again(world)
        await world.until(lambda: world.count("transmissions", 3) > 0)
    world = World(tmp_path, unclear=Unclear.RESEND)
    async with world:
        await world.settled()
        assert world.rows("SELECT type FROM incidents") == [], "a doubt that ends by itself is nobody's work"
    assert sorted(a.key for a in world.wms.arrived) == keys, "each under the key of its first time"


async def test_a_delivery_made_again_keeps_its_key_though_it_is_rendered_for_the_first_time(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.RESEND)
    writer = world.context.systems["wms"].writers["sales_order"]
    step, first = writer.step, [True]

    def there_at_first(job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        return Done("W-O-1") if first[0] else step(job, exchanges)

    writer.step = there_at_first  # type: ignore[method-assign]
    world.wms.script = lambda arrived, nth: (500, 200)[nth]
    async with world:
        await world.push(order("O-1"))
        await world.settled()
        first[0] = False
        (former,) = world.rows("SELECT id FROM transmissions")[0]
        await _made_again(world)
        await world.until(lambda: world.wms.applied)
        await world.settled()
        again = world.journal.transmission(world.rows("SELECT max(id) FROM transmissions")[0][0])
        assert again is not None and again.idempotency_key == f"t{former}.1", (
            "what it goes on with after a stop"
        )
    assert {a.key for a in world.wms.arrived} == {f"t{former}.1"}
    assert world.wms.applied == ["O-1"]


async def test_a_send_cut_off_by_a_stop_waits_for_a_person_who_alone_can_tell(tmp_path: Path):
    await _stopped_while_sending(tmp_path, Unclear.PERSON)
    world = World(tmp_path, unclear=Unclear.PERSON)
    async with world:
        await world.settled()
        assert (world.count("transmissions", 8), world.count("transmissions", 2)) == (1, 2)
    assert world.wms.arrived == []


async def test_a_send_cut_off_by_a_stop_is_asked_for_first(tmp_path: Path):
    await _stopped_while_sending(tmp_path, Unclear.FIND)
    world = World(tmp_path, unclear=Unclear.FIND)
    world.wms.has = lambda number: number == "O-0"
    async with world:
        await world.settled()
    assert world.wms.asked == ["O-0"]
    assert world.wms.applied == ["O-1", "O-2"]


async def test_what_is_never_taken_ends_on_the_desk_when_its_time_is_over(tmp_path: Path):
    world = World(tmp_path, retry_for_s=0.05)
    world.wms.script = lambda arrived, nth: 503
    async with world:
        await world.push(order("O-1"))
        await world.settled()
        assert world.rows("SELECT type FROM incidents") == [("overdue",)]


async def test_a_stop_does_not_shorten_the_settle_delay(tmp_path: Path):
    await _stopped_while_sending(tmp_path, Unclear.FIND)
    world = World(tmp_path, unclear=Unclear.FIND)
    writer = world.context.systems["wms"].writers["sales_order"]
    writer.settle_s = 30.0  # type: ignore[misc]
    async with world:
        due_ms, doubted_ms = world.rows(
            "SELECT t.due_ms, max(l.at_ms) FROM transmissions t JOIN ledger l ON l.transmission = t.id AND l.kind = 8"
            " WHERE t.state = 5 GROUP BY t.id"
        )[0]
        assert due_ms - doubted_ms > 29_000, "it would be asked for at once"
    assert world.wms.asked == []
