"""Answers no honest target gives, and what they may do to the others."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from crossdock.charter.charter import Limits, System
from crossdock.faults import TryLater
from crossdock.kit.connector import Unclear
from crossdock.kit.http import Response
from crossdock.message.records import Transmission
from crossdock.pipeline.transmit import WAIT_MAX_S, next_due_ms
from tests.pipeline.world import World, order


def _tried(first_ms: int) -> Transmission:
    return Transmission(1, 1, "wms", "shop", "sales_order", "O-1", 1, 1, "K", attempt=1, first_ms=first_ms)


def test_a_wild_retry_after_is_asked_about_again_and_not_an_overdue_order():
    system = System("wms", "json", limits=Limits(retry_for_s=86_400))
    due = next_due_ms(_tried(1000), TryLater("later", wait_s=99_999_999), system, Random(1), 2000)
    assert due == 2000 + WAIT_MAX_S * 1000


def test_an_order_is_overdue_when_its_time_is_over_and_not_before():
    system = System("wms", "json", limits=Limits(retry_for_s=10))
    later = TryLater("later", wait_s=60)
    assert next_due_ms(_tried(1000), later, system, Random(1), 2000) == 11_000, "one last try at its end"
    assert next_due_ms(_tried(1000), later, system, Random(1), 11_000) is None
    closed = [
        next_due_ms(_tried(1000), later, system, Random(1), now, 5_000) for now in (11_000, 15_999, 16_000)
    ]
    assert closed == [16_000, 16_000, None], "while its way was closed its time stood still"


async def test_one_id_for_two_orders_is_an_incident_and_not_a_loss(tmp_path: Path):
    world = World(tmp_path)
    send = world.wms.send

    async def same(*words: object, **more: object) -> Response:
        answer = await send(*words, **more)  # type: ignore[arg-type]
        return Response(answer.status, {}, b'{"id": "778"}')

    world.wms.send = same  # type: ignore[method-assign]
    async with world:
        await world.push(order("O-1"))
        await world.settled()
        await world.push(order("O-2"))
        await world.settled()
        assert world.rows("SELECT type, path, value, number FROM incidents") == [
            ("invalid", "their_id", "778", "O-2")
        ]
        assert world.count("transmissions", 6) == 2


def _stumbles(world: World, number: str, *, at_the_answer: bool) -> None:
    """The connector of the warehouse stumbles over one order."""
    writer: Any = world.context.systems["wms"].writers["sales_order"]
    step = writer.step

    def stumbling(job: Any, exchanges: Any) -> Any:
        if job.number == number and bool(exchanges) == at_the_answer:
            raise KeyError("a defect of the connector")
        return step(job, exchanges)

    writer.step = stumbling


async def test_what_a_connector_stumbles_over_comes_to_the_desk_and_nothing_before_it_goes_twice(
    tmp_path: Path,
):
    world = World(tmp_path)
    _stumbles(world, "O-1", at_the_answer=False)
    async with world:
        world.wms.closed = True  # so that it is written only when its turn comes, behind the one before it
        for n in range(3):
            await world.push(order(f"O-{n}", key="K"))
        await world.until(lambda: world.count("transmissions", 1) == 3)
        world.wms.closed = False
        await world.until(lambda: world.count("transmissions", 2) == 1, "the last one is not held behind it")
        assert world.rows("SELECT type, number FROM incidents") == [("poison", "O-1")]
    assert [one.number for one in world.wms.arrived] == ["O-0"]


async def test_an_answer_that_a_connector_stumbles_over_leaves_a_doubt(tmp_path: Path):
    world = World(tmp_path, unclear=Unclear.PERSON)
    _stumbles(world, "O-1", at_the_answer=True)
    async with world:
        await world.push(order("O-1"))
        await world.until(lambda: world.count("transmissions", 8) == 1)
        found = world.rows("SELECT type, says FROM incidents")
    assert [(type_, "could make nothing of the answer: KeyError" in says) for type_, says in found] == [
        ("in_doubt", True)
    ]
    assert [one.number for one in world.wms.arrived] == ["O-1"]
