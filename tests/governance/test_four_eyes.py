"""Acts that two people must want: asked by one, approved by another, whichever door they come through."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.access.roles import Role
from crossdock.access.sessions import csrf_of
from crossdock.journal.open import storage_of
from crossdock.journal.sql import audit
from tests.console.world import PREFIX, World, again, world

RULES = {"four_eyes": {"acts": ["abandon", "in_doubt", "gates", "people", "fix"], "within_s": 3600}}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, more=RULES) as made:
        yield made


async def doubtful(w: World, number: str = "SO-1") -> str:
    """An order whose fate at the warehouse nobody knows; gives its incident."""
    w.partner.says[f"/wms {number}"] = 0
    await w.order(number)
    await w.settled()
    rows = await w.shown.hub.journal.view(
        lambda c: c.execute("SELECT id FROM incidents WHERE type = 'in_doubt' AND state = 1").fetchall()
    )
    return f"i{rows[-1][0]}"


ENDED = {"outcome": "applied", "reason": "seen on their screen"}


async def test_a_doubt_ends_only_with_two_people_over_the_api(w: World) -> None:
    incident, ann, bob = await doubtful(w), w.key("ann", "operator"), w.key("bob", "approver")
    status, asked = await w.api("POST", f"/v1/incidents/{incident}/resolve", ann, ENDED)
    assert (status, asked["state"], asked["asked_by"], asked["given"]) == (202, "asked", "ann", ENDED)
    assert (await w.api("GET", f"/v1/incidents/{incident}", ann))[1]["state"] == "open"
    again = await w.api("POST", f"/v1/incidents/{incident}/resolve", ann, ENDED)
    assert again[1]["id"] == asked["id"], "asking twice is one request"
    assert (await w.api("POST", f"/v1/approvals/{asked['id']}/approve", ann))[0] == 403
    status, done = await w.api("POST", f"/v1/approvals/{asked['id']}/approve", bob)
    assert (status, done["state"], done["decided_by"]) == (200, "done", "bob")
    assert (await w.api("GET", f"/v1/incidents/{incident}", ann))[1]["state"] == "resolved"
    acts = await told(w)
    both = [one for one in acts if one.get("approved_by")]
    assert [(one["who"], one["approved_by"], one["approval"]) for one in both] == [
        ("ann", "bob", asked["id"])
    ]
    assert [one["act"] for one in acts if one.get("approval") == asked["id"]] == [
        "ask",
        "approve",
        "resolve",
        "done",
    ]
    assert audit.verify(storage_of(w.database)) is None


async def test_whoever_asked_cannot_approve_not_even_as_an_admin(w: World) -> None:
    incident, root = await doubtful(w), w.key("root", "admin")
    _, asked = await w.api("POST", f"/v1/incidents/{incident}/resolve", root, ENDED)
    status, told_ = await w.api("POST", f"/v1/approvals/{asked['id']}/approve", root)
    assert (status, "somebody else" in told_["detail"]) == (422, True)
    assert (await w.api("POST", f"/v1/approvals/{asked['id']}/approve", w.key("ROOT ", "approver")))[0] == 422
    assert (await w.api("GET", f"/v1/incidents/{incident}", root))[1]["state"] == "open"


async def test_control_without_the_rule_one_person_is_enough(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        incident = await doubtful(w)
        status, item = await w.api(
            "POST", f"/v1/incidents/{incident}/resolve", w.key("ann", "operator"), ENDED
        )
        assert (status, item["state"]) == (200, "resolved")


async def test_the_console_asks_and_another_person_approves(w: World) -> None:
    incident = await doubtful(w)
    olga, amir = await w.person("olga", Role.OPERATOR), await w.person("amir", Role.APPROVER)
    inga = await w.person("inga", Role.INTEGRATOR)
    form = {"csrf": csrf_of(olga), **ENDED}
    reply = await w.ask("POST", f"{PREFIX}/incidents/{incident}/resolve", olga, form)
    assert (reply.status, "/approvals?asked=p" in reply.headers["location"]) == (303, True)
    name = reply.headers["location"].rpartition("=")[2]
    for token, status in ((olga, 403), (inga, 403), (amir, 303)):
        path = f"{PREFIX}/approvals/{name}/approve"
        assert (await w.ask("POST", path, token, {"csrf": csrf_of(token)})).status == status
    assert (await w.api("GET", f"/v1/incidents/{incident}", w.key("x", "observer")))[1]["state"] == "resolved"
    page = (await w.ask("GET", f"{PREFIX}/approvals?view=all", olga)).text
    assert "olga" in page and "amir" in page
    assert "approved_by" in json.dumps(await told(w))


async def test_a_way_is_paused_and_an_account_made_only_with_two(w: World) -> None:
    ann, bob = w.key("ann", "operator"), w.key("bob", "approver")
    first = await w.api("POST", "/v1/systems/erp/pause", ann, {"reason": "stocktake"})
    assert first[0] == 202
    assert (await w.api("GET", "/v1/systems/erp", ann))[1]["out"]["state"] == "open"
    await w.api("POST", f"/v1/approvals/{first[1]['id']}/approve", bob)
    assert (await w.api("GET", "/v1/systems/erp", ann))[1]["out"]["state"] == "paused"
    await w.person("root2", Role.ADMIN)  # nobody is there to approve the first account
    status, asked = await w.api("POST", "/v1/people/eve/add", w.key("root", "admin"), {"role": "viewer"})
    assert status == 202
    _, done = await w.api("POST", f"/v1/approvals/{asked['id']}/approve", bob)
    assert done["result"]["name"] == "eve" and done["result"]["password"]
    assert (await w.api("POST", "/v1/people/eve/disable", w.key("root", "admin"), {}))[0] == 200


async def test_a_request_is_declined_withdrawn_or_too_old(w: World) -> None:
    ann, bob = w.key("ann", "operator"), w.key("bob", "approver")
    _, one = await w.api("POST", "/v1/systems/erp/pause", ann, {"reason": "a"})
    status, declined = await w.api("POST", f"/v1/approvals/{one['id']}/decline", bob, {"reason": "not now"})
    assert (status, declined["state"], declined["reason"]) == (200, "declined", "not now")
    _, two = await w.api("POST", "/v1/systems/erp/pause", ann, {"reason": "b"})
    assert (
        await w.api("POST", f"/v1/approvals/{two['id']}/decline", w.key("eve", "operator"), {"reason": "x"})
    )[0] == 403
    assert (await w.api("POST", f"/v1/approvals/{two['id']}/decline", ann, {"reason": "x"}))[1][
        "state"
    ] == "withdrawn"
    _, three = await w.api("POST", "/v1/systems/erp/pause", ann, {"reason": "c"})
    later = w.shown.hub.clock.now_ms() + 3_600_001
    w.app.approvals._now_ms = lambda: later
    assert (await w.api("POST", f"/v1/approvals/{three['id']}/approve", bob))[0] == 409
    assert (await w.api("GET", "/v1/approvals", bob))[1] == {"approvals": []}
    assert [one["state"] for one in (await w.api("GET", "/v1/approvals?state=all", bob))[1]["approvals"]] == [
        "expired", "withdrawn", "declined",
    ]  # fmt: skip
    assert (await w.api("POST", f"/v1/approvals/{one['id']}/approve", bob))[0] == 409


async def test_what_can_no_longer_be_done_says_so(w: World) -> None:
    incident, ann, bob = await doubtful(w), w.key("ann", "operator"), w.key("bob", "approver")
    _, one = await w.api("POST", f"/v1/incidents/{incident}/resolve", ann, ENDED)
    _, two = await w.api(
        "POST", f"/v1/incidents/{incident}/resolve", ann, {**ENDED, "outcome": "not_applied"}
    )
    assert (await w.api("POST", f"/v1/approvals/{two['id']}/approve", bob))[0] == 200
    assert (await w.api("POST", f"/v1/approvals/{one['id']}/approve", bob))[0] == 409
    states = {
        one["id"]: one["state"]
        for one in (await w.api("GET", "/v1/approvals?state=all", bob))[1]["approvals"]
    }
    assert states == {one["id"]: "failed", two["id"]: "done"}


async def told(w: World) -> list[dict[str, Any]]:
    """The details of all acts in the ledger, oldest first."""
    rows = await w.shown.hub.journal.view(
        lambda c: c.execute("SELECT detail FROM ledger WHERE kind = 12 ORDER BY position").fetchall()
    )
    return [json.loads(row[0]) for row in rows]


async def test_another_charter_comes_into_force_only_with_two_people(tmp_path: Path) -> None:
    from crossdock.assembly import read_charter
    from crossdock.faults import Misconfigured

    rule = {"four_eyes": {"acts": ["charter"]}}
    async with world(tmp_path, more=rule) as w:
        ann, bob = w.key("ann", "operator"), w.key("bob", "approver")
        file = tmp_path / "site" / "charter.yaml"
        file.write_text(json.dumps({**json.loads(file.read_text()), "four_eyes": {"acts": []}}))
        version = read_charter(tmp_path / "site")[0].version
    with pytest.raises(Misconfigured, match="was not approved by a second person"):
        async with again(tmp_path):
            pass
    changed = file.read_text()
    file.write_text(json.dumps({**json.loads(changed), **rule}))
    async with again(tmp_path) as w:
        _, asked = await w.api("POST", f"/v1/charter/{version}/propose", ann, {})
        assert (await w.api("POST", f"/v1/approvals/{asked['id']}/approve", bob))[1]["state"] == "done"
    file.write_text(changed)
    async with again(tmp_path) as w:
        assert (await w.api("GET", "/readyz"))[0] == 200
