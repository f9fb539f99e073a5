"""Acts on many incidents at once, and deliveries made again, through the HTTP interface of a running hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from crossdock.desk import desk
from crossdock.journal.contract import StoreDown
from crossdock.message.states import CaptureState
from tests.console.calls import call
from tests.console.world import World, world

_ROW = {"crosswalk": "ship_method", "system": "webshop", "theirs": "DRONE", "ours": "express"}
_SINCE, _UNTIL = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def until(w: World, path: str, holds: Callable[[Any], bool]) -> Any:
    """What an address answers once it holds."""
    tree: Any = None
    for _ in range(2_000):
        _, tree = await call(w, "GET", path)
        if holds(tree):
            return tree
        await asyncio.sleep(0.05)
    raise AssertionError(tree)


async def orders(w: World, count: int, **more: Any) -> None:
    for n in range(count):
        await w.order(f"SO-{n}", **more)
    await w.settled()


async def test_a_row_is_foreseen_before_it_is_added_and_then_all_go_on_in_one_act(w: World) -> None:
    await orders(w, 40, by="DRONE")
    fix = {"act": "fix", "body": _ROW, "type": "unmapped_code"}
    _, none = await call(w, "POST", "/v1/desk/preview", {"act": "retry", "type": "unmapped_code"})
    assert (none["would_pass"], none["would_fail"]) == (0, 40)
    assert none["says"].startswith("40 documents would come back: ship_method has no row for DRONE")
    _, foreseen = await call(w, "POST", "/v1/desk/preview", fix)
    assert (foreseen["tried"], foreseen["would_pass"]) == (40, 40)
    assert foreseen["targets"] == {"erp": 40, "wms-reno": 40, "3pl-dallas": 40}
    first = foreseen["items"][0]
    assert first["passes"]
    assert '"service":"EXP"' in first["sendings"][0]["body"].replace(" ", "")
    assert w.partner.got == [], "a preview sends nothing"
    assert (await call(w, "GET", "/v1/incidents"))[1]["total"] == 1, "a preview ends nothing"
    status, run = await call(
        w, "POST", "/v1/desk/runs", fix | {"why": "the shop has a new service"}, key="k1"
    )
    assert (status, run["state"], run["total"]) == (202, "running", 40)
    again = await call(w, "POST", "/v1/desk/runs", fix | {"why": "the shop has a new service"}, key="k1")
    assert again[1]["id"] == run["id"], "the same key begins nothing anew"
    ended = await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    assert (ended["done"], ended["failed"], ended["failures"]) == (40, 0, [])
    # Not only settled: on a slow machine a sending may go again a little later.
    await w.until(
        "SELECT 1 WHERE (SELECT count(*) FROM transmissions WHERE target = 'wms-reno' AND state = 6) >= 40"
    )
    assert len([one for one in w.partner.got if one[0] == "/wms"]) == 40
    _, trace = await call(w, "GET", "/v1/trace/sales_order/SO-7?system=webshop")
    assert any(e["kind"] == "act" and e["says"].startswith("operator") for e in trace["entries"]), trace[
        "entries"
    ]


@pytest.mark.parametrize("count", [2, 3, 5])
async def test_an_incident_of_many_ends_page_by_page_with_all_of_them(
    w: World, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "CHUNK", 2)
    await orders(w, count, by="DRONE")
    name = (await call(w, "GET", "/v1/incidents"))[1]["items"][0]["id"]
    ends = {"outcome": "abandoned", "reason": "a test of theirs"}
    status, ended = await call(w, "POST", f"/v1/incidents/{name}/resolve", ends)
    assert (status, ended["state"]) == (200, "resolved")
    rows = await w.shown.hub.journal.view(lambda c: c.execute("SELECT state FROM captures").fetchall())
    assert [state for (state,) in rows] == [CaptureState.CLOSED.value] * count


async def test_what_another_try_cannot_end_is_left_out_of_an_act_on_many(w: World) -> None:
    w.partner.says["/wms"] = 0
    await orders(w, 2)
    await until(w, "/v1/incidents?type=in_doubt", lambda page: page["total"] == 2)
    _, seen = await call(w, "POST", "/v1/desk/preview", {"act": "retry", "type": "in_doubt"})
    assert seen["incidents"] == []
    assert {one["says"] for one in seen["left_out"]} == {
        "in_doubt is not ended by another try: somebody has to look"
    }
    assert seen["says"].startswith("Nothing would change: in_doubt is not ended")
    gone = {"outcome": "abandoned", "reason": "they are gone"}
    ending = {"act": "resolve", "type": "in_doubt", "body": gone}
    _, seen = await call(w, "POST", "/v1/desk/preview", ending)
    assert (seen["incidents"], len(seen["left_out"])) == ([], 2)
    assert "would end here" not in seen["says"]
    assert "resolve it alone" in seen["says"]
    _, run = await call(w, "POST", "/v1/desk/runs", {"act": "retry", "type": "in_doubt"})
    ended = await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    assert ended["failed"] == 2


async def test_only_an_operator_acts_on_many(w: World) -> None:
    for path in ("/v1/desk/preview", "/v1/desk/runs", "/v1/desk/replay", "/v1/desk/replay/preview"):
        status, _ = await call(w, "POST", path, {}, role="observer")
        assert status == 403


async def test_delivered_orders_go_again_word_for_word_under_their_keys(w: World) -> None:
    await orders(w, 5)
    before = {one[1]: one for one in w.partner.keys if one[0] == "/erp"}
    wanted = {"to": "erp", "from": _SINCE, "until": _UNTIL}
    _, seen = await call(w, "POST", "/v1/desk/replay/preview", wanted)
    assert (seen["count"], seen["again"], seen["key"]) == (5, 5, "same")
    assert seen["items"][0]["key"] == before["SO-0"][2]
    assert len(w.partner.keys) == 15, "a preview sends nothing"
    status, run = await call(
        w, "POST", "/v1/desk/replay", wanted | {"why": "the ERP lost a day", "expect": 5}
    )
    assert status == 202
    ended = await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    assert (ended["done"], ended["left_out"]) == (5, 0)
    await w.settled()
    again = [one for one in w.partner.keys if one[0] == "/erp"][5:]
    assert sorted(again) == sorted(before.values()), "the same key never carries other bytes"
    assert len(w.partner.keys) == 20, "only the ERP gets them again"
    _, trace = await call(w, "GET", "/v1/trace/sales_order/SO-3?system=webshop")
    assert any("asked for by operator: the ERP lost a day" in (e["says"] or "") for e in trace["entries"])
    _, sums = await call(w, "GET", "/v1/conservation")
    assert sums["balanced"]
    assert sums["transmissions"]["done"] == 20
    for narrower, count in (({}, 5), ({"from": None, "until": None, "numbers": ["SO-3", "SO-3", "SO-0"]}, 2)):
        _, seen = await call(w, "POST", "/v1/desk/replay/preview", wanted | narrower)
        assert seen["count"] == count, "each once, however often it went"


async def test_a_new_key_is_given_only_when_it_is_asked_for(w: World) -> None:
    await orders(w, 1)
    wanted = {"to": "erp", "numbers": ["SO-0"], "key": "new"}
    _, seen = await call(w, "POST", "/v1/desk/replay/preview", wanted)
    assert "twice" in seen["warning"]
    _, run = await call(w, "POST", "/v1/desk/replay", wanted)
    await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    await w.settled()
    keys = [one[2] for one in w.partner.keys if one[0] == "/erp"]
    assert len(set(keys)) == 2


async def test_four_eyes_hold_acts_on_many_until_somebody_else_says_yes(tmp_path: Path) -> None:
    async with world(tmp_path, more={"four_eyes": {"acts": ["replay"]}}) as w:
        await orders(w, 1)
        order = {"to": "erp", "numbers": ["SO-0"], "why": "it was lost"}
        status, request = await call(w, "POST", "/v1/desk/replay", order, role="admin", who="ann")
        assert status == 202
        path = f"/v1/approvals/{request['id']}/approve"
        assert (await call(w, "POST", path, {}, role="admin", who="ann"))[0] == 422, (
            "nobody approves their own"
        )
        assert len(w.partner.keys) == 3
        assert (await call(w, "GET", "/v1/desk/runs"))[1]["items"] == []
        status, done = await call(w, "POST", path, {}, role="admin", who="bob")
        assert status == 200, done
        _, begun = await call(w, "GET", "/v1/desk/runs")
        assert (begun["items"][0]["who"], begun["items"][0]["why"]) == ("ann", "it was lost")
        name = begun["items"][0]["id"]
        await until(w, f"/v1/desk/runs/{name}", lambda one: one["state"] == "ended")
        await w.settled()
        assert len(w.partner.keys) == 4


async def balance(w: World, quantity: int) -> None:
    tree = {"no": "B-1", "sku": "W-10010", "site": "RENO", "qty": quantity, "at": "2026-11-22T09:30:00Z"}
    await w.hand_in("wms-reno", "inventory_balance", tree)
    await w.settled()


async def test_an_older_state_is_never_sent_after_a_newer_one(w: World) -> None:
    await balance(w, 5)
    await balance(w, 7)
    wanted = {"to": "erp", "document": "inventory_balance", "from": _SINCE, "until": _UNTIL}
    _, seen = await call(w, "POST", "/v1/desk/replay/preview", wanted)
    assert (seen["count"], seen["again"]) == (2, 1)
    assert seen["reasons"] == [{"says": "erp has got a newer state of it since", "count": 1}]
    _, run = await call(w, "POST", "/v1/desk/replay", wanted)
    ended = await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    assert (ended["done"], ended["left_out"]) == (1, 1)
    await w.settled()
    bodies = [one[3] for one in w.partner.keys if one[0] == "/stock"]
    assert [b'"qty":5' in one or b'"qty": 5' in one for one in bodies] == [True, False, False]


async def test_control_without_the_judge_the_older_state_goes_out_after_the_newer_one(w: World) -> None:
    w.app.hub.worker._term._resending.judge = lambda *_given, **_more: ""
    await balance(w, 5)
    await balance(w, 7)
    wanted = {"to": "erp", "document": "inventory_balance", "from": _SINCE, "until": _UNTIL}
    _, run = await call(w, "POST", "/v1/desk/replay", wanted)
    ended = await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    assert (ended["done"], ended["left_out"]) == (2, 0)
    await w.settled()
    bodies = [one[3] for one in w.partner.keys if one[0] == "/stock"]
    assert [b'"qty":5' in one or b'"qty": 5' in one for one in bodies[:2]] == [True, False]
    assert any(b'"qty":5' in one or b'"qty": 5' in one for one in bodies[2:]), "an old level over a new one"


async def test_what_is_on_its_way_or_was_refused_is_not_sent_again(w: World) -> None:
    w.partner.says["/erp SO-0"] = 422
    await orders(w, 2)
    _, seen = await call(w, "POST", "/v1/desk/replay/preview", {"to": "erp", "numbers": ["SO-0", "SO-1"]})
    assert [one["number"] for one in seen["items"]] == ["SO-1"]
    status, problem = await call(w, "POST", "/v1/desk/replay", {"to": "erp", "numbers": ["SO-0"]})
    assert (status, problem["detail"]) == (422, "nothing was delivered there in this range")


async def test_a_preview_that_is_not_true_any_more_begins_nothing(w: World) -> None:
    await orders(w, 2)
    body = {"to": "erp", "from": _SINCE, "until": _UNTIL, "expect": 1}
    status, problem = await call(w, "POST", "/v1/desk/replay", body)
    assert (status, problem["path"]) == (422, "expect")
    assert (await call(w, "GET", "/v1/desk/runs"))[1]["items"] == []


async def test_a_run_that_was_cut_off_goes_on_after_the_next_start(w: World) -> None:
    await orders(w, 3)
    runs = w.app.supervision.runs
    begins, runs.begins["replay"] = runs.begins["replay"], lambda _: asyncio.sleep(0)
    _, run = await call(w, "POST", "/v1/desk/replay", {"to": "erp", "from": _SINCE, "until": _UNTIL})
    assert len(w.partner.keys) == 9
    runs.begins["replay"] = begins
    await runs.look()
    ended = await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    assert ended["done"] == 3
    await runs.look()
    await w.settled()
    assert len(w.partner.keys) == 12, "what was made is not made twice"


async def test_nothing_goes_again_before_the_list_is_whole(w: World) -> None:
    await orders(w, 3)
    replay, whole = w.app.supervision.replay, asyncio.Event()
    lay_out = replay._lay_out

    async def cut_off(run: Any, wanted: Any, page: Any) -> None:
        if whole.is_set():
            await lay_out(run, wanted, page)
            return
        await lay_out(run, wanted, page[:1])
        whole.set()
        raise StoreDown("the disk is full")

    replay._lay_out = cut_off  # type: ignore[method-assign]
    _, run = await call(w, "POST", "/v1/desk/replay", {"to": "erp", "from": _SINCE, "until": _UNTIL})
    await whole.wait()
    term = w.app.hub.worker._term
    await term._resending.make(term._decides, term._translator.batch, term._commit)
    _, sums = await call(w, "GET", "/v1/conservation")
    assert sums["transmissions"]["made"] == 9, "one is noted, and none of them goes"
    ended = await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    assert (ended["total"], ended["done"]) == (3, 3)


async def test_the_playbook_of_an_incident_has_its_facts_and_a_shift_is_handed_over(w: World) -> None:
    await orders(w, 2, by="DRONE")
    _, page = await call(w, "GET", "/v1/incidents")
    name = page["items"][0]["id"]
    _, book = await call(w, "GET", f"/v1/incidents/{name}/playbook", role="observer")
    assert "Code DRONE of webshop" in book["message"]
    assert {step["act"] for step in book["steps"]} >= {"row", "fix"}
    await call(w, "POST", f"/v1/incidents/{name}/assign", {"owner": "operator"})
    status, note = await call(w, "POST", "/v1/desk/hand-over", {"to": "bob", "says": "the shop was called"})
    assert (status, note["incidents"]) == (201, 1)
    assert (await call(w, "GET", "/v1/incidents"))[1]["items"][0]["owner"] == "bob"
    assert (await call(w, "GET", "/v1/desk/notes"))[1]["items"][0]["says"] == "the shop was called"
    assert (await call(w, "GET", "/v1/reports/weekly", role="observer"))[1]["opened"] == 1


async def test_one_key_begins_one_run_however_many_ask_at_once(w: World) -> None:
    await orders(w, 3)
    wanted = {"to": "erp", "from": _SINCE, "until": _UNTIL, "key": "new"}
    answers = await asyncio.gather(*(call(w, "POST", "/v1/desk/replay", wanted, key="k9") for _ in range(6)))
    assert {status for status, _ in answers} == {202}, answers
    assert len({run["id"] for _, run in answers}) == 1
    name = answers[0][1]["id"]
    await until(w, f"/v1/desk/runs/{name}", lambda one: one["state"] == "ended")
    await w.settled()
    assert len(w.partner.keys) == 12


async def test_a_replay_that_was_cut_off_before_its_approval_ended_is_not_begun_again(tmp_path: Path) -> None:
    async with world(tmp_path, more={"four_eyes": {"acts": ["replay"]}}) as w:
        await orders(w, 1)
        order = {"to": "erp", "numbers": ["SO-0"], "why": "it was lost", "key": "new"}
        _, request = await call(w, "POST", "/v1/desk/replay", order, role="admin", who="ann")
        supervision, path = w.app.supervision, f"/v1/approvals/{request['id']}/approve"
        begin = supervision.begin_replay

        async def cut_off(*given: Any) -> Any:
            await begin(*given)
            raise StoreDown("the hub was killed here")

        supervision.begin_replay = cut_off  # type: ignore[method-assign]
        assert (await call(w, "POST", path, {}, role="admin", who="bob"))[0] == 503
        supervision.begin_replay = begin  # type: ignore[method-assign]
        assert (await call(w, "POST", path, {}, role="admin", who="bob"))[0] == 200
        _, begun = await call(w, "GET", "/v1/desk/runs")
        assert len(begun["items"]) == 1
        await until(w, f"/v1/desk/runs/{begun['items'][0]['id']}", lambda one: one["state"] == "ended")
        await w.settled()
        assert len(w.partner.keys) == 4


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/desk/replay/preview", {"to": "erp", "numbers": "SO-1"}, 422),
        ("/v1/desk/replay/preview", {"to": "erp", "numbers": 1}, 422),
        ("/v1/desk/replay/preview", {"to": "\ud800", "numbers": ["SO-1"]}, 400),
        ("/v1/desk/hand-over", {"to": "bob", "says": "\ud800"}, 400),
        ("/v1/desk/runs", {"act": "\ud800"}, 400),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_what_to_do(
    w: World, path: str, body: Any, status: int
) -> None:
    answered, problem = await call(w, "POST", path, body)
    assert (answered, bool(problem["fix"])) == (status, True), problem


async def test_what_was_erased_is_not_sent_as_something_new(w: World) -> None:
    await orders(w, 1)
    person = {"by": "order", "value": "SO-0"}
    _, erased = await call(w, "POST", "/v1/subjects/erase", person, role="admin")
    assert erased["erased"]["documents"] == 1
    _, run = await call(w, "POST", "/v1/desk/replay", {"to": "erp", "numbers": ["SO-0"], "key": "new"})
    ended = await until(w, f"/v1/desk/runs/{run['id']}", lambda one: one["state"] == "ended")
    assert (ended["done"], ended["left_out"]) == (0, 1)
    assert len(w.partner.keys) == 3
