"""What stood on the desk when a backup was taken, was sent after it, and is on the desk again: never sent unasked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossdock.desk.desk import Desk
from crossdock.desk.playbook import playbook_of
from crossdock.journal.sql import incidents
from crossdock.journal.sqlite.copying import copy
from crossdock.kit.connector import Ask, Job, Unclear
from crossdock.message.states import TransmissionState
from tests.pipeline.test_a_restored_hub_sends_nothing_twice import bring_back
from tests.pipeline.world import JsonWriter, World, order

ON_DESK = TransmissionState.DESK.value
REFUSED = [f"R{n}" for n in range(3)]
ACTS: list[tuple[str, dict[str, Any]]] = [
    ("retry", {}),
    ("fix", {"path": "extra.note", "value": "mended"}),
    ("fix", {"outcome": "not_applied", "reason": "looked"}),
]


async def act(world: World, name: str, body: dict[str, Any]) -> list[str]:
    """One act on each open incident; gives what they said before it."""
    desk = Desk(world.journal, world.worker, world.clock.now_ms)
    found = world.rows("SELECT id, says FROM incidents WHERE state = 1 ORDER BY id")
    for incident, _ in found:
        await desk.act(incident, name, body, who="anna")
    return [says for _, says in found]


def brought_back(folder: Path, name: str, first: World) -> Path:
    (folder / name).mkdir()
    shutil.copy(folder / "backup.db", folder / name / "hub.db")
    del first
    return folder / name / "hub.db"


async def sent_after_the_backup(
    folder: Path, unclear: Unclear, name: str, body: dict[str, Any], *, takes: bool = True
) -> World:
    """A warehouse refuses all; a backup; a person sends all back, and now the warehouse takes them (or does not)."""
    first = World(folder / "first", unclear=unclear)
    first.wms.script = lambda _arrived, nth: 400 if nth == 0 or not takes else 200
    async with first:
        for number in REFUSED:
            await first.push(order(number, key=number))
        await first.until(lambda: first.count("transmissions", ON_DESK) == len(REFUSED))
        copy(folder / "first" / "hub.db", folder / "backup.db", lambda _done, _all: None)
        await act(first, name, body)
        await first.until(lambda: len(first.wms.arrived) == 2 * len(REFUSED))
        await first.settled()
    return first


def beside(folder: Path, unclear: Unclear, first: World) -> World:
    """The restored hub beside the warehouse that knows what came in the first life."""
    second = World(folder, unclear=unclear)
    second.wms.applied, second.wms.keys = first.wms.applied, first.wms.keys
    second.wms.has = first.wms.applied.__contains__
    return second


@pytest.mark.parametrize(("name", "body"), ACTS)
@pytest.mark.parametrize("ended", [False, True])
async def test_where_the_target_can_be_asked_it_is_asked_first(
    tmp_path: Path, name: str, body: dict[str, Any], ended: bool
) -> None:
    first = await sent_after_the_backup(tmp_path, Unclear.FIND, name, body)
    await bring_back(brought_back(tmp_path, "second", first))
    second = beside(tmp_path / "second", Unclear.FIND, first)
    async with second:
        if ended:
            assert await second.context.restored.end("shop", "all is in again", "an operator")
        await act(second, name, body)
        await second.settled()
        assert second.count("transmissions", TransmissionState.DONE.value) == len(REFUSED)
    assert sorted(second.wms.applied) == REFUSED
    assert (sorted(second.wms.asked), second.wms.arrived) == (REFUSED, [])


@pytest.mark.parametrize(("name", "body"), ACTS)
@pytest.mark.parametrize("unclear", [Unclear.RESEND, Unclear.PERSON])
async def test_where_nobody_can_be_asked_a_person_is_told_of_the_backup_and_decides_once(
    tmp_path: Path, unclear: Unclear, name: str, body: dict[str, Any]
) -> None:
    first = await sent_after_the_backup(tmp_path, unclear, name, body)
    await bring_back(brought_back(tmp_path, "second", first))
    second = beside(tmp_path / "second", unclear, first)
    second.wms.applied.clear()  # the warehouse itself has lost them: what a person says is done
    async with second:
        await act(second, name, body)
        await second.settled()
        assert second.wms.arrived == []
        told = await act(second, "resolve", {"outcome": "not_applied", "reason": "looked"})
        assert len(told) == len(REFUSED)
        assert all("restored from the backup of 1970-01-01T" in says for says in told)
        assert all("it may have been sent again since; look there first" in says for says in told)
        await second.settled()
        assert sorted(second.wms.applied) == REFUSED
    of_first = {arrived.key for arrived in first.wms.arrived}
    assert not of_first & {arrived.key for arrived in second.wms.arrived}, "no key goes with two bodies"


async def test_what_is_refused_again_after_it_was_asked_for_goes_again_at_once(tmp_path: Path) -> None:
    first = await sent_after_the_backup(tmp_path, Unclear.RESEND, "retry", {}, takes=False)
    await bring_back(brought_back(tmp_path, "second", first))
    second = beside(tmp_path / "second", Unclear.RESEND, first)
    second.wms.script = lambda _arrived, nth: 400 if nth == 0 else 200
    async with second:
        await act(second, "retry", {})
        await second.settled()
        await act(second, "resolve", {"outcome": "not_applied", "reason": "looked"})
        await second.until(lambda: len(second.wms.arrived) >= len(REFUSED))
        await second.settled()
        assert second.count("transmissions", ON_DESK) == len(REFUSED), "refused once more"
        await act(second, "retry", {})
        await second.settled()
        assert sorted(second.wms.applied) == REFUSED


async def test_a_backup_that_comes_back_twice_gives_no_number_and_no_key_twice(tmp_path: Path) -> None:
    first = await sent_after_the_backup(tmp_path, Unclear.PERSON, "retry", {})
    keys = [{arrived.key for arrived in first.wms.arrived}]
    for nth, name in enumerate(("second", "third")):
        await bring_back(brought_back(tmp_path, name, first), now_ms=1_000_000 * (nth + 1))
        world = beside(tmp_path / name, Unclear.PERSON, first)
        async with world:
            await world.context.restored.end("shop", "all is in again", "an operator")
            await act(world, "retry", {})
            await world.settled()
            await act(world, "resolve", {"outcome": "not_applied", "reason": "looked"})
            await world.push(order(f"N{nth}"))
            await world.until(lambda w=world: len(w.wms.arrived) > len(REFUSED))
            await world.settled()
        keys.append({arrived.key for arrived in world.wms.arrived})
    assert len(set().union(*keys)) == sum(map(len, keys))


async def test_a_target_that_looks_for_our_key_cannot_be_asked_for_keys_that_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_key(self: JsonWriter, job: Job) -> Ask | None:
        del self
        return Ask("GET", f"/in/{job.key}", safe=True)

    monkeypatch.setattr(JsonWriter, "find", by_key)
    first = await sent_after_the_backup(tmp_path, Unclear.FIND, "retry", {})
    await bring_back(brought_back(tmp_path, "second", first))
    second = beside(tmp_path / "second", Unclear.FIND, first)
    second.wms.has = first.wms.keys.__contains__
    async with second:
        await act(second, "retry", {})
        await second.settled()
        assert second.count("transmissions", ON_DESK) == len(REFUSED)
    assert sorted(second.wms.applied) == REFUSED


async def shown(world: World) -> list[dict[str, Any]]:
    ids = [id_ for (id_,) in world.rows("SELECT id FROM incidents WHERE state = 1")]
    found: list[Callable[[Any], Any]] = [lambda c, one=one: incidents.incident(c, one) for one in ids]
    return [await world.journal.view(look) for look in found]


async def test_a_new_order_of_a_system_that_hands_in_again_says_so_and_what_ends_it(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    await bring_back(tmp_path / "second" / "hub.db")
    world = World(tmp_path / "second", unclear=Unclear.RESEND)
    async with world:
        await world.push(order("N1"))
        await world.settled()
        (item,) = await shown(world)
    assert "restored from the backup of 1970-01-01T" in item["says"]
    assert "shop hands in again what was lost" in item["says"]
    assert "crossdock restored end shop" in item["fix"]
    book = playbook_of(item)
    assert book is not None
    assert "The document left" not in book.found
    assert any("crossdock restored end" in step.says for step in book.steps)
