"""The charter sends a kind of document to a target no more, while some of it waits: it waits on, in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from crossdock.kit.connector import Unclear
from tests.pipeline.world import FakeTarget, World, order

KINDS = ("sales_order", "cancellation")
DUE, IN_DOUBT = 1, 5


def world(folder: Path, unclear: Unclear, wms: FakeTarget, without: Sequence[str] = ()) -> World:
    made = World(folder, documents=KINDS, unclear=unclear, targets={"wms": wms, "erp": FakeTarget("erp")})
    writers = made.context.systems["wms"].writers
    assert isinstance(writers, dict)
    for kind in without:
        del writers[kind]
    return made


class Mute(FakeTarget):
    """Takes what it is sent and never says so."""

    async def send(self, *args: object, **more: object) -> object:  # type: ignore[override]
        await super().send(*args, **more)  # type: ignore[arg-type]
        await asyncio.Event().wait()


@pytest.mark.parametrize("unclear", [Unclear.RESEND, Unclear.FIND])
async def test_it_waits_in_its_place_and_goes_on_when_the_charter_names_it_again(
    tmp_path: Path, unclear: Unclear
):
    mute, wms = Mute("wms"), FakeTarget("wms")
    first = world(tmp_path, unclear, mute)
    async with first:
        for n in range(6):
            await first.push(order(f"O-{n}", key="K"))
        await first.until(
            lambda: bool(mute.applied) and first.rows("SELECT count(*) FROM transmissions") == [(6,)]
        )
    without = world(tmp_path, unclear, wms, ["sales_order"])
    async with without:
        await without.push({"number": "C-1", "order": "O-0"}, document="cancellation")
        await asyncio.sleep(0.5)
        assert wms.applied == [], "nothing of it goes, and nothing of its lane before it"
        assert without.count("transmissions", IN_DOUBT) >= 1, (
            "what was on the wire is in doubt, as after any stop"
        )
        assert without.rows("SELECT type FROM incidents") == []
    again = world(tmp_path, unclear, wms)
    wms.applied[:], wms.keys = mute.applied, set(mute.keys)  # it is the same warehouse
    wms.has = wms.applied.__contains__
    async with again:
        await again.settled()
    assert wms.applied == [*(f"O-{n}" for n in range(6)), "C-1"], "once each, and in order"


async def test_what_was_never_sent_is_no_defect_of_its_writer(tmp_path: Path):
    wms = FakeTarget("wms", closed=True)
    async with world(tmp_path, Unclear.RESEND, wms) as first:
        for n in range(3):
            await first.push(order(f"O-{n}", key="K"))
        await first.until(lambda: first.count("transmissions", DUE) == 3)
    wms.closed = False
    async with world(tmp_path, Unclear.RESEND, wms, ["sales_order"]) as without:
        with capture_logs() as logged:
            await asyncio.sleep(0.5)
        assert [one["event"] for one in logged if one["log_level"] == "error"] == [], (
            "nobody stumbles over it"
        )
        assert wms.arrived == []
        assert without.rows("SELECT type FROM incidents") == [], "nobody could mend it at the desk"
        assert without.count("transmissions", DUE) == 3
    async with world(tmp_path, Unclear.RESEND, wms) as again:
        await again.settled()
    assert wms.applied == ["O-0", "O-1", "O-2"]
