"""What a person decides at the desk, and what it does at the target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.hub import make_key
from tests.harness.orders import Order
from tests.harness.scenarios import desk
from tests.harness.scenarios.duplicates import post
from tests.harness.site import Plan
from tests.harness.stage import stage


@pytest.mark.parametrize("decision", ["applied", "not_applied", "abandoned"])
async def test_a_doubt_holds_its_lane_until_a_person_decides(tmp_path: Path, decision: str) -> None:
    outcome = await desk.doubts(tmp_path, decision)
    assert outcome.findings == {}, outcome.shown()


async def test_one_added_code_frees_every_order_that_lacked_it(tmp_path: Path) -> None:
    outcome = await desk.unmapped(tmp_path)
    assert outcome.findings == {}, outcome.shown()


async def test_a_rejected_order_goes_again_in_a_new_round(tmp_path: Path) -> None:
    outcome = await desk.rejected(tmp_path)
    assert outcome.findings == {}, outcome.shown()


async def test_a_row_for_a_crosswalk_or_a_system_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path, Plan()) as world:
        tree = json.loads(Order(1, "C1", 1).body())
        await post(world, json.dumps(tree | {"shipMethod": "DRONE"}).encode())
        await world.settled(accepted=1)
        (incident,) = await world.view().incidents()
        row = {"crosswalk": "ship_method", "system": "shop", "theirs": "DRONE", "ours": "EXPRESS"}
        operator = world.client(await make_key(world.hub.site, role="operator"))
        for slip in ({"crosswalk": "nope"}, {"crosswalk": "../../x"}, {"system": "nope"}):
            body = json.dumps(row | slip).encode()
            refused = await operator.ask("POST", f"/v1/incidents/{incident['id']}/fix", body)
            assert refused.status == 422, refused.body
        taken = await operator.ask("POST", f"/v1/incidents/{incident['id']}/fix", json.dumps(row).encode())
        await operator.close()
        assert taken.status == 200, taken.body
