"""Ids that are too long for an index, and versions beyond an integer: refused where they come in, or on the desk."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.faults import Unreadable
from crossdock.kit.connector import Content, Draft, Facts
from crossdock.kit.http import Response
from tests.pipeline.world import JsonReader, World, order

#: Nothing that could be packed into less.
LONG = base64.b64encode(random.Random(1).randbytes(9_000)).decode()
GREAT = (2**63, -(2**63) - 1, 10**200)


class Renaming(JsonReader):
    """Hands in under one id, and makes a document of another."""

    def facts(self, content: Content) -> Facts:
        return replace(super().facts(content), id="file-1")

    def read(self, content: Content) -> Sequence[Draft]:
        return [replace(draft, parent=None) for draft in super().read(content)]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("id", {"id": LONG}),
        ("id", {"id": "a\x00b"}),
        ("order_by", {"key": LONG}),
        ("order_by", {"key": "\x00"}),
    ]
    + [("version", {"version": great}) for great in GREAT],
)
async def test_the_door_refuses_what_no_store_can_keep_and_find(tmp_path: Path, path: str, more: Any):
    async with World(tmp_path) as world:
        with pytest.raises(Unreadable) as refused:
            await world.push(order("O-1", extra=more))
        assert (refused.value.status, refused.value.path) == (422, path)
        assert refused.value.fix
        await world.push(order("O-2"))
        await world.settled()
        assert [a.number for a in world.wms.arrived] == ["O-2"]


@pytest.mark.parametrize("version", [2**63 - 1, 1 - 2**63])
async def test_the_greatest_version_and_the_least_are_taken(tmp_path: Path, version: int):
    async with World(tmp_path, revise=True) as world:
        await world.push(order("O-1", extra={"version": version, "id": "i" * 2_000}))
        await world.settled()
        assert len(world.wms.arrived) == 1


@pytest.mark.parametrize("number", [LONG, "a\x00b"], ids=["long", "nul"])
async def test_a_number_that_no_store_can_keep_goes_to_the_desk_with_its_path(tmp_path: Path, number: str):
    async with World(tmp_path) as world:
        await world.push(order(number, extra={"id": "1"}))
        await world.push(order("O-2"))
        await world.settled()
        assert world.rows("SELECT type, path, state FROM incidents") == [("invalid", "number", 1)]
        assert [a.number for a in world.wms.arrived] == ["O-2"]


@pytest.mark.parametrize("id", [LONG, "a\x00b"], ids=["long", "nul"])
async def test_an_id_within_a_file_that_no_store_can_keep_goes_to_the_desk(tmp_path: Path, id: str):
    async with World(tmp_path) as world:
        world.context.systems["shop"].readers["sales_order"] = Renaming("sales_order")  # type: ignore[index]
        await world.push(order("O-1", extra={"id": id}))
        await world.until(lambda: world.count("captures", 2) == 1)
        await world.settled()
        assert world.rows("SELECT type, path, says FROM incidents") == [
            ("invalid", "number", "this cannot be an id")
        ]
        assert world.wms.arrived == []


async def test_an_id_in_an_answer_that_no_store_can_keep_is_none(tmp_path: Path):
    world = World(tmp_path)
    send = world.wms.send

    async def rambles(*words: Any, **more: Any) -> Response:
        answer = await send(*words, **more)
        return replace(answer, body=json.dumps({"id": LONG}).encode())

    world.wms.send = rambles  # type: ignore[method-assign]
    async with world:
        await world.push(order("O-1"))
        await world.settled()
        assert world.count("transmissions", 6) == 1
        assert world.rows("SELECT type, path FROM incidents") == [("invalid", "their_id")]
